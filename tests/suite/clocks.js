// Clocks that are set, stand still or give nonsense: waits last as long as they should, and everything ends.
import { assertCounts, bulkServer, finish, many, refused, status } from "./bulk-server.js";
import { elapsed, play, withClock } from "./clock.js";
import { assert, assertError, json, response, stubbed, throws, withGlobals } from "./helpers.js";
import { issued, stubbedOAuth } from "./oauth-helpers.js";
import { test, withReplaced } from "./registry.js";

const HOUR = 3_600_000;
const backoff = { initialInterval: 100, maxInterval: 400, exponent: 2, maxElapsedTime: 1000 };
const retryConfig = { strategy: "backoff", backoff, retryConnectionErrors: true };
/** When a server that always answers 503 is asked, with these retries: 75, 150, 300 and 300 ms apart; one more would pass 1000. */
const ATTEMPTS = [0, 75, 225, 525, 825];

const JUMPS = {
  "an hour back": -HOUR,
  "ten years back": -10 * 8760 * HOUR,
  "an hour ahead": HOUR,
  "ten years ahead": 10 * 8760 * HOUR,
};

/** What Date.now gives, each time it is asked. */
let backwards = 1_767_323_045_000;
const BROKEN_CLOCKS = {
  "gives NaN": () => Number.NaN,
  "gives undefined": () => undefined,
  "gives a string": () => "soon",
  "stands still": () => 1_767_323_045_000,
  "is 0": () => 0,
  "goes backwards": () => (backwards -= 1000),
  throws: throws(new Error("no clock")),
};

/** Runs `action` with no `performance` but an object without `now`, or none at all. */
const PLATFORMS = {
  "performance.now": (action) => action(),
  "no performance.now": (action) => withGlobals({ performance: {} }, action),
  "no performance": (action) => withGlobals({ performance: undefined }, action),
};

/**
 * A call to a server that always answers 503, and when it was asked. `asked()` is called with each request. No body is read:
 * Firefox reads one on another thread, and time would move meanwhile.
 */
async function callOf(sdk, clock, asked = () => {}, headers = {}) {
  const at = [];
  const fetcher = async () => {
    at.push(elapsed());
    asked();
    // So that a test of a call that never ends fails instead of running on.
    return response({ status: at.length > 100 ? 404 : 503, headers: { ...json, ...headers } });
  };
  const { revoke } = stubbed(sdk, { retryConfig, httpClient: new sdk.HTTPClient({ fetcher }) });
  const outcome = await play(clock, revoke());
  return { ...outcome, at };
}

for (const [name, jump] of Object.entries(JUMPS)) {
  test(`clocks: set ${name} with each request and during the waits, the waits of a call and its budget stay as they are`, ({
    sdk,
  }) =>
    withClock(async (clock) => {
      const set = () => clock.setSystemTime(Date.now() + jump);
      for (const at of [30, 100, 400]) setTimeout(set, at);
      const { error, at } = await callOf(sdk, clock, set);
      assert.strictEqual(assertError(sdk, error, "SDKError").statusCode, 503);
      assert.deepEqual(at, ATTEMPTS);
    }));
}

for (const [name, now] of Object.entries(BROKEN_CLOCKS)) {
  test(`clocks: Date.now ${name}: a call waits, and ends with its budget`, async ({ sdk }) => {
    for (const [platform, on] of Object.entries(PLATFORMS)) {
      for (const headers of [{}, { "retry-after": "0" }, { "retry-after": new Date(0).toUTCString() }]) {
        await withClock(async (clock) => {
          const { error, at } = await on(() => withReplaced(Date, { now }, () => callOf(sdk, clock, undefined, headers)));
          const label = `${platform} ${Object.values(headers)}: ${at}`;
          assert.strictEqual(assertError(sdk, error, "SDKError").statusCode, 503, label);
          if (platform === "performance.now" && !headers["retry-after"]) assert.deepEqual(at, ATTEMPTS, label);
          assert.isAtLeast(at.length, 2, label);
          assert.isAtMost(at.length, ATTEMPTS.length + 1, label);
        });
      }
    }
  });

  test(`clocks: Date.now ${name}: a bulk run with a refusal and a failure ends, and all is revoked`, async ({ sdk }) => {
    for (const [platform, on] of Object.entries(PLATFORMS)) {
      await withClock(async (clock) => {
        const first = { c3: refused(5), c7: status(503) };
        const server = bulkServer(sdk, (id, nth) => (nth === 0 && first[id]) || status(200));
        const run = () => finish(clock, server.revoke(many(20)));
        assertCounts(await on(() => withReplaced(Date, { now }, run)), 20, 0, 0);
        assert.lengthOf(server.sent, 22, platform);
        const [refusedAt, again] = server.times("c3");
        assert.isAtLeast(again - refusedAt, 5000, `${platform}: the pause was cut short`);
        assert.isAtMost(elapsed(), 60_000, platform);
      });
    }
  });

  test(`clocks: Date.now ${name}: OAuth gets a token, and a call works`, async ({ sdk }) => {
    const stub = stubbedOAuth(sdk, { tokens: [issued("t")] });
    for (const _ of [1, 2]) await withReplaced(Date, { now }, () => stub.revoke());
    assert.deepEqual(stub.shown, ["t", "t"]);
  });
}

for (const [name, jump] of Object.entries(JUMPS)) {
  for (const [platform, on] of Object.entries(PLATFORMS)) {
    // Without a clock that only goes forwards, a jump ahead cannot be told from a long wait.
    if (jump > 0 && platform !== "performance.now") continue;
    const clockTest = (during, run) =>
      test(`clocks: set ${name} ${during} (${platform})`, (context) => on(() => withClock((clock) => run(context, clock))));
    const set = (clock) => clock.setSystemTime(Date.now() + jump);

    clockTest("during a pause of a bulk run, which lasts as long as it should", async ({ sdk }, clock) => {
      const server = bulkServer(sdk, (id, nth) => (id === "c0" && nth === 0 ? { ...refused(10), after: 0 } : status(200)));
      setTimeout(set, 4000, clock);
      assertCounts(await finish(clock, server.revoke(many(12), { concurrency: 3 })), 12, 0, 0);
      const after = server.times().filter((at) => at > 0);
      assert.strictEqual(Math.min(...after), 10_000);
      assert.isAtMost(elapsed(), 60_000);
    });

    clockTest("between an item's attempts: it is tried again in time", async ({ sdk }, clock) => {
      const server = bulkServer(sdk, (_, nth) => ({ ...status(nth < 3 ? 503 : 200), after: 0 }));
      for (const at of [100, 700]) setTimeout(set, at, clock);
      assertCounts(await finish(clock, server.revoke(many(1))), 1, 0, 0);
      // With this jitter, three quarters of 500, 750 and 1125.
      for (const [i, at] of [0, 375, 937.5, 1781.25].entries()) assert.closeTo(server.times()[i], at, 3);
    });
  }
}
