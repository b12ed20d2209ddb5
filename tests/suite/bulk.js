// revokeCredentials, in time that is moved by hand.
import {
  assertCounts,
  broken,
  bulk,
  bulkServer,
  column,
  finish,
  LATEST,
  many,
  refused,
  requests,
  source,
  status,
  TOKENS,
} from "./bulk-server.js";
import { EPOCH, elapsed, until, withClock } from "./clock.js";
import { assert, assertError, ids, json, rejection, revoked, stubbed, stubClient } from "./helpers.js";
import { test, withReplaced } from "./registry.js";

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
// --- What it takes ---

bulk("takes arrays, Sets, generators and async iterables", async ({ sdk }, clock) => {
  const inputs = {
    array: (items) => items,
    Set: (items) => new Set(items),
    generator: (items) => items.values(),
    "async generator": async function* (items) {
      yield* items;
    },
    "async iterable": (items) => source(items, 10).iterable,
  };
  for (const [name, make] of Object.entries(inputs)) {
    const server = bulkServer(sdk);
    const items = many(20);
    const report = await finish(clock, server.revoke(make(items)));
    assertCounts(report, 20, 0, 0);
    assert.deepEqual(column(report, "request"), items, name);
    assert.deepEqual(
      server.ids(),
      items.map(({ id }) => id),
      name,
    );
  }
});

bulk("nothing to do is done at once", async ({ sdk }, clock) => {
  const { revoke, sent } = bulkServer(sdk);
  for (const nothing of [[], new Set(), source([]).iterable]) assertCounts(await finish(clock, revoke(nothing)), 0, 0, 0);
  assert.lengthOf(sent, 0);
});

test("bulk: an abort ends a run whose input is an array or a Set, and an async iterable too, of which a part never comes", async ({
  sdk,
}) => {
  for (const List of [Array, Set]) {
    class Pages extends List {
      async *[Symbol.asyncIterator]() {
        yield* super[Symbol.iterator]();
        await new Promise(() => {});
      }
    }
    const pages = List === Array ? Pages.from(many(3)) : new Pages(many(3));
    const { client } = stubbed(sdk);
    const controller = new AbortController();
    const progress = [];
    const onProgress = ({ done, total }) => {
      progress.push(total);
      if (done === 2) controller.abort();
    };
    const run = client.connector.revokeCredentials(pages, { concurrency: 1, signal: controller.signal, onProgress });
    const { revoked: count, failed } = await run;
    assert.deepEqual([count, failed], [2, 0]);
    // What its length or size means is not known.
    assert.sameMembers(
      progress,
      progress.map(() => undefined),
    );
  }
});

test(
  "bulk: a Set of another realm is known as one: after a stop, the rest of it is skipped and remains",
  async ({ sdk }) => {
    // By a name that bundlers do not read.
    const { runInNewContext } = await import(/* @vite-ignore */ ["node", "vm"].join(":"));
    const Other = runInNewContext("Set");
    const { client } = stubbed(sdk, {}, { status: 401, headers: json, body: "{}" });
    const report = await client.connector.revokeCredentials(new Other(many(10)), { concurrency: 1 });
    assertCounts(report, 0, 1, 9);
    assert.lengthOf(report.remaining(), 10);
  },
  { only: ["node"] },
);

bulk("what cannot be iterated is refused by name, and so are wrong options", async ({ sdk }) => {
  const { revoke, sent } = bulkServer(sdk);
  for (const wrong of [undefined, null, 5, "ids", {}, { length: 1, 0: ids }, ids]) {
    assertError(sdk, await rejection(revoke(wrong)), "SDKValidationError", /requests/);
  }
  const options = {
    concurrency: [0, -1, Number.NaN, "6", 0.5],
    onProgress: [5, {}],
    onResult: ["x"],
    collect: ["no", 0],
    stopOnError: [1],
    dryRun: ["true"],
    retries: [{ strategy: "always" }],
    serverURL: ["http://elsewhere.example"],
    signal: [{}],
  };
  for (const [name, values] of Object.entries(options)) {
    for (const value of values) {
      const error = await rejection(revoke(many(1), { [name]: value }));
      assertError(sdk, error, "SDKValidationError");
      assert.match(`${error.message} ${error.cause}`, new RegExp(name));
    }
  }
  assert.lengthOf(sent, 0);
});

bulk("an async iterable is pulled only as fast as it is worked off", async ({ sdk }, clock) => {
  const { iterable, state } = source(many(40));
  let settled = 0;
  const server = bulkServer(sdk, () => {
    // The items of all requests in flight have been pulled, and the next one is asked for; nothing beyond.
    assert.isAtMost(state.pulled, settled + server.inFlight + 1);
    return status(200);
  });
  const options = { concurrency: 3, onResult: () => settled++ };
  assertCounts(await finish(clock, server.revoke(iterable, options)), 40, 0, 0);
  assert.strictEqual(state.pulled, 41);
  assert.strictEqual(server.peak, 3);
});

bulk("during a pause one item at most is pulled ahead", async ({ sdk }, clock) => {
  const { iterable, state } = source(many(40));
  const server = bulkServer(sdk, (id, nth) => (id === "c5" && nth === 0 ? { ...refused(60), after: 0 } : status(200)));
  const promise = server.revoke(iterable);
  await until(() => server.sent.length === 6);
  await clock.tickAsync(30_000);
  assert.lengthOf(server.sent, 6);
  assert.isAtMost(state.pulled, 7);
  assertCounts(await finish(clock, promise), 40, 0, 0);
});

