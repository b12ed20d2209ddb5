// Retries, Retry-After, budgets, time limits and aborts, in time that is moved by hand.
import { EPOCH, elapsed, play, turn, until, withClock } from "./clock.js";
import { assert, assertError, ids, json, playOn, rejection, response, revoked, stubbed, TOKEN, withGlobals } from "./helpers.js";
import { test, withReplaced } from "./registry.js";

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

/** Neither seconds nor an HTTP date in the form that servers must send (RFC 9110, 5.6.7), though Date.parse reads many of them. */
const NO_WAITS = [
  "soon",
  "-5",
  "1.5",
  "0x10",
  "1e3",
  "",
  "5, soon",
  "2026-01-02T03:04:09Z",
  "Fri, 99 Foo 2026 99:99:99 GMT",
  "Fri, 2 Jan 2026 03:04:09 GMT",
  "Fri, 02 Jan 2026 03:04:09 UTC",
  "Fri, 02 Jan 2026 03:04:09 +0000",
  "Fri, 02 Jan 2026 03:04:09",
  "Fri, 02 Jan 2026 03:04 GMT",
  "fri, 02 jan 2026 03:04:09 gmt",
  "Sat, 02 Jan 2026 03:04:09 GMT",
  "Fri, 32 Jan 2026 03:04:09 GMT",
  "Friday, 02-Jan-26 03:04:09 GMT",
  "Fri Jan  2 03:04:09 2026",
];

for (const [random, factor] of [
  [0, 0.5],
  [0.5, 0.75],
  [1 - Number.EPSILON, 1],
]) {
  test(`backoff: waits grow by the exponent up to maxInterval, jittered inside it (random ${random.toFixed(1)})`, async ({
    sdk,
  }) => {
    await withClock(
      async (clock) => {
        const { revoke, at } = timed(sdk, { retryConfig: retries }, ...Array(5).fill(unavailable), revoked);
        const { value } = await play(clock, revoke());
        assert.strictEqual(value.statusCode, 200);
        const expected = [100, 200, 400, 400, 400].map((ceiling) => ceiling * factor);
        assert.lengthOf(waits(at), expected.length);
        for (const [i, wait] of waits(at).entries()) assert.closeTo(wait, expected[i], 1);
      },
      { random },
    );
  });
}

