// The wasm, passed by a caller who loads it.

import { UnsupportedRuntimeError } from "../dist/errors.js";
import { compileSync, compileAsync } from "./compile.js";

let given;

/** Sets the package's `c1_revoke.wasm`, as a module or as bytes. Called once, before the first client. */
export function useWasm(source) {
  given = source;
}

export function wasmNow() {
  return compileSync(source);
}

export function wasmSoon() {
  return compileAsync(source);
}

function source() {
  if (!given) {
    throw new UnsupportedRuntimeError(
      "c1-revoke/slim has no WebAssembly yet: call useWasm(moduleOrBytes) before the first client",
    );
  }
  return given;
}
