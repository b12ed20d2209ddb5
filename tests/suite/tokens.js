// What OAuth is made of, against servers that are played: lifetimes, odd answers, the rules of token requests, secrets.
import { assertClean } from "./canaries.js";
import { EPOCH, elapsed, play, turn, until, withClock } from "./clock.js";
import {
  assert,
  assertError,
  ids,
  json,
  PATH,
  playOn,
  rejection,
  response,
  revoked,
  stubbed,
  thrown,
  throws,
} from "./helpers.js";
import {
  API_KEY,
  assertionIn,
  CLIENT_ID,
  isSignedBy,
  issued,
  JWK,
  numbered,
  PREFIX,
  secretOf,
  stubbedOAuth,
} from "./oauth-helpers.js";
import { test, withReplaced } from "./registry.js";

const unavailable = { status: 503, headers: json, body: "{}" };
const unauthorized = { status: 401, headers: json, body: '{"code":16,"message":"no"}' };
const refusal = { status: 401, headers: json, body: '{"error":"invalid_client","error_description":"who are you?"}' };
const backoff = { initialInterval: 100, maxInterval: 400, exponent: 2, maxElapsedTime: 60_000 };
const retries = { strategy: "backoff", backoff, retryConnectionErrors: true };
const SECRETS = [JWK.d, API_KEY.clientSecret.slice(PREFIX.length), "id.token.canary"];
const hangsForEver = () => new Promise(() => {});
const fails = (reason) => () => Promise.reject(reason);

test("tokens: the server is the client ID's, unless tenantDomain or serverURL name one", async ({ sdk }) => {
  for (const [props, origin] of [
    [{}, "https://acme.conductor.one"],
    [{ clientID: "n@Beta.Conductor.One/pcc" }, "https://beta.conductor.one"],
    [{ clientID: "n@localhost:8787/pcc" }, "http://localhost:8787"],
    [{ tenantDomain: "gamma" }, "https://gamma.conductor.one"],
    [{ serverURL: "https://api.example/base/" }, "https://api.example/base"],
    [{ serverURL: "https://api.example", tenantDomain: "gamma" }, "https://api.example"],
  ]) {
    const stub = stubbedOAuth(sdk, props);
    await stub.revoke();
    assert.deepEqual(
      [...stub.tokenRequests, ...stub.apiRequests].map(({ method, url }) => `${method} ${url}`),
      [`POST ${origin}/auth/v1/token`, `POST ${origin}${PATH}`],
    );
    const { claims } = assertionIn(stub.tokenRequests[0].body);
    assert.deepEqual(claims.aud, [new URL(origin).hostname]);
    assert.deepEqual([claims.iss, claims.sub], [props.clientID ?? CLIENT_ID, props.clientID ?? CLIENT_ID]);
  }
});

test("tokens: a token is used from its request until a margin before its end, unless the clock is set back", async ({ sdk }) => {
  // How long each is used for, in seconds; all the numbers are in src/auth/token.rs.
  for (const [expires_in, kept] of [
    [600, 540],
    ["600", 270],
  ]) {
    await withClock(async (clock) => {
      const slow = (request) => {
        // The lifetime counts from the request, not from the response.
        clock.setSystemTime(EPOCH + 30_000);
        return numbered({ expires_in })(request);
      };
      const stub = stubbedOAuth(sdk, { tokens: [slow] });
      await stub.revoke();
      clock.setSystemTime(EPOCH + kept * 1000 - 1);
      assert.strictEqual(stub.client.getCurrentToken(), "token-1");
      for (const elsewhen of [EPOCH + kept * 1000, EPOCH - 1]) {
        clock.setSystemTime(elsewhen);
        assert.isNull(stub.client.getCurrentToken());
      }
      await stub.revoke();
      assert.lengthOf(stub.tokenRequests, 2);
    });
  }
});

test("tokens: one that has expired already serves the calls that waited for it, and is not cached", async ({ sdk }) => {
  const stub = stubbedOAuth(sdk, { tokens: [numbered({ expires_in: 0 })] });
  await Promise.all([stub.revoke(), stub.revoke()]);
  assert.isNull(stub.client.getCurrentToken());
  await stub.revoke();
  assert.deepEqual(stub.shown, ["token-1", "token-1", "token-2"]);
});

