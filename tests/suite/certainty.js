// What happened to the credential: every error and every item says it as `outcome`, and `confirm` finds it out.
import { bulkServer, column, finish, broken as lost, many, refused, requests as requestsOf, status } from "./bulk-server.js";
import { elapsed, play, until, withClock } from "./clock.js";
import { assert, assertError, ids, json, playOn, rejection, response, revoked, stubbed, TOKEN } from "./helpers.js";
import { issued, stubbedOAuth } from "./oauth-helpers.js";
import { test, withReplaced } from "./registry.js";

const NO_RETRIES = { strategy: "none" };
const retries = { strategy: "backoff", backoff: { initialInterval: 0, maxInterval: 0, exponent: 1, maxElapsedTime: 60_000 } };
const RETRIES = { ...retries, retryConnectionErrors: true };
const HTML = { "content-type": "text/html" };
const DELETED = "2026-08-01T12:00:00Z";

const answer = (code, body = "{}", headers = json) => ({ status: code, headers, body });
/** The API's own 404. */
const absent = answer(404, '{"code":5,"message":"not found","details":[]}');
/** What the API says of a credential when it is asked. */
const credential = (fields) => answer(200, JSON.stringify({ credential: { id: ids.id, ...fields } }));
const deleted = credential({ deletedAt: DELETED });
const active = credential({ deletedAt: null });

const redirected = (description) => () => Object.defineProperty(response(description), "redirected", { value: true });
/** A response whose body breaks off. */
const cut = (code) => () => {
  const pull = (controller) => controller.error(new TypeError("network error"));
  return new Response(new ReadableStream({ pull }, { highWaterMark: 0 }), { status: code, headers: json });
};
const silent = (request) =>
  new Promise((_, reject) => request.signal.addEventListener("abort", () => reject(request.signal.reason)));

/** A client whose revocations and questions are answered apart (the last ones repeat), and the methods of what it sent. */
function asking(sdk, posts, gets, props) {
  const left = { POST: [].concat(posts), GET: [].concat(gets ?? lost) };
  const stub = stubbed(sdk, props, (request) => {
    const answers = left[request.method];
    const next = answers.length > 1 ? answers.shift() : answers[0];
    return typeof next === "function" ? next(request) : response(next);
  });
  return {
    ...stub,
    get methods() {
      return stub.requests.map(({ method }) => method).join(" ");
    },
  };
}

// --- What an error says ---

/** What a server does with one request: the class of the error, and what it says (src/http/outcome.rs has all statuses). */
const ENDS = {
  400: [answer(400), "SDKError", "notRevoked"],
  403: [answer(403), "SDKError", "notRevoked"],
  "404 of a page": [answer(404, "<p>", HTML), "SDKError", "notRevoked"],
  "404 of another API": [answer(404, '{"message":"no route"}'), "SDKError", "notRevoked"],
  "404 whose code is a text": [answer(404, '{"code":"5","message":"x"}'), "SDKError", "notRevoked"],
  "404 that breaks off": [cut(404), "ConnectionError", "notRevoked"],
  "a redirect": [answer(302, "", { location: "/login" }), "SDKError", "notRevoked"],
  "404 of the API": [absent, "SDKError", "absent"],
  "a lost connection": [lost, "ConnectionError", "unknown"],
  "200 that breaks off": [cut(200), "ConnectionError", "unknown"],
  "a redirect that was followed": [redirected(answer(200)), "SDKError", "unknown"],
  "404 after a redirect": [redirected(answer(404)), "SDKError", "unknown"],
  499: [answer(499, '{"code":1,"message":"cancelled"}'), "SDKError", "unknown"],
  500: [answer(500), "SDKError", "unknown"],
  "200 with a page": [answer(200, "<p>", HTML), "SDKError", "unknown"],
  "200 with two types": [answer(200, "{}", { "content-type": "application/json; a=b, text/html" }), "SDKError", "unknown"],
  "200 with a broken body": [answer(200, "{"), "ResponseValidationError", "unknown"],
  "200 with a gateway's error": [answer(200, '{"code":14,"message":"x"}'), "ResponseValidationError", "unknown"],
  "no Response": [() => ({}), "UnexpectedClientError", "unknown"],
  "an HTTP client that throws": [() => Promise.reject(new Error("x")), "UnexpectedClientError", "unknown"],
};

