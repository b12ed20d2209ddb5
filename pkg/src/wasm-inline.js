// Where the wasm comes from in this build of the package: inlined as text, so that no bundler can lose it.

import { decoder, text } from "../dist/wasm.js";
import { moduleNow, moduleSoon } from "./compile.js";

export function wasmNow() {
  return moduleNow(decoded);
}

export function wasmSoon() {
  return moduleSoon(decoded);
}

/** A wasm module of some hundred bytes makes the real one of the text, in a tenth of the time that JavaScript takes. */
function decoded() {
  const { memory, decode } = new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(decoder))).exports;
  memory.grow(text.length >> 16);
  const bytes = new Uint8Array(memory.buffer);
  const { written } = new TextEncoder().encodeInto(text, bytes);
  return bytes.subarray(0, decode(written));
}