test("tokens: a 401 renews once, without a wait; then the 401 is the caller's", async ({ sdk }) => {
  const failing = stubbedOAuth(sdk, { api: [unauthorized] });
  const error = assertError(sdk, await rejection(failing.revoke()), "SDKError");
  assert.deepEqual([error.statusCode, error.body], [401, unauthorized.body]);
  assert.deepEqual(failing.shown, ["token-1", "token-2"]);
  assert.lengthOf(failing.tokenRequests, 2);
  await withClock(async (clock) => {
    const stub = stubbedOAuth(sdk, { api: [unauthorized, revoked], retryConfig: retries });
    const { value } = await play(clock, stub.revoke({ retryCodes: ["401", "5XX"] }));
    assert.strictEqual(value.statusCode, 200);
    assert.deepEqual(stub.shown, ["token-1", "token-2"]);
    assert.strictEqual(elapsed(), 0, "waited with a dead token");
  });
});

test("tokens: when a 401's renewal fails, that is the error", async ({ sdk }) => {
  const stub = stubbedOAuth(sdk, { tokens: [issued("t"), refusal], api: [unauthorized] });
  const error = assertError(sdk, await rejection(stub.revoke()), "TokenRequestError");
  assert.strictEqual(error.error, "invalid_client");
  assert.isNull(stub.client.getCurrentToken(), "a token that the API refused is still shown as good");
});

test("tokens: a late 401 for an old token does not take the new one away", async ({ sdk }) => {
  let answerLate;
  const late = () => new Promise((resolve) => (answerLate = () => resolve(response(unauthorized))));
  const stub = stubbedOAuth(sdk, { api: [late, unauthorized, revoked] });
  const slow = stub.revoke();
  await until(() => answerLate);
  await stub.revoke();
  assert.deepEqual(stub.shown, ["token-1", "token-1", "token-2"]);
  answerLate();
  await slow;
  assert.deepEqual(stub.shown, ["token-1", "token-1", "token-2", "token-2"]);
  assert.lengthOf(stub.tokenRequests, 2);
});

test("tokens: an API key or a workload's ID token wins over security, whose own 401 is the caller's at once", async ({ sdk }) => {
  const fixed = { bearerAuth: "fixed" };
  for (const props of [{}, { oidcToken: "id.token.canary" }]) {
    for (const security of [fixed, () => fixed]) {
      const stub = stubbedOAuth(sdk, { ...props, security });
      await stub.revoke();
      assert.strictEqual(await stub.client.getValidToken(), "token-1");
      assert.deepEqual(stub.shown, ["token-1"]);
    }
  }
  const { revoke, requests } = stubbed(sdk, { security: fixed }, unauthorized);
  assertError(sdk, await rejection(revoke()), "SDKError");
  assert.lengthOf(requests, 1);
});

test("tokens: token_type is Bearer in any case", async ({ sdk }) => {
  const stub = stubbedOAuth(sdk, { tokens: [issued("t", { token_type: "bEARER" })] });
  await stub.revoke();
  assert.deepEqual(stub.shown, ["t"]);
});

