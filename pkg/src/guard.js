// Makes sure that a crash (trap) of the WebAssembly core leaves no call pending and does not affect later clients.
//
// After a trap a wasm instance is unusable: the state of its memory is unknown, and its promises never settle. The core is
// written not to trap. If it does, the guard notices (a raw export throws nothing else), rejects the pending promises and reports
// the trap, so that the next client gets a new instance.
import { UnexpectedClientError, withOutcome } from "../dist/errors.js";

// A page may patch these methods later.
const { apply } = Reflect;
const { add, delete: remove, forEach } = Set.prototype;

/** The result of entering a dead instance when no caller waits for one. The glue reads multiple results from an array. */
const NO_RESULTS = Object.freeze([]);

/** Guards one wasm instance. After a trap, `failure` is set and no call enters the instance. */
export class Guard {
  /** The error of every call after a trap. */
  failure;
  #depth = 0;
  /** The functions that reject the pending promises. */
  #pending = new Set();
  #onTrap;

  constructor(onTrap) {
    this.#onTrap = onTrap;
  }

  /** Returns the wasm instance's exports with every function guarded. */
  watch(exports) {
    const watched = {};
    for (const name in exports) {
      const value = exports[name];
      watched[name] = typeof value === "function" ? this.#guarded(value) : value;
    }
    return watched;
  }

  /** Calls `f`, which enters the wasm. Throws `failure` if it traps. */
  run(f) {
    this.#depth++;
    try {
      return f();
    } finally {
      this.#depth--;
    }
  }

  /** Returns the promise that `f` returns, which enters the wasm by `run`. Rejects it immediately if the instance traps, at any time. */
  promise(f) {
    return new Promise((resolve, reject) => {
      const pending = this.#pending;
      const entry = [reject];
      apply(add, pending, entry);
      // Settles first, so that a later exception cannot leave the caller waiting.
      const settled = (settle) => (value) => {
        settle(value);
        apply(remove, pending, entry);
      };
      try {
        f().then(settled(resolve), settled(reject));
      } catch (error) {
        settled(reject)(error);
      }
    });
  }

  #guarded(f) {
    return (...args) => {
      // No caller waits for the result of a continuation, a timer or a finalizer; an exception there would end a Node process. With
      // other frames below, the exception must unwind them.
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
    };
  }

  #trapped(cause) {
    if (this.failure) {
      return;
    }
    const failure = () =>
      new UnexpectedClientError("The WebAssembly core of c1-revoke crashed: construct a new client", { cause });
    // The requests of pending calls may have been sent. Later calls send nothing.
    apply(forEach, this.#pending, [(reject) => reject(failure())]);
    this.failure = withOutcome(failure(), "notSent");
    this.#pending = new Set();
    this.#onTrap();
  }
}
