export * from "./all.js";
export { useWasm } from "./wasm-slim.js";
