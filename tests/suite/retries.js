// Retries, Retry-After, budgets, time limits and aborts, in time that is moved by hand.
import { EPOCH, elapsed, play, turn, until, withClock } from "./clock.js";
import { assert, assertError, ids, json, rejection, response, revoked, stubbed, TOKEN, withListeners } from "./helpers.js";
import { test } from "./registry.js";

const unavailable = { status: 503, headers: json, body: "{}" };
const backoff = { initialInterval: 100, maxInterval: 400, exponent: 2, maxElapsedTime: 60_000 };
const retries = { strategy: "backoff", backoff, retryConnectionErrors: true };

/** Like `stubbed`, and notes at which moment each request came. */
function timed(sdk, props, ...answers) {
  const at = [];
  const noting = answers.map((answer) => (request) => {
    at.push(elapsed());
    return typeof answer === "function" ? answer(request) : response(answer);
  });
  return { ...stubbed(sdk, props, ...noting), at };
}

const waits = (at) => at.slice(1).map((time, i) => time - at[i]);
const retryAfter = (value, status = 429) => ({ status, headers: { ...json, "retry-after": value }, body: "{}" });

/** An answer whose body never ends, and whether it was cancelled. */
function endless(status) {
  const state = { cancelled: false };
  const start = (controller) => controller.enqueue(new TextEncoder().encode("{"));
  const cancel = () => {
    state.cancelled = true;
  };
  return { answer: () => new Response(new ReadableStream({ start, cancel }), { status, headers: json }), state };
}

test("backoff: waits grow up to maxInterval, jittered, and none begins that would pass maxElapsedTime", async ({ sdk }) => {
  const brief = { ...backoff, maxElapsedTime: 1000 };
  for (const [config, random, answers, expected] of [
    [{ backoff: brief }, 0.5, [unavailable], [75, 150, 300, 300]],
    [{ backoff: brief }, 0, [unavailable], [50, 100, 200, 200, 200, 200]],
    // The official SDK's defaults; all are in src/http/retry.rs.
    [{}, 0, [unavailable, unavailable, revoked], [250, 375]],
  ]) {
    await withClock(
      async (clock) => {
        const { revoke, at } = timed(sdk, { retryConfig: { strategy: "backoff", ...config } }, ...answers);
        const { value, error } = await play(clock, revoke());
        assert.strictEqual((value ?? assertError(sdk, error, "SDKError")).statusCode, answers.at(-1).status);
        assert.deepEqual(waits(at), expected);
        assert.strictEqual(elapsed(), at.at(-1), "waited after the last attempt");
        assert.strictEqual(clock.countTimers(), 0);
      },
      { random },
    );
  }
});

const httpDate = (ms) => new Date(EPOCH + ms).toUTCString();
/** What servers ask for, and the waits before each retry. All the forms of seconds and lists are in src/http/retry_after.rs. */
const RETRY_AFTER = {
  "seconds, to the letter": [["7"], [7000]],
  "an HTTP date": [[httpDate(9000)], [9000]],
  "a list: the longest": [[`5, ${httpDate(9000)}, 7`], [9000]],
  "from the second retry on, the backoff at least": [
    [httpDate(-9000), "0", "0", "9"],
    [0, 150, 300, 9000],
  ],
  // The dates are not in the form in which servers must send them (RFC 9110, 5.6.7), though Date.parse reads them.
  "neither seconds nor an HTTP date: the backoff": [
    ["soon", "2026-01-02T03:04:09Z", "Fri, 2 Jan 2026 03:04:09 GMT", "Sat, 02 Jan 2026 03:04:09 GMT"],
    [75, 150, 300, 300],
  ],
  "beyond the budget: the answer is returned at once": [["61"], []],
};
for (const [name, [values, expected]] of Object.entries(RETRY_AFTER)) {
  test(`Retry-After: ${name}`, async ({ sdk }) => {
    for (const status of [429, 503]) {
      await withClock(async (clock) => {
        const answers = values.map((value) => retryAfter(value, status));
        const { revoke, at } = timed(sdk, { retryConfig: retries }, ...answers, revoked);
        const { value, error } = await play(clock, revoke());
        assert.strictEqual((value ?? error).statusCode, expected.length ? 200 : status);
        assert.deepEqual(waits(at), expected);
        assert.strictEqual(elapsed(), at.at(-1));
      });
    }
  });
}

test("Retry-After: a date counts from the response's Date, else from the client's clock", async ({ sdk }) => {
  for (const [date, minutes] of [
    [httpDate(0), 10],
    [httpDate(0), -1000],
    ["", 0],
    ["yesterday", 0],
    ["2026-01-02T03:04:05Z", 0],
  ]) {
    await withClock(async (clock) => {
      clock.setSystemTime(EPOCH + minutes * 60_000);
      const late = retryAfter(httpDate(9000));
      const { revoke, at } = timed(sdk, { retryConfig: retries }, { ...late, headers: { ...late.headers, date } }, revoked);
      await play(clock, revoke());
      assert.deepEqual(waits(at), [9000], `${date}, ${minutes} minutes`);
    });
  }
});

