// What revokeCredentials takes: lists, iterators, wrong ones, and how fast they are read.
import { assertCounts, bulk, bulkServer, column, finish, many, refused, requests, source, status } from "./bulk-server.js";
import { until } from "./clock.js";
import { assert, assertError, ids, json, rejection, stubbed } from "./helpers.js";
import { test } from "./registry.js";

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

bulk("input is read only as fast as it is worked off", async ({ sdk }, clock) => {
  const asynchronous = source(many(40));
  const state = { pulled: 0 };
  function* synchronous() {
    for (const item of many(40)) {
      state.pulled++;
      yield item;
    }
  }
  for (const [iterable, counter, ahead] of [
    // The next one is asked for while the items of all requests in flight are there.
    [asynchronous.iterable, asynchronous.state, 1],
    [synchronous(), state, 0],
  ]) {
    let settled = 0;
    const server = bulkServer(sdk, () => {
      assert.isAtMost(counter.pulled, settled + server.inFlight + ahead);
      return status(200);
    });
    const options = { concurrency: 3, onResult: () => settled++ };
    assertCounts(await finish(clock, server.revoke(iterable, options)), 40, 0, 0);
    assert.strictEqual(counter.pulled, 40 + ahead);
    assert.strictEqual(server.peak, 3);
  }
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