for (const [name, [end, className, outcome]] of Object.entries(ENDS)) {
  test(`certainty: after ${name} the outcome is ${outcome}, and only doubt makes a request`, async ({ sdk }) => {
    for (const confirm of [undefined, false, true]) {
      const single = asking(sdk, end, answer(403));
      const error = assertError(sdk, await rejection(single.revoke({ confirm })), className);
      assert.strictEqual(error.outcome, outcome);
      assert.strictEqual(JSON.parse(JSON.stringify(error)).outcome, outcome);
      assert.strictEqual(single.methods, confirm && outcome === "unknown" ? "POST GET" : "POST");

      const many = asking(sdk, end, answer(403));
      const report = await many.client.connector.revokeCredentials([ids], { confirm, retries: NO_RETRIES });
      const [item] = report.results;
      assert.deepEqual([item.status, item.outcome, item.error.name, item.error.outcome], ["failed", outcome, className, outcome]);
      assert.strictEqual(report.unknown, outcome === "unknown" ? 1 : 0);
      if (outcome === "unknown") assert.deepEqual(report.remaining(), [ids]);
    }
  });
}

test("certainty: what was never sent is notSent", async ({ sdk }) => {
  for (const [name, props, request, options] of [
    ["SDKValidationError", {}, { ...ids, id: "" }],
    ["UnexpectedClientError", { security: () => Promise.reject(new Error("signed out")) }, ids],
    ["RequestAbortedError", {}, ids, { signal: AbortSignal.abort() }],
    ["InvalidRequestError", {}, ids, { headers: { "a b": "1" } }],
  ]) {
    const { client, requests } = stubbed(sdk, { confirm: true, ...props });
    const error = await rejection(client.connector.revokeCredential(request, options));
    const { results, unknown } = await client.connector.revokeCredentials([request], options);
    const said = [error.name, error.outcome, results[0].outcome, results[0].error.outcome];
    assert.deepEqual([...said, unknown, requests.length], [name, "notSent", "notSent", "notSent", 0, 0]);
  }
  const { client, revoke } = stubbed(sdk);
  client.free();
  assert.strictEqual((await rejection(revoke())).outcome, "notSent");
  const refused = stubbedOAuth(sdk, { tokens: [answer(400, '{"error":"invalid_client"}')], confirm: true });
  const error = assertError(sdk, await rejection(refused.revoke()), "TokenRequestError");
  assert.deepEqual([error.outcome, refused.apiRequests.length], ["notSent", 0]);
});

test("certainty: an abort before the response leaves doubt, and asks nothing", async ({ sdk }) => {
  for (const reason of [undefined, new DOMException("too late", "TimeoutError")]) {
    const controller = new AbortController();
    const abort = (request) => {
      controller.abort(reason);
      return silent(request);
    };
    const { revoke, client, requests } = stubbed(sdk, { confirm: true }, abort);
    assert.strictEqual((await rejection(revoke({ signal: controller.signal }))).outcome, "unknown");
    const report = await client.connector.revokeCredentials([ids], { signal: controller.signal });
    assert.deepEqual([report.results[0].outcome, requests.length], ["notSent", 1]);
  }
});

// --- Doubt sticks ---

const CODES = ["429", "5XX"];
test("certainty: a refusal says nothing of an earlier attempt", async ({ sdk }) => {
  // src/http/outcome.rs has all pairs.
  for (const [history, outcome] of [
    [[lost, answer(403)], "unknown"],
    [[answer(502), answer(429), answer(302)], "unknown"],
    [[answer(503), absent], "absent"],
    [[answer(429), answer(403)], "notRevoked"],
  ]) {
    const { revoke, requests } = stubbed(sdk, {}, ...history);
    const error = await rejection(revoke({ retries: RETRIES, retryCodes: CODES }));
    assert.deepEqual([error.outcome, requests.length], [outcome, history.length]);

    const run = stubbed(sdk, {}, ...history);
    const options = { retries: RETRIES, retryCodes: ["5XX"] };
    const report = await run.client.connector.revokeCredentials([ids], options);
    assert.strictEqual(report.results[0].outcome, outcome);
    // Another run may revoke what is in doubt, whatever the last response.
    if (outcome === "unknown") assert.deepEqual(report.remaining(), [ids]);
  }
});

