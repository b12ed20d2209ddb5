export { connectorRevokeCredential } from "../client.js";
