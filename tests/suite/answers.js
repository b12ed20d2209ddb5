// What counts as revoked: a 200 of the API's own, and nothing that a gateway, a cache or a redirect put in its place.
import { bulkServer, column, finish, many, requests, status } from "./bulk-server.js";
import { withClock } from "./clock.js";
import { assert, assertError, json, playOn, rejection, response, revoked, stubbed, TOKEN } from "./helpers.js";
import { test } from "./registry.js";

const ok = (body, headers) => ({ status: 200, headers: { ...json, ...headers }, body });

const SUCCESS = {
  "an empty object": ok("{}"),
  "an empty body": ok(""),
  "no body": { status: 200, headers: json },
  "no content type": { status: 200 },
  "code 0": ok('{"code":0}'),
  "code 0 with a message": ok('{"code":0,"message":""}'),
  "code -0 with a message": ok('{"code":-0,"message":"x"}'),
  "no code with a message": ok('{"code":null,"message":"x"}'),
  "a code without a message": ok('{"code":7,"message":null}'),
  "a code in words without a message": ok('{"code":"UNAUTHENTICATED"}'),
  "no error": ok('{"error":null}'),
  "unknown members": ok('{"foo":1,"bar":{"error":"x","code":16,"message":"x"}}'),
  "a message alone": ok('{"message":"revoked"}'),
  "grpc-status 0": ok("{}", { "grpc-status": "0" }),
  "grpc-status 0 and grpc-message": ok("{}", { "grpc-status": "0", "grpc-message": "OK" }),
};
for (const [name, answer] of Object.entries(SUCCESS)) {
  test(`answers: 200 with ${name} is success`, async ({ sdk }) => {
    assert.strictEqual((await stubbed(sdk, {}, answer).revoke()).statusCode, 200);
  });
}

const GATEWAY_ERRORS = {
  "a gRPC status": ok('{"code":16,"message":"x"}'),
  "a gRPC status with details": ok('{"code":7,"message":"permission denied","details":[]}'),
  "a gRPC status in words": ok('{"code":"UNAUTHENTICATED","message":"x"}'),
  "code 0 as a string": ok('{"code":"0","message":""}'),
  "a gRPC status whose message is empty": ok('{"code":16,"message":""}'),
  "an error text": ok('{"error":"x"}'),
  "an error object": ok('{"error":{"code":401,"message":"x","status":"UNAUTHENTICATED"}}'),
  "an error that is false": ok('{"error":false}'),
  "an OAuth error": ok('{"error":"invalid_token","error_description":"expired"}'),
  "grpc-status 16": ok("{}", { "grpc-status": "16" }),
  "grpc-status 16 and no body": ok("", { "grpc-status": "16", "grpc-message": "no" }),
  "grpc-status 16 and no content type": { status: 200, headers: { "grpc-status": "16" } },
  "Content-Range": ok("{}", { "content-range": "bytes 0-1/2" }),
  "Content-Range and no body": ok("", { "content-range": "bytes 0-1/2" }),
  "an array": ok("[]"),
  null: ok("null"),
  "a string": ok('"revoked"'),
  "broken JSON": ok("{"),
  "two objects": ok("{}{}"),
};
for (const [name, answer] of Object.entries(GATEWAY_ERRORS)) {
  test(`answers: 200 with ${name} is a ResponseValidationError, and fails its item of a bulk run, no other`, async ({ sdk }) => {
    const { revoke, requests: sent } = stubbed(sdk, {}, answer);
    const error = assertError(sdk, await rejection(revoke()), "ResponseValidationError");
    assert.strictEqual(error.statusCode, 200);
    assert.strictEqual(error.body, answer.body ?? "");
    assert.isString(error.pretty());
    assert.lengthOf(sent, 1);

    const { client } = stubbed(sdk, {}, revoked, answer, revoked);
    const { results } = await client.connector.revokeCredentials(many(3), { concurrency: 1 });
    assert.deepEqual(column({ results }, "status"), ["revoked", "failed", "revoked"]);
    assertError(sdk, results[1].error, "ResponseValidationError");
  });
}

/** A response whose body is empty, but not by its headers. A compressed body that was cut decodes to nothing. */
const CUT = {
  "a Content-Encoding": { "content-encoding": "gzip" },
  "a Content-Encoding and a Content-Length of 0": { "content-encoding": "br", "content-length": "0" },
  "a Content-Length": { "content-length": "43" },
};
/** What an HTTP client may return: a Response that is built with these headers would decode its body in some runtimes. */
const read = (headers, body) => () => ({ status: 200, headers: new Headers({ ...json, ...headers }), text: async () => body });
for (const [name, headers] of Object.entries(CUT)) {
  test(`answers: 200 with an empty body, but ${name}, is a ResponseValidationError`, async ({ sdk }) => {
    const { client } = stubbed(sdk, {}, read(headers, ""));
    const error = assertError(sdk, await rejection(client.connector.revokeCredential(many(1)[0])), "ResponseValidationError");
    assert.strictEqual(error.statusCode, 200);
    const report = await client.connector.revokeCredentials(many(1), { retries: { strategy: "none" } });
    assert.lengthOf(report.remaining(), 1);
  });
}