/** What is no bearer token has all its forms in src/auth/bearer.rs. */
const UNUSABLE = {
  "token_type DPoP": issued("canary-token", { token_type: "DPoP" }),
  "token_type Bearer and a space": issued("canary-token", { token_type: "Bearer " }),
  "token_type missing": issued("canary-token", { token_type: undefined }),
  "token_type no string": issued("canary-token", { token_type: ["Bearer"] }),
  "access_token missing": issued(undefined, { refresh_token: "canary-token" }),
  "access_token no string": issued(["canary-token"]),
  "access_token with a line break": issued("canary-token\r\nx: y"),
  "access_token not ASCII": issued("canary-tokené"),
  "an empty body": { status: 200, headers: json, body: "" },
  "no JSON": { status: 200, headers: json, body: "canary-token" },
  null: { status: 200, headers: json, body: "null" },
  "an array": { status: 200, headers: json, body: '["canary-token"]' },
  "status 201": { ...issued("canary-token"), status: 201 },
  "status 204": { status: 204 },
  "status 302 with a token": { ...issued("canary-token"), status: 302 },
  "a redirect that an HTTP client followed": () =>
    Object.defineProperty(response(issued("canary-token")), "redirected", { value: true }),
  "a body without end": issued("canary-token", { x: "x".repeat(1 << 21) }),
};
for (const [name, answer] of Object.entries(UNUSABLE)) {
  test(`tokens: an answer that is of no use (${name}) is refused, not kept, and not shown`, async ({ sdk }) => {
    const stub = stubbedOAuth(sdk, { tokens: [answer, issued("good")] });
    const error = assertError(sdk, await rejection(stub.revoke()), "TokenRequestError", /^Token request failed/);
    assert.deepEqual([error.statusCode, error.body], [answer.status ?? 200, "***"]);
    assert.notInclude(`${error.stack}${JSON.stringify(error)}`, "canary");
    assert.isNull(stub.client.getCurrentToken());
    assert.lengthOf(stub.apiRequests, 0);
    await stub.revoke();
    assert.deepEqual(stub.shown, ["good"]);
  });
}

test("tokens: a refusal is a TokenRequestError with OAuth's words, where it has them", async ({ sdk }) => {
  const words = '{"error":"some_code","error_description":"some words"}';
  for (const [status, body, ...said] of [
    [400, words, "some_code", "some words"],
    [429, words, "some_code", "some words"],
    [503, words, "some_code", "some words"],
    [502, '{"error":"some_code"}', "some_code"],
    [502, '{"error":5,"error_description":{}}'],
    [502, "<h1>Bad gateway</h1>"],
    [502, ""],
  ]) {
    const stub = stubbedOAuth(sdk, { tokens: [{ status, headers: json, body }] });
    const standalone = sdk.connectorRevokeCredential(stub.client, ids).then((result) => result.error);
    for (const reason of [await rejection(stub.revoke()), await rejection(stub.client.getValidToken()), await standalone]) {
      const error = assertError(sdk, reason, "TokenRequestError");
      assert.strictEqual(error.message, ["Token request failed", `Status ${status}`, ...said].join(": "));
      assert.deepEqual([error.statusCode, error.error, error.errorDescription], [status, said[0], said[1]]);
      assert.deepEqual([error.body, error.contentType], [body, "application/json"]);
      assert.deepEqual([error.rawResponse.status, error.headers.get("content-type")], [status, "application/json"]);
    }
    assert.lengthOf(stub.apiRequests, 0);
  }
});

test("tokens: a redirect of the token endpoint is not followed: no assertion is sent elsewhere", async ({ sdk, server }) => {
  for (const [status, to] of [
    [302, "base"],
    [307, "elsewhere"],
    [308, "base"],
  ]) {
    const moved = await playOn(server, { status, headers: { location: `{${to}}/landing` } }, issued("stolen"));
    const client = new sdk.ConductoroneSDKTypescript({ ...API_KEY, serverURL: moved.base });
    const error = assertError(sdk, await rejection(client.connector.revokeCredential(ids)), "TokenRequestError");
    // A browser hides which redirect it was.
    assert.include([status, 0], error.statusCode);
    const requests = await moved.requests();
    assert.lengthOf(requests, 1);
    assert.isTrue(requests[0].url.endsWith("/auth/v1/token"));
    assert.isNull(client.getCurrentToken());
  }
});

test("tokens: requests are tried again as the API's are, each with an assertion of its own", async ({ sdk }) => {
  await withClock(async (clock) => {
    const slowDown = { status: 429, headers: { ...json, "retry-after": "7" }, body: "{}" };
    const tokens = [unavailable, fails(new TypeError("fetch failed")), slowDown, issued("t")];
    const stub = stubbedOAuth(sdk, { tokens, retryConfig: retries });
    const { value } = await play(clock, stub.revoke());
    assert.strictEqual(value.statusCode, 200);
    assert.deepEqual(stub.shown, ["t"]);
    assert.strictEqual(elapsed(), 75 + 150 + 7000);
    const assertions = stub.tokenRequests.map(({ body }) => assertionIn(body));
    const ids = assertions.flatMap(({ header, claims }) => [header.nonce, claims.jti]);
    assert.strictEqual(new Set(ids).size, 8);
    const after = assertions.map(({ claims }) => claims.iat - EPOCH / 1000);
    assert.deepEqual(after, [0, 0, 0, 7]);
  });
});

