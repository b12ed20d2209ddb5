export { ConductoroneSDKTypescriptCore } from "./c1-revoke-edge.js";
