// A server for bulk runs that lives in the tests' time: it answers each request after a while, and records what it saw.
import { elapsed, withClock } from "./clock.js";
import { assert, json, TOKEN } from "./helpers.js";
import { test } from "./registry.js";

/** Registers a test of a bulk run: `run(context, clock)`, in time that is moved by hand. */
export const bulk = (name, run, options) =>
  test(`bulk: ${name}`, (context) => withClock((clock) => run(context, clock)), options);

/** Options of a client that exchanges a token of its own for the API's. */
export const TOKENS = { clientID: "some-name-1@acme.conductor.one/pcc", oidcToken: "their.own.token" };

const { setImmediate: immediate, setTimeout: timeout } = globalThis;

/** Makes the quickest way to give the event loop a turn: browsers hold timers up for 4 ms, thousands of times in these tests. */
function turns() {
  if (typeof immediate === "function") return () => new Promise((resolve) => immediate(resolve));
  if (!globalThis.navigator?.userAgent?.startsWith("Mozilla/")) return () => new Promise((resolve) => timeout(resolve));
  const { port1, port2 } = new MessageChannel();
  return () =>
    new Promise((resolve) => {
      port1.onmessage = resolve;
      port2.postMessage(null);
    });
}

/** Moves time from timer to timer until the run ends; resolves to its report, and fails if it rejects or does not end. */
export async function finish(clock, run) {
  const turn = turns();
  let outcome;
  run.then(
    (report) => (outcome = { report }),
    (error) => (outcome = { error }),
  );
  for (let steps = 0; !outcome; steps++) {
    assert.isBelow(steps, 50_000, "the run does not end");
    await turn();
    if (!outcome) clock.next();
  }
  if (outcome.error) throw outcome.error;
  return outcome.report;
}

/** Resolves after `ms` of the tests' time, or rejects as `fetch` does when it is aborted. */
function pass(ms, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    const abort = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    if (signal.aborted) return abort();
    signal.addEventListener("abort", abort);
  });
}

/** A body that is read without leaving the microtasks. Firefox reads a string on another thread, and time would move meanwhile. */
const atOnce = (text) =>
  new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode(text));
      controller.close();
    },
  });

/** An answer with this status. No body, so that no engine needs time of its own to read it. */
export const status = (code, headers = {}) => ({ status: code, headers: { ...json, ...headers } });

/** A 429 that asks for so many seconds, or for nothing in particular. */
export const refused = (seconds) => status(429, seconds === undefined ? {} : { "retry-after": String(seconds) });

/** A connection that breaks, as Node and Chromium report it. */
export const broken = () => {
  throw new TypeError("fetch failed");
};

/** Requests of these ids. */
export const requests = (...names) => names.map((id) => ({ appId: "app", connectorId: "connector", id }));

/** `count` different requests. */
export const many = (count, prefix = "c") => requests(...Array.from({ length: count }, (_, i) => `${prefix}${i}`));

/**
 * A client whose requests `answer(id, nth, request)` answers (nth counts the requests for this id from 0): with
 * `{ status, headers, body, after, redirected }`, where `after` is how long it takes (100 ms if it does not say); by throwing; or later, as a
 * promise.
 * `tokens` gives the token of each token request (counted from 1), or refuses it by giving none.
 */
export function bulkServer(sdk, answer = () => status(200), { tokens, ...props } = {}) {
  const server = { sent: [], inFlight: 0, peak: 0, tokens: 0 };
  const asked = new Map();
  const fetcher = async (input, init) => {
    const request = init === undefined && input instanceof Request ? input : new Request(input, init);
    // As `fetch` does: an aborted request is not sent.
    if (request.signal?.aborted) throw request.signal.reason;
    if (request.url.endsWith("/auth/v1/token")) {
      const token = await tokens(++server.tokens);
      const body = token ? { access_token: token, token_type: "Bearer", expires_in: 3600 } : { error: "invalid_client" };
      return new Response(atOnce(JSON.stringify(body)), { status: token ? 200 : 401, headers: json });
    }
    const id = decodeURIComponent(new URL(request.url).pathname.split("/").at(-1));
    const nth = asked.get(id) ?? 0;
    asked.set(id, nth + 1);
    server.inFlight++;
    server.peak = Math.max(server.peak, server.inFlight);
    server.sent.push({ id, nth, at: elapsed(), inFlight: server.inFlight, request });
    try {
      const { after = 100, status: code, headers, body, redirected = false } = await answer(id, nth, request);
      await pass(after, request.signal);
      const response = new Response(body === undefined ? null : atOnce(body), { status: code, headers });
      return redirected ? Object.defineProperty(response, "redirected", { value: true }) : response;
    } finally {
      server.inFlight--;
    }
  };
  server.client = new sdk.ConductoroneSDKTypescript({
    security: { bearerAuth: TOKEN },
    tenantDomain: "acme",
    httpClient: new sdk.HTTPClient({ fetcher }),
    ...props,
  });
  server.revoke = (input, options) => server.client.connector.revokeCredentials(input, options);
  server.ids = () => server.sent.map(({ id }) => id);
  server.times = (id) => server.sent.filter((sent) => id === undefined || sent.id === id).map(({ at }) => at);
  return server;
}

/** An async iterable over `items`, how far it was pulled, and whether it was closed. `delay` is what each item takes. */
export function source(items, delay) {
  const state = { pulled: 0, closed: 0 };
  const iterator = items[Symbol.iterator]();
  const iterable = {
    [Symbol.asyncIterator]: () => ({
      next: async () => {
        state.pulled++;
        if (delay !== undefined) await new Promise((resolve) => setTimeout(resolve, delay));
        return iterator.next();
      },
      return: async () => {
        state.closed++;
        return { done: true, value: undefined };
      },
    }),
  };
  return { iterable, state };
}

export const column = (report, key) => report.results.map((result) => result[key]);

/** Asserts the counts of a report and that they are those of its results. */
export function assertCounts(report, revoked, failed, skipped) {
  const told = report.results.map(({ status: word, error }) => `${word} ${error ?? ""}`).join("\n");
  assert.deepEqual([report.revoked, report.failed, report.skipped], [revoked, failed, skipped], told);
  if (report.results.length === 0) return;
  const count = (word) => column(report, "status").filter((other) => other === word).length;
  assert.deepEqual([count("revoked"), count("failed"), count("skipped")], [revoked, failed, skipped]);
  assert.deepEqual(column(report, "index"), [...report.results.keys()]);
}
