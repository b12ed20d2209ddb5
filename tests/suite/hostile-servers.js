// Servers that misbehave: each call ends, in the right error, and nothing is taken for revoked unless the API said so.
import { until, withClock } from "./clock.js";
import { assert, ids, TOKEN } from "./helpers.js";
import { endsWell } from "./hostile.js";
import { test } from "./registry.js";

const LIMIT = 1 << 20;

/** Begins a call to the server that behaves like this: the promise of how it ends, and what can be asked of the server. */
function begin(sdk, hostile, behaviour, options, props) {
  const call = crypto.randomUUID();
  const serverURL = `${hostile}/${behaviour}/${call}`;
  const client = new sdk.ConductoroneSDKTypescript({ security: { bearerAuth: TOKEN }, serverURL, ...props });
  const end = endsWell(sdk, () => client.connector.revokeCredential(ids, options), behaviour);
  const ask = async (what) => (await fetch(`${hostile}/${what}/${call}`)).json();
  return { end, seen: () => ask("seen"), closed: () => ask("closed") };
}

/** One call to the server that behaves like this: how it ended, and what the server saw of it. */
async function callTo(...args) {
  const { end, ...asks } = begin(...args);
  return { ...(await end), ...asks };
}

const name = ({ value, error }) => error?.name ?? value?.statusCode;

/**
 * How a call to each behaviour ends: the status of the result, or the name of the error. Where engines differ, `default` and the
 * engines that do otherwise (harness/runtimes.mjs names them). Each engine ends the same way every time. These are faults of HTTP,
 * which only an engine can meet: what whole responses mean is in answers.js and certainty.js.
 */
const MISBEHAVIOURS = {
  ok: 200,
  dribbled: 200,
  // workerd takes an informational response for the final one.
  "early-hints": { default: 200, workerd: "SDKError" },
  // undici refuses a 100 that the request did not ask for.
  continue: { default: 200, node: "ConnectionError", workerd: "SDKError" },
  // The error of those that take a 101 for a response has its status.
  "switching-protocols": { default: "ConnectionError", workerd: "SDKError", firefox: "SDKError", deno: "SDKError" },
  "closed-at-once": "ConnectionError",
  "reset-at-once": "ConnectionError",
  "reset-in-head": "ConnectionError",
  "closed-in-head": "ConnectionError",
  "reset-in-body": "ConnectionError",
  "closed-after-what-looks-whole": "ConnectionError",
  "closed-in-chunk": "ConnectionError",
  // WebKit ignores these three faults of framing: the body is complete all the same.
  "closed-before-last-chunk": { default: "ConnectionError", webkit: 200 },
  "broken-chunk": { default: "ConnectionError", webkit: 200 },
  "lengths-that-differ": { default: "ConnectionError", webkit: 200 },
  "length-too-short": "ResponseValidationError",
  // Browsers ignore an invalid length. WebKit reads no body if it is negative.
  "length-negative": { default: "ConnectionError", chromium: 200, firefox: 200, webkit: "ResponseValidationError" },
  "length-no-number": { default: "ConnectionError", chromium: 200, firefox: 200 },
  "body-after-no-length": 200,
  "two-megabytes": "ResponseValidationError",
  "gzip-bomb": "ResponseValidationError",
  // WebKit takes the body as it is.
  "gzip-that-is-none": { default: "ConnectionError", webkit: 200 },
  // undici and the browsers end the body where the data ends, here before its first byte. With a Content-Encoding, that is no success.
  "gzip-cut-short": {
    default: "ResponseValidationError",
    workerd: "ConnectionError",
    deno: "ConnectionError",
    bun: "ConnectionError",
  },
  "many-headers": 200,
  "thousands-of-headers": "ConnectionError",
  "not-utf-8": "ResponseValidationError",
  "not-utf-8-in-a-string": 200,
  "not-ascii-in-head": { default: 200, node: "ConnectionError", deno: "ConnectionError", bun: "ConnectionError" },
  "no-http": "ConnectionError",
  "status-000": { default: "ConnectionError", chromium: "SDKError", firefox: "SDKError", bun: "SDKError" },
  "status-999": "SDKError",
  // These two make a Response with the status 2000, which the Fetch standard does not allow.
  "status-2000": { default: "ConnectionError", workerd: "UnexpectedClientError", chromium: "UnexpectedClientError" },
  // Chromium takes a status line without a number for a 200.
  "status-200-in-words": { default: "ConnectionError", chromium: 200 },
  "not-modified": "SDKError",
  "elsewhere-in-headers": "SDKError",
  "refresh-elsewhere": 200,
};

/** The same for redirects. */
const REDIRECTS = {
  "redirect-without-location": "SDKError",
  // Chromium takes a location that is no URL for a broken connection.
  "redirect-to-nonsense": { default: "SDKError", chromium: "ConnectionError" },
  "redirect-to-javascript": "SDKError",
};
for (const status of [300, 301, 302, 303, 305, 307, 308]) {
  for (const where of ["here", "elsewhere"]) REDIRECTS[`redirect-${status}-${where}`] = "SDKError";
}

/** The same for responses without end. */
const ENDLESS = {
  "endless-body": "ResponseValidationError",
  "endless-error-body": "SDKError",
  "endless-head": "ConnectionError",
};

