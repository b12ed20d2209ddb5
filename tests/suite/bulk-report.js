// The report of a bulk run, and what its callbacks hear of it.
import {
  assertCounts,
  broken,
  bulk,
  bulkServer,
  column,
  finish,
  many,
  refused,
  requests,
  source,
  status,
} from "./bulk-server.js";
import { EPOCH } from "./clock.js";
import { assert, assertError, ids, throws } from "./helpers.js";

bulk("the report tells of each item, in input order", async ({ sdk }, clock) => {
  // The first is answered last.
  const server = bulkServer(sdk, (id) => {
    if (id === "c1") return { ...status(404, { "x-request-id": "req-404" }), after: 400 };
    return { ...status(200, { "x-request-id": `req-${id}` }), after: id === "c0" ? 900 : 100 };
  });
  const items = many(4);
  const known = [];
  const report = await finish(clock, server.revoke(items, { onResult: (result) => known.push(result) }));
  assertCounts(report, 3, 1, 0);
  assert.deepEqual(Object.keys(report).sort(), ["failed", "results", "revoked", "skipped", "unknown"]);
  const at = (ms) => new Date(EPOCH + ms).toISOString();
  const { error, ...failed } = report.results[1];
  assert.strictEqual(assertError(sdk, error, "SDKError").statusCode, 404);
  assert.deepEqual(failed, {
    ...{ index: 1, request: items[1], status: "failed", attempts: 1, statusCode: 404, requestId: "req-404" },
    ...{ outcome: "notRevoked", sentAt: at(0), answeredAt: at(400) },
  });
  assert.deepEqual(report.results[0], {
    ...{ index: 0, request: items[0], status: "revoked", attempts: 1, statusCode: 200, requestId: "req-c0" },
    ...{ outcome: "revoked", sentAt: at(0), answeredAt: at(900) },
  });
  assert.strictEqual(report.results[0].request, items[0], "the caller's own object");
  const asTheyEnded = [2, 3, 1, 0].map((index) => report.results[index]);
  assert.sameOrderedMembers(known, asTheyEnded);
});

bulk("the last request is what an item's times, status and request id are of", async ({ sdk }, clock) => {
  const server = bulkServer(sdk, (_, nth) =>
    nth === 0 ? status(503, { "x-request-id": "first" }) : status(200, { "cf-ray": "second" }),
  );
  const { results } = await finish(clock, server.revoke(many(1)));
  const [{ request, ...result }] = results;
  const [, again] = server.times();
  const [sentAt, answeredAt] = [again, again + 100].map((ms) => new Date(EPOCH + ms).toISOString());
  const expected = { index: 0, status: "revoked", outcome: "revoked", attempts: 2, statusCode: 200, requestId: "second" };
  assert.deepEqual(result, { ...expected, sentAt, answeredAt });
});

bulk("an item's failure never rejects the run, and a bad item fails alone", async ({ sdk }, clock) => {
  const bad = [
    ...[{ appId: "app", connectorId: "connector" }, null, undefined, "app,connector,x", [], Promise.resolve(ids)],
    {
      get appId() {
        throw new Error("getter");
      },
    },
    new Proxy({}, { get: () => "\ud800" }),
  ];
  const codes = [400, 403, 404, 409, 302, 204];
  const server = bulkServer(sdk, (id) => status(Number(id) || 200));
  const input = [...requests("first"), ...bad, ...requests(...codes.map(String)), ...requests("last")];
  const report = await finish(clock, server.revoke(input));
  assertCounts(report, 2, bad.length + codes.length, 0);
  assert.deepEqual([report.results[0].status, report.results.at(-1).status], ["revoked", "revoked"]);
  for (const result of report.results.slice(1, bad.length + 1)) {
    assertError(sdk, result.error, "SDKValidationError");
    assert.strictEqual(result.attempts, 0);
    assert.notProperty(result, "sentAt");
    assert.strictEqual(result.request, input[result.index]);
  }
  for (const [i, result] of report.results.slice(bad.length + 1, -1).entries()) {
    assertError(sdk, result.error, "SDKError");
    assert.strictEqual(result.statusCode, codes[i]);
  }
  assert.deepEqual(server.ids(), ["first", ...codes.map(String), "last"]);
});

bulk("remaining() gives what another run may achieve, each once", async ({ sdk }, clock) => {
  const answers = { gone: status(404), denied: status(403), down: status(500), odd: status(501), slow: status(408) };
  const server = bulkServer(sdk, (id) => (id === "cut" ? broken() : (answers[id] ?? status(200))));
  const input = [...requests("ok", "gone", "denied", "down", "odd", "slow", "cut", "down", "cut"), null];
  const report = await finish(clock, server.revoke(input));
  assert.sameOrderedMembers(report.remaining(), input.slice(3, 7));
  report.remaining().pop();
  assert.lengthOf(report.remaining(), 4, "each call gives a copy");

  const next = bulkServer(sdk);
  assertCounts(await finish(clock, next.revoke(report.remaining())), 4, 0, 0);
  assert.deepEqual(next.ids(), ["down", "odd", "slow", "cut"]);
});

