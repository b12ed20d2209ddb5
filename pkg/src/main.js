// All of the package that needs the WebAssembly core, bundled into one file for each way to get the wasm: an ES module graph of few
// files loads faster.

export { ConductoroneSDKTypescript, ConductoroneSDKTypescriptCore, connectorRevokeCredential } from "./client.js";
// `runtime` is for tests.
export { ready, runtime } from "./runtime.js";
