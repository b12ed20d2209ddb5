// Whatever the input, the server and the caller do, and whenever: the guarantees of a bulk run, driven through the package in
// time that is moved by hand.
import * as fc from "fast-check";
import { assertCounts, broken, bulkServer, finish, refused, requests, source, status } from "./bulk-server.js";
import { elapsed, withClock } from "./clock.js";
import { assert } from "./helpers.js";
import { test } from "./registry.js";

const IDS = 12;

// What the server does with a request, and how long it takes over it.
const after = fc.integer({ min: 0, max: 4000 });
const passing = fc.oneof(
  fc.record({ kind: fc.constant("refused"), seconds: fc.option(fc.integer({ min: 0, max: 30 }), { nil: undefined }), after }),
  fc.record({ kind: fc.constantFrom(500, 502, 503, 504), after }),
  fc.record({ kind: fc.constantFrom("broken", "silent"), after }),
);
const final = (...kinds) => fc.record({ kind: fc.constantFrom(...kinds), after });
const end = fc.oneof(
  { weight: 16, arbitrary: final(200) },
  { weight: 3, arbitrary: final(404, 403) },
  { weight: 1, arbitrary: final(401) },
);
// Fewer failures than an item has attempts, and then an end.
const script = fc.tuple(fc.array(passing, { maxLength: 6 }), end).map(([failures, last]) => [...failures, last]);
const item = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: 0, max: IDS - 1 }) },
  { weight: 1, arbitrary: fc.constant(null) },
);

const world = fc.record({
  input: fc.array(item, { maxLength: 30 }),
  shape: fc.constantFrom("array", "generator", "async"),
  delay: fc.option(fc.integer({ min: 0, max: 2000 }), { nil: undefined }),
  scripts: fc.array(script, { minLength: IDS, maxLength: IDS }),
  concurrency: fc.integer({ min: 1, max: 7 }),
  random: fc.double({ min: 0, max: 0.999, noNaN: true }),
});
const options = fc.record({
  stopOnError: fc.boolean(),
  dryRun: fc.nat({ max: 9 }).map((n) => n === 0),
  abortAt: fc.option(fc.integer({ min: 0, max: 40_000 }), { nil: undefined }),
});

/** Plays a run, checking on the way what must hold at every moment; resolves to all that happened. */
async function playRun(sdk, { input, shape, delay, scripts, concurrency, random }, { abortAt, ...options }) {
  return withClock(
    async (clock) => {
      const events = { revoked: new Map(), decided: new Set(), known: [], progress: [], stopped: undefined };
      const controller = new AbortController();
      const pauses = [];
      // What callbacks and clients throw does not end a run: it is kept for the end.
      const faults = [];
      const expect = (holds, fault) => holds || faults.push(fault);
      const answer = async (id, nth, request) => {
        expect(events.stopped === undefined, "sent after a stop");
        expect(!controller.signal.aborted, "sent after an abort");
        // What goes out at the very moment of a refusal had not heard of it.
        const paused = pauses.some(([from, until]) => from < elapsed() && elapsed() < until);
        expect(!paused, "sent during a pause");
        expect(!events.decided.has(id), "sent again after a final answer");
        expect(!options.dryRun, "sent in a dry run");
        const script = scripts[Number(id)];
        const { kind, seconds, after } = script[Math.min(nth, script.length - 1)];
        if (kind === "silent") return { ...status(200), after: 1e7 };
        // Time passes here, so that what this answer means begins when it arrives.
        await new Promise((resolve) => setTimeout(resolve, after));
        if (request.signal.aborted) return { ...status(200), after: 1e7 };
        if (kind === "broken") return broken();
        if (kind === "refused") {
          if (seconds !== undefined) pauses.push([elapsed(), elapsed() + seconds * 1000]);
          return { ...refused(seconds), after: 0 };
        }
        if (kind < 500) events.decided.add(id);
        if (kind === 200) events.revoked.set(id, (events.revoked.get(id) ?? 0) + 1);
        return { ...status(kind), after: 0 };
      };
      const server = bulkServer(sdk, answer);
      const items = input.map((id) => (id === null ? { appId: "app" } : requests(String(id))[0]));
      const inputs = { array: () => items, generator: () => items.values(), async: () => source(items, delay).iterable };
      const promise = server.revoke(inputs[shape](), {
        concurrency,
        timeoutMs: 5000,
        signal: controller.signal,
        onResult(result) {
          events.known.push(result);
          const { status: word, error } = result;
          const fatal = word === "failed" && (options.stopOnError || error?.statusCode === 401);
          if (fatal || (word === "skipped" && !options.dryRun)) events.stopped ??= elapsed();
        },
        onProgress(progress) {
          expect(progress.inFlight <= concurrency, "too many in flight");
          expect(progress.pausedUntil === undefined || progress.pausedUntil > Date.now(), "a pause that is over");
          expect(progress.done >= (events.progress.at(-1) ?? 0), "done shrinks");
          events.progress.push(progress.done);
        },
        ...options,
      });
      if (abortAt !== undefined) setTimeout(() => controller.abort(), abortAt);
      const report = await finish(clock, promise);
      // The server refers to the client, and the client to the server: no garbage collection frees them.
      server.client.free();
      assert.deepEqual(faults, []);
      assert.isAtMost(server.peak, concurrency);
      return { report, server, items, aborted: controller.signal.aborted, ...events };
    },
    { random },
  );
}

