/** The API's servers; `serverIdx` picks one. */
export const ServerList = /* @__PURE__ */ Object.freeze(["https://{tenantDomain}.conductor.one"]);
