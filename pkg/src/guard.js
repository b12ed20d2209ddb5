// Keeps a trap in the WebAssembly core from leaving calls pending, and from affecting later clients.
//
// A trap ends a wasm instance: its memory is in an unknown state, and its promises stay pending for ever. The core is written so
// that none happens. If one happens all the same, the guard sees it (nothing else is ever thrown out of a raw export), rejects
// the pending promises, and reports it, so that the next client gets a new instance.
import { UnexpectedClientError } from "../errors.js";

const { apply } = Reflect;

/** What an entry into a dead instance returns when nobody waits for a result. The glue reads several results from an array. */
const NO_RESULTS = Object.freeze([]);

/** Watches over one wasm instance; once it has trapped, `failure` is set and nothing enters it any more. */
export class Guard {
  /** The error that every call gets since the trap. */
  failure;
  #depth = 0;
  /** The functions that reject the pending promises, by number. A plain object, because a page may have replaced the methods of Set. */
  #pending = { __proto__: null };
  #next = 0;
  #onTrap;

  constructor(onTrap) {
    this.#onTrap = onTrap;
  }

  /** The wasm instance's exports, with every function watched. */
  watch(exports) {
    const watched = {};
    for (const name in exports) {
      const value = exports[name];
      watched[name] = typeof value === "function" ? (...args) => this.#enter(value, args) : value;
    }
    return watched;
  }

  /** Calls `f`, which enters the wasm; a trap on the way is thrown as `failure`. */
  run(f) {
    this.#depth++;
    try {
      return f();
    } finally {
      this.#depth--;
    }
  }

  /** The promise that `f` returns, rejected at once when the instance traps, whenever that is. */
  promise(f) {
    return new Promise((resolve, reject) => {
      const pending = this.#pending;
      const number = this.#next++;
      pending[number] = reject;
      // Settles first: nothing that fails afterwards can leave the caller waiting.
      const settled = (settle) => (value) => {
        settle(value);
        delete pending[number];
      };
      try {
        this.run(f).then(settled(resolve), settled(reject));
      } catch (error) {
        settled(reject)(error);
      }
    });
  }

  #enter(f, args) {
    // Nobody waits for the result of a continuation, a timer or a finalizer: what they throw would end a Node process. But when
    // other frames are below, they must be unwound.
    const awaited = this.#depth > 0;
    if (!this.failure) {
      this.#depth++;
      try {
        return apply(f, undefined, args);
      } catch (cause) {
        this.#trapped(cause);
      } finally {
        this.#depth--;
      }
    }
    if (awaited) {
      throw this.failure;
    }
    return NO_RESULTS;
  }

  #trapped(cause) {
    if (this.failure) {
      return;
    }
    this.failure = new UnexpectedClientError("The WebAssembly core of c1-revoke failed: construct a new client", { cause });
    for (const number in this.#pending) {
      this.#pending[number](this.failure);
    }
    this.#pending = { __proto__: null };
    this.#onTrap();
  }
}
