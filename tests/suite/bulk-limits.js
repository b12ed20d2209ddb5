// Bulk runs against a server that limits them, in time that is moved by hand: a case of each rule. src/bulk/schedule/tests.rs and
// tests/rates.rs have the others.
import { assertCounts, bulk, bulkServer, column, finish, many, refused, requests, status, TOKENS } from "./bulk-server.js";
import { EPOCH, elapsed } from "./clock.js";
import { assert, assertError } from "./helpers.js";

for (const [name, header] of [
  ["seconds", () => "7"],
  ["an HTTP date", () => new Date(Date.now() + 7000).toUTCString()],
]) {
  bulk(`a 429 pauses the whole run as long as its Retry-After says (${name})`, async ({ sdk }, clock) => {
    const server = bulkServer(sdk, (id, nth) => {
      if (id === "c3" && nth === 0) return { ...status(429, { "retry-after": header() }), after: 0 };
      return { ...status(200), after: 1000 };
    });
    const report = await finish(clock, server.revoke(many(30)));
    assertCounts(report, 30, 0, 0);
    assert.isEmpty(server.times().filter((at) => at > 0 && at < 7000));
    // One request is sent alone, to see whether the server accepts requests again.
    const after = server.times().filter((at) => at > 0);
    assert.strictEqual(after[0], 7000);
    assert.isAtLeast(after[1], 8000);
    assert.strictEqual(report.results[3].attempts, 2);
    // The five others in flight were answered during the pause.
    assert.strictEqual(Date.parse(report.results[5].answeredAt), EPOCH + 1000);
  });
}

bulk("a 503 with Retry-After pauses the run like a 429; without, its item waits and no other", async ({ sdk }, clock) => {
  const first = { ...status(503, { "retry-after": "5" }), after: 0 };
  const limited = bulkServer(sdk, (id, nth) => (id === "c0" && nth === 0 ? first : status(200)));
  assertCounts(await finish(clock, limited.revoke(many(20))), 20, 0, 0);
  assert.isEmpty(limited.times().filter((at) => at > 0 && at < 5000));

  const server = bulkServer(sdk, (id, nth) => status(id === "c0" && nth === 0 ? 503 : 200));
  assertCounts(await finish(clock, server.revoke(many(20), { concurrency: 2 })), 20, 0, 0);
  const [sent, again] = server.times("c0");
  // Three quarters of 500 ms, with this jitter, after the response.
  assert.isAtLeast(again - sent, 100 + 375);
  assert.isNotEmpty(server.times().filter((at) => at > sent + 100 && at < again));
});

bulk("an item that is refused for days, or again and again, fails by itself: it starves no other", async ({ sdk }, clock) => {
  for (const [answer, most] of [
    [refused(3 * 86_400), 1],
    [refused(1), 40],
    [refused(), 40],
    [status(503, { "retry-after": "0" }), 40],
  ]) {
    const server = bulkServer(sdk, (id) => (["c5", "c30"].includes(id) ? answer : status(200)));
    const report = await finish(clock, server.revoke(many(50), { concurrency: 2 }));
    assertCounts(report, 48, 2, 0);
    assert.deepEqual(report.remaining(), requests("c5", "c30"));
    for (const { id } of report.remaining()) assert.isAtMost(server.times(id).length, most);
    assert.strictEqual(report.results[5].error.statusCode, answer.status);
  }
});

bulk("a quota of the day that is used up stops the run within a few requests", async ({ sdk }, clock) => {
  const server = bulkServer(sdk, () => (server.sent.length > 40 ? refused(40_000) : status(200)));
  const report = await finish(clock, server.revoke(many(200)));
  assert.strictEqual(report.revoked, 40);
  assert.isAtMost(server.sent.length, 49);
  assert.lengthOf(report.remaining(), 160);
  for (const { error } of report.results.slice(40)) assert.strictEqual(assertError(sdk, error, "SDKError").statusCode, 429);
});

bulk("the rate that a server allows is learned: little is left unused, few requests are refused", async ({ sdk }, clock) => {
  // 50 requests a second, and 10 at once.
  let [tokens, at, refusals] = [10, 0, 0];
  const server = bulkServer(sdk, () => {
    tokens = Math.min(10, tokens + (elapsed() - at) / 20);
    at = elapsed();
    const accepted = tokens >= 1;
    if (accepted) tokens--;
    else refusals++;
    return { ...(accepted ? status(200) : refused(1)), after: 25 };
  });
  assertCounts(await finish(clock, server.revoke(many(400), { concurrency: 6 })), 400, 0, 0);
  assert.isAtMost(elapsed(), 8000 / 0.75);
  assert.isAtMost(refusals, 400 * 0.04);
});

/** Options of a client whose tokens after the first come late: in the middle of a pause. */
const RENEWED_LATE = {
  ...TOKENS,
  tokens: async (count) => {
    if (count > 1) await new Promise((resolve) => setTimeout(resolve, 3000));
    return `token-${count}`;
  },
};

bulk("an item whose token is renewed during a pause is not sent before its end", async ({ sdk }, clock) => {
  const server = bulkServer(
    sdk,
    (id, nth) => {
      if (id === "c0" && nth === 0) return { ...status(401), after: 50 };
      return id === "c1" && nth === 0 ? { ...refused(10), after: 100 } : status(200);
    },
    RENEWED_LATE,
  );
  await server.client.getValidToken();
  const report = await finish(clock, server.revoke(many(4), { concurrency: 2 }));
  assertCounts(report, 4, 0, 0);
  assert.strictEqual(server.tokens, 2);
  assert.isEmpty(server.times().filter((at) => at > 0 && at < 10_100));
});

bulk("an abort before a renewed token is used: the item, sent once, failed", async ({ sdk }, clock) => {
  const controller = new AbortController();
  const answer = (id) => (id === "c0" ? { ...status(401), after: 50 } : { ...refused(10), after: 100 });
  const server = bulkServer(sdk, answer, RENEWED_LATE);
  await server.client.getValidToken();
  setTimeout(() => controller.abort(), 5000);
  const report = await finish(clock, server.revoke(many(3), { concurrency: 2, signal: controller.signal }));
  assert.deepEqual(column(report, "attempts"), [1, 1, 0]);
  assert.deepEqual(column(report, "status"), ["failed", "failed", "skipped"]);
  const [{ error, statusCode, outcome }] = report.results;
  assertError(sdk, error, "RequestAbortedError");
  assert.deepEqual([statusCode, outcome, error.outcome], [401, "notRevoked", "notRevoked"]);
  assert.deepEqual(report.remaining(), many(3));
});