test("tokens: requests are not tried again unless the client says so; their failure is that of all who wait", async ({ sdk }) => {
  const stub = stubbedOAuth(sdk, { tokens: [fails(new TypeError("fetch failed")), issued("t")] });
  const errors = await Promise.all([1, 2, 3].map(() => rejection(stub.revoke())));
  for (const error of errors) assertError(sdk, error, "ConnectionError");
  assert.lengthOf(stub.tokenRequests, 1);
  await stub.revoke();
  assert.deepEqual(stub.shown, ["t"], "the failure was remembered");
});

test("tokens: clearToken while one is on its way: that one is not cached, a newer one serves all", async ({ sdk }) => {
  for (const [earlier, later] of [
    ["older", "newer"],
    ["newer", "older"],
  ]) {
    const answers = {};
    const answerOf = (name) => () => new Promise((resolve) => (answers[name] = () => resolve(response(issued(name)))));
    const { client } = stubbedOAuth(sdk, { tokens: [answerOf("older"), answerOf("newer")] });
    const first = client.getValidToken();
    await until(() => answers.older);
    client.clearToken();
    const second = client.getValidToken();
    await until(() => answers.newer);
    answers[earlier]();
    assert.strictEqual(await first, earlier);
    assert.strictEqual(client.getCurrentToken(), earlier === "newer" ? "newer" : null);
    answers[later]();
    assert.strictEqual(await second, "newer");
    await turn();
    assert.strictEqual(client.getCurrentToken(), "newer");
  }
});

test("tokens: no token request is sent before the refusal of the token endpoint is over", async ({ sdk }) => {
  for (const [status, headers, wait] of [
    [429, { "retry-after": "30" }, 30_000],
    [503, { "retry-after": "30" }, 30_000],
    [429, {}, 500],
    [503, {}, 500],
  ]) {
    await withClock(async (clock) => {
      const refused = { status, headers: { ...json, ...headers }, body: "{}" };
      const stub = stubbedOAuth(sdk, { tokens: [refused, issued("t")] });
      for (const call of [stub.revoke, () => stub.client.getValidToken(), stub.revoke]) {
        assertError(sdk, await rejection(call()), "TokenRequestError", new RegExp(status));
      }
      assert.lengthOf(stub.tokenRequests, 1, "the refusal was not remembered");
      await clock.tickAsync(wait);
      await stub.revoke();
      assert.deepEqual(stub.shown, ["t"]);
    });
  }
});

test("tokens: timeoutMs bounds the whole attempt, with the token request", async ({ sdk }) => {
  const after = (ms, answer) => () => new Promise((resolve) => setTimeout(() => resolve(response(answer)), ms));
  for (const [ms, end] of [
    [400, "200"],
    [900, "RequestTimeoutError"],
  ]) {
    await withClock(async (clock) => {
      const stub = stubbedOAuth(sdk, { timeoutMs: 1000, tokens: [after(ms, issued("t"))], api: [after(ms, revoked)] });
      const call = stub.revoke().then(
        ({ statusCode }) => String(statusCode),
        ({ name }) => name,
      );
      for (const asked of ["tokenRequests", "apiRequests"]) {
        await until(() => stub[asked].length === 1);
        await clock.tickAsync(ms);
      }
      assert.strictEqual(await call, end);
      assert.strictEqual(clock.countTimers(), 0, "a time limit is still running");
    });
  }
  for (const call of [(stub) => stub.revoke(), (stub) => stub.client.getValidToken()]) {
    await withClock(async (clock) => {
      const stub = stubbedOAuth(sdk, { timeoutMs: 1000, tokens: [hangsForEver, issued("t")] });
      const error = rejection(call(stub));
      await until(() => stub.tokenRequests.length === 1);
      await clock.tickAsync(1000);
      assertError(sdk, await error, "RequestTimeoutError");
      assert.strictEqual(clock.countTimers(), 0);
      await call(stub);
      assert.lengthOf(stub.tokenRequests, 2, "the failure was remembered");
    });
  }
});

