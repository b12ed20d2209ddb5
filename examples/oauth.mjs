import { ConductoroneSDKTypescript } from "c1-revoke";

const sdk = new ConductoroneSDKTypescript({
  clientID: process.env.C1_CLIENT_ID, // strange-hydra-68836@acme.conductor.one/pcc names the server, too
  clientSecret: process.env.C1_CLIENT_SECRET, // secret-token:conductorone.com:v1:…
});
const [appId, connectorId, ...ids] = process.argv.slice(2);
for (const id of ids) {
  await sdk.connector.revokeCredential({ appId, connectorId, id });
  console.log(`${id}: revoked`);
}
