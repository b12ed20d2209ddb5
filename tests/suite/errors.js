// The error classes: which case gives which, and what each carries.
import { until } from "./clock.js";
import { assert, assertError, ids, json, rejection, response, stubbed, stubClient, TOKEN, thrown } from "./helpers.js";
import { test } from "./registry.js";

const BASES = {
  ConductoroneSDKTypescriptError: "Error",
  SDKError: "ConductoroneSDKTypescriptError",
  ResponseValidationError: "ConductoroneSDKTypescriptError",
  TokenRequestError: "ConductoroneSDKTypescriptError",
  SDKValidationError: "Error",
  HTTPClientError: "Error",
  ConnectionError: "HTTPClientError",
  RequestTimeoutError: "HTTPClientError",
  RequestAbortedError: "HTTPClientError",
  InvalidRequestError: "HTTPClientError",
  UnexpectedClientError: "HTTPClientError",
  UnsupportedRuntimeError: "HTTPClientError",
};

test("errors: the classes are subclasses of Error with names of their own", ({ sdk }) => {
  for (const [name, base] of Object.entries(BASES)) {
    const parent = base === "Error" ? Error : sdk.errors[base];
    assert.strictEqual(Object.getPrototypeOf(sdk.errors[name]), parent, name);
    assert.strictEqual(sdk.errors[name].prototype.name, name);
  }
});

test("errors: an answer other than success is an SDKError that carries the answer", async ({ sdk }) => {
  const body = '{"code":5,"message":"credential not found","details":[]}';
  for (const status of [400, 401, 403, 404, 409, 412, 422, 429, 500, 502, 503, 504]) {
    const { revoke, requests } = stubbed(sdk, {}, { status, headers: { ...json, "x-request-id": "r-7" }, body });
    const error = assertError(sdk, await rejection(revoke()), "SDKError");
    assert.instanceOf(error, sdk.errors.ConductoroneSDKTypescriptError);
    assert.strictEqual(error.statusCode, status);
    assert.strictEqual(error.body, body);
    assert.strictEqual(error.contentType, "application/json");
    assert.strictEqual(error.headers.get("x-request-id"), "r-7");
    assert.instanceOf(error.rawResponse, Response);
    assert.strictEqual(error.rawResponse.status, status);
    assert.strictEqual(error.message, `Unexpected Status or Content-Type: Status ${status}. Body: ${body}`);
    assert.lengthOf(requests, 1);
  }
});

test("errors: success with another content type, or another 2xx, is no success", async ({ sdk }) => {
  for (const answer of [
    { status: 200, headers: { "content-type": "text/html" }, body: "<html></html>" },
    { status: 201, headers: json, body: "{}" },
    { status: 202, headers: json, body: "{}" },
    { status: 204 },
  ]) {
    const { revoke } = stubbed(sdk, {}, answer);
    assert.strictEqual(assertError(sdk, await rejection(revoke()), "SDKError").statusCode, answer.status);
  }
});

test("errors: JSON that is no object is a ResponseValidationError", async ({ sdk }) => {
  for (const body of ["[]", "null", '"revoked"', "1", "true", "{", "{}{}", "undefined"]) {
    const { revoke } = stubbed(sdk, {}, { status: 200, headers: json, body });
    const error = assertError(sdk, await rejection(revoke()), "ResponseValidationError");
    assert.instanceOf(error, sdk.errors.ConductoroneSDKTypescriptError);
    assert.strictEqual(error.statusCode, 200);
    assert.strictEqual(error.body, body);
    assert.isString(error.pretty());
  }
});

test("errors: an SDKValidationError says what is wrong, in message and pretty()", async ({ sdk }) => {
  const { client } = stubbed(sdk);
  const request = { ...ids, id: 5 };
  const error = assertError(sdk, await rejection(client.connector.revokeCredential(request)), "SDKValidationError", /\bid\b/);
  assert.notInstanceOf(error, sdk.errors.HTTPClientError);
  assert.isString(error.rawMessage);
  assert.include(error.pretty(), error.rawMessage);
});

