import { ConductoroneSDKTypescript } from "c1-revoke"; // or require

const sdk = new ConductoroneSDKTypescript({
  serverURL: process.env.C1_SERVER, // https://acme.conductor.one
  security: { bearerAuth: process.env.C1_TOKEN },
});
const [appId, connectorId, id] = process.argv.slice(2);
const { statusCode } = await sdk.connector.revokeCredential({ appId, connectorId, id });
console.log(`${id}: revoked, status ${statusCode}`);