test("certainty: an abort between two attempts keeps what is known", ({ sdk }) =>
  withClock(async (clock) => {
    for (const [first, outcome] of [
      [answer(500), "unknown"],
      [answer(429), "notRevoked"],
    ]) {
      const controller = new AbortController();
      const { revoke, requests } = stubbed(sdk, { confirm: true }, first);
      const backoff = { ...retries.backoff, initialInterval: 1000, maxInterval: 1000 };
      const aborted = rejection(revoke({ retries: { ...retries, backoff }, signal: controller.signal }));
      await until(() => clock.countTimers() === 1);
      controller.abort();
      const error = assertError(sdk, await aborted, "RequestAbortedError");
      assert.deepEqual([error.outcome, requests.length], [outcome, 1]);
    }
  }));

test("certainty: a token that is renewed keeps what is known", async ({ sdk }) => {
  const second = [issued("token-1"), answer(400, '{"error":"invalid_grant"}')];
  for (const [outcome, api, tokens] of [
    ["notRevoked", [answer(401), answer(403)]],
    ["unknown", [answer(500), answer(401), answer(403)]],
    ["notRevoked", [answer(401)], second],
    ["unknown", [answer(500), answer(401)], second],
  ]) {
    const { revoke } = stubbedOAuth(sdk, { api, tokens });
    assert.strictEqual((await rejection(revoke({ retries: RETRIES }))).outcome, outcome);
  }
});

// --- Connections that were never made ---

test(
  "certainty: a connection that was never made is notSent, unless another may have been made before it",
  async ({ sdk, server, engine }) => {
    // Other engines do not say what failed.
    if (engine !== "node") return;
    const failing = async (serverURL, { httpClient, ...options } = {}) => {
      const client = new sdk.ConductoroneSDKTypescript({ serverURL, security: { bearerAuth: TOKEN }, confirm: true, httpClient });
      return assertError(sdk, await rejection(client.connector.revokeCredential(ids, options)), "ConnectionError").outcome;
    };
    const free = globalThis.process.getBuiltinModule("node:net").createServer();
    await new Promise((resolve) => free.listen(0, "127.0.0.1", resolve));
    const down = `http://127.0.0.1:${free.address().port}`;
    await new Promise((resolve) => free.close(resolve));

    assert.strictEqual(await failing(down), "notSent");
    assert.strictEqual(await failing("https://c1-revoke.invalid"), "notSent");
    const untrusted = Object.assign(new Error("self-signed certificate"), { code: "DEPTH_ZERO_SELF_SIGNED_CERT" });
    const fetch = () => Promise.reject(new TypeError("fetch failed", { cause: untrusted }));
    assert.strictEqual(await withReplaced(globalThis, { fetch }, () => failing("https://acme.conductor.one")), "notSent");

    assert.strictEqual(await failing(down, { httpClient: new sdk.HTTPClient() }), "unknown");
    const play = await playOn(server, answer(303, "", { location: down }));
    assert.strictEqual(await failing(play.base, { redirect: "follow" }), "unknown");
  },
  { only: ["node"] },
);

// --- Asking ---

test("certainty: with confirm, a credential that is deleted is revoked", async ({ sdk }) => {
  const { revoke, client, requests } = asking(sdk, lost, deleted);
  const result = await revoke({ confirm: true });
  assert.deepEqual(result.confirmation, { deletedAt: DELETED });
  assert.deepEqual([result.statusCode, result.contentType], [200, "application/json"]);
  assert.deepEqual(result.connectorServiceRevokeCredentialResponse, {});
  assert.strictEqual(requests.map(({ method }) => method).join(" "), "POST GET");

  const report = await client.connector.revokeCredentials([ids, ids], { confirm: true, retries: NO_RETRIES });
  const { status: word, outcome, confirmation, error, attempts } = report.results[0];
  assert.deepEqual([word, outcome, confirmation, error, attempts], ["revoked", "revoked", { deletedAt: DELETED }, undefined, 1]);
  assert.strictEqual(report.results[1].duplicateOf, 0);
  assert.deepEqual([report.revoked, report.unknown, report.remaining()], [2, 0, []]);
});

test("certainty: a plain success has no confirmation, and asks nothing", async ({ sdk }) => {
  const { revoke, client, requests } = stubbed(sdk, { confirm: true });
  assert.notProperty(await revoke(), "confirmation");
  assert.notProperty((await client.connector.revokeCredentials([ids])).results[0], "confirmation");
  assert.lengthOf(requests, 2);
});