test("errors: what is not a request is refused by rejection, never by a throw", async ({ sdk }) => {
  const { client, requests } = stubbed(sdk);
  for (const request of [undefined, null, "x", 1, true, [], () => {}, Symbol("s"), 1n]) {
    assertError(sdk, await rejection(client.connector.revokeCredential(request)), "SDKValidationError");
  }
  assert.lengthOf(requests, 0);
});

test("errors: what a caller's own client throws is an UnexpectedClientError with the cause", async ({ sdk }) => {
  for (const reason of [new Error("boom"), "boom", undefined, null, 7, Object.create(null)]) {
    const client = new sdk.ConductoroneSDKTypescript({
      security: { bearerAuth: TOKEN },
      httpClient: { request: () => Promise.reject(reason) },
    });
    const error = assertError(sdk, await rejection(client.connector.revokeCredential(ids)), "UnexpectedClientError");
    assert.instanceOf(error, sdk.errors.HTTPClientError);
    if (reason !== undefined) assert.strictEqual(error.cause, reason);
  }
});

test("errors: a client that throws at once, or answers with no Response, is an UnexpectedClientError", async ({ sdk }) => {
  const oddities = [
    () => {
      throw new Error("at once");
    },
    () => undefined,
    () => Promise.resolve({ status: 200 }),
    () => Promise.resolve("{}"),
    () => [],
  ];
  for (const request of oddities) {
    const client = new sdk.ConductoroneSDKTypescript({ security: { bearerAuth: TOKEN }, httpClient: { request } });
    assertError(sdk, await rejection(client.connector.revokeCredential(ids)), "UnexpectedClientError");
  }
});

test("errors: AbortError, TimeoutError and ConnectionError out of a client keep their meaning", async ({ sdk }) => {
  for (const [name, className] of [
    ["AbortError", "RequestAbortedError"],
    ["TimeoutError", "RequestTimeoutError"],
    ["ConnectionError", "ConnectionError"],
  ]) {
    const { revoke } = stubbed(sdk, {}, () => Promise.reject(new DOMException("over", name)));
    assertError(sdk, await rejection(revoke()), className);
  }
});

test("errors: headers that no request can have are refused before any request", async ({ sdk }) => {
  const { revoke, requests } = stubbed(sdk);
  for (const headers of [{ "bad name": "x" }, { "x-id": "a\nb" }, { "x-id": "a\u0000b" }]) {
    const error = await rejection(revoke({ headers }));
    assert.isTrue(
      error instanceof sdk.errors.InvalidRequestError || error instanceof sdk.errors.SDKValidationError,
      `${error?.name}: ${error?.message}`,
    );
  }
  assert.lengthOf(requests, 0);
});

const BAD_TOKENS = {
  empty: "",
  "prefix alone": "Bearer ",
  space: "9f4a 77c1",
  newline: "9f4a77c1\n",
  "carriage return": "9f4a\r\n77c1: y",
  NUL: "9f4a\u000077c1",
  tab: "9f4a\t77c1",
  DEL: "9f4a\u007f77c1",
  "not ASCII": "9f4aö77c1",
  "zero-width space": "9f4a77c1\u200b",
};
test("tokens: one that no header can carry is refused before any request, without showing it", async ({ sdk }) => {
  for (const [kind, secret] of Object.entries(BAD_TOKENS)) {
    for (const key of ["bearerAuth", "oauth"]) {
      const { httpClient, requests } = stubClient(sdk, { status: 200, headers: json, body: "{}" });
      // At construction when the token is known there, else by rejection: never after a request.
      let error;
      try {
        const client = new sdk.ConductoroneSDKTypescript({ security: { [key]: secret }, httpClient });
        error = await rejection(client.connector.revokeCredential(ids));
      } catch (caught) {
        error = caught;
      }
      assertError(sdk, error, "SDKValidationError", new RegExp(key));
      assert.notMatch(`${error.message}${error.stack}${JSON.stringify(error)}${error.cause}`, /9f4a|77c1/, kind);
      assert.lengthOf(requests, 0, kind);
    }
  }
});

