// What counts as revoked: a 200 of the API's own, and nothing that a gateway, a cache or a redirect put in its place.
import { column, many } from "./bulk-server.js";
import { assert, assertError, json, rejection, response, revoked, stubbed } from "./helpers.js";
import { test } from "./registry.js";

const ok = (body, headers) => ({ status: 200, headers: { ...json, ...headers }, body });

/** What an HTTP client may return: a Response that is built with these headers would decode its body in some runtimes. */
const read = (headers, body) => () => ({ status: 200, headers: new Headers({ ...json, ...headers }), text: async () => body });

/** The rules for heads are in src/http/verdict.rs, with all their cases. */
const SUCCESS = {
  "an empty body": ok(""),
  "no body and no content type": { status: 200 },
  "a comma in quotes in its content type": ok("{}", { "content-type": 'application/json; profile="a, b"' }),
  "a Content-Encoding": read({ "content-encoding": "gzip" }, "{}"),
  "a Content-Length": read({ "content-length": "43" }, "{}"),
  "code 0": ok('{"code":0}'),
  "code 0 with a message": ok('{"code":0,"message":""}'),
  "code -0 with a message": ok('{"code":-0,"message":"x"}'),
  "no code with a message": ok('{"code":null,"message":"x"}'),
  "a code without a message": ok('{"code":7,"message":null}'),
  "a code in words without a message": ok('{"code":"UNAUTHENTICATED"}'),
  "no error": ok('{"error":null}'),
  "unknown members": ok('{"foo":1,"bar":{"error":"x","code":16,"message":"x"}}'),
  "a message alone": ok('{"message":"revoked"}'),
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
  "Content-Range": ok("{}", { "content-range": "bytes 0-1/2" }),
  // A compressed body that was cut decodes to nothing.
  "an empty body, but a Content-Encoding": read({ "content-encoding": "gzip" }, ""),
  "an empty body, but a Content-Length": read({ "content-length": "43" }, ""),
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

/** A stream of bytes, in pieces of this size. */
function inPieces(text, size, type) {
  const bytes = new TextEncoder().encode(text);
  let at = 0;
  const pull = (controller) => {
    if (at < bytes.length) {
      controller.enqueue(bytes.slice(at, at + size));
      at += size;
    } else {
      controller.close();
      controller.byobRequest?.respond(0);
    }
  };
  return new ReadableStream({ type, pull });
}

test("answers: a body is read whole, whatever its length and its pieces", async ({ sdk, runtime }) => {
  for (const length of [0, 1, 2, 4095, 4096, 4097, 8192, 12_289, 1 << 20]) {
    // One byte, then characters of two: some are in two pieces, or in two buffers.
    const text = "x".repeat(length % 2) + "é".repeat(length / 2);
    const bodies = [text, inPieces(text, 4096), inPieces(text, 1001)];
    // The streams that workerd reads into a buffer.
    if (runtime === "workerd") bodies.push(inPieces(text, 4096, "bytes"), inPieces(text, 1001, "bytes"));
    for (const body of bodies) {
      const answer = () => new Response(body, { status: 500 });
      const error = assertError(sdk, await rejection(stubbed(sdk, {}, answer).revoke()), "SDKError");
      assert.isTrue(error.body === text, `${length}: ${error.body.length}`);
    }
  }
  const { statusCode } = await stubbed(sdk, {}, () => new Response("\ufeff{}", { headers: json })).revoke();
  assert.strictEqual(statusCode, 200, "a byte order mark");
});

// --- Answers from elsewhere ---

/** An answer that says "revoked", from this address. */
const from = (url) => () => Object.defineProperties(response(revoked), { url: { value: url } });

test("answers: one from another origin than was asked is no success", async ({ sdk }) => {
  for (const url of [
    "https://elsewhere.example/api/v1/apps/app-1/connectors/connector-2/credentials/credential-3",
    "https://acme.conductor.one.elsewhere.example/",
    "https://acme.conductor.one:8443/api/v1/apps/app-1/connectors/connector-2/credentials/credential-3",
    "http://acme.conductor.one/api/v1/apps/app-1/connectors/connector-2/credentials/credential-3",
    "https://acme.conductor.one@elsewhere.example/",
    "data:application/json,{}",
  ]) {
    const error = assertError(sdk, await rejection(stubbed(sdk, {}, from(url)).revoke()), "SDKError", /^Redirected: /);
    assert.strictEqual(error.outcome, "unknown", url);
  }
});

test("answers: one whose address is on the server that was asked, or that has none, is success", async ({ sdk }) => {
  for (const url of ["", undefined, "https://acme.conductor.one/api", "https://ACME.conductor.one:443/"]) {
    assert.strictEqual((await stubbed(sdk, {}, from(url)).revoke()).statusCode, 200, url);
  }
});

test("answers: a status that is no integer is an UnexpectedClientError", async ({ sdk }) => {
  const noIntegers = [200.5, 199.999, 4_294_967_496, "200", Number.NaN, 200n, null, undefined, true, [200], new Number(200)];
  for (const code of noIntegers) {
    const answer = { status: code, headers: new Headers(json), redirected: false, text: async () => "{}" };
    const { client } = stubbed(sdk, { httpClient: { request: async () => answer } });
    const single = await rejection(client.connector.revokeCredential(many(1)[0]));
    const report = await client.connector.revokeCredentials(many(1), { retries: { strategy: "none" } });
    for (const error of [single, report.results[0].error]) assertError(sdk, error, "UnexpectedClientError");
    assert.lengthOf(report.remaining(), 1, String(code));
  }
});
