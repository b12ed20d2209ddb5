/** The API's servers; `serverIdx` selects one. */
export const ServerList = /* @__PURE__ */ Object.freeze(["https://{tenantDomain}.conductor.one"]);
