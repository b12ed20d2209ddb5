// Wrong uses: each line after an expectation must fail to compile.
import { ConductoroneSDKTypescript } from "conductorone-sdk-typescript";
import { connectorRevokeCredential } from "conductorone-sdk-typescript/funcs/connectorRevokeCredential.js";
import { HTTPClient } from "conductorone-sdk-typescript/lib/http.js";
import * as errors from "conductorone-sdk-typescript/sdk/models/errors";

const sdk = new ConductoroneSDKTypescript();
const request = { appId: "a", connectorId: "c", id: "i" };

// @ts-expect-error an id is missing
sdk.connector.revokeCredential({ appId: "a", connectorId: "c" });
// @ts-expect-error ids are strings
sdk.connector.revokeCredential({ ...request, id: 5 });
// @ts-expect-error the request is missing
sdk.connector.revokeCredential();
// @ts-expect-error no such method
sdk.connector.unrevokeCredential(request);
// @ts-expect-error the operation has its own method
sdk.connector.revokeCredential(request, { method: "GET" });
// @ts-expect-error the operation has its own body
sdk.connector.revokeCredential(request, { body: "x" });
// @ts-expect-error times are numbers
sdk.connector.revokeCredential(request, { timeoutMs: "1s" });
// @ts-expect-error no such strategy
sdk.connector.revokeCredential(request, { retries: { strategy: "always" } });
// @ts-expect-error codes are strings
sdk.connector.revokeCredential(request, { retryCodes: [{}] });
// @ts-expect-error no such option
new ConductoroneSDKTypescript({ tenant: "acme" });
// @ts-expect-error tokens are strings
new ConductoroneSDKTypescript({ security: { bearerAuth: 5 } });
// @ts-expect-error no such field
new ConductoroneSDKTypescript({ security: { token: "t" } });
// @ts-expect-error a client has request()
new ConductoroneSDKTypescript({ httpClient: { fetch: () => {} } });
// @ts-expect-error no such hook
new HTTPClient().addHook("afterRequest", () => {});
// @ts-expect-error the core comes first
connectorRevokeCredential(request);
// @ts-expect-error validation errors have no status
new errors.SDKValidationError("m", undefined, undefined).statusCode;

export async function results(): Promise<void> {
  const result = await connectorRevokeCredential(sdk, request);
  // @ts-expect-error whether it went well is not known yet
  result.value;
  const answer = await sdk.connector.revokeCredential(request);
  // @ts-expect-error a number
  const status: string = answer.statusCode;
  console.log(status);
}
