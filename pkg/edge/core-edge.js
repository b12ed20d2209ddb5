export { ConductoroneSDKTypescriptCore } from "../dist/c1-revoke-edge.js";
