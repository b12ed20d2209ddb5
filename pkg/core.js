export { ConductoroneSDKTypescriptCore } from "./client.js";
