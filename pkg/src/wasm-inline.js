// The wasm, inlined as text, so that no bundler can lose it.

import { decoder, text } from "../dist/wasm.js";
import { compileSync, compileAsync } from "./compile.js";

export function wasmNow() {
  return compileSync(decoded);
}

export function wasmSoon() {
  return compileAsync(decoded);
}

/** A wasm module of a few hundred bytes decodes the text, ten times as fast as JavaScript. */
function decoded() {
  const { memory, decode } = new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(decoder))).exports;
  memory.grow(text.length >> 16);
  const bytes = new Uint8Array(memory.buffer);
  const { written } = new TextEncoder().encodeInto(text, bytes);
  return bytes.subarray(0, decode(written));
}
