import type { BufferSource, WebAssemblyModule } from "./lib/web.js";

export * from "./all.js";

/**
 * Hands over the package's WebAssembly file, `c1-revoke/c1_revoke.wasm`, as a `WebAssembly.Module` or as bytes: once, before the
 * first client is constructed or `ready()` is called. It must be the file of the same version.
 */
export declare function useWasm(source: WebAssemblyModule | BufferSource): void;