test("retries: which failures are retried, by default and when asked; a call's own settings win", async ({ sdk }) => {
  const fails = () => Promise.reject(new TypeError("fetch failed"));
  const teapot = { ...unavailable, status: 418 };
  const none = { strategy: "none" };
  const both = { retryConfig: retries };
  for (const [at, [props, options, answer, sent]] of [
    [{}, {}, unavailable, 1],
    [{ retryConfig: none }, {}, unavailable, 1],
    [both, {}, unavailable, 2],
    [both, { retries: none }, unavailable, 1],
    [{}, { retries }, unavailable, 2],
    [both, {}, fails, 2],
    [{ retryConfig: { ...retries, retryConnectionErrors: false } }, {}, fails, 1],
    [{ retryConfig: { ...retries, retryConnectionErrors: undefined } }, {}, fails, 1],
    // All the codes are in src/http/retry.rs.
    [both, {}, teapot, 1],
    [both, { retryCodes: ["418", "5xx"] }, teapot, 2],
    [both, { retryCodes: ["418", "5xx"] }, unavailable, 2],
    [both, { retryCodes: ["418", "5xx"] }, retryAfter("1"), 1],
    [both, { retryCodes: [] }, unavailable, 1],
  ].entries()) {
    await withClock(async (clock) => {
      const { revoke, requests } = stubbed(sdk, props, answer, revoked);
      const { error } = await play(clock, revoke(options));
      assert.lengthOf(requests, sent, `case ${at}`);
      if (sent === 1) assertError(sdk, error, answer === fails ? "ConnectionError" : "SDKError");
    });
  }
});

test("retries: each attempt is the same request with its own body and token", async ({ sdk }) => {
  await withClock(async (clock) => {
    const { client, requests } = timed(sdk, { retryConfig: retries }, unavailable, unavailable, revoked);
    const request = { ...ids, connectorServiceRevokeCredentialRequest: {} };
    await play(clock, client.connector.revokeCredential(request, { headers: { "x-a": "1" } }));
    const sent = requests.map(({ url, headers, body }) => ({ url, headers, body }));
    assert.deepEqual(sent, Array(3).fill({ ...sent[0], body: "{}" }));
    assert.strictEqual(sent[0].headers.authorization, `Bearer ${TOKEN}`);
  });
});

test("retries: the body of a discarded answer is cancelled, the last one's is read", async ({ sdk }) => {
  await withClock(async (clock) => {
    const { answer, state } = endless(503);
    const { revoke } = timed(sdk, { retryConfig: retries }, answer, revoked);
    assert.strictEqual((await play(clock, revoke())).value.statusCode, 200);
    assert.isTrue(state.cancelled);
  });
});

/** A fetcher's answer that comes only when its request is aborted, as fetch would, or never. */
const hangs = (request) =>
  new Promise((_, reject) => {
    request.signal.addEventListener("abort", () => reject(request.signal.reason));
  });
const hangsForEver = () => new Promise(() => {});

for (const [name, fetcher] of [
  ["a fetch that heeds its signal", hangs],
  ["a client that ignores its signal", hangsForEver],
]) {
  test(`timeoutMs: ends an attempt with a RequestTimeoutError, with a signal too (fault 9; ${name})`, async ({ sdk }) => {
    const { signal } = new AbortController();
    for (const [props, options] of [
      [{ timeoutMs: 1000 }, undefined],
      [{}, { timeoutMs: 1000, signal }],
      [{ timeoutMs: 5 }, { timeoutMs: 1000, signal }],
    ]) {
      await withClock(async (clock) => {
        const { revoke, requests } = stubbed(sdk, props, fetcher);
        let settled = false;
        const error = rejection(revoke(options)).finally(() => (settled = true));
        await until(() => requests.length === 1);
        await clock.tickAsync(999);
        assert.isFalse(settled, "ended too early");
        await clock.tickAsync(1);
        assertError(sdk, await error, "RequestTimeoutError");
        assert.strictEqual(clock.countTimers(), 0);
      });
    }
  });
}

test("timeoutMs: bounds each attempt, not the waits between them", async ({ sdk }) => {
  await withClock(async (clock) => {
    const slow = { strategy: "backoff", backoff: { ...backoff, initialInterval: 5000, maxInterval: 5000 } };
    const { revoke, requests } = stubbed(sdk, { timeoutMs: 1000, retryConfig: slow }, unavailable, unavailable, revoked);
    const call = revoke();
    const timers = () => [...(clock.timers?.values() ?? [])].map(({ delay }) => delay);
    for (const attempt of [1, 2]) {
      // The wait is 3750 ms with this jitter.
      await until(() => requests.length === attempt && timers().includes(3750));
      assert.deepEqual(timers(), [3750], "the attempt's limit runs on");
      await clock.tickAsync(3750);
    }
    assert.strictEqual((await call).statusCode, 200);
    assert.lengthOf(requests, 3);
    assert.strictEqual(clock.countTimers(), 0, "a timer is left");
  });
});