/** Servers that never answer or never finish: only a time limit or an abort ends the call. */
export const SLOW = ["silent", "slow-loris-head", "slow-loris-body", "hang-after-head", "hang-in-body", "only-informational"];

const inEngine = (expected, engine) => expected[engine] ?? expected.default ?? expected;

/** How each behaviour that ends by itself ends in an engine. */
export function endings(engine) {
  const all = Object.entries({ ...MISBEHAVIOURS, ...REDIRECTS, ...ENDLESS });
  return new Map(all.map(([behaviour, expected]) => [behaviour, inEngine(expected, engine)]));
}

const PARTS = 3;
const partOf = (part) => Object.entries(MISBEHAVIOURS).filter((_, at) => at % PARTS === part);
for (let part = 0; part < PARTS; part++) {
  test(`misbehaving servers: every call ends in the right error (${part + 1} of ${PARTS})`, (context) =>
    everyEnding(context, partOf(part)));
}

test("redirects of all kinds: not followed, not taken for success", (context) => everyEnding(context, Object.entries(REDIRECTS)));

/** Also, where the request was sent: here, once, and never is an outcome "notSent". */
async function everyEnding({ sdk, hostile, engine }, expectations) {
  const wrong = [];
  for (const [behaviour, expected] of expectations) {
    const end = await callTo(sdk, hostile, behaviour);
    if (name(end) !== inEngine(expected, engine)) wrong.push(`${behaviour}: ${name(end)}`);
    assert.notStrictEqual(end.error?.outcome, "notSent", behaviour);
    // A browser hides which redirect it was (an opaque response with status 0).
    if (/redirect-\d/.test(behaviour)) assert.include([Number(behaviour.split("-")[1]), 0], end.error.statusCode);
    assert.deepEqual(await end.seen(), { requests: 1, elsewhere: 0 }, behaviour);
  }
  assert.deepEqual(wrong, []);
}

test("a caller who lets fetch follow a redirect is not told that anything was revoked", async ({ sdk, hostile }) => {
  for (const status of [301, 302, 303, 307, 308]) {
    for (const where of ["here", "elsewhere"]) {
      const behaviour = `redirect-${status}-${where}`;
      const end = await callTo(sdk, hostile, behaviour, { redirect: "follow" });
      assert.strictEqual(name(end), "SDKError", behaviour);
      // A 307 or 308 repeats the request elsewhere, which may have revoked.
      assert.strictEqual(end.error.outcome, "unknown", behaviour);
      const { requests, elsewhere } = await end.seen();
      assert.strictEqual(requests, where === "here" ? 2 : 1, behaviour);
      // At least: some browsers send a preflight first.
      if (where === "elsewhere") assert.isAtLeast(elsewhere, 1, behaviour);
    }
  }
});

test("what has no end is left, and its connection closed; what is small only while compressed is read up to 1 MiB", async ({
  sdk,
  hostile,
  engine,
}) => {
  // The bomb is last: WebKit goes on unpacking it, and begins nothing else meanwhile.
  for (const behaviour of ["endless-head", "endless-body", "endless-error-body", "two-megabytes", "gzip-bomb"]) {
    const end = await callTo(sdk, hostile, behaviour);
    assert.strictEqual(name(end), endings(engine).get(behaviour), behaviour);
    if (behaviour.startsWith("endless")) await end.closed();
    if (behaviour === "endless-head") continue;
    assert.isAtMost(end.error.body.length, LIMIT, behaviour);
    assert.isAtMost(end.error.message.length, 20_000, behaviour);
    if (end.error.statusCode === 200) assert.match(end.error.cause, /1 MiB/, behaviour);
  }
});

/** Those that send a head, so that the limit ends the wait for a body. Firefox hands on a head with the first byte of the body. */
const WITH_HEAD = {
  default: ["slow-loris-body", "hang-after-head", "hang-in-body"],
  firefox: ["slow-loris-body", "hang-in-body"],
};

test("servers that never finish: the time limit covers head and body, and closes the connection", async ({
  sdk,
  hostile,
  engine,
}) => {
  const withHead = inEngine(WITH_HEAD, engine);
  await withClock(async (clock) => {
    for (const behaviour of SLOW) {
      let heads = 0;
      const httpClient = new sdk.HTTPClient().addHook("response", () => void heads++);
      const { end, seen, closed } = begin(sdk, hostile, behaviour, { timeoutMs: 1000 }, { httpClient });
      await until(async () => (withHead.includes(behaviour) ? heads > 0 : (await seen()).requests > 0));
      await clock.tickAsync(1000);
      assert.strictEqual(name(await end), "RequestTimeoutError", behaviour);
      await closed();
    }
  });
});

test("a caller's abort ends the wait for a body, and closes the connection", async ({ sdk, hostile }) => {
  const controller = new AbortController();
  let heads = 0;
  const httpClient = new sdk.HTTPClient().addHook("response", () => void heads++);
  const { end, closed } = begin(sdk, hostile, "hang-in-body", { signal: controller.signal }, { httpClient });
  await until(() => heads > 0);
  controller.abort();
  assert.strictEqual(name(await end), "RequestAbortedError");
  await closed();
});
