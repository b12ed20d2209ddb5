/**
 * Compiles the WebAssembly core ahead of time and asynchronously, which otherwise happens synchronously when the first client is
 * constructed. Never needed, but useful off the critical path, and in engines that compile only asynchronously on the main thread
 * (Chrome before 115). Resolves at once when that is done already; after a failure it can be called again.
 *
 * Rejects with `UnsupportedRuntimeError` when WebAssembly cannot be used here.
 */
export declare function ready(): Promise<void>;
