// Compiles with any of the platforms' type libraries: TypeScript's dom, @types/node, @cloudflare/workers-types, or none.
import { ConductoroneSDKTypescript, HTTPClient } from "conductorone-sdk-typescript";
import { SDKError } from "conductorone-sdk-typescript/sdk/models/errors";

export async function revoke(token: string): Promise<number> {
  const sdk = new ConductoroneSDKTypescript({
    security: { bearerAuth: token },
    tenantDomain: "acme",
    httpClient: new HTTPClient(),
  });
  try {
    const { statusCode } = await sdk.connector.revokeCredential({ appId: "a", connectorId: "c", id: "i" }, { timeoutMs: 5000 });
    return statusCode;
  } catch (error) {
    if (error instanceof SDKError) return error.statusCode;
    throw error;
  }
}
