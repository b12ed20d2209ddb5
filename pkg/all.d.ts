export * from "./core.js";
export * from "./errors.js";
export * from "./funcs/connectorRevokeCredential.js";
export * from "./index.js";
