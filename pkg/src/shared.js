// What an app has once, whichever entry points it imports, and what needs no WebAssembly. It is one file, because each file takes
// Node half a millisecond to load.

export * from "../dist/errors.js";
export { HTTPClient } from "./http.js";

/** The API's servers; `serverIdx` selects one. */
export const ServerList = /* @__PURE__ */ Object.freeze(["https://{tenantDomain}.conductor.one"]);
