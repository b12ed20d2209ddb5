// Clients that come and go: freed at any moment, many at a time, from more than one copy of the package.
import { until } from "./clock.js";
import { assert, assertError, ids, PATH, rejection, response, revoked, stubbed, stubClient } from "./helpers.js";
import { test } from "./registry.js";

for (const [way, end] of [
  ["free()", (client) => client.free()],
  ["the end of a using block", (client) => client[Symbol.dispose ?? Symbol.for("Symbol.dispose")]()],
]) {
  test(`${way}: calls on their way go on to their end, later ones reject`, async ({ sdk }) => {
    const waiting = [];
    const { client, revoke } = stubbed(sdk, {}, () => new Promise((resolve) => waiting.push(resolve)));
    const { connector } = client;
    const [single, bulk] = [revoke(), connector.revokeCredentials([ids])];
    await until(() => waiting.length === 2);
    for (const _ of [1, 2]) end(client);
    for (const call of [revoke(), connector.revokeCredentials([ids]), client.getValidToken()]) {
      assertError(sdk, await rejection(call), "UnexpectedClientError", /freed/);
    }
    assert.isNull(client.getCurrentToken());
    client.clearToken();
    assert.isFalse((await sdk.connectorRevokeCredential(client, ids)).ok);
    for (const resolve of waiting) resolve(response(revoked));
    assert.strictEqual((await single).statusCode, 200);
    assert.strictEqual((await bulk).revoked, 1);
  });
}

test("free() in the middle of each thing that a caller's code is asked for", async ({ sdk }) => {
  const places = {
    "a getter of the request": (get) => [{}, Object.defineProperty({ ...ids }, "id", { get: get("credential-3") })],
    "a getter of the options": (get) => [{}, ids, Object.defineProperty({}, "timeoutMs", { get: get(undefined) })],
    "the security function": (security) => [{ security: security({ bearerAuth: "t" }) }, ids],
    "the HTTP client": (request) => [{ httpClient: { request: request(response(revoked)) } }, ids],
  };
  for (const [place, build] of Object.entries(places)) {
    let client;
    const [props, request, options] = build((value) => () => {
      client.free();
      return value;
    });
    ({ client } = stubbed(sdk, props));
    const { connector } = client;
    assert.strictEqual((await connector.revokeCredential(request, options)).statusCode, 200, place);
    assertError(sdk, await rejection(connector.revokeCredential(ids)), "UnexpectedClientError", /freed/);
  }
});

test("ready(): resolves to nothing, before, beside and after clients, and harms none", async ({ sdk }) => {
  const first = sdk.ready();
  const { revoke } = stubbed(sdk);
  const [{ statusCode }, ...ready] = await Promise.all([revoke(), first, sdk.ready()]);
  assert.deepEqual([statusCode, ...ready], [200, undefined, undefined]);
  assert.isUndefined(await sdk.ready());
  assert.strictEqual((await revoke()).statusCode, 200);
  assert.strictEqual((await stubbed(sdk).revoke()).statusCode, 200);
});

test("clients with different tenants and tokens never mix, whatever the order of their answers", async ({ sdk }) => {
  const COUNT = 50;
  const waiting = [];
  const { httpClient, requests } = stubClient(sdk, () => new Promise((resolve) => waiting.push(resolve)));
  const clients = Array.from({ length: COUNT }, (_, at) => {
    const security = at % 2 ? { bearerAuth: `token-${at}` } : async () => ({ oauth: `token-${at}` });
    return new sdk.ConductoroneSDKTypescript({ tenantDomain: `tenant-${at}`, security, httpClient });
  });
  const calls = clients.map(({ connector }, at) => connector.revokeCredential({ ...ids, id: `credential-${at}` }));
  await until(() => waiting.length === COUNT);
  for (const client of clients.filter((_, at) => at % 3 === 0)) client.free();
  for (const resolve of waiting.reverse()) resolve(response(revoked));
  await Promise.all(calls);
  for (const { url, headers } of requests) {
    const [, at] = /^https:\/\/tenant-(\d+)\.conductor\.one\//.exec(url);
    assert.strictEqual(url, `https://tenant-${at}.conductor.one${PATH.replace("credential-3", `credential-${at}`)}`);
    assert.strictEqual(headers.authorization, `Bearer token-${at}`);
  }
  assert.lengthOf(new Set(requests.map(({ url }) => url)), COUNT);
});
