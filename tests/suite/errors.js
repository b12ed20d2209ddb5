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
