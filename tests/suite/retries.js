// Retries, Retry-After, budgets, time limits and aborts, in time that is moved by hand.
import { EPOCH, elapsed, play, turn, until, withClock } from "./clock.js";
import {
  assert,
  assertError,
  ids,
  json,
  rejection,
  response,
  revoked,
  stubbed,
  TOKEN,
  withGlobals,
  withListeners,
} from "./helpers.js";
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
function endless(status, start = "{") {
  const state = { cancelled: false };
  const answer = () => {
    const body = new ReadableStream({
      start: (controller) => controller.enqueue(new TextEncoder().encode(start)),
      cancel: () => {
        state.cancelled = true;
      },
    });
    return new Response(body, { status, headers: json });
  };
  return { answer, state };
}

/** Not the form in which servers must send a date (RFC 9110, 5.6.7), though Date.parse reads many of them; and words. */
const NO_WAITS = [
  "soon",
  "1.5",
  "2026-01-02T03:04:09Z",
  "Fri, 99 Foo 2026 99:99:99 GMT",
  "Fri, 2 Jan 2026 03:04:09 GMT",
  "Fri, 02 Jan 2026 03:04:09 UTC",
  "Fri, 02 Jan 2026 03:04:09",
  "Fri, 02 Jan 2026 03:04 GMT",
  "fri, 02 jan 2026 03:04:09 gmt",
  "Sat, 02 Jan 2026 03:04:09 GMT",
  "Fri, 32 Jan 2026 03:04:09 GMT",
  "Friday, 02-Jan-26 03:04:09 GMT",
  "Fri Jan  2 03:04:09 2026",
];

test("backoff: waits grow by the exponent up to maxInterval, jittered; the defaults are the official SDK's", async ({ sdk }) => {
  for (const [retries, random, expected] of [
    [{ strategy: "backoff", backoff }, 0.5, [75, 150, 300, 300, 300]],
    [{ strategy: "backoff", backoff }, 0, [50, 100, 200, 200, 200]],
    [{ strategy: "backoff" }, 1 - Number.EPSILON, [500, 750, 1125]],
  ]) {
    await withClock(
      async (clock) => {
        const { revoke, at } = timed(sdk, {}, ...expected.map(() => unavailable), revoked);
        assert.strictEqual((await play(clock, revoke({ retries }))).value.statusCode, 200);
        assert.lengthOf(waits(at), expected.length);
        for (const [i, wait] of waits(at).entries()) assert.closeTo(wait, expected[i], 1);
      },
      { random },
    );
  }
});

test("backoff: a wait that would pass maxElapsedTime is not begun; the last answer is returned at once", async ({ sdk }) => {
  await withClock(async (clock) => {
    const budget = { ...retries, backoff: { ...backoff, maxElapsedTime: 500 } };
    const { revoke, at } = timed(sdk, { retryConfig: budget }, unavailable);
    const { error } = await play(clock, revoke());
    assertError(sdk, error, "SDKError");
    assert.strictEqual(error.statusCode, 503);
    // 75 + 150, and then 300 would be past 500.
    assert.deepEqual(at, [0, 75, 225]);
    assert.strictEqual(elapsed(), 225, "waited after the last attempt");
    assert.strictEqual(clock.countTimers(), 0);
  });
});

const httpDate = (ms) => new Date(EPOCH + ms).toUTCString();
/** What servers ask for, and the waits before each retry. All the forms of seconds and lists are in src/http/retry_after.rs. */
const RETRY_AFTER = {
  "seconds, to the letter": [["7"], [7000]],
  "an HTTP date": [[httpDate(9000)], [9000]],
  "a date that has passed": [[httpDate(-9000)], [0]],
  "a list: the longest": [[`5, ${httpDate(9000)}, 7`], [9000]],
  "at once, again and again: the backoff at least": [
    ["0", "0", httpDate(-9000), "0"],
    [0, 150, 300, 300],
  ],
  "less and more than the backoff": [
    ["1", "0", "9"],
    [1000, 150, 9000],
  ],
};
for (const [name, [values, expected]] of Object.entries(RETRY_AFTER)) {
  test(`Retry-After: ${name}`, async ({ sdk }) => {
    for (const status of [429, 503]) {
      await withClock(async (clock) => {
        const answers = values.map((value) => retryAfter(value, status));
        const { revoke, at } = timed(sdk, { retryConfig: retries }, ...answers, revoked);
        assert.strictEqual((await play(clock, revoke())).value.statusCode, 200);
        assert.deepEqual(waits(at), expected);
      });
    }
  });
}

