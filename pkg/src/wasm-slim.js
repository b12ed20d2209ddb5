// The wasm for those who load it themselves.

import { UnsupportedRuntimeError } from "../errors.js";
import { moduleNow, moduleSoon } from "./compile.js";

let given;

/** Hands over the package's `c1_revoke.wasm`, compiled or as bytes; once, before the first client. */
export function useWasm(source) {
  given = source;
}

export function wasmNow() {
  return moduleNow(source);
}

export function wasmSoon() {
  return moduleSoon(source);
}

function source() {
  if (!given) {
    throw new UnsupportedRuntimeError(
      "c1-revoke/slim has no WebAssembly yet: call useWasm(moduleOrBytes) before the first client",
    );
  }
  return given;
}