test("certainty: with confirm, a credential that is in use is notRevoked, and one that is absent is absent", async ({ sdk }) => {
  for (const [get, name, outcome] of [
    [active, "ConnectionError", "notRevoked"],
    [credential({}), "ConnectionError", "notRevoked"],
    [absent, "SDKError", "absent"],
  ]) {
    const stub = asking(sdk, lost, get);
    const error = assertError(sdk, await rejection(stub.revoke({ confirm: true })), name);
    assert.deepEqual([error.outcome, stub.methods], [outcome, "POST GET"]);
    const report = await stub.client.connector.revokeCredentials([ids], { confirm: true, retries: NO_RETRIES });
    const [item] = report.results;
    assert.deepEqual([item.status, item.outcome, item.error.name, item.error.outcome], ["failed", outcome, name, outcome]);
    assert.lengthOf(report.remaining(), outcome === "absent" ? 0 : 1);
  }
});

const text = (body, headers) => answer(200, body, headers);
/** Rust's own tests have all heads (src/http/verdict.rs) and all forms of `deletedAt` (src/http/outcome.rs). */
const PROVES_NOTHING = {
  "another credential": credential({ id: "another", deletedAt: DELETED }),
  "a credential without an id": credential({ id: undefined, deletedAt: DELETED }),
  "no credential": text("{}"),
  "a credential that is null": text('{"credential":null}'),
  "a list": text(`[{"credential":{"id":"${ids.id}"}}]`),
  "no body": text(""),
  "a broken body": text(`{"credential":{"id":"${ids.id}"`),
  "a body that breaks off": cut(200),
  "an oversized body": text(`{"credential":{"id":"${ids.id}"},"x":"${"x".repeat(1 << 20)}"}`),
  "a page": text(deleted.body, HTML),
  "a gateway's error": text(`{"code":14,"message":"x","credential":{"id":"${ids.id}"}}`),
  "a redirect": answer(302, "", { location: "/login" }),
  "a redirect that was followed": redirected(deleted),
  "404 after a redirect": redirected(absent),
  "404 of a page": answer(404, "<p>", HTML),
  "404 of another API": answer(404, '{"message":"no route"}'),
  403: answer(403, '{"code":7,"message":"x"}'),
  "a lost connection": lost,
  "deletedAt that is no date": credential({ deletedAt: "soon" }),
  "deletedAt that is an impossible date": credential({ deletedAt: "2026-99-99T99:99:99Z" }),
  "deletedAt that is a number": credential({ deletedAt: 1_785_000_000 }),
  "deletedAt that is false": credential({ deletedAt: false }),
  "deletedAt of 1970": credential({ deletedAt: "1970-01-01T00:00:00Z" }),
};
for (const [name, get] of Object.entries(PROVES_NOTHING)) {
  test(`certainty: ${name} in answer to the question proves nothing`, async ({ sdk }) => {
    const stub = asking(sdk, answer(502), get);
    const error = assertError(sdk, await rejection(stub.revoke({ confirm: true })), "SDKError");
    assert.deepEqual([error.statusCode, error.outcome, stub.methods], [502, "unknown", "POST GET"]);
    const report = await stub.client.connector.revokeCredentials([ids], { confirm: true, retries: NO_RETRIES });
    const [item] = report.results;
    assert.deepEqual([item.status, item.outcome, item.error.statusCode, item.statusCode], ["failed", "unknown", 502, 502]);
    assert.deepEqual([report.unknown, report.remaining()], [1, [ids]]);
    assert.strictEqual(stub.methods, "POST GET POST GET");
  });
}

test("certainty: the question is a GET of the same address, without a body, that is not answered from a cache", async ({
  sdk,
}) => {
  const body = { ...ids, connectorServiceRevokeCredentialRequest: {} };
  const { client, requests } = stubbed(sdk, { confirm: true }, lost, deleted);
  await client.connector.revokeCredential(body, { headers: { "x-trace": "7" } });
  const [post, get] = requests;
  assert.deepEqual([post.method, post.body, get.method, get.body], ["POST", "{}", "GET", ""]);
  const { authorization, accept, "x-trace": trace } = get.headers;
  assert.deepEqual([get.url, authorization, accept, trace], [post.url, `Bearer ${TOKEN}`, "application/json", "7"]);
  assert.notProperty(get.headers, "content-type");
  assert.strictEqual(get.request.redirect, "manual");
  assert.notStrictEqual(post.request.cache, "no-store");
  if ("cache" in Request.prototype) assert.strictEqual(get.request.cache, "no-store");
});

