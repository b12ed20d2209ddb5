// Everything at once: what the one-file builds (cdn.js, slim.js) export.
export * from "./index.js";
export * from "./core.js";
export * from "./funcs/connectorRevokeCredential.js";
export * from "./errors.js";
