// All exports, for the one-file builds (cdn.js, slim.js).

export * from "./core.js";
export * from "./errors.js";
export * from "./funcs/connectorRevokeCredential.js";
export * from "./index.js";