bulk("a synchronous iterator is pulled only as fast too", async ({ sdk }, clock) => {
  let pulled = 0;
  const server = bulkServer(sdk);
  function* items() {
    for (const item of many(30)) {
      pulled++;
      yield item;
    }
  }
  const promise = server.revoke(items(), { concurrency: 4 });
  await until(() => server.sent.length === 4);
  assert.strictEqual(pulled, 4);
  assertCounts(await finish(clock, promise), 30, 0, 0);
});

// --- In flight ---

for (const [concurrency, expected] of [
  [undefined, 6],
  [1, 1],
  [2.9, 2],
  [11, 11],
  [50, 50],
]) {
  bulk(`concurrency ${concurrency}: ${expected} requests in flight, never more`, async ({ sdk }, clock) => {
    const server = bulkServer(sdk, (id) => ({ ...status(200), after: 50 + (Number(id.slice(1)) % 50) * 7 }));
    const report = await finish(clock, server.revoke(many(150), concurrency === undefined ? {} : { concurrency }));
    assertCounts(report, 150, 0, 0);
    assert.strictEqual(server.peak, expected);
    assert.lengthOf(server.sent, 150);
  });
}

bulk("before the first answer, which may name a limit, at most 10 requests are in flight", async ({ sdk }, clock) => {
  let answered = false;
  const server = bulkServer(sdk, async (id) => {
    assert.isTrue(answered || server.sent.length <= 10);
    await new Promise((resolve) => setTimeout(resolve, id === "c3" ? 500 : 5000));
    answered = true;
    return { ...status(200), after: 0 };
  });
  assertCounts(await finish(clock, server.revoke(many(200), { concurrency: 40 })), 200, 0, 0);
  assert.lengthOf(
    server.times().filter((at) => at < 500),
    10,
  );
  assert.strictEqual(server.peak, 40);
});

bulk("concurrency above 1000 is 1000", async ({ sdk }, clock) => {
  for (const concurrency of [1001, Number.POSITIVE_INFINITY]) {
    const server = bulkServer(sdk);
    const report = await finish(clock, server.revoke(many(1100), { concurrency }));
    assert.deepEqual([report.revoked, report.failed, report.skipped], [1100, 0, 0]);
    assert.strictEqual(server.peak, 1000);
  }
});

// --- The report ---

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
  assertError(sdk, error, "SDKError");
  assert.strictEqual(error.statusCode, 404);
  const times = { sentAt: at(0), answeredAt: at(400) };
  assert.deepEqual(failed, {
    ...{ index: 1, request: items[1], status: "failed", attempts: 1, statusCode: 404, requestId: "req-404" },
    ...{ outcome: "notRevoked", ...times },
  });
  assert.deepEqual(report.results[0], {
    ...{ index: 0, request: items[0], status: "revoked", attempts: 1, statusCode: 200, requestId: "req-c0" },
    ...{ outcome: "revoked", sentAt: at(0), answeredAt: at(900) },
  });
  assert.strictEqual(report.results[0].request, items[0], "the caller's own object");
  for (const result of report.results) {
    assert.match(result.sentAt, ISO);
    assert.match(result.answeredAt, ISO);
  }
  assert.deepEqual(
    known.map(({ index }) => index),
    [2, 3, 1, 0],
    "onResult hears of each as it is known",
  );
  for (const result of known) assert.strictEqual(result, report.results[result.index]);
});

bulk("the last request is what an item's times, status and request id are of", async ({ sdk }, clock) => {
  const server = bulkServer(sdk, (_, nth) =>
    nth === 0 ? status(503, { "x-request-id": "first" }) : status(200, { "cf-ray": "second" }),
  );
  const { results } = await finish(clock, server.revoke(many(1)));
  const [{ attempts, statusCode, requestId, sentAt, answeredAt, error }] = results;
  const at = new Date(EPOCH + server.times()[1]).toISOString();
  assert.deepEqual(
    { attempts, statusCode, requestId, sentAt, error },
    { attempts: 2, statusCode: 200, requestId: "second", sentAt: at, error: undefined },
  );
  assert.strictEqual(Date.parse(answeredAt) - Date.parse(sentAt), 100);
});

