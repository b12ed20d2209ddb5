import type { BufferSource, WebAssemblyModule } from "./lib/web.js";

export * from "./all.js";

/**
 * Sets the WebAssembly file of the package, `c1-revoke/c1_revoke.wasm`, as a `WebAssembly.Module` or as bytes. Call it once,
 * before the first constructor or `ready()`. The file must be of the same version as the package.
 */
export declare function useWasm(source: WebAssemblyModule | BufferSource): void;
