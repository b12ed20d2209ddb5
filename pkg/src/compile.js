// Compiles the wasm from bytes, and explains how to allow it where it is forbidden.
import { UnsupportedRuntimeError } from "../errors.js";

/** Compiles synchronously. `bytes` returns the module's bytes, or the module. */
export function moduleNow(bytes) {
  try {
    const source = bytes();
    return isModule(source) ? source : new WebAssembly.Module(source);
  } catch (cause) {
    throw advised(cause);
  }
}

/** Compiles asynchronously. */
export async function moduleSoon(bytes) {
  try {
    const source = bytes();
    return isModule(source) ? source : await WebAssembly.compile(source);
  } catch (cause) {
    throw advised(cause);
  }
}

function isModule(source) {
  return Object.prototype.toString.call(source) === "[object WebAssembly.Module]";
}

function advised(cause) {
  if (cause instanceof UnsupportedRuntimeError) {
    return cause;
  }
  let advice = "c1-revoke could not start its WebAssembly core here";
  if (typeof globalThis.WebAssembly?.Module !== "function") {
    advice = "c1-revoke needs WebAssembly, which is missing or switched off here";
  } else if (cause instanceof WebAssembly.CompileError) {
    // Only the message tells a blocked compilation from a failed one, and each engine words it differently.
    advice = "WebAssembly was not compiled. If a Content-Security-Policy is in force, add 'wasm-unsafe-eval' to its script-src";
  } else if (cause instanceof RangeError) {
    advice = "WebAssembly was refused. Older engines compile only asynchronously: await ready() before the first client";
  }
  return new UnsupportedRuntimeError(advice, { cause });
}
