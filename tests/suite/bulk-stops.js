// What ends a bulk run before its input does: a 401, stopOnError, an abort.
import { assertCounts, bulk, bulkServer, column, finish, many, refused, status, TOKENS } from "./bulk-server.js";
import { elapsed, until } from "./clock.js";
import { assert, assertError, withListeners } from "./helpers.js";

bulk("a 401 stops the run: what is in flight is reported, the rest is skipped for that reason", async ({ sdk }, clock) => {
  const server = bulkServer(sdk, (id) => {
    if (id === "c8") return { ...status(401), after: 50 };
    return id === "c9" ? { ...status(200), after: 3000 } : id === "c10" ? { ...status(503), after: 2000 } : status(200);
  });
  const items = many(100);
  const report = await finish(clock, server.revoke(items));
  assertCounts(report, 10, 2, 88);
  assert.lengthOf(server.sent, 12);
  const { error } = report.results[8];
  assert.strictEqual(assertError(sdk, error, "SDKError").statusCode, 401);
  assert.deepEqual(report.results[9].status, "revoked");
  assert.deepEqual([report.results[10].statusCode, report.results[10].attempts], [503, 1], "not tried again after the stop");
  for (const result of report.results.slice(12)) {
    assert.deepEqual([result.error.message, result.error.outcome], [error.message, "notSent"]);
    assert.deepEqual([result.status, result.attempts, result.outcome], ["skipped", 0, "notSent"]);
    assert.notProperty(result, "sentAt");
  }
  assert.deepEqual(report.remaining(), [items[8], items[10], ...items.slice(12)]);
});

bulk("a 401 that renewal cures goes on", async ({ sdk }, clock) => {
  const valid = new Set(["token-1"]);
  const server = bulkServer(
    sdk,
    (id, _, request) => {
      // The token is revoked in the middle of the run.
      if (id === "c9") valid.delete("token-1");
      return status(valid.has(request.headers.get("authorization").slice(7)) ? 200 : 401);
    },
    { ...TOKENS, tokens: (count) => valid.add(`token-${count}`) && `token-${count}` },
  );
  const report = await finish(clock, server.revoke(many(40)));
  assertCounts(report, 40, 0, 0);
  assert.strictEqual(server.tokens, 2, "renewed once for all");
  const attempts = column(report, "attempts");
  assert.isAtMost(Math.max(...attempts), 2);
  // The second request of a renewal counts.
  const sum = attempts.reduce((before, count) => before + count);
  assert.strictEqual(sum, server.sent.length);
});

bulk("a 401 that renewal does not cure, or a token endpoint that refuses, stops the run", async ({ sdk }, clock) => {
  for (const [tokens, sent, failed, className] of [
    [(count) => `token-${count}`, 12, 6, "SDKError"],
    [() => undefined, 0, 6, "TokenRequestError"],
  ]) {
    const server = bulkServer(sdk, () => status(401), { ...TOKENS, tokens });
    const report = await finish(clock, server.revoke(many(10_000)));
    assert.lengthOf(server.sent, sent);
    assert.strictEqual(report.failed + report.skipped, 10_000);
    if (sent) assertCounts(report, 0, failed, 10_000 - failed);
    assert.strictEqual(assertError(sdk, report.results[9999].error, className).statusCode, 401);
    assert.lengthOf(report.remaining(), 10_000);
  }
});

bulk("stopOnError: the first failure skips the rest, for that reason", async ({ sdk }, clock) => {
  const server = bulkServer(sdk, (id) => {
    if (id === "c7") return { ...status(404), after: 50 };
    return { ...status(id === "c8" ? 503 : 200), after: 200 };
  });
  const report = await finish(clock, server.revoke(many(30), { stopOnError: true, concurrency: 3 }));
  assert.strictEqual(server.sent.length, 9);
  assertCounts(report, 7, 2, 21);
  for (const { error } of report.results.slice(9)) assert.strictEqual(error.message, report.results[7].error.message);
  assert.strictEqual(report.results[8].attempts, 1, "a failure that may pass is not tried again after the stop");
  assert.strictEqual(elapsed(), 600);
});

