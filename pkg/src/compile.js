// Compiles the wasm from bytes, and explains how to allow it where it is forbidden.
import { UnsupportedRuntimeError } from "../dist/errors.js";

/** Compiles synchronously. `bytes` returns the module's bytes. */
export function compileSync(bytes) {
  try {
    return new WebAssembly.Module(bytes());
  } catch (cause) {
    throw advised(cause);
  }
}

/** Compiles asynchronously. */
export async function compileAsync(bytes) {
  try {
    return await WebAssembly.compile(bytes());
  } catch (cause) {
    throw advised(cause);
  }
}

/** What to do about the cause, if that is known. */
function advised(cause) {
  let advice;
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
  return advice ? new UnsupportedRuntimeError(advice, { cause }) : cause;
}
