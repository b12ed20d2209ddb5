export { ConductoroneSDKTypescript, ready } from "../dist/c1-revoke-edge.js";
export { ServerList } from "../lib/config.js";
export { HTTPClient } from "../lib/http.js";