// --- Token requests that nobody waits for any more ---

const slowly = { ...retries, backoff: { ...backoff, initialInterval: 1000, maxInterval: 1000 } };
/** The ways to wait for a token, which end when 300 ms have passed and then `signal` aborts. */
const LEAVING = {
  "three aborted calls": ({ revoke }, signal) => Promise.allSettled([1, 2, 3].map(() => revoke({ signal }))),
  "a call whose own time limit passes": ({ revoke }) => revoke({ timeoutMs: 300 }),
  "an aborted call of a client that is freed": ({ revoke }, signal) => revoke({ signal }),
  "an aborted bulk run": ({ client }, signal) => client.connector.revokeCredentials([ids, { ...ids, id: "b" }], { signal }),
};

function withAbort() {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}

/** Begins to wait in this way; returns the function that ends it. */
function waiting(how, stub, clock) {
  const { signal, abort } = withAbort();
  const settled = Promise.allSettled([LEAVING[how](stub, signal)]);
  return async () => {
    await clock.tickAsync(300);
    if (how.endsWith("freed")) stub.client.free();
    abort();
    await settled;
  };
}

for (const how of Object.keys(LEAVING)) {
  // Between two requests, and while the first one is under way.
  for (const during of ["wait", "request"]) {
    test(`tokens: when nobody waits any more, no further token request is sent (${how}, during a ${during})`, ({ sdk }) =>
      withClock(async (clock) => {
        let release;
        const held = new Promise((resolve) => (release = resolve));
        const first = async () => {
          if (during === "request") await held;
          return response(unavailable);
        };
        const stub = stubbedOAuth(sdk, { tokens: [first, unavailable, issued("t")], retryConfig: slowly });
        const leave = waiting(how, stub, clock);
        await until(() => stub.tokenRequests.length === 1 && (during === "request" || clock.countTimers() > 0));
        await leave();
        release();
        await clock.tickAsync(600_000);
        await turn();
        assert.lengthOf(stub.tokenRequests, 1);
        assert.lengthOf(stub.apiRequests, 0);
        assert.strictEqual(clock.countTimers(), 0, "a timer keeps the process alive");
      }));
  }

  test(`tokens: who stops waiting does not cancel the token request that others wait for (${how})`, ({ sdk }) =>
    withClock(async (clock) => {
      let release;
      const first = () => new Promise((resolve) => (release = () => resolve(response(unavailable))));
      const stub = stubbedOAuth(sdk, { tokens: [first, unavailable, issued("t")], retryConfig: slowly });
      const leave = waiting(how, stub, clock);
      const patient = stub.revoke();
      await until(() => release);
      await leave();
      assert.isFalse(stub.tokenRequests[0].request.signal.aborted);
      release();
      const { value } = await play(clock, patient);
      assert.strictEqual(value?.statusCode, 200);
      assert.lengthOf(stub.tokenRequests, 3);
    }));
}

test("tokens: a call that comes after the last one has left gets a token", async ({ sdk }) => {
  for (const ticks of [0, 600_000]) {
    await withClock(async (clock) => {
      const stub = stubbedOAuth(sdk, { tokens: [unavailable, issued("t")], retryConfig: slowly });
      const leave = waiting("three aborted calls", stub, clock);
      await until(() => stub.tokenRequests.length === 1 && clock.countTimers() > 0);
      await leave();
      await clock.tickAsync(ticks);
      const { value } = await play(clock, stub.revoke());
      assert.strictEqual(value?.statusCode, 200);
      assert.deepEqual(stub.shown, ["t"]);
      assert.lengthOf(stub.tokenRequests, 2);
    });
  }
});

test("tokens: what is aborted before it begins, or invalid, is refused before a token is asked for", async ({ sdk }) => {
  const stub = stubbedOAuth(sdk);
  for (const [call, name] of [
    [stub.revoke({ signal: AbortSignal.abort() }), "RequestAbortedError"],
    [stub.revoke({ timeoutMs: "1" }), "SDKValidationError"],
    [stub.client.connector.revokeCredential({ ...ids, id: "" }), "SDKValidationError"],
  ]) {
    assertError(sdk, await rejection(call), name);
  }
  assert.lengthOf(stub.tokenRequests, 0);
});