bulk("stopOnError: a bad item is a failure; what was not sent by then is not sent", async ({ sdk }, clock) => {
  for (const props of [{}, { ...TOKENS, tokens: () => "token" }, { security: async () => ({ bearerAuth: "token" }) }]) {
    const server = bulkServer(sdk, undefined, props);
    let sent;
    const onResult = ({ status: word }) => {
      if (word === "failed") sent = server.sent.length;
    };
    const report = await finish(clock, server.revoke([...many(2), null, ...many(9)], { stopOnError: true, onResult }));
    assert.lengthOf(server.sent, sent);
    assertCounts(report, sent, 1, 11 - sent);
    for (const { status: word, error } of report.results) {
      if (word === "skipped") assert.strictEqual(error.message, report.results[2].error.message);
    }
  }
});

bulk("stopOnError: a failure that passes is none", async ({ sdk }, clock) => {
  const server = bulkServer(sdk, (_, nth) => (nth === 0 ? status(503) : nth === 1 ? refused(1) : status(200)));
  assertCounts(await finish(clock, server.revoke(many(10), { stopOnError: true })), 10, 0, 0);
});

bulk("after a stop no token is renewed for what is in flight", async ({ sdk }, clock) => {
  const server = bulkServer(sdk, (id) => (id === "c0" ? { ...status(404), after: 50 } : status(401)), {
    ...TOKENS,
    tokens: (count) => `token-${count}`,
  });
  // Beforehand: signing takes an engine time of its own, in which the clock of this test would move on.
  await server.client.getValidToken();
  const report = await finish(clock, server.revoke(many(9), { stopOnError: true, concurrency: 2 }));
  assert.lengthOf(server.sent, 2);
  assert.strictEqual(server.tokens, 1);
  assert.strictEqual(report.results[1].statusCode, 401);
  assertError(sdk, report.results[1].error, "SDKError");
});

bulk("aborted before it begins: all is skipped, nothing sent", async ({ sdk }, clock) => {
  const server = bulkServer(sdk);
  const reason = new Error("no longer wanted");
  const report = await finish(clock, server.revoke([...many(20), null], { signal: AbortSignal.abort(reason) }));
  assertCounts(report, 0, 1, 20);
  assert.lengthOf(server.sent, 0);
  assert.strictEqual(assertError(sdk, report.results[0].error, "RequestAbortedError").cause, reason);
  assert.deepEqual(report.remaining(), many(20));
});

bulk("an abort stops at once: what is in flight is reported as it is known, the rest skipped", async ({ sdk }, clock) => {
  const controller = new AbortController();
  const server = bulkServer(sdk, (id) => ({ ...status(200), after: id < "c5" ? 100 : 5000 }));
  const promise = server.revoke(many(50), { signal: controller.signal });
  await until(() => server.sent.length === 6);
  await clock.tickAsync(100);
  await until(() => server.sent.length === 11);
  controller.abort();
  const report = await promise;
  assert.strictEqual(elapsed(), 100, "no time passed");
  assertCounts(report, 5, 6, 39);
  assert.lengthOf(server.sent, 11);
  for (const { request } of server.sent.slice(5)) assert.isTrue(request.signal.aborted);
  for (const result of report.results.slice(5)) {
    assertError(sdk, result.error, "RequestAbortedError");
    assert.strictEqual(result.status, result.index < 11 ? "failed" : "skipped");
    assert.strictEqual(result.attempts, result.index < 11 ? 1 : 0);
    assert.notProperty(result, "answeredAt");
  }
  assert.deepEqual(report.remaining(), many(50).slice(5));
  assert.strictEqual(clock.countTimers(), 0);
});

bulk("an abort during a pause, between attempts, or of a client that ignores it ends the run at once", async ({ sdk }, clock) => {
  for (const answer of [{ ...refused(600), after: 0 }, { ...status(503), after: 0 }, new Promise(() => {})]) {
    const start = elapsed();
    const controller = new AbortController();
    const server = bulkServer(sdk, () => answer);
    const promise = server.revoke(many(20), { signal: controller.signal, concurrency: 2 });
    await until(() => server.sent.length === 2);
    await clock.tickAsync(10);
    const { length } = server.sent;
    controller.abort();
    const report = await promise;
    assert.strictEqual(elapsed(), start + 10);
    assert.lengthOf(server.sent, length);
    assertCounts(report, 0, length, 20 - length);
    assert.strictEqual(report.results[0].statusCode, answer.status, "its last answer is known");
    assert.strictEqual(clock.countTimers(), 0);
  }
});

