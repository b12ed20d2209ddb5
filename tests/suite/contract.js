// The package's real requests satisfy the API's own OpenAPI document, as Prism reads it.
import { assert, assertError, ids, rejection, TOKEN } from "./helpers.js";
import { test } from "./registry.js";

const REQUESTS = {
  plain: ids,
  "with the body field": { ...ids, connectorServiceRevokeCredentialRequest: {} },
  "with ids that need encoding": { appId: "a b?c#d", connectorId: "é 日本", id: "100%" },
};

for (const [name, request] of Object.entries(REQUESTS)) {
  test(`contract: Prism accepts the request ${name}`, async ({ sdk, prism }) => {
    const client = new sdk.ConductoroneSDKTypescript({ security: { bearerAuth: TOKEN }, serverURL: prism });
    const result = await client.connector.revokeCredential(request);
    assert.strictEqual(result.statusCode, 200);
    assert.deepEqual(result.connectorServiceRevokeCredentialResponse, {});
  });
}

test("contract: Prism refuses a request that does not satisfy the document", async ({ sdk, prism }) => {
  const send = (props, options) =>
    rejection(new sdk.ConductoroneSDKTypescript({ serverURL: prism, ...props }).connector.revokeCredential(ids, options));
  assert.strictEqual(assertError(sdk, await send({}), "SDKError").statusCode, 401);
  const elsewhere = { serverURL: `${prism}/v0`, security: { bearerAuth: TOKEN } };
  assert.strictEqual(assertError(sdk, await send(elsewhere), "SDKError").statusCode, 404);
});
