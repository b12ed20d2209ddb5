// The main job, and a test for each thing that the official SDK (1.2.2) was measured to get wrong about it:
//  1 its documented example throws                      5 ids such as ".." call another URL
//  2 with serverURL, the other options are ignored      6 a tenantDomain such as "evil.com#" gets the token
//  3 one token alone is not sent                        7 some inputs and answers end in untyped errors
//  4 a redirected revoke is reported as success         8 some engines' network failures are not recognised
// (4 is in hostile-servers.js; 8 in vectors.js, too; 9, the time limit that a signal switches off, and 10, the abort that waits, are
// in retries.js.)
import { assert, assertError, ids, PATH, playOn, rejection, revoked, stubbed, stubClient, TOKEN, thrown } from "./helpers.js";
import { test, withReplaced } from "./registry.js";

const KEYS = ["contentType", "statusCode", "rawResponse", "connectorServiceRevokeCredentialResponse"];

test("revoke: one POST with the bearer token over a real connection, and the documented result", async ({
  sdk,
  server,
  runtime,
}) => {
  const play = await playOn(server, revoked);
  const client = new sdk.ConductoroneSDKTypescript({ security: { bearerAuth: TOKEN }, serverURL: play.base });
  const result = await client.connector.revokeCredential(ids);

  assert.deepEqual(Object.keys(result), KEYS);
  const { rawResponse, ...rest } = result;
  assert.deepEqual(rest, { contentType: "application/json", statusCode: 200, connectorServiceRevokeCredentialResponse: {} });
  assert.instanceOf(rawResponse, Response);
  assert.strictEqual(rawResponse.status, 200);

  const [{ method, url, headers, body }, ...more] = await play.requests();
  assert.deepEqual([method, url, body, more], ["POST", new URL(play.base).pathname + PATH, "", []]);
  const { authorization, accept, "content-type": type } = headers;
  assert.deepEqual([authorization, accept, type], [`Bearer ${TOKEN}`, "application/json", "application/json"]);
  assert.notProperty(headers, "cookie");
  if (runtime === "browser") assert.notMatch(headers["user-agent"], /c1-revoke/);
  else assert.match(headers["user-agent"], /^c1-revoke\/\d+\.\d+\.\d+/);
});

test("revoke: the standalone function resolves to a Result and never rejects", async ({ sdk }) => {
  const { httpClient } = stubClient(sdk, revoked, { status: 404, body: "{}" });
  const core = new sdk.ConductoroneSDKTypescriptCore({ security: { bearerAuth: TOKEN }, tenantDomain: "acme", httpClient });
  const good = await sdk.connectorRevokeCredential(core, ids);
  // The class is a client too.
  const client = new sdk.ConductoroneSDKTypescript({ security: { bearerAuth: TOKEN }, tenantDomain: "acme", httpClient });
  const bad = await sdk.connectorRevokeCredential(client, ids);
  const invalid = await sdk.connectorRevokeCredential(core, { ...ids, id: "" });
  assert.deepEqual([good.ok, bad.ok, invalid.ok], [true, false, false]);
  assert.deepEqual(Object.keys(good.value), KEYS);
  assertError(sdk, bad.error, "SDKError");
  assertError(sdk, invalid.error, "SDKValidationError");
});

test("faults 1 and 3: the documented example works, with a tenant or without; either token alone is enough", async ({ sdk }) => {
  const { httpClient, requests } = stubClient(sdk, revoked);
  for (const [props, tenant, token] of [
    [{ security: { bearerAuth: "b" } }, "example", "b"],
    [{ security: { oauth: "o" }, tenantDomain: "acme" }, "acme", "o"],
    [{ security: { bearerAuth: "b", oauth: "o" }, tenantDomain: "acme" }, "acme", "o"],
  ]) {
    await new sdk.ConductoroneSDKTypescript({ ...props, httpClient }).connector.revokeCredential(ids);
    await sdk.connectorRevokeCredential(new sdk.ConductoroneSDKTypescriptCore({ ...props, httpClient }), ids);
    const sent = requests.splice(0).map(({ url, headers }) => [url, headers.authorization]);
    const expected = [`https://${tenant}.conductor.one${PATH}`, `Bearer ${token}`];
    assert.deepEqual(sent, [expected, expected]);
  }
});

