export { ServerList } from "../lib/config.js";
export { HTTPClient } from "../lib/http.js";
export { ConductoroneSDKTypescript, ready } from "./c1-revoke-edge.js";
