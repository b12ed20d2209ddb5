export * from "./dist/slim.js";
export * from "./errors.js";
export { ServerList } from "./lib/config.js";
export { HTTPClient } from "./lib/http.js";
