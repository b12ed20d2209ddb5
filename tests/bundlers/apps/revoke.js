// Revokes twice, by the class and by the function. The server refuses the second one.
import { ConductoroneSDKTypescript } from "c1-revoke";
import { connectorRevokeCredential } from "c1-revoke/funcs/connectorRevokeCredential.js";
import { SDKError } from "c1-revoke/sdk/models/errors";

const ids = { appId: "app-1", connectorId: "connector-2", id: "credential-3" };

export async function revoke(serverURL) {
  const sdk = new ConductoroneSDKTypescript({ serverURL, security: { bearerAuth: "tok-4f9a" } });
  const { statusCode } = await sdk.connector.revokeCredential(ids);
  const { ok, error } = await connectorRevokeCredential(sdk, ids);
  return { statusCode, second: { ok, name: error.name, isSDKError: error instanceof SDKError, statusCode: error.statusCode } };
}
