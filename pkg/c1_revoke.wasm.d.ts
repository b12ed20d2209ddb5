import type { WebAssemblyModule } from "./lib/web.js";

/** The compiled module, as bundlers for Workers provide it. */
declare const wasm: WebAssemblyModule;
export default wasm;
