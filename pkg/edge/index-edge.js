export { ConductoroneSDKTypescript, ready } from "../dist/c1-revoke-edge.js";
export { HTTPClient, ServerList } from "../shared.js";
