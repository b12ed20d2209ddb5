export {
  ConductoroneSDKTypescript,
  ConductoroneSDKTypescriptCore,
  connectorRevokeCredential,
  ready,
} from "./main.js";
export { useWasm } from "./wasm-slim.js";
