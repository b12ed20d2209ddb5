// The wasm for runtimes that do not compile bytes. Their bundlers turn this import into a WebAssembly.Module.
import wasm from "../c1_revoke.wasm?module";

export function wasmNow() {
  // Next.js's edge sandbox passes a Module of another realm, which its own WebAssembly does not recognise.
  return wasm instanceof WebAssembly.Module ? wasm : Object.setPrototypeOf(wasm, WebAssembly.Module.prototype);
}

export const wasmSoon = wasmNow;