test("tokens: a token of the wrong type is refused by name", async ({ sdk }) => {
  for (const bearerAuth of [5, {}, [], true, Symbol("t"), 1n]) {
    const { httpClient, requests } = stubClient(sdk, { status: 200, headers: json, body: "{}" });
    let error;
    try {
      const client = new sdk.ConductoroneSDKTypescript({ security: { bearerAuth }, httpClient });
      error = await rejection(client.connector.revokeCredential(ids));
    } catch (caught) {
      error = caught;
    }
    assertError(sdk, error, "SDKValidationError", /bearerAuth/);
    assert.lengthOf(requests, 0);
  }
});

test("tokens: an existing Bearer prefix is kept as it is, in any case", async ({ sdk }) => {
  for (const prefix of ["Bearer", "bearer", "BEARER"]) {
    const { revoke, requests } = stubbed(sdk, { security: { bearerAuth: `${prefix} t` } });
    await revoke();
    assert.strictEqual(requests[0].headers.authorization, `${prefix} t`);
  }
});

test("tokens: without any security the request goes without Authorization", async ({ sdk }) => {
  const { httpClient, requests } = stubClient(sdk, { status: 200, headers: json, body: "{}" });
  await new sdk.ConductoroneSDKTypescript({ httpClient }).connector.revokeCredential(ids);
  assert.notProperty(requests[0].headers, "authorization");
});

test("life cycle: free() twice is harmless, during a call safe, and a later call is a typed rejection", async ({ sdk }) => {
  let answer;
  const { client, revoke } = stubbed(sdk, {}, () => new Promise((resolve) => (answer = resolve)));
  const pending = revoke();
  await until(() => answer);
  client.free();
  client.free();
  answer(response({ status: 200, headers: json, body: "{}" }));
  assert.strictEqual((await pending).statusCode, 200);
  const error = await rejection(revoke());
  assert.isTrue(
    Object.values(sdk.errors).some((errorClass) => error instanceof errorClass),
    String(error),
  );
});

test("errors: constructor options that are no object are refused", ({ sdk }) => {
  for (const props of [1, "x", true, Symbol("s"), 1n]) {
    assertError(
      sdk,
      thrown(() => new sdk.ConductoroneSDKTypescript(props)),
      "SDKValidationError",
    );
  }
});

/** Causes as engines and HTTP clients build them, and what the message of a ConnectionError shows of each. */
const CAUSES = {
  "connect ECONNREFUSED 127.0.0.1:1": { message: "connect ECONNREFUSED 127.0.0.1:1", code: "ECONNREFUSED" },
  "self-signed certificate (DEPTH_ZERO_SELF_SIGNED_CERT)": {
    message: "self-signed certificate",
    code: "DEPTH_ZERO_SELF_SIGNED_CERT",
  },
  "getaddrinfo ENOTFOUND acme.test": { message: "getaddrinfo ENOTFOUND acme.test", code: "ENOTFOUND" },
  "other side closed": { message: "other side closed" },
  "(ECONNREFUSED)": { code: "ECONNREFUSED" },
};
test("errors: a ConnectionError's message shows the innermost cause, of a chain or of an AggregateError", async ({ sdk }) => {
  for (const [shown, { message: said, ...more }] of Object.entries(CAUSES)) {
    const inner = Object.assign(new Error(said), more);
    const chains = [
      new TypeError("fetch failed", { cause: inner }),
      new TypeError("fetch failed", { cause: new Error("outer", { cause: inner }) }),
      new TypeError("fetch failed", { cause: Object.assign(new AggregateError([inner, new Error("other")]), more) }),
    ];
    for (const cause of chains) {
      const { revoke } = stubbed(sdk, {}, () => Promise.reject(cause));
      const { message } = assertError(sdk, await rejection(revoke()), "ConnectionError");
      assert.strictEqual(message, `Unable to make request: TypeError: fetch failed: ${shown}`);
    }
  }
});