test("fault 2: every option of the constructor counts when serverURL is given", async ({ sdk, runtime }) => {
  const { httpClient, requests } = stubClient(sdk, { status: 503, body: "{}" }, revoked);
  const client = new sdk.ConductoroneSDKTypescript({
    security: { bearerAuth: TOKEN },
    serverURL: "https://api.example",
    httpClient,
    userAgent: "admin-console/1",
    retryConfig: { strategy: "backoff", backoff: { initialInterval: 1, maxInterval: 1, exponent: 1, maxElapsedTime: 60_000 } },
  });
  await client.connector.revokeCredential(ids);
  assert.lengthOf(requests, 2);
  for (const { headers, url } of requests) {
    assert.strictEqual(headers.authorization, `Bearer ${TOKEN}`);
    assert.strictEqual(url, `https://api.example${PATH}`);
    if (runtime !== "browser") assert.strictEqual(headers["user-agent"], "admin-console/1");
  }
});

/** Some for the rules of src/http/path.rs, which has all characters; and what is no string, or too long. */
const NO_IDS = {
  "is empty": [""],
  "must not be . or ..": [".", ".."],
  "contains U+002F (a slash) at index 1": ["a/b"],
  // Pasted with it: the API's 404 would say that the id does not exist.
  "contains U+0020 (white space) at index 10": ["credential "],
  "": [null, undefined, 5, true, {}, [], "\ud800", "a\udc00b", "a".repeat(2049), "😀".repeat(1025)],
};
test("faults 5 and 7: ids that name no credential are refused before any request, and the error names the fault", async ({
  sdk,
}) => {
  const { client, requests } = stubbed(sdk);
  for (const [message, values] of Object.entries(NO_IDS)) {
    for (const [field, value] of ["appId", "connectorId", "id"].flatMap((name) => values.map((value) => [name, value]))) {
      const request = { ...ids, [field]: value };
      const single = await rejection(client.connector.revokeCredential(request));
      const { results } = await client.connector.revokeCredentials([request]);
      for (const error of [single, results[0].error]) {
        assertError(sdk, error, "SDKValidationError", new RegExp(`\\b${field}\\b`));
        assert.include(error.message, message);
      }
    }
  }
  assert.lengthOf(requests, 0);
});

test("fault 6: a tenantDomain is one DNS label, in any documented form; what is none is refused at construction", async ({
  sdk,
}) => {
  // All forms are in src/http/server.rs.
  for (const tenantDomain of ["evil.com#", "user@evil.com", "acme.conductor.one.evil.com", "https://evil.com", "-acme", ""]) {
    const error = thrown(() => new sdk.ConductoroneSDKTypescript({ security: { bearerAuth: TOKEN }, tenantDomain }));
    assertError(sdk, error, "SDKValidationError", /tenantDomain/);
  }
  for (const tenantDomain of ["acme", "ACME", "acme.conductor.one", "HTTPS://Acme.conductor.one"]) {
    const { revoke, requests } = stubbed(sdk, { tenantDomain });
    await revoke();
    assert.strictEqual(requests[0].url, `https://acme.conductor.one${PATH}`, tenantDomain);
  }
});

test("fault 8: a host that refuses connections is a ConnectionError", async ({ sdk }) => {
  // Port 9 (discard) is on every browser's list of blocked ports and nothing listens on it.
  const client = new sdk.ConductoroneSDKTypescript({ security: { bearerAuth: TOKEN }, serverURL: "http://127.0.0.1:9" });
  assertError(sdk, await rejection(client.connector.revokeCredential(ids)), "ConnectionError");
});

test("what a page puts on Object.prototype is not taken for an option of the request", async ({ sdk }) => {
  const { revoke, requests } = stubbed(sdk);
  await withReplaced(Object.prototype, { redirect: "follow" }, async () => {
    await revoke({});
    await revoke();
  });
  assert.deepEqual(
    requests.map(({ request }) => request.redirect),
    ["manual", "manual"],
  );
});