test("certainty: a call's confirm goes before the client's", async ({ sdk }) => {
  for (const [own, ofCall, asks] of [
    [true, undefined, true],
    [true, false, false],
    [false, true, true],
    [undefined, undefined, false],
  ]) {
    const stub = asking(sdk, lost, active, { confirm: own });
    await rejection(stub.revoke({ confirm: ofCall }));
    await stub.client.connector.revokeCredentials([ids], { confirm: ofCall, retries: NO_RETRIES });
    assert.strictEqual(stub.methods, asks ? "POST GET POST GET" : "POST POST");
  }
  const { revoke, requests } = stubbed(sdk);
  assertError(sdk, await rejection(revoke({ confirm: "yes" })), "SDKValidationError", /confirm/);
  assert.lengthOf(requests, 0);
});

test("certainty: the question comes before the next attempt, and once per doubt", async ({ sdk }) => {
  const of = async (posts, gets, options) => {
    const stub = asking(sdk, posts, gets);
    const outcome = await stub.revoke({ confirm: true, retries: RETRIES, retryCodes: CODES, ...options }).then(
      (result) => (result.confirmation ? "confirmed" : "revoked"),
      (error) => error.outcome,
    );
    return `${outcome}: ${stub.methods}`;
  };
  assert.strictEqual(await of([lost, revoked], active), "revoked: POST GET POST");
  assert.strictEqual(await of([lost, revoked], answer(403)), "revoked: POST GET POST");
  assert.strictEqual(await of([answer(500), lost, revoked], [active, deleted]), "confirmed: POST GET POST GET");
  assert.strictEqual(await of([answer(500), answer(403)], active), "notRevoked: POST GET POST");
  assert.strictEqual(await of([answer(429), answer(403)], active), "notRevoked: POST POST");
  assert.strictEqual(await of([answer(500), revoked], absent), "absent: POST GET");
  // The question has the retries of the call.
  assert.strictEqual(await of([lost], [lost, answer(503), deleted]), "confirmed: POST GET GET GET");
});

test("certainty: a question waits as Retry-After says, and the time for retries is that of the whole call", async ({ sdk }) => {
  await withClock(async (clock) => {
    const at = [];
    const { client } = stubbed(sdk, { confirm: true }, ({ method }) => {
      at.push(`${method} ${elapsed()}`);
      if (method === "POST") return lost();
      return response(status(503, { "retry-after": "4" }));
    });
    const backoff = { initialInterval: 1000, maxInterval: 1000, exponent: 1, maxElapsedTime: 10_000 };
    const call = client.connector.revokeCredential(ids, { retries: { ...RETRIES, backoff } });
    const { error } = await play(clock, call);
    assert.strictEqual(error.outcome, "unknown");
    assert.deepEqual(at, ["POST 0", "GET 750", "GET 4750", "GET 8750", "POST 8750", "GET 9500", "POST 9500", "GET 9500"]);
  });
});

test("certainty: a time limit and an abort end the question, and the error is the revocation's", async ({ sdk }) => {
  const stub = asking(sdk, answer(502), silent);
  const limited = await rejection(stub.revoke({ confirm: true, timeoutMs: 20 }));
  assert.deepEqual([limited.statusCode, limited.outcome], [502, "unknown"]);
  const controller = new AbortController();
  const abort = (request) => {
    setTimeout(() => controller.abort());
    return silent(request);
  };
  const aborted = asking(sdk, answer(502), abort);
  const error = await rejection(aborted.revoke({ confirm: true, signal: controller.signal }));
  assert.deepEqual([error.statusCode, error.outcome, aborted.methods], [502, "unknown", "POST GET"]);
});

test("certainty: hooks, a security function and the logger see the question, and no secret is shown", async ({ sdk }) => {
  const seen = [];
  const logged = [];
  const debugLogger = { group: (...line) => logged.push(...line), groupEnd() {}, log: (...line) => logged.push(...line) };
  const httpClient = new sdk.HTTPClient({ fetcher: async ({ method }) => response(method === "GET" ? absent : answer(500)) });
  httpClient.addHook("beforeRequest", ({ method }) => void seen.push(method));
  let count = 0;
  const security = async () => ({ bearerAuth: `${TOKEN}-long-enough-${++count}` });
  const { revoke } = stubbed(sdk, { httpClient, security, debugLogger, confirm: true });
  const error = await rejection(revoke());
  assert.strictEqual(error.outcome, "absent");
  assert.deepEqual([seen, count], [["POST", "GET"], 2]);
  assert.isTrue(logged.some((line) => String(line).includes("GET ")));
  assert.notInclude(logged.join("\n"), TOKEN);
});

