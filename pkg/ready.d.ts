/**
 * Compiles the WebAssembly core asynchronously. Without it, the first constructor compiles synchronously. Engines that compile
 * only asynchronously on the main thread (Chrome before 115) need it. It resolves immediately if the core is already compiled,
 * and can be called again after a failure.
 *
 * Rejects with `UnsupportedRuntimeError` if WebAssembly is not available.
 */
export declare function ready(): Promise<void>;
