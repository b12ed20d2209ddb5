// The wasm for runtimes that refuse to compile bytes: their bundlers make a WebAssembly.Module of this import.
import wasm from "../c1_revoke.wasm?module";

export function wasmSource() {
  return wasm;
}