test("tokens: getValidToken and getCurrentToken without OAuth", async ({ sdk }) => {
  const { ConductoroneSDKTypescript: Client } = sdk;
  const fixed = new Client({ security: { bearerAuth: "Bearer fixed" } });
  assert.deepEqual([await fixed.getValidToken(), fixed.getCurrentToken()], ["fixed", "fixed"]);
  const given = new Client({ security: async () => ({ oauth: "given" }) });
  assert.deepEqual([await given.getValidToken(), given.getCurrentToken()], ["given", null]);
  const none = new Client();
  assertError(sdk, await rejection(none.getValidToken()), "SDKValidationError", /no credentials/);
  assert.isNull(none.getCurrentToken());
  for (const client of [fixed, given, none]) assert.isUndefined(client.clearToken());
});

const vault = new Error("vault is sealed");
/** The rules of each are in src/auth/client_id.rs and src/auth/client_secret.rs. */
const BAD_CREDENTIALS = [
  [{ ...API_KEY, clientID: "acme" }, /clientID must have the form/],
  [{ ...API_KEY, clientID: "n@acme.conductor.one/p\ud800" }, /clientID contains a lone surrogate/],
  [{ ...API_KEY, clientID: `${"n".repeat(600)}@acme.conductor.one/pcc` }, /clientID is too long/],
  [{ ...API_KEY, clientID: 5 }, /clientID must be a string/],
  [{ ...API_KEY, clientSecret: JWK }, /clientSecret must be a string, not another object/],
  [{ ...API_KEY, clientSecret: JSON.stringify(JWK) }, /clientSecret must begin with/],
  [{ ...API_KEY, clientSecret: API_KEY.clientSecret.slice(0, -8) }, /clientSecret does not contain a JSON object/],
  [{ ...API_KEY, clientSecret: secretOf({ ...JWK, d: undefined }) }, /clientSecret contains no valid private key/],
  [{ ...API_KEY, clientSecret: secretOf({ ...JWK, x: 5 }) }, /clientSecret contains no valid public key/],
  [{ ...API_KEY, oidcToken: "id.token.canary" }, /clientSecret or oidcToken, not both/],
  [{ clientID: CLIENT_ID, oidcToken: 5 }, /oidcToken must be a string or a function/],
  [{ clientID: CLIENT_ID }, /clientSecret or oidcToken is missing/],
  [{ clientSecret: API_KEY.clientSecret }, /clientID is missing/],
  [{ oidcToken: "id.token.canary" }, /clientID is missing/],
  ...["clientID", "clientSecret", "oidcToken"].map((name) => [
    Object.defineProperty({ ...API_KEY }, name, { get: throws(vault) }),
    /vault is sealed/,
    vault,
  ]),
];
test("tokens: a bad key, or a getter of one that throws, is refused at construction, and never shown", ({ sdk }) => {
  for (const [props, message, cause] of BAD_CREDENTIALS) {
    const error = thrown(() => new sdk.ConductoroneSDKTypescript(props));
    assertError(sdk, error, "SDKValidationError", message);
    assertClean(error, SECRETS);
    if (cause) assert.strictEqual(error.cause, cause);
  }
});

test("tokens: an oidcToken function that hangs is bounded by timeoutMs, and left by who aborts", async ({ sdk }) => {
  await withClock(async (clock) => {
    const stub = stubbedOAuth(sdk, { oidcToken: hangsForEver, timeoutMs: 1000 });
    const { signal, abort } = withAbort();
    const [aborted, timedOut] = [rejection(stub.revoke({ signal })), rejection(stub.revoke())];
    abort();
    assertError(sdk, await aborted, "RequestAbortedError");
    await until(() => clock.countTimers() > 0);
    await clock.tickAsync(1000);
    assertError(sdk, await timedOut, "RequestTimeoutError");
  });
});

