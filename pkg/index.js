export { ConductoroneSDKTypescript, ready } from "./dist/c1-revoke.js";
export { HTTPClient, ServerList } from "./shared.js";
