import type { WebAssemblyModule } from "./lib/web.js";

/** The module, as bundlers for Workers make it of this import. */
declare const wasm: WebAssemblyModule;
export default wasm;
