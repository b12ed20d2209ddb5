// Bulk runs against a server that limits them: pauses, what rate-limit headers say, and the rate that a run learns. In time that is
// moved by hand.
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

bulk("a server that says 0 and refuses again is not believed for ever", async ({ sdk }, clock) => {
  const server = bulkServer(sdk, () => ({ ...refused(0), after: 0 }));
  const report = await finish(clock, server.revoke(many(1)));
  assertCounts(report, 0, 1, 0);
  assert.isAtMost(server.sent.length, 40);
});

bulk("a 503 with Retry-After pauses the run like a 429; without, it does not", async ({ sdk }, clock) => {
  const server = bulkServer(sdk, (id, nth) => {
    return id === "c0" && nth === 0 ? { ...status(503, { "retry-after": "5" }), after: 0 } : status(200);
  });
  assertCounts(await finish(clock, server.revoke(many(20))), 20, 0, 0);
  assert.isEmpty(server.times().filter((at) => at > 0 && at < 5000));
});

bulk("one item's Retry-After of three days fails that item at once, and stops nothing", async ({ sdk }, clock) => {
  for (const [bad, concurrency] of [
    [["c0"], 6],
    [["c20"], 1],
    [["c7", "c8"], 2],
    [["c1", "c25", "c49"], 6],
  ]) {
    const start = elapsed();
    const server = bulkServer(sdk, (id) => (bad.includes(id) ? refused(3 * 86_400) : status(200)));
    const report = await finish(clock, server.revoke(many(50), { concurrency }));
    assertCounts(report, 50 - bad.length, bad.length, 0);
    for (const { id } of report.remaining()) assert.strictEqual(server.times(id).length, 1);
    assert.deepEqual(report.remaining(), requests(...bad));
    assert.isAtMost(elapsed() - start, 10_000);
  }
});

bulk("a quota of the day that is used up stops the run within a few requests", async ({ sdk }, clock) => {
  for (const concurrency of [1, 6, 30]) {
    const server = bulkServer(sdk, () => (server.sent.length > 40 ? refused(40_000) : status(200)));
    const report = await finish(clock, server.revoke(many(200), { concurrency }));
    assert.strictEqual(report.revoked, 40);
    assert.isAtMost(server.sent.length, 40 + concurrency + 3);
    assert.lengthOf(report.remaining(), 160);
    for (const { status: word, error } of report.results) {
      if (word !== "revoked") assert.strictEqual(assertError(sdk, error, "SDKError").statusCode, 429);
    }
  }
});

bulk("429s are no attempts that failed: they leave the item all it has", async ({ sdk }, clock) => {
  // Refused for itself, while others are accepted: 6 refusals and 7 failures are more than 8 attempts.
  const answer = (id, nth) =>
    id === "c0" && nth < 13 ? (nth % 2 ? status(503) : nth < 12 ? refused(1) : status(500)) : status(200);
  const server = bulkServer(sdk, answer);
  const report = await finish(clock, server.revoke(many(400), { concurrency: 2, retryCodes: ["5XX"] }));
  assertCounts(report, 400, 0, 0);
  assert.strictEqual(report.results[0].attempts, 14);
});

bulk("refusals of requests sent together are one pause", async ({ sdk }, clock) => {
  const server = bulkServer(sdk, (_, nth) => (nth === 0 ? refused(10) : status(200)));
  assertCounts(await finish(clock, server.revoke(many(8), { concurrency: 8 })), 8, 0, 0);
  assert.isEmpty(server.times().filter((at) => at > 0 && at < 10_100));
  assert.isAtMost(server.times().at(-1), 11_000);
});

/** Answers of a server that allows `rate` requests a second, and `burst` of them at once; asks for a second; `headers` tells what is left. */
function tokenBucket(rate, burst, headers = () => ({})) {
  const bucket = { tokens: burst, at: elapsed(), refused: 0 };
  bucket.answer = () => {
    const now = elapsed();
    bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) * rate) / 1000);
    bucket.at = now;
    const accepted = bucket.tokens >= 1;
    if (accepted) bucket.tokens--;
    else bucket.refused++;
    const left = headers(Math.floor(bucket.tokens), Math.ceil((burst - bucket.tokens) / rate));
    return { ...status(accepted ? 200 : 429, { ...left, ...(accepted ? {} : { "retry-after": "1" }) }), after: 25 };
  };
  return bucket;
}

for (const concurrency of [6, 20]) {
  bulk(
    `concurrency ${concurrency}: the allowed rate is learned; little is left unused, few requests are refused`,
    async ({ sdk }, clock) => {
      const bucket = tokenBucket(50, 10);
      const server = bulkServer(sdk, bucket.answer);
      assertCounts(await finish(clock, server.revoke(many(800), { concurrency })), 800, 0, 0);
      assert.isAtMost(elapsed(), 16_000 / 0.75);
      assert.isAtMost(bucket.refused, 800 * 0.04);
    },
  );
}

bulk("a limit on concurrent requests, without Retry-After, is found and kept to", async ({ sdk }, clock) => {
  let refusals = 0;
  const start = elapsed();
  const server = bulkServer(sdk, () => {
    if (server.inFlight <= 4) return status(200);
    refusals++;
    return { ...refused(), after: 5 };
  });
  assertCounts(await finish(clock, server.revoke(many(600), { concurrency: 16 })), 600, 0, 0);
  assert.isAtMost(refusals, 60);
  // Four at a time, of 100 ms each, is 15 s.
  assert.isAtMost(elapsed() - start, 15_000 / 0.8);
});

bulk("an item that is always refused fails by itself: it starves no other", async ({ sdk }, clock) => {
  for (const answer of [refused(1), refused(), status(503, { "retry-after": "0" })]) {
    const server = bulkServer(sdk, (id) => (["c5", "c30"].includes(id) ? answer : status(200)));
    const report = await finish(clock, server.revoke(many(50), { concurrency: 2 }));
    assertCounts(report, 48, 2, 0);
    assert.deepEqual(report.remaining(), requests("c5", "c30"));
    for (const { id } of report.remaining()) assert.isAtMost(server.times(id).length, 40);
    assert.strictEqual(report.results[5].error.statusCode, answer.status);
  }
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
  assert.deepEqual(
    server.times().filter((at) => at > 0 && at < 10_100),
    [],
    "sent during the pause",
  );
});

bulk("an abort during a pause skips what waits for its token", async ({ sdk }, clock) => {
  let asked = 0;
  const security = async () => {
    if (++asked > 1) await new Promise((resolve) => setTimeout(resolve, 3000));
    return { bearerAuth: "token" };
  };
  const controller = new AbortController();
  const server = bulkServer(sdk, () => refused(10), { security });
  setTimeout(() => controller.abort(), 5000);
  const report = await finish(clock, server.revoke(many(3), { concurrency: 2, signal: controller.signal }));
  assert.deepEqual(column(report, "attempts"), [1, 0, 0]);
  assert.deepEqual(column(report, "status"), ["failed", "skipped", "skipped"]);
  assert.lengthOf(server.sent, 1);
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
