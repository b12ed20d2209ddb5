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

test("contract: Prism accepts the question of confirm, and its answer is read", async ({ sdk, prism }) => {
  const answers = [];
  const fetcher = async (request) => {
    if (request.method === "POST") throw new TypeError("fetch failed");
    answers.push(await fetch(request));
    return answers.at(-1).clone();
  };
  for (const request of Object.values(REQUESTS)) {
    const httpClient = new sdk.HTTPClient({ fetcher });
    const client = new sdk.ConductoroneSDKTypescript({
      security: { bearerAuth: TOKEN },
      serverURL: prism,
      httpClient,
      confirm: true,
    });
    const error = assertError(sdk, await rejection(client.connector.revokeCredential(request)), "ConnectionError");
    // Prism makes the credential up: it has another id, and so proves nothing.
    assert.strictEqual(error.outcome, "unknown");
    const answer = answers.at(-1);
    assert.strictEqual(answer.status, 200);
    assert.isString((await answer.json()).credential.id);
  }
});

test("contract: the document describes the answer that is read", async ({ sdk, prism }) => {
  const dynamic = async (request) => {
    if (request.method === "POST") throw new TypeError("fetch failed");
    const answer = await fetch(request);
    // The fields and forms are Prism's; the id is the one that was asked about.
    const { credential } = await answer.json();
    return Response.json({ credential: { ...credential, id: ids.id } });
  };
  const httpClient = new sdk.HTTPClient({ fetcher: dynamic });
  const client = new sdk.ConductoroneSDKTypescript({
    security: { bearerAuth: TOKEN },
    serverURL: prism,
    httpClient,
    confirm: true,
  });
  const { confirmation } = await client.connector.revokeCredential(ids);
  assert.match(confirmation.deletedAt, /^\d{4}-\d\d-\d\dT/);
});
