// Loads the WebAssembly core, and keeps a trap in it from hanging callers or poisoning what comes after.
//
// A trap ends a wasm instance: its memory is in an unknown state, and whatever it had promised stays pending for ever. The core
// is written so that none happens. Should one happen all the same, the guard below sees it (nothing else is ever thrown out of
// a raw export), rejects what is pending, and drops the instance, so that the next client gets a new one.
import { createGlue } from "./dist/glue.js";
import { UnexpectedClientError, UnsupportedRuntimeError } from "./errors.js";
import { wasmSource } from "./wasm.js";

const { apply } = Reflect;

/** Watches over one wasm instance; once it has trapped, `failure` is set and nothing enters it any more. */
export class Guard {
  /** The error that every call gets since the trap. */
  failure;
  #depth = 0;
  #pending = new Set();
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
      pending.add(reject);
      const settled = (settle) => (value) => {
        pending.delete(reject);
        settle(value);
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
    this.failure = new UnexpectedClientError(
      "The WebAssembly core of c1-revoke failed, and this client with it; construct a new client",
      { cause },
    );
    this.#onTrap();
    for (const reject of this.#pending) {
      reject(this.failure);
    }
    this.#pending.clear();
  }
}

let compiled;
let current;

/** The wasm instance that new clients belong to, made when there is none: `{ guard, glue }`. */
export function runtime() {
  if (!current) {
    try {
      compiled ??= moduleFrom(wasmSource(), (bytes) => new WebAssembly.Module(bytes));
      const glue = createGlue();
      current = started(glue, new WebAssembly.Instance(compiled, glue.imports));
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
    compiled ??= await moduleFrom(wasmSource(), (bytes) => WebAssembly.compile(bytes));
    const glue = createGlue();
    const instance = await WebAssembly.instantiate(compiled, glue.imports);
    // A client constructed meanwhile has brought its own.
    current ??= started(glue, instance);
  } catch (cause) {
    throw unsupported(cause);
  }
}

function moduleFrom(source, compile) {
  if (Object.prototype.toString.call(source) !== "[object WebAssembly.Module]") {
    return compile(source);
  }
  // Next's edge sandbox hands over a Module of another realm, which its own WebAssembly then does not recognise.
  return source instanceof WebAssembly.Module ? source : Object.setPrototypeOf(source, WebAssembly.Module.prototype);
}

function started(glue, instance) {
  const fresh = {
    glue,
    guard: new Guard(() => {
      if (current === fresh) {
        current = undefined;
      }
    }),
  };
  fresh.guard.run(() => glue.start(fresh.guard.watch(instance.exports)));
  return fresh;
}

function unsupported(cause) {
  if (cause instanceof UnsupportedRuntimeError) {
    return cause;
  }
  let advice = "c1-revoke could not start its WebAssembly core here";
  if (typeof globalThis.WebAssembly?.Module !== "function") {
    advice = "c1-revoke needs WebAssembly, which is missing or switched off here";
  } else if (cause instanceof WebAssembly.CompileError) {
    // Engines tell a blocked compile from a failed one by the message alone, each in its own words.
    advice = "WebAssembly was not compiled. If a Content-Security-Policy is in force, add 'wasm-unsafe-eval' to its script-src";
  } else if (cause instanceof RangeError) {
    advice = "WebAssembly was refused. Older engines compile only asynchronously: await ready() before the first client";
  }
  return new UnsupportedRuntimeError(advice, { cause });
}