test("timeoutMs: 0 and less mean no limit", async ({ sdk }) => {
  for (const timeoutMs of [0, -1]) {
    await withClock(async (clock) => {
      const slow = () => new Promise((resolve) => setTimeout(resolve, 1e6, response(revoked)));
      const { revoke, requests } = stubbed(sdk, { timeoutMs }, slow);
      const call = revoke();
      await until(() => requests.length === 1);
      await clock.tickAsync(1e6);
      assert.strictEqual((await call).statusCode, 200);
    });
  }
});

const REASONS = {
  "no reason": undefined,
  "an Error": new Error("changed my mind"),
  "a string": "stop",
  null: null,
  "a number": 0,
  // As AbortSignal.timeout() gives.
  "a TimeoutError": new DOMException("timed out", "TimeoutError"),
};
/** The moments of an abort: what is answered, how many requests are sent and timers run then, and what ends with the call. */
const MOMENTS = {
  "before the call: nothing is sent": () => ({ early: true, sent: 0, timers: 0 }),
  "while security() is still at work": () => ({ props: { security: hangsForEver }, sent: 0 }),
  "during fetch, which is aborted too": () => ({ answer: hangs, ended: ([{ request }]) => request.signal.aborted }),
  "during the body, which is cancelled": () => {
    const { answer, state } = endless(200);
    return { answer, ended: () => state.cancelled };
  },
  "during a wait, which ends at once (fault 10)": () => ({ answer: retryAfter("30") }),
};
for (const [kind, reason] of Object.entries(REASONS)) {
  for (const [moment, make] of Object.entries(MOMENTS)) {
    test(`abort (${kind}): ${moment}`, ({ sdk }) =>
      withClock(async (clock) => {
        const { early, props, answer = revoked, sent = 1, timers = 1, ended = () => true } = make();
        const { revoke, requests } = stubbed(sdk, { retryConfig: retries, timeoutMs: 60_000, ...props }, answer, revoked);
        const controller = new AbortController();
        const { signal } = controller;
        const abort = () => (kind === "no reason" ? controller.abort() : controller.abort(reason));
        if (early) abort();
        const rejected = rejection(revoke({ signal }));
        await until(() => requests.length === sent && clock.countTimers() === timers);
        await turn();
        abort();
        const error = assertError(sdk, await rejected, kind === "a TimeoutError" ? "RequestTimeoutError" : "RequestAbortedError");
        if (signal.reason !== undefined && signal.reason !== null) assert.strictEqual(error.cause, signal.reason);
        await until(() => ended(requests));
        assert.lengthOf(requests, sent);
        assert.strictEqual(elapsed(), 0);
        assert.strictEqual(clock.countTimers(), 0, "a timer is left");
      }));
  }
}

test("abort: 30 calls with one signal and a time limit have one listener, which goes with the last call", async ({ sdk }) => {
  const controller = new AbortController();
  const { signal } = controller;
  await withListeners(signal, async (listeners) => {
    const waiting = [];
    const { revoke } = stubbed(sdk, { timeoutMs: 60_000 }, () => new Promise((resolve) => waiting.push(resolve)));
    const statuses = [];
    const call = async () => statuses.push((await revoke({ signal })).statusCode);
    const calls = Array.from({ length: 30 }, call);
    await until(() => waiting.length === 30);
    // Not in the order of the calls: Firefox reads the bodies of requests in any order.
    for (const [at, answer] of waiting.entries()) {
      assert.strictEqual(listeners.now, 1);
      answer(response(revoked));
      await until(() => statuses.length > at);
    }
    await Promise.all(calls);
    assert.deepEqual(statuses, Array(30).fill(200));
    assert.deepEqual([listeners.now, listeners.most], [0, 1]);
    controller.abort();
  });
});

test("abort: a call listens to its signal once, not once for each attempt", async ({ sdk }) => {
  await withClock(async (clock) => {
    const { signal } = new AbortController();
    await withListeners(signal, async (listeners) => {
      const { revoke, requests } = stubbed(sdk, { retryConfig: retries }, ...Array(9).fill(unavailable), revoked);
      const call = revoke({ signal, timeoutMs: 1e8 });
      while (requests.length < 10) {
        await clock.tickAsync(400);
        await turn();
      }
      assert.strictEqual((await call).statusCode, 200);
      assert.isAtLeast(listeners.added, 1);
      assert.isAtMost(listeners.added, 2);
      assert.strictEqual(listeners.now, 0);
    });
  });
});
