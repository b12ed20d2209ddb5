import { assert, assertError, ids, json, rejection, stubbed, TOKEN, throws } from "./helpers.js";
import { HOSTILE } from "./hostile.js";
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

test("errors: the classes need no iterator of Array, which a page may have broken", ({ sdk }) => {
  const response = new Response();
  const names = Object.keys(BASES);
  const { [Symbol.iterator]: iterator } = Array.prototype;
  Array.prototype[Symbol.iterator] = throws(new Error("broken"));
  let made;
  try {
    made = names.map((name) => new sdk.errors[name]("message", { response }));
  } finally {
    Array.prototype[Symbol.iterator] = iterator;
  }
  assert.deepEqual(
    made.map(({ name }) => name),
    names,
  );
});

test("errors: an answer other than success is an SDKError that carries the answer", async ({ sdk }) => {
  const body = '{"code":5,"message":"credential not found","details":[]}';
  const { revoke, requests } = stubbed(sdk, {}, { status: 422, headers: { ...json, "x-request-id": "r-7" }, body });
  const error = assertError(sdk, await rejection(revoke()), "SDKError");
  assert.strictEqual(error.message, `Unexpected Status or Content-Type: Status 422. Body: ${body}`);
  const { statusCode, contentType, headers, rawResponse } = error;
  assert.deepEqual([statusCode, error.body, contentType], [422, body, "application/json"]);
  assert.deepEqual([headers.get("x-request-id"), rawResponse.status, requests.length], ["r-7", 422, 1]);
  assert.instanceOf(rawResponse, Response);
});

test("errors: an SDKValidationError says what is wrong, in message and pretty()", async ({ sdk }) => {
  const { client } = stubbed(sdk);
  const request = { ...ids, id: 5 };
  const error = assertError(sdk, await rejection(client.connector.revokeCredential(request)), "SDKValidationError", /\bid\b/);
  assert.notInstanceOf(error, sdk.errors.HTTPClientError);
  assert.isString(error.rawMessage);
  assert.include(error.pretty(), error.rawMessage);
});

test("errors: what a caller's own client throws keeps its meaning, or is an UnexpectedClientError, as what is no Response is", async ({
  sdk,
}) => {
  const named = (name) => new DOMException("over", name);
  const reasons = [new Error("boom"), "boom", undefined, null, 7, Object.create(null)];
  const oddities = [undefined, Promise.resolve({ status: 200 }), Promise.resolve("{}"), []];
  for (const [className, request, reason] of [
    ["RequestAbortedError", throws(named("AbortError"))],
    ["RequestTimeoutError", throws(named("TimeoutError"))],
    ["ConnectionError", throws(named("ConnectionError"))],
    ["UnexpectedClientError", throws(reasons[0]), reasons[0]],
    ...reasons.map((reason) => ["UnexpectedClientError", () => Promise.reject(reason), reason]),
    ...oddities.map((odd) => ["UnexpectedClientError", () => odd]),
  ]) {
    const { revoke } = stubbed(sdk, { httpClient: { request } });
    const error = assertError(sdk, await rejection(revoke()), className);
    if (reason !== undefined) assert.strictEqual(error.cause, reason);
  }
});

/** Causes as engines and HTTP clients build them, and what the message of a ConnectionError shows of each. */
const CAUSES = {
  ": self-signed certificate (DEPTH_ZERO_SELF_SIGNED_CERT)": {
    message: "self-signed certificate",
    code: "DEPTH_ZERO_SELF_SIGNED_CERT",
  },
  // A code that the message has is not repeated.
  ": getaddrinfo ENOTFOUND acme.test": { message: "getaddrinfo ENOTFOUND acme.test", code: "ENOTFOUND" },
  ": other side closed": { message: "other side closed", config: TOKEN, request: { authorization: TOKEN } },
  ": (ECONNREFUSED)": { code: "ECONNREFUSED" },
};
/** Causes of which nothing can be shown. */
const SILENT = [...Object.values(HOSTILE).map((make) => make()), { message: 5 }, { message: "", code: Symbol("c") }];
test("errors: a ConnectionError's message shows message and code of the innermost cause, where there is one", async ({ sdk }) => {
  const failed = (cause) => new TypeError("fetch failed", { cause });
  const cases = [["", new TypeError("fetch failed")], ...SILENT.map((cause) => ["", failed(cause)])];
  for (const [shown, { message, ...more }] of Object.entries(CAUSES)) {
    const inner = Object.assign(new Error(message), more);
    const group = Object.assign(new AggregateError([inner, new Error("other")]), more);
    cases.push([shown, failed(inner)], [shown, failed(new Error("outer", { cause: inner }))], [shown, failed(group)]);
  }
  const circular = failed();
  circular.cause = circular;
  cases.push(["", circular], ["", failed(new AggregateError([]))]);
  for (const [shown, cause] of cases) {
    const { revoke } = stubbed(sdk, {}, () => Promise.reject(cause));
    const error = assertError(sdk, await rejection(revoke()), "ConnectionError");
    assert.strictEqual(error.message, `Unable to make request: TypeError: fetch failed${shown}`);
    assert.strictEqual(error.cause, cause);
    assert.notInclude(JSON.stringify(error), TOKEN);
  }
});

test("errors: JSON.stringify shows name, message, status, content type, body and cause of each class, also in a report", async ({
  sdk,
}) => {
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
  const report = await stubbed(sdk).client.connector.revokeCredentials([{ ...ids, id: "" }]);
  assert.strictEqual(JSON.parse(JSON.stringify(report)).results[0].error.message, "Input validation failed: id is empty");
});
