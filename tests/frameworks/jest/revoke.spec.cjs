const { ConductoroneSDKTypescript } = require("c1-revoke");
const { connectorRevokeCredential } = require("c1-revoke/funcs/connectorRevokeCredential.js");
const { SDKError } = require("c1-revoke/sdk/models/errors");

const ids = { appId: "app-1", connectorId: "connector-2", id: "credential-3" };

test("revokes", async () => {
  const sdk = new ConductoroneSDKTypescript({ serverURL: process.env.SERVER, security: { bearerAuth: "tok-4f9a" } });
  expect((await sdk.connector.revokeCredential(ids)).statusCode).toBe(200);
  const { ok, error } = await connectorRevokeCredential(sdk, ids);
  expect(ok).toBe(false);
  expect(error).toBeInstanceOf(SDKError);
  expect(error.statusCode).toBe(404);
});