test("certainty: a token that expired is renewed for the question", async ({ sdk }) => {
  const client = stubbedOAuth(sdk, { confirm: true, api: [lost, answer(401), deleted] });
  assert.deepEqual((await client.revoke()).confirmation, { deletedAt: DELETED });
  assert.deepEqual(client.shown, ["token-1", "token-1", "token-2"]);
});

// --- Bulk runs ---

/** What the API says of a credential, for bulkServer, whose responses have no body of their own. */
const says = (id, fields) => ({ ...status(200), body: JSON.stringify({ credential: { id, ...fields } }) });

const bulk = (name, run) => test(`certainty, bulk: ${name}`, (context) => withClock((clock) => run(context, clock)));

bulk("questions wait for the run's pause and count in progress, and their 429 pauses the run", async ({ sdk }, clock) => {
  const answers = {
    c0: [status(502), refused(7), says("c0", { deletedAt: DELETED })],
    c1: [{ ...refused(5), after: 200 }, status(200)],
  };
  const server = bulkServer(sdk, (id, nth) => answers[id][nth], { confirm: true });
  const progress = [];
  const run = server.revoke(many(2), { concurrency: 2, onProgress: (now) => progress.push(now) });
  const report = await finish(clock, run);
  assert.deepEqual([report.revoked, report.unknown], [2, 0]);
  const asked = server.sent.filter(({ request }) => request.method === "GET").map(({ at }) => at);
  // c1's 429 at 200 ms pauses until 5200; the question's own until it is asked again, 7 s after its answer.
  assert.isTrue(asked.length === 2 && asked[0] >= 5200 && asked[1] >= asked[0] + 7100, server.times().join());
  const between = server.sent.filter(({ at }) => (at > 200 && at < 5200) || (at > asked[0] + 100 && at < asked[0] + 7100));
  assert.lengthOf(between, 0);
  assert.isTrue(progress.some(({ inFlight, pausedUntil }) => inFlight === 1 && pausedUntil === undefined));
});

bulk("a question that fails is asked again, and an item in use is sent again", async ({ sdk }, clock) => {
  const answers = [status(502), status(500), says("c0"), status(200)];
  const server = bulkServer(sdk, (_, nth) => answers[nth], { confirm: true });
  const report = await finish(clock, server.revoke(many(1)));
  assert.deepEqual([report.revoked, report.results[0].attempts], [1, 2]);
  assert.deepEqual(
    server.sent.map(({ request }) => request.method),
    ["POST", "GET", "GET", "POST"],
  );
});

bulk("what another run may revoke remains", async ({ sdk }, clock) => {
  const html = (code) => () => ({ ...status(code), headers: HTML });
  const posts = {
    doubt: (nth) => (nth === 0 ? status(502) : status(403)),
    redirect: () => status(302),
    elsewhere: () => status(421),
    followed: () => ({ ...status(200), redirected: true }),
    page: html(200),
    page403: html(403),
    page404: html(404),
    denied: () => status(403),
    done: () => status(200),
  };
  const server = bulkServer(sdk, (id, nth) => posts[id](nth));
  const report = await finish(clock, server.revoke(requestsOf(...Object.keys(posts)), { redirect: "follow" }));
  assert.lengthOf(server.sent, 10, "only the 502 is retried");
  assert.deepEqual(report.remaining(), requestsOf("doubt", "redirect", "elsewhere", "followed", "page", "page403", "page404"));
  assert.deepEqual([report.unknown, report.failed], [3, 8]);
  // A report can be posted to another thread, and written down.
  const posted = structuredClone({ ...report, results: report.results.map(({ error, ...item }) => item) });
  const outcomes = "unknown notRevoked notRevoked unknown unknown notRevoked notRevoked notRevoked revoked".split(" ");
  for (const copy of [posted, JSON.parse(JSON.stringify(report))]) assert.deepEqual(column(copy, "outcome"), outcomes);
  assert.strictEqual(JSON.parse(JSON.stringify(report)).results[0].error.outcome, "unknown");
});
