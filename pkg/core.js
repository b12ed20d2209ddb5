export { ConductoroneSDKTypescriptCore } from "./dist/c1-revoke.js";
