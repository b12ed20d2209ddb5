import { assert } from "chai";
import { withReplaced } from "./registry.js";

export { assert };

export const TOKEN = "tok-4f9a";
export const ids = { appId: "app-1", connectorId: "connector-2", id: "credential-3" };
export const PATH = "/api/v1/apps/app-1/connectors/connector-2/credentials/credential-3";
export const json = { "content-type": "application/json" };
/** What the API answers when it has revoked. */
export const revoked = { status: 200, headers: json, body: "{}" };

/** The Response that `{ status, headers, body }` describes. */
export function response({ status = 200, headers = {}, body = null }) {
  const bodiless = [101, 204, 205, 304].includes(status);
  return new Response(bodiless ? null : body, { status, headers });
}

/**
 * An HTTPClient whose fetcher plays `answers` (the last one repeats) and records the requests. An answer describes a
 * Response, or is a function of the Request that returns one (or throws).
 */
export function stubClient(sdk, ...answers) {
  const requests = [];
  const fetcher = async (input, init) => {
    const request = init === undefined && input instanceof Request ? input : new Request(input, init);
    const answer = answers[Math.min(requests.length, answers.length - 1)];
    requests.push({
      method: request.method,
      url: request.url,
      headers: Object.fromEntries(request.headers),
      body: await request.clone().text(),
      request,
    });
    return typeof answer === "function" ? answer(request) : response(answer);
  };
  return { httpClient: new sdk.HTTPClient({ fetcher }), requests };
}

/** A client for tenant acme whose requests are answered by `answers`, and what it sent. */
export function stubbed(sdk, props = {}, ...answers) {
  const { httpClient, requests } = stubClient(sdk, ...(answers.length ? answers : [revoked]));
  const client = new sdk.ConductoroneSDKTypescript({
    security: { bearerAuth: TOKEN },
    tenantDomain: "acme",
    httpClient,
    ...props,
  });
  return { client, requests, revoke: (options) => client.connector.revokeCredential(ids, options) };
}

/** What the promise rejects with; fails when it does not. */
export async function rejection(promise) {
  const nothing = Symbol("no rejection");
  const reason = await promise.then(
    () => nothing,
    (error) => error,
  );
  assert.notStrictEqual(reason, nothing, "should have been rejected");
  return reason;
}

/** What calling `action` throws at once. */
export function thrown(action) {
  try {
    action();
  } catch (error) {
    return error;
  }
  return assert.fail("should have thrown");
}

/** Asserts the class of an error by the package's own class object, its name and its bases. */
export function assertError(sdk, error, className, message) {
  assert.instanceOf(error, sdk.errors[className], `${error?.stack ?? error}`);
  assert.instanceOf(error, Error);
  assert.strictEqual(error.name, className);
  if (message !== undefined) assert.match(error.message, message);
  return error;
}

/** A play on the loopback server: where it answers, and what it was asked. */
export async function playOn(server, ...steps) {
  const answer = await fetch(`${server}/plays`, { method: "POST", body: JSON.stringify(steps) });
  const { number, base, elsewhere } = await answer.json();
  return { base, elsewhere, requests: async () => (await fetch(`${server}/plays/${number}`)).json() };
}

/** Replaces globals while `action` runs. */
export const withGlobals = (replacements, action) => withReplaced(globalThis, replacements, action);

/**
 * Counts the listeners of a signal while `action({ added, now, most })` runs. Node warns of more than ten on one signal
 * ("Possible EventTarget memory leak detected"), which is asserted not to happen.
 */
export async function withListeners(signal, action) {
  const listeners = { added: 0, now: 0, most: 0 };
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = function (...args) {
    listeners.added++;
    listeners.most = Math.max(listeners.most, ++listeners.now);
    return addEventListener.apply(this, args);
  };
  signal.removeEventListener = function (...args) {
    listeners.now--;
    return removeEventListener.apply(this, args);
  };
  const warnings = [];
  const emitWarning = (warning) => void warnings.push(String(warning));
  await withReplaced(globalThis.process ?? {}, { emitWarning }, () => action(listeners));
  assert.deepEqual(warnings, []);
}