bulk("what the caller's own client or security function throws is for another run too", async ({ sdk }, clock) => {
  for (const [answer, props, attempts] of [
    [throws(new Error("a bug")), {}, [1, 1]],
    [undefined, { security: () => Promise.reject(new Error("logged out")) }, [0, 0]],
  ]) {
    const report = await finish(clock, bulkServer(sdk, answer, props).revoke(many(2)));
    assertCounts(report, 0, 2, 0);
    for (const { error } of report.results) assertError(sdk, error, "UnexpectedClientError");
    assert.deepEqual(column(report, "attempts"), attempts);
    assert.deepEqual(report.remaining(), many(2));
  }
});

bulk("collect: false keeps nothing but the counts", async ({ sdk }, clock) => {
  const server = bulkServer(sdk, (id) => status(id === "c3" ? 404 : 200));
  const known = [];
  const options = { collect: false, onResult: ({ index }) => known.push(index) };
  const report = await finish(clock, server.revoke(many(30).values(), options));
  assert.deepEqual([report.revoked, report.failed, report.skipped], [29, 1, 0]);
  assert.deepEqual(report.results, []);
  assert.deepEqual(report.remaining(), []);
  assert.sameMembers(known, [...Array(30).keys()]);
});

bulk("onProgress tells counts and rate, and the total and time left where they are known", async ({ sdk }, clock) => {
  for (const [make, total] of [
    [(items) => items, 300],
    [(items) => new Set(items), 300],
    [(items) => items.values(), undefined],
    [(items) => source(items).iterable, undefined],
  ]) {
    const server = bulkServer(sdk, (id) => status(id === "c7" ? 404 : 200));
    const seen = [];
    await finish(clock, server.revoke(make(many(300)), { onProgress: (progress) => seen.push(progress) }));
    for (const [nth, progress] of seen.entries()) {
      const { ratePerSecond, etaMs, ...counts } = progress;
      const { done, revoked, failed, inFlight } = counts;
      assert.deepEqual(counts, { done: revoked + failed, revoked, failed, inFlight, ...(total && { total }) });
      assert.isAtLeast(done, seen[nth - 1]?.done ?? 0);
      // Six at a time, each of which takes 100 ms.
      if (done > 120) assert.closeTo(ratePerSecond, 60, 4);
      if (done === 0) assert.notProperty(progress, "ratePerSecond");
      if (done === 0 || total === undefined) assert.notProperty(progress, "etaMs");
      else if (done > 120) assert.closeTo(etaMs, (total - done) / 0.06, (total - done) * 1.5);
    }
    assert.strictEqual(Math.max(...seen.map(({ inFlight }) => inFlight)), 6);
    const { revoked, failed, inFlight } = seen.at(-1);
    assert.deepEqual([revoked, failed, inFlight], [299, 1, 0]);
  }
});

bulk("onProgress tells of a pause, and until when", async ({ sdk }, clock) => {
  const server = bulkServer(sdk, (_, nth) => (nth === 0 ? refused(9) : status(200)));
  const seen = [];
  const report = await finish(clock, server.revoke(many(1), { onProgress: (progress) => seen.push(progress) }));
  assertCounts(report, 1, 0, 0);
  const paused = seen.filter((progress) => progress.pausedUntil !== undefined);
  assert.isNotEmpty(paused);
  for (const progress of paused) assert.strictEqual(progress.pausedUntil, EPOCH + 100 + 9000);
  assert.strictEqual(paused[0].inFlight, 0);
  assert.notProperty(seen.at(-1), "pausedUntil");
});

bulk("skipped items count as done; a run that has stopped has no rate and no time left", async ({ sdk }, clock) => {
  const controller = new AbortController();
  const server = bulkServer(sdk);
  const seen = [];
  const onProgress = (progress) => {
    if (progress.done > 60) controller.abort();
    seen.push(progress);
  };
  const { revoked, failed } = await finish(clock, server.revoke(many(200), { signal: controller.signal, onProgress }));
  assert.isAbove(revoked, 60);
  assert.deepEqual(seen.at(-1), { done: 200, total: 200, revoked, failed, inFlight: 0 });
});

bulk("callbacks that throw, or whose promise rejects, change nothing", async ({ sdk }, clock) => {
  const fault = new Error("the caller's own");
  for (const callback of [throws(fault), () => Promise.reject(fault), () => ({ then: (_, reject) => reject(fault) })]) {
    const server = bulkServer(sdk, (id, nth) => (id === "c2" && nth === 0 ? refused(1) : status(200)));
    const report = await finish(clock, server.revoke(many(9), { onResult: callback, onProgress: callback }));
    assertCounts(report, 9, 0, 0);
  }
});

bulk("a client may be freed during a run, which goes on", async ({ sdk }, clock) => {
  const server = bulkServer(sdk);
  const promise = server.revoke(many(12), { onResult: () => server.client.free() });
  assertCounts(await finish(clock, promise), 12, 0, 0);
});