bulk("an abort after the run has stopped for another reason ends what is in flight", async ({ sdk }, clock) => {
  const controller = new AbortController();
  const server = bulkServer(sdk, (id) => (id === "c0" ? { ...status(401), after: 10 } : { ...status(200), after: 60_000 }));
  const promise = server.revoke(many(9), { signal: controller.signal, concurrency: 2 });
  await until(() => server.sent.length === 2);
  await clock.tickAsync(10);
  controller.abort();
  const report = await promise;
  assertCounts(report, 0, 2, 7);
  assertError(sdk, report.results[1].error, "RequestAbortedError");
  assert.strictEqual(report.results[8].error.statusCode, 401, "the first reason stays");
});

bulk("an abort's reason is the class of each error; what was not on its way is skipped", async ({ sdk }, clock) => {
  for (const [reason, className] of [
    [undefined, "RequestAbortedError"],
    // As AbortSignal.timeout() does: a time limit for the whole run.
    [new DOMException("too long", "TimeoutError"), "RequestTimeoutError"],
  ]) {
    const controller = new AbortController();
    let asked = 0;
    const security = () => (++asked > 2 ? new Promise(() => {}) : { bearerAuth: "token" });
    const server = bulkServer(sdk, undefined, { security });
    const promise = server.revoke(many(9), { signal: controller.signal });
    await until(() => server.sent.length === 2 && asked === 6);
    controller.abort(reason);
    const report = await finish(clock, promise);
    assertCounts(report, 0, 2, 7);
    for (const { error } of report.results) assertError(sdk, error, className);
    assert.lengthOf(server.sent, 2);
  }
});

bulk("a run of many requests has few listeners on its signal, and leaves none", async ({ sdk }, clock) => {
  const { signal } = new AbortController();
  await withListeners(signal, async (listeners) => {
    const server = bulkServer(sdk);
    const options = { signal, timeoutMs: 1e6, concurrency: 50 };
    assertCounts(await finish(clock, server.revoke(many(120), options)), 120, 0, 0);
    assert.isAtLeast(listeners.most, 1, "nothing listens for the abort");
    assert.isAtMost(listeners.most, 4, "one for the run, not one for each request");
    assert.strictEqual(listeners.now, 0);
  });
});

/** Where a caller's own code may abort: the input, options and answer of a run, and how many items are revoked at least. */
const ABORTING = {
  "onProgress, and nothing is sent after it": [8, (abort) => [many(40), { onProgress: ({ done }) => done >= 8 && abort() }]],
  "onResult, and nothing is sent after it": [8, (abort) => [many(40), { onResult: ({ index }) => index >= 8 && abort() }]],
  "an item's own getter: it is not sent": [
    0,
    (abort) => [[Object.defineProperty({ connectorId: "b", id: "c" }, "appId", { get: () => abort() ?? "a" }), ...many(39)]],
  ],
  "onProgress, in a pause with nothing in flight": [
    0,
    (abort) => [
      many(40),
      { onProgress: ({ inFlight, pausedUntil }) => inFlight === 0 && pausedUntil !== undefined && abort() },
      refused(60),
    ],
  ],
};
for (const [name, [least, build]] of Object.entries(ABORTING)) {
  bulk(`an abort in ${name}`, async ({ sdk }, clock) => {
    const controller = new AbortController();
    let sentThen;
    const [input, options, answer = status(200)] = build(() => {
      sentThen ??= server.sent.length;
      controller.abort();
    });
    const server = bulkServer(sdk, () => answer);
    const report = await finish(clock, server.revoke(input, { signal: controller.signal, ...options }));
    assert.lengthOf(server.sent, sentThen);
    assertCounts(report, report.revoked, sentThen - report.revoked, 40 - sentThen);
    assert.isAtLeast(report.revoked, least);
    assert.lengthOf(report.remaining(), 40 - report.revoked);
  });
}
