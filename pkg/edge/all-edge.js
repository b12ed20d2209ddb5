export * from "../errors.js";
export * from "./connectorRevokeCredential-edge.js";
export * from "./core-edge.js";
export * from "./index-edge.js";
