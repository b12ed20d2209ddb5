// OAuth against a real server: oidc-provider, and an API that takes the tokens only that it has issued.
import { assert, assertError, ids, PATH, rejection } from "./helpers.js";
import { assertionIn, JWK, newKey, secretOf, withTimeAhead } from "./oauth-helpers.js";
import { test } from "./registry.js";

const clientOf = (sdk, { clientID, clientSecret }, props) =>
  new sdk.ConductoroneSDKTypescript({ clientID, clientSecret, ...props });

const countOf = async (key) => (await key.record()).tokenRequests.length;

/** Asserts that a call ends with the provider's refusal of the client, and that no token was given. */
async function assertRefused(sdk, call) {
  const error = assertError(sdk, await rejection(call), "TokenRequestError");
  const { error: code, error_description: description } = JSON.parse(error.body);
  assert.deepEqual([error.statusCode, error.error, error.errorDescription], [401, "invalid_client", description]);
  assert.strictEqual(error.message, `Token request failed: Status 401: ${code}: ${description}`);
  assert.match(error.contentType, /^application\/json/);
  return error;
}

test("oauth: what is sent for a token", async ({ sdk, oidc }) => {
  const key = await newKey(oidc);
  const client = clientOf(sdk, key);
  const before = Math.floor(Date.now() / 1000);
  await client.getValidToken();
  const after = Math.floor(Date.now() / 1000);
  const [{ headers, body }] = (await key.record()).tokenRequests;
  assert.deepInclude(headers, { "content-type": "application/x-www-form-urlencoded", accept: "application/json" });
  assert.notProperty(headers, "authorization");
  const { jwt, header, claims } = assertionIn(body);
  const { clientID } = key;
  assert.deepEqual(Object.fromEntries(new URLSearchParams(body)), {
    grant_type: "client_credentials",
    client_id: clientID,
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    client_assertion: jwt,
  });
  const { nonce } = header;
  assert.deepEqual(header, { alg: "EdDSA", typ: "JWT", nonce });
  const { iat, jti } = claims;
  const times = { iat, nbf: iat - 120, exp: iat + 120 };
  assert.deepEqual(claims, { iss: clientID, sub: clientID, aud: ["127.0.0.1"], ...times, jti });
  assert.isTrue(iat >= before && iat <= after, `iat ${iat} is not now`);
  assert.match(`${nonce} ${jti}`, /^[0-9a-f]{32} [0-9a-f]{32}$/);
  assert.notStrictEqual(jti, nonce);
});

test("oauth: a key alone gets a token, for getValidToken, getCurrentToken and calls, until clearToken", async ({ sdk, oidc }) => {
  const key = await newKey(oidc);
  const client = clientOf(sdk, key);
  assert.isNull(client.getCurrentToken());
  const first = await client.getValidToken();
  assert.match(first, /^[\w-]{20,}$/);
  assert.strictEqual(client.getCurrentToken(), first);
  assert.strictEqual(await client.getValidToken(), first);
  assert.strictEqual(await countOf(key), 1);
  assert.isUndefined(client.clearToken());
  assert.isNull(client.getCurrentToken());
  const second = await client.getValidToken();
  assert.notStrictEqual(second, first);
  assert.strictEqual(await countOf(key), 2);
  for (const _ of [1, 2]) assert.strictEqual((await client.connector.revokeCredential(ids)).statusCode, 200);
  const { tokenRequests, revoked } = await key.record();
  assert.deepEqual([tokenRequests.length, revoked], [2, [PATH, PATH]]);
});

test("oauth: a token that has expired at the server, whose clock is ahead, is renewed once", async ({ sdk, oidc }) => {
  const key = await newKey(oidc);
  const client = clientOf(sdk, key);
  const first = await client.getValidToken();
  await withTimeAhead(oidc, { here: 500, there: 605 }, async () => {
    assert.strictEqual((await client.connector.revokeCredential(ids)).statusCode, 200);
    assert.notStrictEqual(client.getCurrentToken(), first);
    const { unauthorized, revoked } = await key.record();
    assert.deepEqual([unauthorized, revoked], [1, [PATH]]);
  });
});

