export { connectorRevokeCredential } from "../dist/c1-revoke-edge.js";