test("backoff: its defaults are the official ones (500 ms, × 1.5)", async ({ sdk }) => {
  await withClock(
    async (clock) => {
      const { revoke, at } = timed(sdk, {}, unavailable, unavailable, unavailable, revoked);
      await play(clock, revoke({ retries: { strategy: "backoff" } }));
      for (const [i, wait] of waits(at).entries()) assert.closeTo(wait, [500, 750, 1125][i], 1);
      assert.lengthOf(at, 4);
    },
    { random: 1 - Number.EPSILON },
  );
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

test("Retry-After: seconds are obeyed to the letter, without jitter", async ({ sdk }) => {
  await withClock(async (clock) => {
    const { revoke, at } = timed(sdk, { retryConfig: retries }, retryAfter("0", 503), retryAfter("7"), revoked);
    await play(clock, revoke());
    assert.deepEqual(waits(at), [0, 7000]);
  });
});

test("Retry-After: an HTTP date is obeyed, one that has passed means now", async ({ sdk }) => {
  await withClock(async (clock) => {
    const answers = [EPOCH - 9000, EPOCH + 9000].map((date) => retryAfter(new Date(date).toUTCString()));
    const { revoke, at } = timed(sdk, { retryConfig: retries }, ...answers, revoked);
    await play(clock, revoke());
    assert.deepEqual(waits(at), [0, 9000]);
  });
});

/** What says "at once" each time. */
const AT_ONCE = {
  0: () => "0",
  "a date in the past": () => "Thu, 01 Jan 1970 00:00:00 GMT",
  "a date by the server's clock, which is behind": () => new Date(Date.now() - 3_600_000).toUTCString(),
  now: () => new Date(Date.now()).toUTCString(),
};
for (const [name, value] of Object.entries(AT_ONCE)) {
  test(`Retry-After: ${name}, again and again: from the second retry on, the wait is the backoff at least`, async ({ sdk }) => {
    for (const status of [429, 503]) {
      await withClock(async (clock) => {
        const again = () => response(retryAfter(value(), status));
        const { revoke, at } = timed(sdk, { retryConfig: retries }, again, again, again, again, again, revoked);
        const { value: result } = await play(clock, revoke());
        assert.strictEqual(result.statusCode, 200);
        assert.deepEqual(waits(at), [0, 150, 300, 300, 300]);
      });
    }
  });
}

test("Retry-After: what is shorter than the backoff does not shorten it, from the second retry on", async ({ sdk }) => {
  await withClock(async (clock) => {
    const slow = { strategy: "backoff", backoff: { ...backoff, initialInterval: 4000, maxInterval: 4000 } };
    const { revoke, at } = timed(sdk, { retryConfig: slow }, retryAfter("1"), retryAfter("1"), retryAfter("9"), revoked);
    await play(clock, revoke());
    assert.deepEqual(waits(at), [1000, 3000, 9000]);
  });
});

test("Retry-After: a server that always says 0 gets no more requests than the backoff allows", async ({ sdk }) => {
  await withClock(async (clock) => {
    const server = [...Array(300).fill(retryAfter("0")), revoked];
    const { revoke, at } = timed(
      sdk,
      { retryConfig: { ...retries, backoff: { ...backoff, maxElapsedTime: 10_000 } } },
      ...server,
    );
    const { error } = await play(clock, revoke());
    assertError(sdk, error, "SDKError");
    assert.isAtMost(at.length, 36);
    assert.isAtMost(elapsed(), 10_000);
  });
});

test("Retry-After: a date counts from the response's Date, whatever the client's clock shows", async ({ sdk }) => {
  for (const minutes of [0, 10, -10, -1000]) {
    await withClock(async (clock) => {
      clock.setSystemTime(EPOCH + minutes * 60_000);
      const date = new Date(EPOCH).toUTCString();
      const late = retryAfter(new Date(EPOCH + 9000).toUTCString());
      const { revoke, at } = timed(sdk, { retryConfig: retries }, { ...late, headers: { ...late.headers, date } }, revoked);
      await play(clock, revoke());
      assert.deepEqual(waits(at), [9000], `${minutes} minutes`);
    });
  }
});

test("Retry-After: without a Date that can be read, a date counts from the client's clock", async ({ sdk }) => {
  for (const date of [undefined, "", "yesterday", "2026-01-02T03:04:05Z"]) {
    await withClock(async (clock) => {
      const late = retryAfter(new Date(EPOCH + 9000).toUTCString());
      const headers = { ...late.headers, ...(date === undefined ? {} : { date }) };
      const { revoke, at } = timed(sdk, { retryConfig: retries }, { ...late, headers }, revoked);
      await play(clock, revoke());
      assert.deepEqual(waits(at), [9000], date);
    });
  }
});

test("Retry-After: one that came twice counts, and of two the longer", async ({ sdk }) => {
  const date = new Date(EPOCH + 9000).toUTCString();
  for (const [value, wait] of [
    ["30, 30", 30_000],
    ["5, 30", 30_000],
    ["30,5", 30_000],
    [`${date}, ${date}`, 9000],
    [`5, ${date}`, 9000],
  ]) {
    await withClock(async (clock) => {
      const { revoke, at } = timed(sdk, { retryConfig: retries }, retryAfter(value), revoked);
      await play(clock, revoke());
      assert.deepEqual(waits(at), [wait], value);
    });
  }
});

test("Retry-After: what is neither form leaves the wait to the backoff", async ({ sdk }) => {
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

test("retryCodes: by default 429, 500, 502, 503 and 504, and nothing else", async ({ sdk }) => {
  const retried = [];
  for (const status of [400, 401, 403, 404, 408, 409, 422, 425, 429, 500, 501, 502, 503, 504, 505, 599]) {
    await withClock(async (clock) => {
      const { revoke, at } = timed(sdk, { retryConfig: retries }, { ...unavailable, status }, revoked);
      await play(clock, revoke());
      if (at.length > 1) retried.push(status);
    });
  }
  assert.deepEqual(retried, [429, 500, 502, 503, 504]);
});

test("retryCodes: exact codes and classes, in place of the default", async ({ sdk }) => {
  for (const [retryCodes, status, attempts] of [
    [["418"], 418, 2],
    [["418"], 503, 1],
    [["5XX"], 501, 2],
    [["5xx"], 599, 2],
    [["4XX"], 404, 2],
    [["5XX"], 429, 1],
    [[], 503, 1],
  ]) {
    await withClock(async (clock) => {
      const { revoke, at } = timed(sdk, { retryConfig: retries }, { ...unavailable, status }, revoked);
      await play(clock, revoke({ retryCodes }));
      assert.lengthOf(at, attempts, `${retryCodes} and ${status}`);
    });
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
};
for (const [kind, reason] of Object.entries(REASONS)) {
  const abort = (controller) => (kind === "no reason" ? controller.abort() : controller.abort(reason));
  const assertAborted = (sdk, error, signal) => {
    assertError(sdk, error, "RequestAbortedError");
    if (signal.reason !== undefined && signal.reason !== null) assert.strictEqual(error.cause, signal.reason);
  };

  test(`abort (${kind}): before the call, nothing is sent`, async ({ sdk }) => {
    const { revoke, requests } = stubbed(sdk);
    const controller = new AbortController();
    abort(controller);
    assertAborted(sdk, await rejection(revoke({ signal: controller.signal })), controller.signal);
    assert.lengthOf(requests, 0);
  });

  test(`abort (${kind}): during fetch, which is aborted too`, async ({ sdk }) => {
    const { revoke, requests } = stubbed(sdk, {}, hangs);
    const controller = new AbortController();
    const error = rejection(revoke({ signal: controller.signal }));
    await until(() => requests.length === 1);
    abort(controller);
    assertAborted(sdk, await error, controller.signal);
    assert.isTrue(requests[0].request.signal.aborted);
  });

  test(`abort (${kind}): during the body, which is cancelled`, async ({ sdk }) => {
    const { answer, state } = endless(200);
    const { revoke, requests } = stubbed(sdk, {}, answer);
    const controller = new AbortController();
    const error = rejection(revoke({ signal: controller.signal }));
    await until(() => requests.length === 1);
    await new Promise((resolve) => setTimeout(resolve));
    abort(controller);
    assertAborted(sdk, await error, controller.signal);
    await until(() => state.cancelled);
  });

  test(`fault 10: abort (${kind}) during a wait ends it at once`, async ({ sdk }) => {
    await withClock(async (clock) => {
      const { revoke, requests } = stubbed(sdk, { retryConfig: retries }, retryAfter("30"), revoked);
      const controller = new AbortController();
      const error = rejection(revoke({ signal: controller.signal }));
      await until(() => clock.countTimers() === 1);
      abort(controller);
      assertAborted(sdk, await error, controller.signal);
      assert.lengthOf(requests, 1);
      assert.strictEqual(elapsed(), 0);
      assert.strictEqual(clock.countTimers(), 0, "the wait's timer is left");
    });
  });
}

test("abort: while security() is still at work", async ({ sdk }) => {
  const { revoke, requests } = stubbed(sdk, { security: hangsForEver });
  const controller = new AbortController();
  const error = rejection(revoke({ signal: controller.signal }));
  controller.abort();
  assertError(sdk, await error, "RequestAbortedError");
  assert.lengthOf(requests, 0);
});

test("abort: a signal that timed out gives a RequestTimeoutError", async ({ sdk }) => {
  const { revoke, requests } = stubbed(sdk, {}, hangs);
  const controller = new AbortController();
  const error = rejection(revoke({ signal: controller.signal }));
  await until(() => requests.length === 1);
  controller.abort(new DOMException("timed out", "TimeoutError"));
  assertError(sdk, await error, "RequestTimeoutError");
});

test("abort: after the end of a call, nothing happens and nothing listens", async ({ sdk }) => {
  const { revoke } = stubbed(sdk, { timeoutMs: 60_000 });
  const controller = new AbortController();
  const listeners = new Set();
  const { signal } = controller;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (type, listener, ...rest) => {
    listeners.add(listener);
    return addEventListener.call(signal, type, listener, ...rest);
  };
  signal.removeEventListener = (type, listener, ...rest) => {
    listeners.delete(listener);
    return removeEventListener.call(signal, type, listener, ...rest);
  };
  await revoke({ signal });
  controller.abort();
  assert.strictEqual(listeners.size, 0);
});

test("abort: 30 calls with one signal and a time limit have one listener, which goes with the last call", async ({ sdk }) => {
  const { signal } = new AbortController();
  const { addEventListener, removeEventListener } = signal;
  let [listening, most] = [0, 0];
  signal.addEventListener = function (...args) {
    most = Math.max(most, ++listening);
    return addEventListener.apply(this, args);
  };
  signal.removeEventListener = function (...args) {
    listening--;
    return removeEventListener.apply(this, args);
  };
  // Node warns of more than ten: "Possible EventTarget memory leak detected".
  const warnings = [];
  const emitWarning = (warning) => void warnings.push(String(warning));
  await withReplaced(globalThis.process ?? {}, { emitWarning }, async () => {
    const waiting = [];
    const { revoke } = stubbed(sdk, { timeoutMs: 60_000 }, () => new Promise((resolve) => waiting.push(resolve)));
    const calls = Array.from({ length: 30 }, () => revoke({ signal }));
    await until(() => waiting.length === 30);
    for (const [at, call] of calls.entries()) {
      assert.strictEqual(listening, 1);
      waiting[at](response(revoked));
      assert.strictEqual((await call).statusCode, 200);
    }
  });
  assert.deepEqual({ listening, most, warnings }, { listening: 0, most: 1, warnings: [] });
});

test("abort: a call listens to its signal once, not once for each attempt", async ({ sdk }) => {
  await withClock(async (clock) => {
    const { signal } = new AbortController();
    let added = 0;
    let listening = 0;
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = function (...args) {
      added++;
      listening++;
      return addEventListener.apply(this, args);
    };
    signal.removeEventListener = function (...args) {
      listening--;
      return removeEventListener.apply(this, args);
    };
    const { revoke, requests } = stubbed(sdk, { retryConfig: retries }, ...Array(9).fill(unavailable), revoked);
    const call = revoke({ signal, timeoutMs: 1e8 });
    while (requests.length < 10) {
      await clock.tickAsync(400);
      await turn();
    }
    assert.strictEqual((await call).statusCode, 200);
    assert.isAtLeast(added, 1);
    assert.isAtMost(added, 2);
    assert.strictEqual(listening, 0);
  });
});

test("abort and timeout: over a real connection, headers and body", async ({ sdk, server }) => {
  for (const step of [{ hang: true }, { status: 200, headers: json, body: "{", hang: true }]) {
    const slow = await playOn(server, step);
    const client = new sdk.ConductoroneSDKTypescript({ security: { bearerAuth: TOKEN }, serverURL: slow.base });
    const arrived = (count) => until(async () => (await slow.requests()).length === count);
    await withClock(async (clock) => {
      const error = rejection(client.connector.revokeCredential(ids, { timeoutMs: 1000 }));
      await arrived(1);
      await clock.tickAsync(1000);
      assertError(sdk, await error, "RequestTimeoutError");
    });
    const controller = new AbortController();
    const error = rejection(client.connector.revokeCredential(ids, { signal: controller.signal }));
    await arrived(2);
    controller.abort();
    assertError(sdk, await error, "RequestAbortedError");
  }
});
