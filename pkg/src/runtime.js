// Loads the WebAssembly core.

// The build chooses wasm-inline.js, wasm-edge.js or wasm-slim.js.
import { wasmNow, wasmSoon } from "wasm-source";
import { UnsupportedRuntimeError } from "../dist/errors.js";
import { createGlue } from "../dist/glue.js";
import { Guard } from "./guard.js";

let compiled;
let current;

/** Returns the wasm instance for new clients as `{ guard, glue }`. Creates it if there is none. */
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

/** Compiles and instantiates asynchronously, which the first constructor would otherwise do synchronously. */
export async function ready() {
  if (current) {
    return;
  }
  try {
    compiled ??= await wasmSoon();
    const factory = createGlue();
    const instance = await WebAssembly.instantiate(compiled, factory.imports);
    // A client constructed meanwhile has created one.
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
    : new UnsupportedRuntimeError("The WebAssembly core of c1-revoke could not start", { cause });
}