const notSupported = () => Promise.reject(new DOMException("Unrecognized algorithm name", "NotSupportedError"));
/** What of the platform is replaced. */
const WITHOUT_ED25519 = {
  "importKey rejects": { importKey: notSupported },
  "importKey rejects later": { importKey: () => turn().then(notSupported) },
  "importKey throws": { importKey: throws(new TypeError("not a function")) },
  "importKey is missing": { importKey: undefined },
  "sign rejects": { sign: notSupported },
  "sign gives a number": { sign: async () => -1 },
  "sign gives another length": { sign: async () => new ArrayBuffer(63) },
  "there is no crypto.subtle": { crypto: { getRandomValues: (array) => array, subtle: undefined } },
  "there is no crypto": { crypto: undefined },
};
for (const [name, replaced] of Object.entries(WITHOUT_ED25519)) {
  test(`tokens: without Ed25519 (${name}), every call that waits is told, and the next one tries again`, async ({ sdk }) => {
    const stub = stubbedOAuth(sdk, { retryConfig: retries });
    const isGlobal = "crypto" in replaced;
    await withReplaced(isGlobal ? globalThis : crypto.subtle, replaced, async () => {
      const { signal, abort } = withAbort();
      const aborted = rejection(stub.revoke({ signal }));
      const waiting = [stub.revoke(), stub.revoke(), stub.client.getValidToken()].map(rejection);
      const run = stub.client.connector.revokeCredentials([ids, { ...ids, id: "b" }]);
      abort();
      assertError(sdk, await aborted, "RequestAbortedError");
      for (const reason of await Promise.all(waiting)) {
        const error = assertError(sdk, reason, "UnsupportedRuntimeError", /Ed25519.*https or localhost/);
        if (isGlobal) assert.match(error.message, /crypto\.subtle/);
        assertClean(error, SECRETS);
      }
      const report = await run;
      assert.deepEqual([report.revoked, report.remaining().length], [0, 2]);
    });
    assert.lengthOf(stub.tokenRequests, 0);
    await stub.revoke();
    assert.deepEqual(stub.shown, ["token-1"], "the failure was remembered");
  });
}

// --- Keys ---

/** WebKitGTK takes none of those whose seed begins with a zero byte as PKCS #8; as JWK, it takes all. */
const KEYS = {
  "it is RFC 8037's": {},
  "its seed begins with two zero bytes": {
    d: "AADJ3bblWc2m4FPEQ1GBPvKTrZz9s9smwYo678CbbLU",
    x: "_4fXlOXl-6IDcokNQ8_7RH0c3vb7IE9H-tHAzbUZo2I",
  },
  "its public key begins with a zero byte": {
    d: "sOOVUGNSp3QpEFIbJ4NYj2hCnDJNZYzL1r-YK6GL76w",
    x: "APn4vXpsxAR-itka0ssEufT9EFh_bXLvr0k2Q1RM2yE",
  },
};
for (const [name, key] of Object.entries(KEYS)) {
  test(`tokens: a key works when ${name}`, async ({ sdk }) => {
    const jwk = { ...JWK, ...key };
    const stub = stubbedOAuth(sdk, { clientSecret: secretOf(jwk) });
    await stub.revoke();
    assert.deepEqual(stub.shown, ["token-1"]);
    const assertion = assertionIn(stub.tokenRequests[0].body);
    assert.isTrue(await isSignedBy(jwk, assertion));
    assertion.signature[0] ^= 1;
    assert.isFalse(await isSignedBy(jwk, assertion));
  });
}

test("tokens: the key is imported once, as JWK, and cannot be exported", async ({ sdk }) => {
  const calls = [];
  let key;
  const original = crypto.subtle.importKey;
  async function importKey(format, data, ...more) {
    calls.push([format, { ...data }, ...more]);
    key = await original.call(this, format, data, ...more);
    return key;
  }
  const stub = stubbedOAuth(sdk);
  await withReplaced(crypto.subtle, { importKey }, async () => {
    for (let i = 0; i < 3; i++) {
      await stub.revoke();
      stub.client.clearToken();
    }
  });
  assert.lengthOf(stub.tokenRequests, 3);
  assert.deepEqual(calls, [["jwk", JWK, "Ed25519", false, ["sign"]]]);
  for (const form of ["jwk", "pkcs8"]) {
    assert.instanceOf(await rejection(crypto.subtle.exportKey(form, key)), DOMException);
  }
});