test("answers: 200 with an object is success with a Content-Encoding too", async ({ sdk }) => {
  for (const headers of Object.values(CUT)) {
    assert.strictEqual((await stubbed(sdk, {}, read(headers, "{}")).revoke()).statusCode, 200);
  }
});

test("answers: a compressed body that was cut is no success", async ({ sdk, server }) => {
  // The first bytes of {"code":16,"message":"denied","details":[]}, compressed. An engine may find the fault itself.
  for (const [encoding, body] of Object.entries({ gzip: "1f8b", deflate: "789c", br: "0b15" })) {
    const headers = { ...json, "content-encoding": encoding };
    const cut = await playOn(server, { status: 200, headers, body, hex: true });
    const client = new sdk.ConductoroneSDKTypescript({ security: { bearerAuth: TOKEN }, serverURL: cut.base });
    const error = await rejection(client.connector.revokeCredential(many(1)[0]));
    assert.include(["ResponseValidationError", "ConnectionError", "UnexpectedClientError"], error.name, encoding);
  }
});

const TWO_TYPES = [
  "application/json, text/html",
  "application/json; charset=utf-8, text/html",
  'application/json; a="b", text/html',
  "text/html, application/json",
  "application/json, application/json",
];
test("answers: two content types are no success; a comma in quotes does not make two", async ({ sdk }) => {
  for (const type of TWO_TYPES) {
    for (const body of ["", "{}"]) {
      const { revoke } = stubbed(sdk, {}, { status: 200, headers: { "content-type": type }, body });
      assertError(sdk, await rejection(revoke()), "SDKError", /Status 200 Content-Type/);
    }
  }
  const quoted = { status: 200, headers: { "content-type": 'application/json; profile="a, b"' }, body: "{}" };
  assert.strictEqual((await stubbed(sdk, {}, quoted).revoke()).statusCode, 200);
});

// --- Answers from elsewhere ---

const REDIRECT = /^Redirected: /;

/** An answer that says "revoked", from this address. */
const from = (url) => () => Object.defineProperties(response(revoked), { url: { value: url } });

test("answers: in a bulk run, an item whose redirect was followed has failed and remains", async ({ sdk }) => {
  await withClock(async (clock) => {
    const server = bulkServer(sdk, (id) => ({ ...status(200), redirected: id === "b" }));
    const report = await finish(clock, server.revoke(requests("a", "b", "c"), { redirect: "follow" }));
    assert.deepEqual([report.revoked, report.failed, report.skipped], [2, 1, 0]);
    assert.strictEqual(assertError(sdk, report.results[1].error, "SDKError", REDIRECT).outcome, "unknown");
    assert.deepEqual(report.remaining(), requests("b"));
    assert.lengthOf(server.sent, 3, "sent again by itself");
  });
});

test("answers: one from another origin than was asked is no success", async ({ sdk }) => {
  for (const url of [
    "https://elsewhere.example/api/v1/apps/app-1/connectors/connector-2/credentials/credential-3",
    "https://acme.conductor.one.elsewhere.example/",
    "https://acme.conductor.one:8443/api/v1/apps/app-1/connectors/connector-2/credentials/credential-3",
    "http://acme.conductor.one/api/v1/apps/app-1/connectors/connector-2/credentials/credential-3",
    "https://acme.conductor.one@elsewhere.example/",
    "data:application/json,{}",
  ]) {
    const { revoke } = stubbed(sdk, {}, from(url));
    const error = await rejection(revoke());
    assert.instanceOf(error, sdk.errors.ConductoroneSDKTypescriptError, url);
    assert.match(error.message, REDIRECT, url);
    assert.strictEqual(error.outcome, "unknown", url);
  }
});

test("answers: one whose address is on the server that was asked, or that has none, is success", async ({ sdk }) => {
  for (const url of ["", undefined, "https://acme.conductor.one/api", "https://ACME.conductor.one:443/"]) {
    assert.strictEqual((await stubbed(sdk, {}, from(url)).revoke()).statusCode, 200, url);
  }
});

test("answers: a status that is no integer is an UnexpectedClientError", async ({ sdk }) => {
  const noIntegers = [
    200.5,
    200.0000001,
    199.999,
    "200",
    Number.NaN,
    Infinity,
    200n,
    4_294_967_496,
    null,
    undefined,
    true,
    [200],
    new Number(200),
  ];
  for (const code of noIntegers) {
    const answer = { status: code, headers: new Headers(json), redirected: false, text: async () => "{}" };
    const { client } = stubbed(sdk, { httpClient: { request: async () => answer } });
    const [single, report] = [
      await rejection(client.connector.revokeCredential({ appId: "a", connectorId: "b", id: "c" })),
      await client.connector.revokeCredentials(many(1), { retries: { strategy: "none" } }),
    ];
    for (const error of [single, report.results[0].error]) assertError(sdk, error, "UnexpectedClientError");
    assert.lengthOf(report.remaining(), 1, String(code));
  }
});
