// How the requests of a bulk run are sent: how many at a time, with which options, and when again.
import { assertCounts, broken, bulk, bulkServer, column, finish, many, refused, requests, status } from "./bulk-server.js";
import { elapsed } from "./clock.js";
import { assert, assertError } from "./helpers.js";

bulk("concurrency: six requests are in flight, or as many as the caller says, up to 1000", async ({ sdk }, clock) => {
  for (const [concurrency, expected] of [
    [undefined, 6],
    [1, 1],
    [2.9, 2],
    [50, 50],
    [Number.POSITIVE_INFINITY, 1000],
  ]) {
    const server = bulkServer(sdk);
    const start = elapsed();
    const count = expected + 20;
    assertCounts(await finish(clock, server.revoke(many(count), { concurrency })), count, 0, 0);
    assert.deepEqual([server.peak, server.sent.length], [expected, count]);
    const beforeTheFirstResponse = server.times().filter((at) => at < start + 100);
    assert.lengthOf(beforeTheFirstResponse, Math.min(expected, 10));
  }
});

bulk("every request carries the RequestOptions", async ({ sdk }, clock) => {
  const server = bulkServer(sdk);
  const items = many(3).map((item) => ({ ...item, connectorServiceRevokeCredentialRequest: {} }));
  const report = await finish(
    clock,
    server.revoke(items, {
      headers: { "x-incident": "42" },
      serverURL: "https://elsewhere.example/base",
      redirect: "follow",
      fetchOptions: { headers: { "x-lost": "1" } },
    }),
  );
  assertCounts(report, 3, 0, 0);
  for (const { request, id } of server.sent) {
    assert.strictEqual(request.url, `https://elsewhere.example/base/api/v1/apps/app/connectors/connector/credentials/${id}`);
    assert.strictEqual(request.headers.get("x-incident"), "42");
    assert.isNull(request.headers.get("x-lost"));
    assert.strictEqual(request.redirect, "follow");
    assert.strictEqual(await request.text(), "{}");
  }
});

bulk("timeoutMs limits each attempt, and a timeout is tried again", async ({ sdk }, clock) => {
  for (const [props, options] of [
    [{}, { timeoutMs: 250 }],
    [{ timeoutMs: 250 }, {}],
  ]) {
    const server = bulkServer(sdk, (_, nth) => ({ ...status(200), after: nth < 2 ? 1e6 : 100 }), props);
    const report = await finish(clock, server.revoke(many(1), options));
    assertCounts(report, 1, 0, 0);
    const [first, second] = server.times();
    // 250 for the time limit, and 375 (random 0.5 of 500) before the second attempt.
    assert.closeTo(second - first, 250 + 375, 1);
    assert.strictEqual(report.results[0].attempts, 3);
  }
});

bulk("what is tried again, and how often; a 429 pauses whatever the strategy", async ({ sdk }, clock) => {
  const answers = {
    cut: broken,
    slow: () => ({ ...status(200), after: 1e6 }),
    down: () => status(503),
    gone: () => status(404),
    busy: (nth) => (nth === 0 ? refused(1) : status(200)),
  };
  for (const [props, options, attempts, remaining] of [
    [{}, {}, [8, 8, 8, 1, 2], ["cut", "slow", "down"]],
    [{}, { retries: { strategy: "none" } }, [1, 1, 1, 1, 2], ["cut", "slow", "down"]],
    [{ retryConfig: { strategy: "none" } }, {}, [1, 1, 1, 1, 2], ["cut", "slow", "down"]],
    [{}, { retries: { strategy: "backoff" } }, [1, 1, 8, 1, 2], ["cut", "slow", "down"]],
    [{}, { retries: { strategy: "backoff", retryConnectionErrors: true } }, [8, 8, 8, 1, 2], ["cut", "slow", "down"]],
    [{}, { retryCodes: ["4XX"] }, [8, 8, 1, 8, 2], ["cut", "slow", "down", "gone"]],
  ]) {
    const server = bulkServer(sdk, (id, nth) => answers[id](nth), props);
    const run = server.revoke(requests(...Object.keys(answers)), { timeoutMs: 5000, ...options });
    const report = await finish(clock, run);
    assertCounts(report, 1, 4, 0);
    assert.deepEqual(column(report, "attempts"), attempts);
    assert.deepEqual(report.remaining(), requests(...remaining));
    for (const [i, className] of ["ConnectionError", "RequestTimeoutError", "SDKError", "SDKError"].entries()) {
      assertError(sdk, report.results[i].error, className);
    }
  }
});

bulk("strategy backoff: its waits and its budget hold", async ({ sdk }, clock) => {
  const strategy = {
    strategy: "backoff",
    backoff: { initialInterval: 100, maxInterval: 400, exponent: 2, maxElapsedTime: 1300 },
  };
  const server = bulkServer(sdk, () => ({ ...status(503), after: 0 }));
  const report = await finish(clock, server.revoke(many(1), { retries: strategy }));
  // 75 + 150 + 300 + 300 + 300, and the next would pass 1300.
  assert.deepEqual(server.times(), [0, 75, 225, 525, 825, 1125]);
  assert.lengthOf(report.remaining(), 1);
});

bulk("a wait of months between attempts is not cut short", async ({ sdk }, clock) => {
  const months = 60 * 86_400_000;
  const backoff = { initialInterval: months, maxInterval: months, exponent: 1, maxElapsedTime: 1e12 };
  const server = bulkServer(sdk, (_, nth) => status(nth === 0 ? 503 : 200));
  assertCounts(await finish(clock, server.revoke(many(1), { retries: { strategy: "backoff", backoff } })), 1, 0, 0);
  assert.strictEqual(server.times()[1], 100 + 0.75 * months);
});
