// Loads the WebAssembly core, and keeps a trap in it from hanging callers or poisoning what comes after.
//
// A trap ends a wasm instance: its memory is in an unknown state, and whatever it had promised stays pending for ever. The core
// is written so that none happens. Should one happen all the same, the guard below sees it (nothing else is ever thrown out of
// a raw export), rejects what is pending, and drops the instance, so that the next client gets a new one.
import { createGlue } from "./dist/glue.js";
import { UnexpectedClientError, UnsupportedRuntimeError } from "./errors.js";
import { wasmNow, wasmSoon } from "./wasm.js";

const { apply } = Reflect;

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
    return undefined;
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

let compiled;
let current;

/** The wasm instance that new clients belong to, made when there is none: `{ guard, glue }`. */
export function runtime() {
  if (!current) {
    try {
      compiled ??= wasmNow();
      const factory = createGlue();
      current = started(factory, new WebAssembly.Instance(compiled, factory.imports));
    } catch (cause) {
      throw unsupported(cause);
    }
  }
  return current;
}

/** Does asynchronously, and ahead of time, what the first construction of a client would otherwise do. */
export async function ready() {
  if (current) {
    return;
  }
  try {
    compiled ??= await wasmSoon();
    const factory = createGlue();
    const instance = await WebAssembly.instantiate(compiled, factory.imports);
    // A client constructed meanwhile has brought its own.
    current ??= started(factory, instance);
  } catch (cause) {
    throw unsupported(cause);
  }
}

function started({ glue, start }, instance) {
  const fresh = {
    glue,
    guard: new Guard(() => {
      if (current === fresh) {
        current = undefined;
      }
    }),
  };
  fresh.guard.run(() => start(fresh.guard.watch(instance.exports)));
  return fresh;
}

function unsupported(cause) {
  return cause instanceof UnsupportedRuntimeError
    ? cause
    : new UnsupportedRuntimeError("c1-revoke could not start its WebAssembly core here", { cause });
}