test("Retry-After: a date counts from the response's Date, and from the client's clock without one that can be read", async ({
  sdk,
}) => {
  for (const [date, minutes] of [
    [httpDate(0), 0],
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

test("Retry-After: what is neither seconds nor an HTTP date leaves the wait to the backoff", async ({ sdk }) => {
  for (const value of NO_WAITS) {
    await withClock(async (clock) => {
      const { revoke, at } = timed(sdk, { retryConfig: retries }, retryAfter(value), revoked);
      await play(clock, revoke());
      assert.deepEqual(waits(at), [75], value);
    });
  }
});

test("Retry-After: beyond the budget, the answer is returned at once", async ({ sdk }) => {
  for (const value of ["61", "259200", "99999999999999999999", new Date(EPOCH + 86_400_000).toUTCString()]) {
    await withClock(async (clock) => {
      const { revoke, at } = timed(sdk, { retryConfig: retries }, retryAfter(value), revoked);
      const { error } = await play(clock, revoke());
      assertError(sdk, error, "SDKError");
      assert.strictEqual(error.statusCode, 429);
      assert.lengthOf(at, 1);
      assert.strictEqual(elapsed(), 0);
    });
  }
});

test("retryCodes: by default 429, 500, 502, 503 and 504; exact codes and classes in their place", async ({ sdk }) => {
  for (const [retryCodes, retried, final] of [
    [undefined, [429, 500, 502, 503, 504], [400, 401, 403, 404, 408, 409, 422, 425, 501, 505, 599]],
    [
      ["418", "5xx"],
      [418, 501, 599],
      [429, 404],
    ],
    [[], [], [429, 503]],
  ]) {
    for (const status of [...retried, ...final]) {
      await withClock(async (clock) => {
        const { revoke, at } = timed(sdk, { retryConfig: retries }, { ...unavailable, status }, revoked);
        await play(clock, revoke({ retryCodes }));
        assert.lengthOf(at, retried.includes(status) ? 2 : 1, `${retryCodes} and ${status}`);
      });
    }
  }
});

test("retries: none by default, and a call's own configuration wins over the client's", async ({ sdk }) => {
  for (const [props, options, attempts] of [
    [{}, undefined, 1],
    [{ retryConfig: { strategy: "none" } }, undefined, 1],
    [{ retryConfig: retries }, undefined, 2],
    [{ retryConfig: retries }, { retries: { strategy: "none" } }, 1],
    [{}, { retries }, 2],
  ]) {
    await withClock(async (clock) => {
      const { revoke, at } = timed(sdk, props, unavailable, revoked);
      await play(clock, revoke(options));
      assert.lengthOf(at, attempts);
    });
  }
});

test("retries: connection errors only when asked, and the last error is the call's", async ({ sdk }) => {
  const fails = () => Promise.reject(new TypeError("fetch failed"));
  for (const [retryConnectionErrors, attempts] of [
    [true, 3],
    [false, 1],
    [undefined, 1],
  ]) {
    await withClock(async (clock) => {
      const budget = { ...backoff, maxElapsedTime: 250 };
      const { revoke, at } = timed(sdk, { retryConfig: { strategy: "backoff", backoff: budget, retryConnectionErrors } }, fails);
      const { error } = await play(clock, revoke());
      assertError(sdk, error, "ConnectionError");
      assert.lengthOf(at, attempts);
    });
  }
});

test("retries: each attempt is the same request with its own body and token", async ({ sdk }) => {
  await withClock(async (clock) => {
    const { client, requests } = timed(sdk, { retryConfig: retries }, unavailable, unavailable, revoked);
    const request = { ...ids, connectorServiceRevokeCredentialRequest: {} };
    await play(clock, client.connector.revokeCredential(request, { headers: { "x-a": "1" } }));
    assert.lengthOf(requests, 3);
    for (const { url, headers, body } of requests) {
      assert.strictEqual(url, requests[0].url);
      assert.deepEqual(headers, requests[0].headers);
      assert.strictEqual(body, "{}");
      assert.strictEqual(headers.authorization, `Bearer ${TOKEN}`);
    }
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
  test(`timeoutMs: ends an attempt with a RequestTimeoutError (${name})`, async ({ sdk }) => {
    for (const [props, options] of [
      [{ timeoutMs: 1000 }, undefined],
      [{}, { timeoutMs: 1000 }],
      [{ timeoutMs: 5 }, { timeoutMs: 1000 }],
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

test("timeoutMs: covers the body, which is then cancelled", async ({ sdk }) => {
  await withClock(async (clock) => {
    const { answer, state } = endless(200);
    const { revoke, requests } = stubbed(sdk, { timeoutMs: 1000 }, answer);
    const error = rejection(revoke());
    await until(() => requests.length === 1);
    await clock.tickAsync(1000);
    assertError(sdk, await error, "RequestTimeoutError");
    await until(() => state.cancelled);
  });
});

test("timeoutMs: bounds each attempt, not the waits between them", async ({ sdk }) => {
  await withClock(async (clock) => {
    const slow = { strategy: "backoff", backoff: { ...backoff, initialInterval: 5000, maxInterval: 5000 } };
    const { revoke, requests } = stubbed(sdk, { timeoutMs: 1000, retryConfig: slow }, unavailable, unavailable, revoked);
    const asked = [];
    const { setTimeout: fake } = globalThis;
    const setTimeout = (callback, delay) => {
      asked.push(delay);
      return fake(callback, delay);
    };
    await withGlobals({ setTimeout }, async () => {
      const call = revoke();
      for (const attempt of [1, 2]) {
        // The wait is 3750 ms with this jitter; whatever was asked before it are limits.
        await until(() => asked.filter((delay) => delay === 3750).length === attempt);
        assert.strictEqual(asked.at(-1), 3750);
        assert.strictEqual(clock.countTimers(), 1, "the attempt's limit runs on");
        await clock.tickAsync(3750);
      }
      assert.strictEqual((await call).statusCode, 200);
    });
    assert.lengthOf(requests, 3);
    assert.strictEqual(clock.countTimers(), 0, "a timer is left");
  });
});

test("timeoutMs: 0 and less mean no limit", async ({ sdk }) => {
  for (const timeoutMs of [0, -1]) {
    await withClock(async (clock) => {
      const { revoke, requests } = stubbed(
        sdk,
        { timeoutMs },
        () => new Promise((resolve) => setTimeout(() => resolve(response(revoked)), 1e6)),
      );
      const call = revoke();
      await until(() => requests.length === 1);
      await clock.tickAsync(1e6);
      assert.strictEqual((await call).statusCode, 200);
    });
  }
});

test("fault 9: timeoutMs and the caller's signal work together, whichever comes first", async ({ sdk }) => {
  await withClock(async (clock) => {
    const { revoke, requests } = stubbed(sdk, { timeoutMs: 1000 }, hangs);
    const { signal } = new AbortController();
    const error = rejection(revoke({ signal }));
    await until(() => requests.length === 1);
    await clock.tickAsync(1000);
    assertError(sdk, await error, "RequestTimeoutError");
  });
  await withClock(async (clock) => {
    const { revoke, requests } = stubbed(sdk, { timeoutMs: 1000 }, hangs);
    const controller = new AbortController();
    const error = rejection(revoke({ signal: controller.signal }));
    await until(() => requests.length === 1);
    controller.abort();
    assertError(sdk, await error, "RequestAbortedError");
    assert.strictEqual(clock.countTimers(), 0, "the time limit is still running");
  });
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
  "before the call: nothing is sent": () => ({ sent: 0 }),
  "during fetch, which is aborted too": () => ({ answer: hangs, ended: ([{ request }]) => request.signal.aborted }),
  "during the body, which is cancelled": () => {
    const { answer, state } = endless(200);
    return { answer, ended: () => state.cancelled };
  },
  "during a wait, which ends at once (fault 10)": () => ({ answer: retryAfter("30"), timers: 1 }),
};
for (const [kind, reason] of Object.entries(REASONS)) {
  for (const [moment, make] of Object.entries(MOMENTS)) {
    test(`abort (${kind}): ${moment}`, ({ sdk }) =>
      withClock(async (clock) => {
        const { answer = revoked, sent = 1, timers = 0, ended = () => true } = make();
        const { revoke, requests } = stubbed(sdk, { retryConfig: retries }, answer, revoked);
        const controller = new AbortController();
        const { signal } = controller;
        const abort = () => (kind === "no reason" ? controller.abort() : controller.abort(reason));
        if (sent === 0) abort();
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

test("abort: while security() is still at work", async ({ sdk }) => {
  const { revoke, requests } = stubbed(sdk, { security: hangsForEver });
  const controller = new AbortController();
  const error = rejection(revoke({ signal: controller.signal }));
  controller.abort();
  assertError(sdk, await error, "RequestAbortedError");
  assert.lengthOf(requests, 0);
});

test("abort: 30 calls with one signal and a time limit have one listener, which goes with the last call", async ({ sdk }) => {
  const controller = new AbortController();
  const { signal } = controller;
  await withListeners(signal, async (listeners) => {
    const waiting = [];
    const { revoke } = stubbed(sdk, { timeoutMs: 60_000 }, () => new Promise((resolve) => waiting.push(resolve)));
    const calls = Array.from({ length: 30 }, () => revoke({ signal }));
    await until(() => waiting.length === 30);
    for (const [at, call] of calls.entries()) {
      assert.strictEqual(listeners.now, 1);
      waiting[at](response(revoked));
      assert.strictEqual((await call).statusCode, 200);
    }
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
