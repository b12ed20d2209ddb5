export { ConductoroneSDKTypescript } from "./client.js";
export { ServerList } from "./lib/config.js";
export { HTTPClient } from "./lib/http.js";
export { ready } from "./runtime.js";