test("oauth: 100 calls at the same time make one token request, and one renewal after a 401", async ({ sdk, oidc }) => {
  const key = await newKey(oidc);
  const client = clientOf(sdk, key);
  for (const count of [1, 2]) {
    const calls = Array.from({ length: 100 }, (_, i) => client.connector.revokeCredential({ ...ids, id: `c-${count}-${i}` }));
    for (const { statusCode } of await Promise.all(calls)) assert.strictEqual(statusCode, 200);
    const { tokenRequests, revoked, unauthorized } = await key.record();
    assert.lengthOf(tokenRequests, count);
    assert.strictEqual(new Set(revoked).size, 100 * count);
    if (count === 1) assert.strictEqual(unauthorized, 0);
    else assert.isAtLeast(unauthorized, 1);
    await key.forget();
  }
});

test("oauth: an assertion from a clock that is minutes off is refused; a little is tolerated", async ({ sdk, oidc }) => {
  for (const [here, good] of [
    [-150, false],
    [150, false],
    [-90, true],
    [90, true],
  ]) {
    const key = await newKey(oidc);
    const { connector } = clientOf(sdk, key);
    await withTimeAhead(oidc, { here, there: 0 }, async () => {
      const call = connector.revokeCredential(ids);
      await (good ? call : assertRefused(sdk, call));
    });
    assert.deepEqual((await key.record()).revoked, good ? [PATH] : []);
    assert.strictEqual((await connector.revokeCredential(ids)).statusCode, 200, "the refusal is remembered");
  }
});

test("oauth: the wrong key, audience or client is refused, and the error shows neither key nor assertion", async ({
  sdk,
  oidc,
}) => {
  const [key, other] = [await newKey(oidc), await newKey(oidc)];
  for (const [wrong, props] of [
    [{ clientSecret: other.clientSecret }],
    [{ clientSecret: secretOf(JWK) }],
    [{ clientID: key.clientID.replace("key-", "no-key-") }],
    [{}, { serverURL: oidc.replace("127.0.0.1", "localhost") }],
  ]) {
    const sent = { ...key, ...wrong };
    const error = await assertRefused(sdk, clientOf(sdk, sent, props).connector.revokeCredential(ids));
    const { jwt } = assertionIn((await key.record()).tokenRequests.at(-1)?.body ?? "client_assertion=a.b.c");
    for (const secret of [sent.clientSecret, jwt]) assert.notInclude(`${error.stack} ${error.body}`, secret);
  }
});

test("oauth: two clients at once keep their tokens apart", async ({ sdk, oidc }) => {
  const keys = await Promise.all([newKey(oidc), newKey(oidc)]);
  const clients = keys.map((key) => clientOf(sdk, key));
  await Promise.all([0, 1, 0, 1].map((i) => clients[i].connector.revokeCredential({ ...ids, id: `of-${i}` })));
  assert.notStrictEqual(clients[0].getCurrentToken(), clients[1].getCurrentToken());
  for (const [i, key] of keys.entries()) {
    const { tokenRequests, revoked } = await key.record();
    assert.lengthOf(tokenRequests, 1);
    assert.deepEqual(revoked, Array(2).fill(PATH.replace(ids.id, `of-${i}`)));
  }
});

test("oauth: an ID token is exchanged; a function is called when one is needed, and only then", async ({ sdk, oidc }) => {
  const { clientID, idToken, record, forget } = await newKey(oidc, { workload: true });
  const given = [];
  const oidcToken = async (...args) => {
    assert.deepEqual(args, []);
    given.push(await idToken());
    return given.at(-1);
  };
  const { connector } = new sdk.ConductoroneSDKTypescript({ clientID, oidcToken });
  assert.lengthOf(given, 0, "called by the constructor");
  await Promise.all([1, 2, 3].map(() => connector.revokeCredential(ids)));
  await connector.revokeCredential(ids);
  assert.lengthOf(given, 1);
  await forget();
  await connector.revokeCredential(ids);
  assert.lengthOf(given, 2, "a renewal needs a fresh ID token");
  const { tokenRequests, revoked } = await record();
  assert.lengthOf(revoked, 5);
  assert.deepEqual(
    tokenRequests.map(({ body }) => Object.fromEntries(new URLSearchParams(body))),
    given.map((subject_token) => ({
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      subject_token,
      subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
      client_id: clientID,
    })),
  );
});
