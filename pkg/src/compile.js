// Compiles the wasm from bytes, and explains how to allow it where it is forbidden.
import { UnsupportedRuntimeError } from "../dist/errors.js";

/** Compiles synchronously. `bytes` returns the module's bytes, or the module. */
export function compileSync(bytes) {
  try {
    const source = bytes();
    return isModule(source) ? source : new WebAssembly.Module(source);
  } catch (cause) {
    throw advised(cause);
  }
}

/** Compiles asynchronously. */
export async function compileAsync(bytes) {
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
  let advice = "The WebAssembly core of c1-revoke could not start";
  if (typeof globalThis.WebAssembly?.Module !== "function") {
    advice = "WebAssembly is missing or disabled";
  } else if (cause instanceof WebAssembly.CompileError) {
    // Only the message tells a blocked compilation from a failed one, and each engine words it differently. Pages and their workers
    // have a location; runtimes for Workers have none.
    advice = globalThis.location
      ? "WebAssembly was not compiled. If the page has a Content-Security-Policy, add 'wasm-unsafe-eval' to its script-src"
      : 'WebAssembly was not compiled. Where only imported WebAssembly runs, bundle with the condition "workerd" or "edge-light"';
  } else if (cause instanceof RangeError) {
    advice = "WebAssembly was not compiled synchronously. Call await ready() before the first client";
  }
  return new UnsupportedRuntimeError(advice, { cause });
}