bulk("an item's failure never rejects the run, and a bad item fails alone", async ({ sdk }, clock) => {
  const bad = [
    { appId: "app", connectorId: "connector" },
    { appId: "", connectorId: "connector", id: "x" },
    { appId: "app", connectorId: "..", id: "x" },
    { appId: "app", connectorId: 5, id: "x" },
    null,
    undefined,
    "app,connector,x",
    7,
    [],
    Promise.resolve(ids),
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

test("bulk: a 200 with broken JSON fails its item as it does a single call", async ({ sdk }) => {
  const { client } = stubbed(sdk, {}, { ...revoked, body: "{" }, revoked);
  const report = await client.connector.revokeCredentials(many(2), { concurrency: 1 });
  assertCounts(report, 1, 1, 0);
  assertError(sdk, report.results[0].error, "ResponseValidationError");
  assert.deepEqual(report.remaining(), many(1), "nobody knows");
});

bulk("remaining() gives what another run may achieve, each once", async ({ sdk }, clock) => {
  const answers = { gone: status(404), denied: status(403), down: status(500), odd: status(501), slow: status(408) };
  const server = bulkServer(sdk, (id) => (id === "cut" ? broken() : (answers[id] ?? status(200))));
  const input = [...requests("ok", "gone", "denied", "down", "odd", "slow", "cut", "down", "cut"), null];
  const report = await finish(clock, server.revoke(input));
  assert.deepEqual(
    report.remaining(),
    [3, 4, 5, 6].map((i) => input[i]),
  );
  for (const [i, request] of report.remaining().entries()) assert.strictEqual(request, input[i + 3]);
  report.remaining().pop();
  assert.lengthOf(report.remaining(), 4, "each call gives a copy");

  const next = bulkServer(sdk);
  assertCounts(await finish(clock, next.revoke(report.remaining())), 4, 0, 0);
  assert.deepEqual(next.ids(), ["down", "odd", "slow", "cut"]);
});

bulk("what the caller's own client or security function throws is for another run too", async ({ sdk }, clock) => {
  const server = bulkServer(sdk, () => {
    throw new Error("a bug");
  });
  const report = await finish(clock, server.revoke(many(2)));
  assertCounts(report, 0, 2, 0);
  assertError(sdk, report.results[0].error, "UnexpectedClientError");
  assert.lengthOf(report.remaining(), 2);

  const security = () => Promise.reject(new Error("logged out"));
  const unsent = bulkServer(sdk, undefined, { security });
  const none = await finish(clock, unsent.revoke(many(2)));
  assertCounts(none, 0, 2, 0);
  assert.deepEqual(column(none, "attempts"), [0, 0], "nothing was sent");
  assert.lengthOf(none.remaining(), 2);
  assert.lengthOf(unsent.sent, 0);
});

bulk("collect: false keeps nothing but the counts", async ({ sdk }, clock) => {
  const server = bulkServer(sdk, (id) => status(id === "c3" ? 404 : 200));
  const known = [];
  const options = { collect: false, onResult: ({ index }) => known.push(index) };
  const report = await finish(clock, server.revoke(many(30).values(), options));
  assert.deepEqual([report.revoked, report.failed, report.skipped], [29, 1, 0]);
  assert.deepEqual(report.results, []);
  assert.deepEqual(report.remaining(), []);
  assert.deepEqual(
    known.sort((a, b) => a - b),
    [...Array(30).keys()],
  );
});

// --- Callbacks ---

bulk("onProgress tells the counts, what is in flight, and the total where it is known", async ({ sdk }, clock) => {
  for (const [make, total] of [
    [(items) => items, 20],
    [(items) => new Set(items), 20],
    [(items) => items.values(), undefined],
    [(items) => source(items).iterable, undefined],
  ]) {
    const server = bulkServer(sdk, (id) => status(id === "c7" ? 404 : 200));
    const seen = [];
    await finish(clock, server.revoke(make(many(20)), { onProgress: (progress) => seen.push(progress) }));
    for (const progress of seen) {
      assert.strictEqual(progress.total, total);
      assert.strictEqual(progress.done, progress.revoked + progress.failed);
      assert.notProperty(progress, "pausedUntil");
    }
    const inFlight = seen.map((progress) => progress.inFlight);
    assert.strictEqual(Math.max(...inFlight), 6);
    const done = seen.map((progress) => progress.done);
    assert.deepEqual(
      done,
      [...done].sort((a, b) => a - b),
    );
    // 20 items in 400 ms, of which the first 100 are the first answer's.
    const { ratePerSecond, etaMs, ...counts } = seen.at(-1);
    const fields = { done: 20, revoked: 19, failed: 1, inFlight: 0 };
    assert.deepEqual(counts, total === undefined ? fields : { ...fields, total });
    assert.isAtLeast(ratePerSecond, 50);
    assert.isAtMost(ratePerSecond, 67);
    assert.strictEqual(etaMs, total === undefined ? undefined : 0);
  }
});

bulk("onProgress tells the rate, and the time left where the total is known", async ({ sdk }, clock) => {
  for (const make of [(items) => items, (items) => items.values()]) {
    const server = bulkServer(sdk);
    const seen = [];
    await finish(clock, server.revoke(make(many(600)), { onProgress: (progress) => seen.push(progress) }));
    for (const progress of seen.filter(({ done }) => done === 0)) {
      assert.notProperty(progress, "ratePerSecond");
      assert.notProperty(progress, "etaMs");
    }
    const later = seen.filter(({ done }) => done > 120);
    assert.isNotEmpty(later);
    for (const { done, total, ratePerSecond, etaMs } of later) {
      // Six at a time, each of which takes 100 ms.
      assert.closeTo(ratePerSecond, 60, 4);
      if (total === undefined) assert.isUndefined(etaMs);
      else assert.closeTo(etaMs, (600 - done) / 0.06, (600 - done) * 1.5);
    }
  }
});

bulk("a run that has stopped tells no rate and no time left", async ({ sdk }, clock) => {
  const controller = new AbortController();
  const server = bulkServer(sdk);
  const seen = [];
  const onProgress = (progress) => {
    if (progress.done > 60) controller.abort();
    seen.push(progress);
  };
  await finish(clock, server.revoke(many(200), { signal: controller.signal, onProgress }));
  assert.strictEqual(seen.at(-1).done, 200);
  assert.notProperty(seen.at(-1), "ratePerSecond");
  assert.notProperty(seen.at(-1), "etaMs");
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

bulk("skipped items count as done", async ({ sdk }, clock) => {
  const server = bulkServer(sdk, () => status(404));
  const seen = [];
  const options = { stopOnError: true, concurrency: 1, onProgress: (progress) => seen.push(progress) };
  await finish(clock, server.revoke(many(5), options));
  assert.deepEqual(seen.at(-1), { done: 5, total: 5, revoked: 0, failed: 1, inFlight: 0 });
});

bulk("callbacks that throw, or whose promise rejects, change nothing", async ({ sdk }, clock) => {
  const fault = new Error("the caller's own");
  for (const callback of [
    () => {
      throw fault;
    },
    () => Promise.reject(fault),
    () => ({ then: (_, reject) => reject(fault) }),
  ]) {
    const server = bulkServer(sdk, (id, nth) => (id === "c2" && nth === 0 ? refused(1) : status(200)));
    const report = await finish(clock, server.revoke(many(9), { onResult: callback, onProgress: callback }));
    assertCounts(report, 9, 0, 0);
  }
});

for (const name of ["onProgress", "onResult"]) {
  bulk(`${name} may abort: nothing is sent after it`, async ({ sdk }, clock) => {
    const controller = new AbortController();
    const server = bulkServer(sdk);
    let sentThen;
    const callback = ({ done, index }) => {
      if (controller.signal.aborted || (done ?? index) < 8) return;
      controller.abort();
      sentThen = server.sent.length;
    };
    const report = await finish(clock, server.revoke(many(40), { signal: controller.signal, [name]: callback }));
    assert.lengthOf(server.sent, sentThen);
    assert.isAtLeast(report.revoked, 8);
    assert.strictEqual(report.revoked + report.failed, server.sent.length);
    assert.strictEqual(report.skipped, 40 - server.sent.length);
  });
}

bulk("a client may be freed during a run, which goes on", async ({ sdk }, clock) => {
  const server = bulkServer(sdk);
  const promise = server.revoke(many(12), { onResult: () => server.client.free() });
  assertCounts(await finish(clock, promise), 12, 0, 0);
});

// --- RequestOptions ---

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

bulk("connection failures and answers of the retry codes are tried again, eight times in all", async ({ sdk }, clock) => {
  for (const [answer, className] of [
    [broken, "ConnectionError"],
    [() => status(500), "SDKError"],
    [() => status(502), "SDKError"],
    [() => status(503), "SDKError"],
    [() => status(504), "SDKError"],
  ]) {
    const server = bulkServer(sdk, answer);
    const report = await finish(clock, server.revoke(many(2)));
    assertCounts(report, 0, 2, 0);
    assert.deepEqual(column(report, "attempts"), [8, 8]);
    assert.lengthOf(server.sent, 16);
    for (const { error } of report.results) assertError(sdk, error, className);
    assert.lengthOf(report.remaining(), 2);
  }
});

bulk(
  "the waits between an item's attempts grow, and hold up nothing else",
  async ({ sdk }, clock) => {
    const server = bulkServer(sdk, (id, nth) => status(id === "c0" && nth < 4 ? 503 : 200));
    const report = await finish(clock, server.revoke(many(60), { concurrency: 2 }));
    assertCounts(report, 60, 0, 0);
    const times = server.times("c0");
    // 100 for the answer, and the wait; then it is sent as soon as one of the two others is answered.
    for (const [i, wait] of [500, 750, 1125, 1687].entries()) assert.isAtLeast(times[i + 1] - times[i], wait + 99);
    assert.strictEqual(server.sent.filter(({ at }) => at < 1000).length, 20);
  },
  LATEST,
);

bulk("strategy none tries each item once; a 429 pauses all the same", async ({ sdk }, clock) => {
  const answer = (id, nth) => {
    if (id === "cut") return broken();
    if (id === "slow") return { ...status(200), after: 1e6 };
    return id === "down" ? status(503) : nth === 0 ? refused(1) : status(200);
  };
  for (const [props, options] of [
    [{}, { retries: { strategy: "none" } }],
    [{ retryConfig: { strategy: "none" } }, {}],
  ]) {
    const server = bulkServer(sdk, answer, props);
    const report = await finish(clock, server.revoke(requests("cut", "slow", "down", "busy"), { timeoutMs: 5000, ...options }));
    assertCounts(report, 1, 3, 0);
    assert.deepEqual(column(report, "attempts"), [1, 1, 1, 2]);
    for (const [i, className] of ["ConnectionError", "RequestTimeoutError", "SDKError"].entries()) {
      assertError(sdk, report.results[i].error, className);
    }
    assert.lengthOf(report.remaining(), 3, "another run may do better");
  }
});

bulk("strategy backoff repeats connection failures only if told to; its waits and its budget hold", async ({ sdk }, clock) => {
  const strategy = {
    strategy: "backoff",
    backoff: { initialInterval: 100, maxInterval: 400, exponent: 2, maxElapsedTime: 1300 },
  };
  const cut = bulkServer(sdk, broken);
  const once = await finish(clock, cut.revoke(many(1), { retries: strategy }));
  assert.strictEqual(once.results[0].attempts, 1);
  assert.lengthOf(once.remaining(), 1);

  const start = elapsed();
  const again = bulkServer(sdk, () => ({ ...status(503), after: 0 }));
  const report = await finish(clock, again.revoke(many(1), { retries: { ...strategy, retryConnectionErrors: true } }));
  // 75 + 150 + 300 + 300 + 300, and the next would pass 1300.
  assert.deepEqual(
    again.times().map((at) => at - start),
    [0, 75, 225, 525, 825, 1125],
  );
  assert.lengthOf(report.remaining(), 1);
});

bulk(
  "a wait of months between attempts is not cut short",
  async ({ sdk }, clock) => {
    const month = 30 * 86_400_000;
    const backoff = { initialInterval: month, maxInterval: month, exponent: 1, maxElapsedTime: 1e12 };
    const server = bulkServer(sdk, (_, nth) => status(nth === 0 ? 503 : 200));
    const promise = server.revoke(many(1), { retries: { strategy: "backoff", backoff } });
    assertCounts(await finish(clock, promise), 1, 0, 0);
    assert.strictEqual(server.times()[1], 100 + month);
  },
  LATEST,
);

bulk("retryCodes says which answers are tried again", async ({ sdk }, clock) => {
  const server = bulkServer(sdk, (id, nth) => status(nth === 0 ? Number(id) : 200));
  const report = await finish(clock, server.revoke(requests("404", "503"), { retryCodes: ["4XX"] }));
  assert.deepEqual(column(report, "status"), ["revoked", "failed"]);
  assert.deepEqual(column(report, "attempts"), [2, 1]);
  assert.deepEqual(report.remaining(), requests("503"));
});

// --- 401 ---

bulk("a 401 stops the run: what is in flight is reported, the rest is skipped for that reason", async ({ sdk }, clock) => {
  const server = bulkServer(sdk, (id) => {
    if (id === "c8") return { ...status(401), after: 50 };
    return id === "c9" ? { ...status(200), after: 3000 } : id === "c10" ? { ...status(503), after: 2000 } : status(200);
  });
  const report = await finish(clock, server.revoke(many(100)));
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
  assert.deepEqual(
    report.remaining(),
    [8, 10, ...Array.from({ length: 88 }, (_, i) => i + 12)].map((i) => report.results[i].request),
  );
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
  for (const { attempts } of report.results) assert.isAtMost(attempts, 2);
  assert.strictEqual(
    column(report, "attempts").reduce((sum, attempts) => sum + attempts),
    server.sent.length,
    "the second request of a renewal counts",
  );
});

bulk("a 401 that renewal does not cure stops the run", async ({ sdk }, clock) => {
  const server = bulkServer(sdk, () => status(401), { ...TOKENS, tokens: (count) => `token-${count}` });
  const report = await finish(clock, server.revoke(many(10_000)));
  assertCounts(report, 0, 6, 9994);
  assert.lengthOf(server.sent, 12);
  assert.strictEqual(report.results[9999].error.statusCode, 401);
  assert.lengthOf(report.remaining(), 10_000);
});

bulk("a token endpoint that refuses stops the run before anything is sent", async ({ sdk }, clock) => {
  const server = bulkServer(sdk, undefined, { ...TOKENS, tokens: () => undefined });
  const report = await finish(clock, server.revoke(many(50)));
  assert.lengthOf(server.sent, 0);
  assert.strictEqual(report.failed + report.skipped, 50);
  assertError(sdk, report.results[49].error, "TokenRequestError");
  assert.isTrue(column(report, "attempts").every((attempts) => attempts === 0));
  assert.lengthOf(report.remaining(), 50);
});

// --- Duplicates ---

bulk("duplicates are sent once and reported for each", async ({ sdk }, clock) => {
  const server = bulkServer(sdk, (id) => ({
    ...status(id === "b" ? 404 : 200, { "x-request-id": id }),
    after: id === "a" ? 900 : 100,
  }));
  const known = [];
  const input = requests("a", "b", "a", "c", "b", "a", "d", "c");
  const report = await finish(clock, server.revoke(input, { onResult: ({ index }) => known.push(index), concurrency: 2 }));
  assert.deepEqual(server.ids(), ["a", "b", "c", "d"]);
  assertCounts(report, 6, 2, 0);
  assert.deepEqual(column(report, "duplicateOf"), [undefined, undefined, 0, undefined, 1, 0, undefined, 3]);
  for (const result of report.results.filter(({ duplicateOf }) => duplicateOf !== undefined)) {
    const { index, attempts, request, duplicateOf, ...rest } = result;
    const { index: first, attempts: _, request: same, ...original } = report.results[duplicateOf];
    assert.deepEqual(rest, original, `${index}`);
    assert.strictEqual(rest.error, original.error);
    assert.deepEqual([attempts, first], [0, duplicateOf]);
    assert.strictEqual(request, input[index]);
    assert.notStrictEqual(request, same);
    assert.isAbove(known.indexOf(index), known.indexOf(duplicateOf), "reported after its original");
  }
});

bulk("requests are duplicates by their three ids only", async ({ sdk }, clock) => {
  const triples = [
    ["a", "b", "c"],
    ["a", "b", "C"],
    ["a", "c", "b"],
    ["b", "a", "c"],
    ["a", "b?c", "c"],
    ["a?b", "c", "c"],
    ["a", "b", "c c"],
    ["a", "b%3Fc", "c"],
  ];
  const input = triples.map(([appId, connectorId, id]) => ({ appId, connectorId, id }));
  const server = bulkServer(sdk);
  input.push({ ...input[0], connectorServiceRevokeCredentialRequest: {}, note: "the same" });
  const report = await finish(clock, server.revoke(input));
  assertCounts(report, 9, 0, 0);
  assert.lengthOf(server.sent, 8);
  assert.strictEqual(report.results[8].duplicateOf, 0);
});

bulk("endless duplicates of a request in flight do not fill memory", async ({ sdk }, clock) => {
  const server = bulkServer(sdk, () => ({ ...status(200), after: 10_000 }));
  let early = 0;
  function* same() {
    for (let i = 0; i < 5000; i++) {
      if (elapsed() < 10_000) early++;
      yield requests("a")[0];
    }
  }
  const report = await finish(clock, server.revoke(same()));
  assert.isAtMost(early, 1100);
  assert.lengthOf(server.sent, 1);
  assertCounts(report, 5000, 0, 0);
});

bulk("collect: false sends duplicates once too", async ({ sdk }, clock) => {
  const server = bulkServer(sdk);
  const known = [];
  const items = [...many(40), ...many(40), ...many(40)].values();
  const report = await finish(clock, server.revoke(items, { collect: false, onResult: (result) => known.push(result) }));
  assert.lengthOf(server.sent, 40);
  assert.deepEqual([report.revoked, report.failed, report.skipped], [120, 0, 0]);
  for (const { index, duplicateOf } of known) assert.strictEqual(duplicateOf, index < 40 ? undefined : index % 40);
});

bulk(
  "collect: false tells duplicates among the last 16,384 different items",
  async ({ sdk }, clock) => {
    const WINDOW = 16_384;
    const found = [];
    const again = requests("c0", "c9000", `c${WINDOW - 1}`);
    // Others, until the window has moved on.
    const items = [...many(WINDOW), ...again, ...many(2 * WINDOW, "other"), ...requests("c0")];
    // A dry run tells duplicates as any run does, and sends nothing, which would take long.
    const onResult = ({ index, duplicateOf }) => duplicateOf !== undefined && found.push([index, duplicateOf]);
    const report = await finish(clock, bulkServer(sdk).revoke(items.values(), { collect: false, dryRun: true, onResult }));
    assert.strictEqual(report.skipped, items.length);
    // The last one is not among them: what is long past is forgotten, so that memory does not grow with the input.
    assert.deepEqual(found, [
      [WINDOW, 0],
      [WINDOW + 1, 9000],
      [WINDOW + 2, WINDOW - 1],
    ]);
  },
  { only: ["node"] },
);

bulk("a dry run has no rate: it revokes nothing", async ({ sdk }, clock) => {
  const server = bulkServer(sdk);
  const seen = [];
  const { iterable } = source(many(20), 100);
  await finish(clock, server.revoke(iterable, { dryRun: true, onProgress: (progress) => seen.push(progress) }));
  assert.strictEqual(seen.at(-1).done, 20);
  for (const progress of seen) assert.notProperty(progress, "ratePerSecond");
});

bulk("the duplicates of what was skipped are skipped, and remain once", async ({ sdk }, clock) => {
  const server = bulkServer(sdk, () => status(404));
  const report = await finish(
    clock,
    server.revoke(requests("a", "b", "a", "b", "c", "c"), { stopOnError: true, concurrency: 1 }),
  );
  assertCounts(report, 0, 2, 4);
  assert.deepEqual(column(report, "status"), ["failed", "skipped", "failed", "skipped", "skipped", "skipped"]);
  assert.deepEqual(report.remaining(), requests("b", "c"));
});

// --- Stops ---

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

// --- Aborts ---

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
  assert.isTrue(
    server.sent.slice(5).every(({ request }) => request.signal.aborted),
    "the requests are aborted",
  );
  for (const result of report.results.slice(5)) {
    assertError(sdk, result.error, "RequestAbortedError");
    assert.strictEqual(result.status, result.index < 11 ? "failed" : "skipped");
    assert.strictEqual(result.attempts, result.index < 11 ? 1 : 0);
    assert.notProperty(result, "answeredAt");
  }
  assert.deepEqual(report.remaining(), many(50).slice(5));
  assert.strictEqual(clock.countTimers(), 0);
});

bulk("a client that ignores the signal does not hold the abort up", async ({ sdk }) => {
  const { httpClient, requests: sent } = stubClient(sdk, () => new Promise(() => {}));
  const client = new sdk.ConductoroneSDKTypescript({ tenantDomain: "acme", httpClient });
  const controller = new AbortController();
  const promise = client.connector.revokeCredentials(many(9), { signal: controller.signal });
  await until(() => sent.length === 6);
  controller.abort();
  assertCounts(await promise, 0, 6, 3);
});

bulk("an abort during a pause, or between attempts, ends the run at once", async ({ sdk }, clock) => {
  for (const answer of [refused(600), status(503)]) {
    const start = elapsed();
    const controller = new AbortController();
    const server = bulkServer(sdk, () => ({ ...answer, after: 0 }));
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

bulk("an abort by an item's own getter: it is not sent", async ({ sdk }, clock) => {
  const controller = new AbortController();
  const item = {
    get appId() {
      controller.abort();
      return "app";
    },
    connectorId: "connector",
    id: "trap",
  };
  const server = bulkServer(sdk);
  const report = await finish(clock, server.revoke([item, ...many(5)], { signal: controller.signal }));
  assertCounts(report, 0, 0, 6);
  assert.deepEqual(column(report, "attempts"), [0, 0, 0, 0, 0, 0]);
  assert.lengthOf(server.sent, 0);
});

bulk("what was not on its way when the abort came is skipped, not failed", async ({ sdk }, clock) => {
  const controller = new AbortController();
  let asked = 0;
  const security = () => new Promise(() => asked++);
  const server = bulkServer(sdk, undefined, { security });
  const promise = server.revoke(many(9), { signal: controller.signal });
  await until(() => asked === 6);
  controller.abort();
  const report = await finish(clock, promise);
  assertCounts(report, 0, 0, 9);
  assert.lengthOf(server.sent, 0);
});

bulk(
  "a signal's time limit for the whole run: its reason is the error's class, for what was sent and what was not",
  async ({ sdk }, clock) => {
    const controller = new AbortController();
    let asked = 0;
    const security = () => (++asked > 2 ? new Promise(() => {}) : { bearerAuth: "token" });
    const server = bulkServer(sdk, undefined, { security });
    const promise = server.revoke(many(9), { signal: controller.signal });
    await until(() => server.sent.length === 2 && asked === 6);
    // As AbortSignal.timeout() does.
    controller.abort(new DOMException("too long", "TimeoutError"));
    const report = await finish(clock, promise);
    assertCounts(report, 0, 2, 7);
    for (const { error } of report.results) assertError(sdk, error, "RequestTimeoutError");
  },
);

test(
  "bulk: a signal and a time limit with 50 in flight: Node warns of no leak",
  async ({ sdk }) => {
    const warnings = [];
    const emitWarning = (warning) => warnings.push(String(warning));
    const { process } = globalThis;
    await withReplaced(process, { emitWarning }, () =>
      withClock(async (clock) => {
        const { signal } = new AbortController();
        const server = bulkServer(sdk);
        assertCounts(await finish(clock, server.revoke(many(120), { signal, timeoutMs: 1e6, concurrency: 50 })), 120, 0, 0);
        assert.strictEqual(server.peak, 50);
      }),
    );
    assert.deepEqual(warnings, []);
  },
  { only: ["node"] },
);

bulk("a long run leaves no listeners on the signal", async ({ sdk }, clock) => {
  const { signal } = new AbortController();
  let listeners = 0;
  let most = 0;
  const [add, remove] = [signal.addEventListener, signal.removeEventListener];
  signal.addEventListener = function (...args) {
    most = Math.max(most, ++listeners);
    return add.apply(this, args);
  };
  signal.removeEventListener = function (...args) {
    listeners--;
    return remove.apply(this, args);
  };
  const server = bulkServer(sdk);
  assertCounts(await finish(clock, server.revoke(many(120), { signal, timeoutMs: 1e6, concurrency: 50 })), 120, 0, 0);
  assert.isAtLeast(most, 1, "nothing listens for the abort");
  assert.isAtMost(most, 4, "one for the run, not one for each request");
  assert.strictEqual(listeners, 0);
});

// --- Iterators ---

bulk("an iterator that throws ends the input; what it gave before is worked off", async ({ sdk }, clock) => {
  const fault = new Error("the file ends in the middle");
  const iterators = {
    "sync throw": function* () {
      yield* many(8);
      throw fault;
    },
    "async throw": async function* () {
      yield* many(8);
      throw fault;
    },
    "value getter": () => {
      const items = many(8).values();
      const next = () => {
        const result = items.next();
        if (!result.done) return result;
        return {
          get value() {
            throw fault;
          },
        };
      };
      return { [Symbol.iterator]: () => ({ next }) };
    },
  };
  for (const [name, make] of Object.entries(iterators)) {
    const server = bulkServer(sdk);
    const report = await finish(clock, server.revoke(make(), { concurrency: 3 }));
    assertCounts(report, 8, 0, 0);
    assert.strictEqual(report.inputError, fault, name);
  }
});

bulk("an iterator that gives no results is an input error", async ({ sdk }, clock) => {
  for (const next of [() => 5, () => undefined, undefined, async () => null]) {
    const server = bulkServer(sdk);
    const report = await finish(clock, server.revoke({ [Symbol.iterator]: () => ({ next }) }));
    assertCounts(report, 0, 0, 0);
    assert.instanceOf(report.inputError, Error);
  }
});

bulk("an iterator that cannot begin rejects the run", async ({ sdk }) => {
  const { revoke } = bulkServer(sdk);
  const fault = new Error("no such file");
  const iterable = {
    [Symbol.iterator]() {
      throw fault;
    },
  };
  assert.strictEqual(assertError(sdk, await rejection(revoke(iterable)), "SDKValidationError").cause, fault);
});

bulk("next() that never settles does not hold an abort up; the iterator is closed", async ({ sdk }, clock) => {
  // The size makes it known, but not safe, to go to the end.
  for (const size of [undefined, 100]) {
    const controller = new AbortController();
    const given = many(3);
    let closed = 0;
    const iterable = {
      size,
      [Symbol.asyncIterator]: () => ({
        next: () => (given.length ? { done: false, value: given.shift() } : new Promise(() => {})),
        return: () => {
          closed++;
          return Promise.reject(new Error("cannot be closed"));
        },
      }),
    };
    const server = bulkServer(sdk);
    const promise = server.revoke(iterable, { signal: controller.signal });
    await until(() => server.sent.length === 3);
    await clock.tickAsync(100);
    controller.abort();
    assertCounts(await promise, 3, 0, 0);
    assert.strictEqual(closed, 1);
  }
});

bulk("an endless iterator ends with an abort, in constant memory", async ({ sdk }, clock) => {
  const controller = new AbortController();
  let closed = false;
  function* endless() {
    try {
      for (let i = 0; ; i++) yield requests(`c${i}`)[0];
    } finally {
      closed = true;
    }
  }
  const server = bulkServer(sdk);
  const onResult = ({ index }) => index === 60 && controller.abort();
  const report = await finish(clock, server.revoke(endless(), { signal: controller.signal, collect: false, onResult }));
  assert.isTrue(closed);
  assert.isAtLeast(report.revoked, 61);
  assert.strictEqual(report.revoked + report.failed, server.sent.length);
  assert.deepEqual(report.results, []);
});

/** What says that it has an end, and has none. */
const LIARS = {
  "an object with a size": (endless) => ({ size: 100, [Symbol.iterator]: endless }),
  "an object with a length": (endless) => ({ length: 100, [Symbol.iterator]: endless }),
  "an object that looks like a Set": (endless) => Object.assign(Object.create(Set.prototype), { [Symbol.iterator]: endless }),
  "a Map": (endless) => Object.assign(new Map([[1, 2]]), { [Symbol.iterator]: endless }),
  "a typed array": (endless) => Object.assign(new Uint8Array(5), { [Symbol.iterator]: endless }),
  "an array": (endless) => Object.assign(many(3), { [Symbol.iterator]: endless }),
  "a Set": (endless) => Object.assign(new Set(many(3)), { [Symbol.iterator]: endless }),
  "a Proxy of an array": (endless) =>
    new Proxy(many(3), { get: (target, key) => (key === Symbol.iterator ? endless : Reflect.get(target, key)) }),
};
for (const [name, make] of Object.entries(LIARS)) {
  bulk(`${name} whose iterator never ends: an abort ends the run`, async ({ sdk }, clock) => {
    const controller = new AbortController();
    let pulled = 0;
    let closed = 0;
    const endless = () => ({
      next() {
        // Else a run that goes on for ever could not be told from one that takes long.
        if (++pulled > 20_000) throw new Error("read on and on");
        return { done: false, value: requests(`c${pulled}`)[0] };
      },
      return() {
        closed++;
        return { done: true };
      },
    });
    const server = bulkServer(sdk);
    const onResult = ({ index }) => index === 30 && controller.abort();
    const report = await finish(clock, server.revoke(make(endless), { signal: controller.signal, onResult }));
    assert.isUndefined(report.inputError);
    assert.isAtLeast(report.revoked, 30);
    assert.isAtMost(pulled, 200);
    assert.strictEqual(closed, 1);
    assert.strictEqual(report.revoked + report.failed + report.skipped, report.results.length);
  });
}

bulk("only the rest of an array or a Set is reported after an abort", async ({ sdk }, clock) => {
  const items = many(100);
  for (const [input, all] of [
    [items, true],
    [new Set(items), true],
    [new Map(items.map((item) => [item, 1])).keys(), false],
    [items.values(), false],
    [{ size: 100, [Symbol.iterator]: () => items.values() }, false],
    [{ length: 100, [Symbol.iterator]: () => items.values() }, false],
  ]) {
    const controller = new AbortController();
    const onResult = ({ index }) => index === 10 && controller.abort();
    const report = await finish(clock, bulkServer(sdk).revoke(input, { signal: controller.signal, onResult }));
    if (all) assert.lengthOf(report.results, 100);
    else assert.isAtMost(report.results.length, 30);
    assert.isAtLeast(report.revoked, 10);
  }
});

bulk("a list that needs no waiting leaves timers and aborts their turn", async ({ sdk }, clock) => {
  for (const [item, options] of [
    [null, {}],
    [ids, { dryRun: true }],
  ]) {
    const controller = new AbortController();
    const endless = {
      [Symbol.iterator]: () => ({ next: () => ({ done: false, value: item }) }),
    };
    const server = bulkServer(sdk);
    setTimeout(() => controller.abort());
    const report = await finish(clock, server.revoke(endless, { signal: controller.signal, collect: false, ...options }));
    assert.isAbove(report.failed + report.skipped, 100);
  }
});

bulk("the iterator is closed when the run stops, and only then", async ({ sdk }, clock) => {
  const fine = source(many(9));
  await finish(clock, bulkServer(sdk).revoke(fine.iterable));
  assert.strictEqual(fine.state.closed, 0);

  const bad = source(many(90));
  const report = await finish(clock, bulkServer(sdk, () => status(401)).revoke(bad.iterable));
  assert.strictEqual(bad.state.closed, 1);
  assert.isAtMost(bad.state.pulled, 7, "not read on after the stop");
  assert.strictEqual(report.failed, 6);

  const last = source(many(1));
  await finish(clock, bulkServer(sdk, () => ({ ...status(401), after: 10 })).revoke(last.iterable));
  assert.strictEqual(last.state.closed, 0, "its end had come");
});

// --- Dry runs ---

bulk("a dry run checks the whole input, even with stopOnError", async ({ sdk }, clock) => {
  const server = bulkServer(sdk);
  const items = function* () {
    yield null;
    yield* many(4);
  };
  const report = await finish(clock, server.revoke(items(), { dryRun: true, stopOnError: true }));
  assertCounts(report, 0, 1, 4);
});

bulk("a dry run sends nothing, and finds bad items and duplicates", async ({ sdk }, clock) => {
  let asked = 0;
  const server = bulkServer(sdk, undefined, { security: () => ({ bearerAuth: `token-${++asked}` }) });
  const input = [...requests("a", "b", "a"), { appId: "app", id: "c" }, ...requests("", "d", "b")];
  const seen = [];
  const report = await finish(clock, server.revoke(input, { dryRun: true, onProgress: (progress) => seen.push(progress) }));
  assert.lengthOf(server.sent, 0);
  assert.strictEqual(asked, 0);
  assertCounts(report, 0, 2, 5);
  assert.deepEqual(column(report, "status"), ["skipped", "skipped", "skipped", "failed", "failed", "skipped", "skipped"]);
  assert.deepEqual(column(report, "duplicateOf"), [undefined, undefined, 0, undefined, undefined, undefined, 1]);
  for (const { status: word, error, attempts } of report.results) {
    assert.strictEqual(attempts, 0);
    if (word === "failed") assertError(sdk, error, "SDKValidationError");
    else assert.isUndefined(error);
  }
  assert.deepEqual(report.remaining(), requests("a", "b", "d"), "what a run would send");
  assert.deepEqual(seen.at(-1), { done: 7, total: 7, revoked: 0, failed: 2, inFlight: 0 });
});

bulk("an abort in onProgress ends a run that pauses with nothing in flight", async ({ sdk }, clock) => {
  const controller = new AbortController();
  const server = bulkServer(sdk, () => refused(60));
  const onProgress = ({ inFlight, pausedUntil }) => {
    if (inFlight === 0 && pausedUntil !== undefined) controller.abort();
  };
  const report = await finish(clock, server.revoke(many(3), { signal: controller.signal, onProgress }));
  assert.deepEqual([report.revoked, report.failed, report.skipped], [0, 3, 0]);
  assert.lengthOf(report.remaining(), 3);
});
