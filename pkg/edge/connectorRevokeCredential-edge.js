export { connectorRevokeCredential } from "./c1-revoke-edge.js";
