// The wasm, passed by a caller who loads it.

import { UnsupportedRuntimeError } from "../dist/errors.js";
import { compileAsync, compileSync } from "./compile.js";

let given;

/** Sets the package's `c1_revoke.wasm`, as a module or as bytes. Called once, before the first client. */
export function useWasm(source) {
  given = source;
}

export const wasmNow = () => moduleBy(compileSync);
export const wasmSoon = () => moduleBy(compileAsync);

function moduleBy(compile) {
  if (!given) {
    throw new UnsupportedRuntimeError(
      "c1-revoke/slim has no WebAssembly yet: call useWasm(moduleOrBytes) before the first client",
    );
  }
  return isModule(given) ? given : compile(() => given);
}

/** Whether this is a module, also of another realm. */
const isModule = (source) => Object.prototype.toString.call(source) === "[object WebAssembly.Module]";
