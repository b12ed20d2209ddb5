// What revokeCredentials takes: lists, iterators, wrong ones, and how fast they are read.
import { assertCounts, bulk, bulkServer, column, finish, many, requests, source, status } from "./bulk-server.js";
import { until } from "./clock.js";
import { assert, assertError, ids, rejection, throws } from "./helpers.js";

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
    for (const items of [many(20), []]) {
      const server = bulkServer(sdk);
      const report = await finish(clock, server.revoke(make(items)));
      assertCounts(report, items.length, 0, 0);
      assert.deepEqual(column(report, "request"), items, name);
      const sent = items.map(({ id }) => id);
      assert.deepEqual(server.ids(), sent, name);
    }
  }
});

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

bulk("input is read only as fast as it is worked off", async ({ sdk }, clock) => {
  const { iterable, state } = source(many(40));
  let settled = 0;
  const server = bulkServer(sdk, () => {
    // The next one is asked for while the items of three requests are there.
    assert.isAtMost(state.pulled, settled + 4);
    return status(200);
  });
  const options = { concurrency: 3, onResult: () => settled++ };
  assertCounts(await finish(clock, server.revoke(iterable, options)), 40, 0, 0);
  assert.deepEqual([state.pulled, server.peak], [41, 3]);
});

bulk("an iterator that fails ends the input; what it gave before is worked off", async ({ sdk }, clock) => {
  const fault = new Error("the file ends in the middle");
  /** Gives eight items, and then this. */
  const before = (end) => {
    const items = many(8).values();
    return () => {
      const result = items.next();
      return result.done ? end() : result;
    };
  };
  for (const symbol of [Symbol.iterator, Symbol.asyncIterator]) {
    for (const [next, revoked, reason] of [
      [before(throws(fault)), 8, fault],
      [before(() => Promise.reject(fault)), 8, fault],
      [before(() => Object.defineProperty({}, "value", { get: throws(fault) })), 8, fault],
      // What is no result has a reason of its own.
      [before(() => 5), 8],
      [before(() => undefined), 8],
      [before(async () => null), 8],
      [undefined, 0],
    ]) {
      const report = await finish(clock, bulkServer(sdk).revoke({ [symbol]: () => ({ next }) }, { concurrency: 3 }));
      assertCounts(report, revoked, 0, 0);
      assert.instanceOf(report.inputError, Error);
      if (reason) assert.strictEqual(report.inputError, reason);
    }
  }
});

bulk("an iterator that cannot begin rejects the run", async ({ sdk }) => {
  const { revoke } = bulkServer(sdk);
  const fault = new Error("no such file");
  const iterable = { [Symbol.iterator]: throws(fault) };
  assert.strictEqual(assertError(sdk, await rejection(revoke(iterable)), "SDKValidationError").cause, fault);
});

bulk("next() that never settles does not hold an abort up; the iterator is closed", async ({ sdk }, clock) => {
  // A length or size makes it known, but not safe, to go to the end.
  for (const input of [{}, { size: 100 }, many(9), new Set(many(9))]) {
    const controller = new AbortController();
    const given = many(3);
    let closed = 0;
    const totals = new Set();
    input[Symbol.asyncIterator] = () => ({
      next: () => (given.length ? { done: false, value: given.shift() } : new Promise(() => {})),
      return: () => {
        closed++;
        return Promise.reject(new Error("cannot be closed"));
      },
    });
    const server = bulkServer(sdk);
    const promise = server.revoke(input, { signal: controller.signal, onProgress: ({ total }) => totals.add(total) });
    await until(() => server.sent.length === 3);
    await clock.tickAsync(100);
    controller.abort();
    assertCounts(await promise, 3, 0, 0);
    assert.deepEqual([closed, ...totals], [1, undefined]);
  }
});

/** What says that it has an end. */
const LIARS = {
  "an object with a size": () => ({ size: 100 }),
  "an object with a length": () => ({ length: 100 }),
  "an object that looks like a Set": () => Object.create(Set.prototype),
  "a Map": () => new Map([[1, 2]]),
  "a typed array": () => new Uint8Array(5),
  "an array": () => many(3),
  "a Set": () => new Set(many(3)),
  "a Proxy of an array": () => new Proxy(many(3), {}),
};
bulk("an iterator that never ends, whatever says that it does: an abort ends the run", async ({ sdk }, clock) => {
  for (const [name, make] of Object.entries(LIARS)) {
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
    const onResult = ({ index }) => index === 30 && controller.abort();
    const input = Object.assign(make(), { [Symbol.iterator]: endless });
    const report = await finish(clock, bulkServer(sdk).revoke(input, { signal: controller.signal, onResult }));
    assert.isUndefined(report.inputError, name);
    assert.isAtLeast(report.revoked, 30, name);
    assert.isAtMost(pulled, 200, name);
    assert.strictEqual(closed, 1, name);
    assert.strictEqual(report.revoked + report.failed + report.skipped, report.results.length, name);
  }
});

bulk("only the rest of an array or a Set is reported after an abort", async ({ sdk, runtime }, clock) => {
  const items = many(100);
  const inputs = [
    [items, true],
    [new Set(items), true],
    [new Map(items.map((item) => [item, 1])).keys(), false],
    [items.values(), false],
    [{ size: 100, [Symbol.iterator]: () => items.values() }, false],
    [{ length: 100, [Symbol.iterator]: () => items.values() }, false],
  ];
  if (runtime === "node") {
    // A Set of another realm, by a name that bundlers do not read.
    const { runInNewContext } = await import(/* @vite-ignore */ ["node", "vm"].join(":"));
    inputs.push([new (runInNewContext("Set"))(items), true]);
  }
  for (const [input, all] of inputs) {
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
