// The package's real requests satisfy the API's own OpenAPI document, as Prism reads it.
import { assert, ids, TOKEN } from "./helpers.js";
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

test("contract: Prism accepts the question of confirm, and the answer that the document describes is read", async ({
  sdk,
  prism,
}) => {
  let id;
  const fetcher = async (request) => {
    if (request.method === "POST") throw new TypeError("fetch failed");
    const answer = await fetch(request);
    assert.strictEqual(answer.status, 200);
    // The fields and forms are Prism's; the id is the one that was asked about.
    const { credential } = await answer.json();
    return Response.json({ credential: { ...credential, id } });
  };
  const httpClient = new sdk.HTTPClient({ fetcher });
  const client = new sdk.ConductoroneSDKTypescript({
    security: { bearerAuth: TOKEN },
    serverURL: prism,
    httpClient,
    confirm: true,
  });
  for (const request of Object.values(REQUESTS)) {
    ({ id } = request);
    const { confirmation } = await client.connector.revokeCredential(request);
    assert.match(confirmation.deletedAt, /^\d{4}-\d\d-\d\dT/);
  }
});
