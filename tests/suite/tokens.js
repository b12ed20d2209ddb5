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
  withGlobals,
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
  withSubtle,
} from "./oauth-helpers.js";
import { test } from "./registry.js";

const unavailable = { status: 503, headers: json, body: "{}" };
const unauthorized = { status: 401, headers: json, body: '{"code":16,"message":"no"}' };
const refusal = { status: 401, headers: json, body: '{"error":"invalid_client","error_description":"who are you?"}' };
const backoff = { initialInterval: 100, maxInterval: 400, exponent: 2, maxElapsedTime: 60_000 };
const retries = { strategy: "backoff", backoff, retryConnectionErrors: true };
const SECRETS = [
  "canary-access-token",
  "id.token.canary",
  JWK.d,
  API_KEY.clientSecret,
  API_KEY.clientSecret.slice(PREFIX.length),
];
const assertNoSecret = (values) => assertClean(values, SECRETS);
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

test("tokens: a token is used from its request until a margin before its end; a clock that was set back renews it", async ({
  sdk,
}) => {
  // How long each is used for, in seconds; all the numbers are in src/auth/token.rs.
  for (const [expires_in, kept] of [
    [600, 540],
    [undefined, 270],
    ["600", 270],
    [{}, 270],
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
  for (const expires_in of [0, -600]) {
    const stub = stubbedOAuth(sdk, { tokens: [numbered({ expires_in })] });
    await Promise.all([stub.revoke(), stub.revoke()]);
    assert.isNull(stub.client.getCurrentToken());
    await stub.revoke();
    assert.deepEqual(stub.shown, ["token-1", "token-1", "token-2"]);
  }
});

test("tokens: a 401 renews once; then the 401 is the caller's", async ({ sdk }) => {
  const stub = stubbedOAuth(sdk, { api: [unauthorized] });
  const error = assertError(sdk, await rejection(stub.revoke()), "SDKError");
  assert.strictEqual(error.statusCode, 401);
  assert.strictEqual(error.body, unauthorized.body);
  assert.deepEqual(stub.shown, ["token-1", "token-2"]);
  assert.lengthOf(stub.tokenRequests, 2);
});

test("tokens: a 401 whose code is retried renews before it waits", async ({ sdk }) => {
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

test("tokens: an API key or a workload's ID token wins over security", async ({ sdk }) => {
  const fixed = { bearerAuth: "fixed" };
  for (const props of [{}, { oidcToken: "id.token.canary" }]) {
    for (const security of [fixed, () => fixed]) {
      const stub = stubbedOAuth(sdk, { ...props, security });
      await stub.revoke();
      assert.strictEqual(await stub.client.getValidToken(), "token-1");
      assert.deepEqual(stub.shown, ["token-1"]);
    }
  }
});

test("tokens: only OAuth's tokens are renewed: a fixed one's 401 is the caller's at once", async ({ sdk }) => {
  const { revoke, requests } = stubbed(sdk, { security: { bearerAuth: "fixed" } }, unauthorized);
  assertError(sdk, await rejection(revoke()), "SDKError");
  assert.lengthOf(requests, 1);
});

test("tokens: token_type is Bearer in any case", async ({ sdk }) => {
  for (const token_type of ["bearer", "Bearer", "BEARER"]) {
    const stub = stubbedOAuth(sdk, { tokens: [issued("t", { token_type })] });
    await stub.revoke();
    assert.deepEqual(stub.shown, ["t"]);
  }
});

const UNUSABLE = {
  "token_type DPoP": issued("canary-token", { token_type: "DPoP" }),
  "token_type mac": issued("canary-token", { token_type: "mac" }),
  "token_type empty": issued("canary-token", { token_type: "" }),
  "token_type Bearer and a space": issued("canary-token", { token_type: "Bearer " }),
  "token_type bearer token": issued("canary-token", { token_type: "bearer token" }),
  "token_type missing": issued("canary-token", { token_type: undefined }),
  "token_type no string": issued("canary-token", { token_type: ["Bearer"] }),
  "access_token missing": issued(undefined, { refresh_token: "canary-token" }),
  "access_token empty": issued("", { note: "canary-token" }),
  "access_token no string": issued(["canary-token"]),
  "access_token with a space": issued("canary-token x"),
  "access_token with a line break": issued("canary-token\r\nx: y"),
  "access_token not ASCII": issued("canary-tokené"),
  "access_token longer than a header": issued("canary-token".repeat(10_000)),
  "an empty body": { status: 200, headers: json, body: "" },
  "no JSON": { status: 200, headers: json, body: "canary-token" },
  HTML: { status: 200, headers: { "content-type": "text/html" }, body: "<p>canary-token</p>" },
  null: { status: 200, headers: json, body: "null" },
  "an array": { status: 200, headers: json, body: '["canary-token"]' },
  "status 201": { ...issued("canary-token"), status: 201 },
  "status 204": { status: 204 },
  "status 302 with a token": { ...issued("canary-token"), status: 302 },
  "a body without end": {
    ...issued("canary-token"),
    body: `{"access_token":"canary-token","token_type":"Bearer","x":"${"x".repeat(1 << 21)}"}`,
  },
};
for (const [name, answer] of Object.entries(UNUSABLE)) {
  test(`tokens: an answer that is of no use (${name}) is refused, not kept, and not shown`, async ({ sdk }) => {
    const stub = stubbedOAuth(sdk, { tokens: [answer, issued("good")] });
    const error = assertError(sdk, await rejection(stub.revoke()), "TokenRequestError", /^Token request failed/);
    assert.strictEqual(error.statusCode, answer.status);
    assert.strictEqual(error.body, "***");
    assert.notInclude(`${error.stack}${JSON.stringify(error)}`, "canary");
    assert.isNull(stub.client.getCurrentToken());
    assert.lengthOf(stub.apiRequests, 0);
    await stub.revoke();
    assert.deepEqual(stub.shown, ["good"]);
  });
}

for (const status of [400, 401, 403, 404, 429, 500, 503]) {
  test(`tokens: a refusal with status ${status} is a TokenRequestError with OAuth's words`, async ({ sdk }) => {
    const body = '{"error":"some_code","error_description":"some words"}';
    const stub = stubbedOAuth(sdk, { tokens: [{ status, headers: json, body }] });
    for (const call of [stub.revoke(), stub.client.getValidToken()]) {
      const error = assertError(sdk, await rejection(call), "TokenRequestError");
      assert.strictEqual(error.message, `Token request failed: Status ${status}: some_code: some words`);
      assert.deepEqual([error.statusCode, error.error, error.errorDescription], [status, "some_code", "some words"]);
      assert.deepEqual([error.body, error.contentType], [body, "application/json"]);
      assert.strictEqual(error.rawResponse.status, status);
      assert.strictEqual(error.headers.get("content-type"), "application/json");
    }
    assert.lengthOf(stub.apiRequests, 0);
    const standalone = await sdk.connectorRevokeCredential(stub.client, ids);
    assert.isFalse(standalone.ok);
    assertError(sdk, standalone.error, "TokenRequestError");
  });
}

test("tokens: a refusal in other words than OAuth's", async ({ sdk }) => {
  for (const [body, message] of [
    ["<h1>Bad gateway</h1>", "Token request failed: Status 502"],
    ["", "Token request failed: Status 502"],
    ['{"error":5,"error_description":{}}', "Token request failed: Status 502"],
    ['{"error":"e"}', "Token request failed: Status 502: e"],
  ]) {
    const stub = stubbedOAuth(sdk, { tokens: [{ status: 502, headers: json, body }] });
    const error = assertError(sdk, await rejection(stub.revoke()), "TokenRequestError");
    assert.deepEqual([error.message, error.body], [message, body]);
    if (!message.endsWith(": e")) assert.isUndefined(error.error);
    assert.isUndefined(error.errorDescription);
  }
});

for (const status of [301, 302, 303, 307, 308]) {
  test(`tokens: a ${status} of the token endpoint is not followed: no assertion is sent elsewhere`, async ({ sdk, server }) => {
    for (const to of ["base", "elsewhere"]) {
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
}

test("tokens: an answer that came by a redirect which an HTTP client followed is refused", async ({ sdk }) => {
  const landed = () => Object.defineProperty(response(issued("canary-token")), "redirected", { value: true });
  const stub = stubbedOAuth(sdk, { tokens: [landed] });
  const error = assertError(sdk, await rejection(stub.revoke()), "TokenRequestError");
  assert.notInclude(`${error.stack}${error.body}`, "canary");
  assert.lengthOf(stub.apiRequests, 0);
});

test("tokens: requests are tried again as the API's are, each with an assertion of its own", async ({ sdk }) => {
  await withClock(async (clock) => {
    const slowDown = { status: 429, headers: { ...json, "retry-after": "7" }, body: "{}" };
    const tokens = [unavailable, fails(new TypeError("fetch failed")), slowDown, issued("t")];
    const stub = stubbedOAuth(sdk, { tokens, retryConfig: retries });
    const { value } = await play(clock, stub.revoke());
    assert.strictEqual(value.statusCode, 200);
    assert.lengthOf(stub.tokenRequests, 4);
    assert.lengthOf(stub.apiRequests, 1);
    assert.strictEqual(elapsed(), 75 + 150 + 7000);
    const assertions = stub.tokenRequests.map(({ body }) => assertionIn(body));
    assert.strictEqual(new Set(assertions.map(({ claims }) => claims.jti)).size, 4);
    const begun = EPOCH / 1000;
    assert.deepEqual(
      assertions.map(({ claims }) => claims.iat),
      [begun, begun, begun, begun + 7],
    );
  });
});

test("tokens: requests are not tried again unless the client says so", async ({ sdk }) => {
  const stub = stubbedOAuth(sdk, { tokens: [fails(new TypeError("fetch failed")), issued("t")] });
  assertError(sdk, await rejection(stub.revoke()), "ConnectionError");
  assert.lengthOf(stub.tokenRequests, 1);
  await stub.revoke();
  assert.deepEqual(stub.shown, ["t"], "the failure was remembered");
});

test("tokens: no token request is sent before the refusal of the token endpoint is over", async ({ sdk }) => {
  for (const [headers, wait] of [
    [{ "retry-after": "30" }, 30_000],
    [{}, 500],
  ]) {
    for (const status of [429, 503]) {
      await withClock(async (clock) => {
        const refused = { status, headers: { ...json, ...headers }, body: "{}" };
        const stub = stubbedOAuth(sdk, { tokens: [refused, issued("t")] });
        for (const call of [stub.revoke, stub.client.getValidToken.bind(stub.client), stub.revoke]) {
          assertError(sdk, await rejection(call()), "TokenRequestError", new RegExp(status));
        }
        assert.lengthOf(stub.tokenRequests, 1, "the refusal was not remembered");
        await clock.tickAsync(wait);
        await stub.revoke();
        assert.deepEqual(stub.shown, ["t"]);
      });
    }
  }
});

test("tokens: timeoutMs bounds the whole attempt, with the token request", async ({ sdk }) => {
  const after = (ms, answer) => () => new Promise((resolve) => setTimeout(() => resolve(response(answer)), ms));
  for (const [ms, name] of [
    [400, undefined],
    [900, "RequestTimeoutError"],
  ]) {
    await withClock(async (clock) => {
      const stub = stubbedOAuth(sdk, { timeoutMs: 1000, tokens: [after(ms, issued("t"))], api: [after(ms, revoked)] });
      const call = stub.revoke().catch((error) => error);
      await until(() => stub.tokenRequests.length === 1);
      await clock.tickAsync(ms);
      await until(() => stub.apiRequests.length === 1);
      await clock.tickAsync(ms);
      if (name) assertError(sdk, await call, name);
      else assert.strictEqual((await call).statusCode, 200);
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

test("tokens: a call's own timeoutMs ends its wait, not the request that others wait for", async ({ sdk }) => {
  await withClock(async (clock) => {
    let answer;
    const stub = stubbedOAuth(sdk, { tokens: [() => new Promise((resolve) => (answer = resolve))] });
    const impatient = rejection(stub.revoke({ timeoutMs: 50 }));
    const patient = stub.revoke();
    await until(() => stub.tokenRequests.length === 1);
    await clock.tickAsync(50);
    assertError(sdk, await impatient, "RequestTimeoutError");
    assert.isFalse(stub.tokenRequests[0].request.signal.aborted);
    answer(response(issued("t")));
    assert.strictEqual((await patient).statusCode, 200);
    assert.lengthOf(stub.tokenRequests, 1);
  });
});

// --- Token requests that nobody waits for any more ---

const slowRetries = {
  strategy: "backoff",
  backoff: { ...backoff, initialInterval: 1000, maxInterval: 1000 },
  retryConnectionErrors: true,
};
/** The ways in which a token request is met by a fault that passes. */
const PASSING = {
  "a 503": unavailable,
  "a 429": { status: 429, headers: { ...json, "retry-after": "5" }, body: "{}" },
  "a broken connection": fails(new TypeError("fetch failed")),
};
/** The ways to wait for a token, and to stop. Each begins the wait, and gives its promise and what ends it. */
const LEAVING = {
  "three aborted calls": (stub) => {
    const { signal, abort } = withAbort();
    return [Promise.allSettled([1, 2, 3].map(() => stub.revoke({ signal }))), abort];
  },
  "a call whose own time limit passes": (stub, clock) => [stub.revoke({ timeoutMs: 300 }), () => clock.tickAsync(300)],
  "an aborted call of a client that is freed": (stub) => {
    const { signal, abort } = withAbort();
    const leave = () => {
      stub.client.free();
      abort();
    };
    return [stub.revoke({ signal }), leave];
  },
  "an aborted bulk run": (stub) => {
    const { signal, abort } = withAbort();
    return [stub.client.connector.revokeCredentials([ids, { ...ids, id: "b" }], { signal }), abort];
  },
};

function withAbort() {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}

for (const [how, begin] of Object.entries(LEAVING)) {
  test(`tokens: when nobody waits any more, no further token request is sent (${how})`, async ({ sdk }) => {
    for (const [fault, answer] of Object.entries(PASSING)) {
      // During the wait between two requests, and while the first one is under way.
      for (const during of ["wait", "request"]) {
        await withClock(async (clock) => {
          let release;
          const held = new Promise((resolve) => (release = resolve));
          const first = async () => {
            if (during === "request") await held;
            return typeof answer === "function" ? answer() : response(answer);
          };
          const stub = stubbedOAuth(sdk, { tokens: [first, answer, answer, issued("t")], retryConfig: slowRetries });
          const [promise, leave] = begin(stub, clock);
          const settled = Promise.allSettled([promise]);
          const label = `${fault}, during the ${during}`;
          await until(() => stub.tokenRequests.length === 1 && (during === "request" || clock.countTimers() > 0));
          await leave();
          await settled;
          release();
          await clock.tickAsync(600_000);
          await turn();
          assert.lengthOf(stub.tokenRequests, 1, label);
          assert.strictEqual(clock.countTimers(), 0, `${label}: a timer keeps the process alive`);
          assert.lengthOf(stub.apiRequests, 0, label);
        });
      }
    }
  });
}

test("tokens: while one call still waits, the token request goes on for it", async ({ sdk }) => {
  await withClock(async (clock) => {
    const stub = stubbedOAuth(sdk, { tokens: [unavailable, unavailable, issued("t")], retryConfig: slowRetries });
    const { signal, abort } = withAbort();
    const aborted = rejection(stub.revoke({ signal }));
    const patient = stub.revoke();
    await until(() => stub.tokenRequests.length === 1 && clock.countTimers() > 0);
    stub.client.free();
    abort();
    assertError(sdk, await aborted, "RequestAbortedError");
    const { value } = await play(clock, patient);
    assert.strictEqual(value.statusCode, 200);
    assert.lengthOf(stub.tokenRequests, 3);
  });
});

test("tokens: a call that comes after the last one has left gets a token", async ({ sdk }) => {
  for (const ticks of [0, 600_000]) {
    await withClock(async (clock) => {
      const stub = stubbedOAuth(sdk, { tokens: [unavailable, issued("t")], retryConfig: slowRetries });
      const { signal, abort } = withAbort();
      const aborted = rejection(stub.revoke({ signal }));
      await until(() => stub.tokenRequests.length === 1 && clock.countTimers() > 0);
      abort();
      assertError(sdk, await aborted, "RequestAbortedError");
      await clock.tickAsync(ticks);
      const { value } = await play(clock, stub.revoke());
      assert.strictEqual(value?.statusCode, 200);
      assert.deepEqual(stub.shown, ["t"]);
      assert.lengthOf(stub.tokenRequests, 2);
    });
  }
});

test("tokens: a call that is aborted before it begins asks for no token", async ({ sdk }) => {
  const stub = stubbedOAuth(sdk);
  const controller = new AbortController();
  controller.abort();
  assertError(sdk, await rejection(stub.revoke({ signal: controller.signal })), "RequestAbortedError");
  assert.lengthOf(stub.tokenRequests, 0);
});

test("tokens: a bad request is refused before a token is asked for", async ({ sdk }) => {
  const stub = stubbedOAuth(sdk);
  assertError(sdk, await rejection(stub.client.connector.revokeCredential({ ...ids, id: "" })), "SDKValidationError");
  assertError(sdk, await rejection(stub.revoke({ timeoutMs: "1" })), "SDKValidationError");
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

/** The rules of each are in src/auth/client_id.rs and src/auth/client_secret.rs. */
const BAD_KEYS = [
  [{ clientID: undefined }, /clientID is undefined or null: set it, or leave it out/],
  [{ clientID: "acme" }, /clientID must have the form/],
  [{ clientID: "n@acme.conductor.one#evil.com/pcc" }, /clientID has no valid host between @ and \//],
  [{ clientID: "n@acme.conductor.one/p\ud800" }, /clientID contains a lone surrogate/],
  [{ clientID: `${"n".repeat(600)}@acme.conductor.one/pcc` }, /clientID is too long/],
  [{ clientID: 5 }, /clientID must be a string/],
  [{ clientSecret: null }, /clientSecret is undefined or null/],
  [{ oidcToken: undefined }, /oidcToken is undefined or null/],
  [{ clientSecret: JWK }, /clientSecret must be a string, not another object/],
  [{ clientSecret: JSON.stringify(JWK) }, /clientSecret must begin with/],
  [{ clientSecret: API_KEY.clientSecret.slice(0, -8) }, /clientSecret does not contain a JSON object/],
  [{ clientSecret: API_KEY.clientSecret + "A".repeat(40_000) }, /clientSecret must be base64url after v1:/],
  [{ clientSecret: secretOf({ ...JWK, d: undefined }) }, /clientSecret contains no valid private key/],
  [{ clientSecret: secretOf({ ...JWK, x: 5 }) }, /clientSecret contains no valid public key/],
  [{ oidcToken: "id.token.canary" }, /clientSecret or oidcToken, not both/],
];
const BAD_ID_TOKENS = [
  [{ oidcToken: 5 }, /oidcToken must be a string or a function/],
  [{ oidcToken: { token: "id.token.canary" } }, /oidcToken must be a string or a function/],
  [{}, /clientSecret or oidcToken is missing/],
];
const BAD_CREDENTIALS = [
  ...BAD_KEYS.map(([wrong, message]) => [{ ...API_KEY, ...wrong }, message]),
  ...BAD_ID_TOKENS.map(([wrong, message]) => [{ clientID: CLIENT_ID, ...wrong }, message]),
  [{ clientSecret: API_KEY.clientSecret }, /clientID is missing/],
  [{ oidcToken: "id.token.canary" }, /clientID is missing/],
];
test("tokens: a bad key is refused at construction, and never shown", ({ sdk }) => {
  for (const [props, message] of BAD_CREDENTIALS) {
    const error = thrown(() => new sdk.ConductoroneSDKTypescript(props));
    assertError(sdk, error, "SDKValidationError", message);
    assertNoSecret([error]);
  }
});

test("tokens: a getter among the credentials that throws is reported", ({ sdk }) => {
  for (const name of ["clientID", "clientSecret", "oidcToken"]) {
    const reason = new Error("vault");
    const props = Object.defineProperty({ ...API_KEY }, name, {
      get() {
        throw reason;
      },
    });
    const error = assertError(
      sdk,
      thrown(() => new sdk.ConductoroneSDKTypescript(props)),
      "SDKValidationError",
    );
    assert.strictEqual(error.cause, reason);
  }
});

test("tokens: what an oidcToken function gives is checked, and its failure is typed", async ({ sdk }) => {
  const reason = new Error("no identity here");
  for (const [oidcToken, name] of [
    [fails(reason), "UnexpectedClientError"],
    [
      () => {
        throw reason;
      },
      "UnexpectedClientError",
    ],
    [async () => undefined, "SDKValidationError"],
    [async () => "", "SDKValidationError"],
    [async () => ({ token: "x" }), "SDKValidationError"],
    [async () => "id.token canary", "SDKValidationError"],
    [async () => "id.token.canaryé", "SDKValidationError"],
  ]) {
    const stub = stubbedOAuth(sdk, { oidcToken });
    const error = assertError(sdk, await rejection(stub.revoke()), name, /oidcToken/);
    if (name === "UnexpectedClientError") assert.strictEqual(error.cause, reason);
    assertNoSecret([error]);
    assert.lengthOf(stub.tokenRequests, 0);
  }
});

test("tokens: an oidcToken function that hangs is bounded by timeoutMs, and left by who aborts", async ({ sdk }) => {
  await withClock(async (clock) => {
    const stub = stubbedOAuth(sdk, { oidcToken: hangsForEver, timeoutMs: 1000 });
    const controller = new AbortController();
    const aborted = rejection(stub.revoke({ signal: controller.signal }));
    const timedOut = rejection(stub.revoke());
    controller.abort();
    assertError(sdk, await aborted, "RequestAbortedError");
    await until(() => clock.countTimers() > 0);
    await clock.tickAsync(1000);
    assertError(sdk, await timedOut, "RequestTimeoutError");
  });
});

const notSupported = () => Promise.reject(new DOMException("Unrecognized algorithm name", "NotSupportedError"));
const throwing = () => {
  throw new TypeError("not a function");
};
const lacking = {
  "importKey rejects": (action) => withSubtle({ importKey: notSupported }, action),
  "importKey rejects later": (action) => withSubtle({ importKey: () => turn().then(notSupported) }, action),
  "importKey throws": (action) => withSubtle({ importKey: throwing }, action),
  "importKey is missing": (action) => withSubtle({ importKey: undefined }, action),
  "sign rejects": (action) => withSubtle({ sign: notSupported }, action),
  "sign gives a number": (action) => withSubtle({ sign: async () => -1 }, action),
  "sign gives another length": (action) => withSubtle({ sign: async () => new ArrayBuffer(63) }, action),
  "there is no crypto.subtle": (action) =>
    withGlobals({ crypto: { getRandomValues: (array) => array, subtle: undefined } }, action),
  "there is no crypto": (action) => withGlobals({ crypto: undefined }, action),
};
for (const [name, without] of Object.entries(lacking)) {
  test(`tokens: without Ed25519 (${name}), every call that waits is told, and the next one tries again`, async ({ sdk }) => {
    const stub = stubbedOAuth(sdk, { retryConfig: retries });
    await without(async () => {
      const { signal, abort } = withAbort();
      const aborted = rejection(stub.revoke({ signal }));
      const waiting = [stub.revoke(), stub.revoke(), stub.client.getValidToken()].map(rejection);
      const run = stub.client.connector.revokeCredentials([ids, { ...ids, id: "b" }]);
      abort();
      assertError(sdk, await aborted, "RequestAbortedError");
      for (const reason of await Promise.all(waiting)) {
        const error = assertError(sdk, reason, "UnsupportedRuntimeError", /Ed25519.*https or localhost/);
        if (name.startsWith("there is no")) assert.match(error.message, /crypto\.subtle/);
        assertNoSecret([error]);
      }
      const report = await run;
      assert.strictEqual(report.revoked, 0);
      assert.lengthOf(report.remaining(), 2);
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
  "its seed begins with a zero byte": {
    d: "ABXEub_HQ9yZgmQdAVKc6anfpZJ3_7w5442glm1A6Aw",
    x: "fei00dsYprs9FhSJgiYnbhoDwy597vb3bLKXyvyrvMg",
  },
  "its public key begins with a zero byte": {
    d: "sOOVUGNSp3QpEFIbJ4NYj2hCnDJNZYzL1r-YK6GL76w",
    x: "APn4vXpsxAR-itka0ssEufT9EFh_bXLvr0k2Q1RM2yE",
  },
  "its seed begins with two zero bytes": {
    d: "AADJ3bblWc2m4FPEQ1GBPvKTrZz9s9smwYo678CbbLU",
    x: "_4fXlOXl-6IDcokNQ8_7RH0c3vb7IE9H-tHAzbUZo2I",
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

/** Notes what importKey is given, and does it. */
function watchedImport(calls) {
  const { importKey } = crypto.subtle;
  return async function (...args) {
    const [format, data, algorithm, extractable, usages] = args;
    const call = { format, data, copy: { ...data }, algorithm, extractable, usages: [...usages] };
    calls.push(call);
    call.key = await importKey.apply(this, args);
    return call.key;
  };
}

test("tokens: the key is imported once, as JWK, and cannot be exported", async ({ sdk }) => {
  const calls = [];
  const stub = stubbedOAuth(sdk);
  await withSubtle({ importKey: watchedImport(calls) }, async () => {
    assert.lengthOf(calls, 0);
    for (let i = 0; i < 3; i++) {
      await stub.revoke();
      stub.client.clearToken();
    }
  });
  assert.lengthOf(stub.tokenRequests, 3);
  assert.lengthOf(calls, 1);
  const [{ format, copy, algorithm, extractable, usages, key }] = calls;
  assert.deepEqual([format, extractable, usages], ["jwk", false, ["sign"]]);
  assert.strictEqual(algorithm.name ?? algorithm, "Ed25519");
  assert.isFalse(key.extractable);
  for (const form of ["jwk", "pkcs8"]) {
    assert.instanceOf(await rejection(crypto.subtle.exportKey(form, key)), DOMException);
  }
  assert.deepEqual([copy.kty, copy.crv, copy.d, copy.x], [JWK.kty, JWK.crv, JWK.d, JWK.x]);
});
