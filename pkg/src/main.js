// Everything that needs the WebAssembly core. It is bundled into one file for each way to get the wasm: fewer ES modules load
// faster.

export { ConductoroneSDKTypescript, ConductoroneSDKTypescriptCore, connectorRevokeCredential } from "./client.js";
export { ready } from "./runtime.js";