test("errors: a chain of causes that is circular, hostile or says nothing leaves the message as it was", async ({ sdk }) => {
  const circular = new TypeError("fetch failed");
  circular.cause = circular;
  const throwing = {
    get message() {
      throw new Error("boom");
    },
  };
  const { proxy, revoke: revokeProxy } = Proxy.revocable({}, {});
  revokeProxy();
  const silent = [{}, { message: 5 }, { message: "", code: Symbol("c") }, throwing, proxy, [], new AggregateError([])];
  const causes = [undefined, null, "text", 5, () => {}, ...silent].map((cause) => new TypeError("fetch failed", { cause }));
  for (const cause of [circular, new TypeError("fetch failed"), ...causes]) {
    const { revoke } = stubbed(sdk, {}, () => Promise.reject(cause));
    const error = assertError(sdk, await rejection(revoke()), "ConnectionError");
    assert.strictEqual(error.message, "Unable to make request: TypeError: fetch failed");
    assert.strictEqual(error.cause, cause);
  }
});

test("errors: of the innermost cause, only message and code are shown", async ({ sdk }) => {
  const cause = Object.assign(new Error("read"), { code: "ECONNRESET", request: { authorization: TOKEN }, config: TOKEN });
  const { revoke } = stubbed(sdk, {}, () => Promise.reject(new TypeError("fetch failed", { cause })));
  const error = await rejection(revoke());
  assert.strictEqual(error.message, "Unable to make request: TypeError: fetch failed: read (ECONNRESET)");
  assert.notInclude(JSON.stringify(error), TOKEN);
});

test("errors: JSON.stringify shows name, message, status, content type, body and cause of each class", async ({ sdk }) => {
  const body = '{"code":5,"message":"not found"}';
  const single = (props, ...answers) => rejection(stubbed(sdk, props, ...answers).revoke());
  const cut = () => Promise.reject(new TypeError("fetch failed", { cause: new Error("connect ECONNREFUSED ::1:1") }));
  for (const [error, more] of [
    [await single({}, { status: 404, headers: json, body }), { statusCode: 404, contentType: "application/json", body }],
    [
      await single({}, { status: 200, headers: json, body: "[]" }),
      { statusCode: 200, contentType: "application/json", body: "[]", cause: "the body is not a JSON object" },
    ],
    [await single({}, cut), { cause: "TypeError: fetch failed" }],
    [await rejection(stubbed(sdk).client.connector.revokeCredential({ ...ids, id: "" })), { cause: "id is empty" }],
    [await rejection(stubbed(sdk).revoke({ signal: AbortSignal.abort("stop") })), { cause: "stop" }],
    [new sdk.errors.UnsupportedRuntimeError("no"), {}],
    [new sdk.errors.SDKValidationError("Input validation failed", Object.create(null), 1), { cause: "[object]" }],
  ]) {
    const { name, message } = error;
    const written = JSON.parse(JSON.stringify(error));
    assert.deepEqual(written, { name, message, outcome: error.outcome, ...more }, name);
    assert.isString(error.outcome);
    assert.notInclude(Object.keys(error), "toJSON");
  }
});

test("errors: JSON.stringify of a report shows the reason of each failure", async ({ sdk }) => {
  const { client } = stubbed(sdk, {}, () => Promise.reject(new TypeError("fetch failed")));
  const report = await client.connector.revokeCredentials([ids, { ...ids, id: "" }], { retries: { strategy: "none" } });
  const { results } = JSON.parse(JSON.stringify(report));
  assert.strictEqual(results[0].error.message, "Unable to make request: TypeError: fetch failed");
  assert.strictEqual(results[1].error.message, "Input validation failed: id is empty");
});
