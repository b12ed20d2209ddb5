// Tests of applications run calls under fake timers: everything faked, time standing still. A call that needs no timer settles, and
// no later call is held up by what was called meanwhile. The responses have no body of the platform's, which Node does not read then.
import FakeTimers from "@sinonjs/fake-timers";
import { turn } from "./clock.js";
import { assert, ids, stubbed, TOKEN, throws } from "./helpers.js";
import { API_KEY, CLIENT_ID } from "./oauth-helpers.js";
import { test, thenRestore } from "./registry.js";

const headers = new Headers({ "content-type": "application/json" });
const answering = (status, value = {}) => ({ status, headers, text: async () => JSON.stringify(value) });
const success = () => answering(200);

/** A client whose requests are answered by `answer`, and those for a token by one. */
function clientOf(sdk, props, answer) {
  const fetcher = async ({ url }) => {
    const token = { access_token: TOKEN, token_type: "Bearer", expires_in: 600 };
    return url.endsWith("/auth/v1/token") ? answering(200, token) : answer();
  };
  const httpClient = new sdk.HTTPClient({ fetcher }).addHook("beforeRequest", async () => {});
  return new sdk.ConductoroneSDKTypescript({ serverURL: "https://acme.conductor.one", httpClient, ...props });
}

const revoke = ({ connector }) => connector.revokeCredential(ids);

function abort({ connector }) {
  const controller = new AbortController();
  const call = connector.revokeCredential(ids, { signal: controller.signal });
  Promise.resolve().then(() => controller.abort());
  return call;
}

const TOKENS = { clientID: CLIENT_ID, oidcToken: async () => "id.token.here" };

/** Calls that need no timer: the client's properties, the answer, what is called, and how that ends. */
const CALLS = {
  "a token": [{ security: { bearerAuth: TOKEN } }, success, revoke, "fulfilled"],
  "a function": [{ security: async () => ({ bearerAuth: TOKEN }) }, success, revoke, "fulfilled"],
  "an ID token": [TOKENS, success, revoke, "fulfilled"],
  "an API key": [API_KEY, success, revoke, "fulfilled"],
  getValidToken: [TOKENS, success, (client) => client.getValidToken(), "fulfilled"],
  "a time limit and retries": [{ timeoutMs: 1000, retryConfig: { strategy: "backoff" } }, success, revoke, "fulfilled"],
  "the standalone function": [{}, success, (client, sdk) => sdk.connectorRevokeCredential(client, ids), "fulfilled"],
  "a bulk run": [{}, success, ({ connector }) => connector.revokeCredentials([ids, { ...ids, id: "another" }]), "fulfilled"],
  "an invalid request": [{}, success, ({ connector }) => connector.revokeCredential({}), "SDKValidationError"],
  "a refusal": [{}, () => answering(403), revoke, "SDKError"],
  "no connection": [{}, throws(new TypeError("fetch failed")), revoke, "ConnectionError"],
  "an abort": [{}, () => new Promise(() => {}), abort, "RequestAbortedError"],
};

/** Runs `action` with every timer, clock and queue that the platform has replaced. */
async function withEverythingFaked(action) {
  // Node's test runner writes its report by nextTick. Were a part of that swallowed, it would report nothing any more.
  await turn();
  const clock = FakeTimers.install();
  return thenRestore(action, () => clock.uninstall());
}

const endOf = (call) =>
  call.then(
    () => "fulfilled",
    ({ name }) => name,
  );

for (const [label, [props, answer, call, end]] of Object.entries(CALLS)) {
  test(`fake timers: a call that needs no timer settles, and so do later ones (${label})`, async ({ sdk }) => {
    const client = clientOf(sdk, props, answer);
    assert.strictEqual(await withEverythingFaked(() => endOf(call(client, sdk))), end);
    assert.strictEqual(await endOf(call(client, sdk)), end);
    assert.strictEqual(await endOf(call(clientOf(sdk, props, answer), sdk)), end);
  });
}

test("fake timers: calls that wait for a timer which never fires hold up no later call", async ({ sdk }) => {
  let answer = () => answering(503);
  const client = clientOf(sdk, { retryConfig: { strategy: "backoff" } }, () => answer());
  await withEverythingFaked(async () => {
    let ended = false;
    const end = () => (ended = true);
    // Handled: a crash of the core in a later test rejects them.
    for (const call of [revoke(client), client.connector.revokeCredentials([ids])]) call.then(end, end);
    // Promise jobs only: what these calls can do without a timer, they have done.
    for (let jobs = 0; jobs < 1000; jobs++) await undefined;
    assert.isFalse(ended);
  });
  answer = success;
  assert.strictEqual((await revoke(client)).statusCode, 200);
  assert.strictEqual((await client.connector.revokeCredentials([ids])).revoked, 1);
  assert.strictEqual((await stubbed(sdk).revoke()).statusCode, 200);
});