/** What holds whatever happens, and that all is revoked if nothing stops the run. */
function check(
  { report, server, items, revoked, decided, known, progress, aborted, stopped },
  { input, shape, scripts },
  dryRun,
) {
  const { results } = report;
  // Of what is left after a stop, only an array's end is worth going to.
  const halted = aborted || stopped !== undefined;
  if (!halted || shape === "array") assert.lengthOf(results, items.length);
  assert.sameMembers(known, results);
  assertCounts(report, report.revoked, report.failed, report.skipped);
  assert.strictEqual(progress.at(-1), results.length);
  const firsts = [...new Set(server.ids())];
  const order = [...new Set(input.filter((id) => id !== null).map(String))];
  assert.deepEqual(firsts, order.slice(0, firsts.length), "not sent in input order");
  for (const times of revoked.values()) assert.strictEqual(times, 1, "revoked twice");

  const originals = new Map();
  const remaining = [];
  for (const [index, result] of results.entries()) {
    assert.strictEqual(result.request, items[index]);
    const id = input[index];
    if (id === null) {
      assert.deepEqual([result.status, result.attempts, result.error.name], ["failed", 0, "SDKValidationError"]);
      continue;
    }
    if (originals.has(id)) {
      const original = originals.get(id);
      assert.deepEqual([result.duplicateOf, result.status, result.attempts], [original.index, original.status, 0]);
      continue;
    }
    originals.set(id, result);
    assert.notProperty(result, "duplicateOf");
    assert.strictEqual(result.attempts, server.times(String(id)).length, "attempts are requests");
    assert.strictEqual(result.status === "skipped", result.attempts === 0);
    assert.strictEqual(result.status === "revoked", result.statusCode === 200, "the report lies");
    if (!halted && !dryRun) assert.strictEqual(result.status === "revoked", scripts[id].at(-1).kind === 200);
    if (result.status === "revoked") assert.isTrue(revoked.has(String(id)));
    // An abort may overtake an answer.
    else if (!aborted) assert.isFalse(revoked.has(String(id)), "its success is lost");
    const answered = decided.has(String(id)) && result.statusCode !== undefined && result.statusCode !== 401;
    // A refusal says nothing of an earlier request whose response was lost.
    const final = answered && result.outcome !== "unknown";
    if (!final) remaining.push(items[index]);
  }
  assert.deepEqual(report.remaining(), remaining);
  assert.strictEqual(report.remaining().length, new Set(report.remaining()).size);
}

// Always the same worlds, so that a run of the tests can be repeated; fast-check names what shrinks a failure. In Node, 500 schedules
// in all, or as many as BULK_SCHEDULES says (`make test-all`: 2,000; `make soak`: 100,000); elsewhere a few, for the engine's sake.
const { versions, env } = globalThis.process ?? {};
const SCHEDULES = typeof versions?.node === "string" ? Number(env.BULK_SCHEDULES ?? 500) : 60;
/** Parts of at most 500 schedules, within a test's time. As many everywhere: Node tells other runtimes which tests to run. */
const PARTS = Math.max(4, Math.ceil(SCHEDULES / 500));
for (let part = 0; part < PARTS; part++) {
  const parameters = {
    seed: 20261123 + part,
    numRuns: Math.ceil(SCHEDULES / PARTS),
    includeErrorInReport: true,
    interruptAfterTimeLimit: 13_000,
  };
  test(`bulk, any schedule: the guarantees hold, and what can be revoked is revoked (${part + 1} of ${PARTS})`, ({ sdk }) => {
    const property = async (world, options) => check(await playRun(sdk, world, options), world, options.dryRun);
    return fc.assert(fc.asyncProperty(world, options, property), parameters);
  });
}
