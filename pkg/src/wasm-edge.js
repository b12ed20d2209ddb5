// The wasm for runtimes that refuse to compile bytes: their bundlers make a WebAssembly.Module of this import.
import wasm from "../c1_revoke.wasm?module";

export function wasmNow() {
  // Next's edge sandbox hands over a Module of another realm, which its own WebAssembly then does not recognise.
  return wasm instanceof WebAssembly.Module ? wasm : Object.setPrototypeOf(wasm, WebAssembly.Module.prototype);
}

export const wasmSoon = wasmNow;
