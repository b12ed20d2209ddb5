// Every JavaScript value of the wrong kind, in every place: a typed error or it works; no trap, no hang, no request that should not
// have been sent, and nothing thrown where a rejection is promised.

import { turn } from "./clock.js";
import { API_KEY, CLIENT_ID } from "./credentials.js";
import {
  assert,
  assertError,
  ids,
  json,
  PATH,
  rejection,
  response,
  revoked,
  stubbed,
  stubClient,
  TOKEN,
  throws,
  withGlobals,
} from "./helpers.js";
import { assertTyped, ending, endsWell, everywhere, givesOrThrows, HOSTILE } from "./hostile.js";
import { BULK_OPTIONS, CALL_OPTIONS, PROPS } from "./names.js";
import { test, withReplaced } from "./registry.js";

const backoff = (field) => (value) => ({ retryConfig: { strategy: "backoff", backoff: { [field]: value } } });
const throwing = (name) => (value) => ({
  get [name]() {
    throw value;
  },
});
/** Each of these names with the value, and as a getter that throws it. */
function addEach(cases, names) {
  for (const name of names) {
    cases[name] ??= (value) => ({ [name]: value });
    cases[`${name} throwing`] = throwing(name);
  }
}

const PROP_CASES = {
  "security.bearerAuth": (value) => ({ security: { bearerAuth: value } }),
  "security.oauth": (value) => ({ security: { oauth: value } }),
  "security()": (value) => ({ security: () => value }),
  "security() rejecting": (value) => ({ security: () => Promise.reject(value) }),
  "security() throwing": (value) => ({ security: throws(value) }),
  "security().bearerAuth throwing": (value) => ({ security: async () => throwing("bearerAuth")(value) }),
  "clientID alone": (value) => ({ clientID: value }),
  clientID: (value) => ({ ...API_KEY, clientID: value }),
  clientSecret: (value) => ({ ...API_KEY, clientSecret: value }),
  oidcToken: (value) => ({ clientID: CLIENT_ID, oidcToken: value }),
  "oidcToken()": (value) => ({ clientID: CLIENT_ID, oidcToken: () => value }),
  "retryConfig.strategy": (value) => ({ retryConfig: { strategy: value } }),
  "retryConfig.backoff": (value) => ({ retryConfig: { strategy: "backoff", backoff: value } }),
  "backoff.initialInterval": backoff("initialInterval"),
  "backoff.maxInterval": backoff("maxInterval"),
  "backoff.exponent": backoff("exponent"),
  "backoff.maxElapsedTime": backoff("maxElapsedTime"),
  "retryConfig.retryConnectionErrors": (value) => ({ retryConfig: { strategy: "backoff", retryConnectionErrors: value } }),
  "httpClient.request": (value) => ({ httpClient: { request: value } }),
  "httpClient.request()": (value) => ({ httpClient: { request: () => value } }),
  "httpClient.request() rejecting": (value) => ({ httpClient: { request: () => Promise.reject(value) } }),
  "httpClient.request() throwing": (value) => ({ httpClient: { request: throws(value) } }),
  "debugLogger.log": (value) => ({ debugLogger: { group() {}, groupEnd() {}, log: value } }),
  "debugLogger's methods throwing": (value) => {
    const fail = throws(value);
    return { debugLogger: { group: fail, groupEnd: fail, log: fail } };
  },
};
addEach(PROP_CASES, PROPS);

/** Descriptors, not values: what a getter throws must meet the package, not the test. */
const mixed = (...parts) => Object.defineProperties({}, Object.assign({}, ...parts.map(Object.getOwnPropertyDescriptors)));

/** Nothing goes out but to the tenant that was configured, as a POST, with the token that was configured. */
function assertHarmless(requests, label) {
  for (const { method, url, headers } of requests) {
    assert.strictEqual(method, "POST", label);
    const at = new URL(url);
    assert.strictEqual(at.protocol, "https:", label);
    assert.match(at.host, /^[a-z0-9-]+\.conductor\.one$/, label);
    assert.include([undefined, `Bearer ${TOKEN}`], headers.authorization, label);
    assert.notProperty(headers, "x-evil", label);
  }
}

test("hostile props: a typed error from the constructor, or a client whose calls end well", ({ sdk }) => {
  // For clients that end up with the platform's own.
  const fetch = (request) => stubClient(sdk, revoked).httpClient.request(request);
  return withGlobals({ fetch }, async () => {
    for (const [props, label] of everywhere(PROP_CASES)) {
      const { httpClient, requests } = stubClient(sdk, revoked);
      const base = { security: { bearerAuth: TOKEN }, tenantDomain: "acme", httpClient };
      const create = (Class) => givesOrThrows(sdk, () => new Class(mixed(base, props)), label);
      const client = create(sdk.ConductoroneSDKTypescript);
      create(sdk.ConductoroneSDKTypescriptCore)?.free();
      if (!client) {
        assert.lengthOf(requests, 0, label);
        continue;
      }
      await endsWell(sdk, () => client.connector.revokeCredential(ids), label);
      await endsWell(sdk, () => client.getValidToken(), label);
      givesOrThrows(sdk, () => client.getCurrentToken(), label);
      givesOrThrows(sdk, () => client.clearToken(), label);
      assertHarmless(requests, label);
      client.free();
    }
  });
});

const REQUESTS = {
  request: (value) => value,
  appId: (value) => ({ ...ids, appId: value }),
  connectorId: (value) => ({ ...ids, connectorId: value }),
  id: (value) => ({ ...ids, id: value }),
  connectorServiceRevokeCredentialRequest: (value) => ({ ...ids, connectorServiceRevokeCredentialRequest: value }),
  "appId throwing": (value) => mixed(ids, throwing("appId")(value)),
  "connectorServiceRevokeCredentialRequest throwing": (value) =>
    mixed(ids, throwing("connectorServiceRevokeCredentialRequest")(value)),
};

test("hostile requests: nothing is sent unless all ids are strings", async ({ sdk }) => {
  for (const [request, label, place] of everywhere(REQUESTS)) {
    const { client, requests } = stubbed(sdk);
    const { value, error } = await endsWell(sdk, () => client.connector.revokeCredential(request), label);
    const result = await ending(() => sdk.connectorRevokeCredential(client, request), label);
    assert.strictEqual(result.value.ok, error === undefined, label);
    if (place.startsWith("connectorService")) assert.strictEqual(value === undefined ? 0 : 2, requests.length, label);
    else assert.lengthOf(requests, 0, label);
    assertHarmless(requests, label);
    client.free();
  }
});

const OPTION_CASES = { options: (value) => value, "retries.strategy": (value) => ({ retries: { strategy: value } }) };
addEach(OPTION_CASES, CALL_OPTIONS);
OPTION_CASES["retryCodes[0]"] = (value) => ({ retryCodes: [value] });
OPTION_CASES["retryCodes, endless"] = () => ({ retryCodes: new Array(2 ** 32 - 1) });
OPTION_CASES["headers[0][0]"] = (value) => ({ headers: [[value, "x"]] });
OPTION_CASES["headers.x-test"] = (value) => ({ headers: { "x-test": value } });
OPTION_CASES["fetchOptions.method"] = (value) => ({ fetchOptions: { method: value, body: value } });
OPTION_CASES.method = (value) => ({ method: value, body: value });
OPTION_CASES["signal.aborted"] = (value) => ({ signal: { aborted: value, addEventListener() {}, removeEventListener() {} } });
const timeoutMs = 60_000;
OPTION_CASES["signal throwing in addEventListener"] = (value) => ({ timeoutMs, signal: { addEventListener: throws(value) } });
OPTION_CASES["signal with asynchronous methods that throw"] = (value) => {
  const method = async () => throws(value)();
  return { timeoutMs, signal: { addEventListener: method, removeEventListener: method } };
};
OPTION_CASES["signal aborting at once"] = (value) => ({
  timeoutMs,
  signal: { reason: value, addEventListener: (_, listener) => listener(), removeEventListener() {} },
});

test("hostile options of a call: a rejection, or the request that was meant", async ({ sdk }) => {
  for (const [options, label] of everywhere(OPTION_CASES)) {
    const { client, requests } = stubbed(sdk);
    const { value } = await endsWell(sdk, () => client.connector.revokeCredential(ids, options), label);
    if (value !== undefined) assert.lengthOf(requests, 1, label);
    for (const { url } of requests) assert.strictEqual(url, `https://acme.conductor.one${PATH}`, label);
    assertHarmless(requests, label);
    client.free();
  }
});

/** Iterables whose iterator is this. */
const iterable = (iterator) => ({ [Symbol.iterator]: () => iterator });
const asyncIterable = (iterator) => ({ [Symbol.asyncIterator]: () => iterator });
/** `next` once, then the end. */
const once = (next) => {
  let calls = 0;
  return { next: () => (calls++ === 0 ? next() : { done: true }), return() {} };
};
const BULK_INPUTS = {
  requests: (value) => value,
  "requests[1]": (value) => [ids, value],
  "Symbol.iterator": (value) => ({ [Symbol.iterator]: value }),
  "Symbol.asyncIterator": (value) => ({ [Symbol.asyncIterator]: value }),
  iterator: (value) => iterable(value),
  "iterator.next": (value) => iterable({ next: value }),
  "next() throwing": (value) => iterable({ next: throws(value) }),
  "next() rejecting": (value) => asyncIterable({ next: () => Promise.reject(value) }),
  "next().done": (value) => iterable(once(() => ({ done: value, value: ids }))),
  "next().value": (value) => iterable(once(() => ({ done: false, value }))),
  "next().value, in a promise": (value) => asyncIterable(once(async () => ({ done: false, value }))),
  "next().value throwing": (value) => iterable({ next: () => throwing("value")(value) }),
  "return() after a stop": (value) => iterable({ next: () => ({ value: null }), return: () => value }),
};
/** What never ends, or never goes on, by its own nature: aborting the run is what ends it. */
const ENDLESS = / = (function that gives itself|function that gives a Symbol|Proxy that answers with itself|class)$/;

const BULK_CASES = {};
addEach(BULK_CASES, BULK_OPTIONS);

test("hostile inputs and options of a bulk run: every item that was given is accounted for", async ({ sdk }) => {
  for (const [hostile, label, place] of everywhere({ ...BULK_INPUTS, ...BULK_CASES })) {
    if (ENDLESS.test(label) && /^(iterator|Symbol)/.test(place)) continue;
    const { client, requests } = stubbed(sdk);
    const [input, options] = place in BULK_CASES ? [[ids], hostile] : [hostile, { stopOnError: true }];
    const { value } = await endsWell(sdk, () => client.connector.revokeCredentials(input, options), label);
    if (value !== undefined) {
      assert.lengthOf(value.results, value.revoked + value.failed + value.skipped, label);
      assert.strictEqual(value.revoked, requests.length, label);
    }
    assertHarmless(requests, label);
    client.free();
  }
});

test("hostile props, clients of the standalone function, HTTP clients and hooks as a whole", async ({ sdk }) => {
  for (const [kind, make] of Object.entries(HOSTILE)) {
    givesOrThrows(sdk, () => new sdk.ConductoroneSDKTypescript(make()), kind)?.free();
    const { value } = await ending(() => sdk.connectorRevokeCredential(make(), ids), kind);
    assert.isFalse(value.ok, kind);
    const http = givesOrThrows(sdk, () => new sdk.HTTPClient(make()), `new HTTPClient(${kind})`);
    givesOrThrows(sdk, () => new sdk.HTTPClient({ fetcher: make() }), `fetcher = ${kind}`);
    for (const method of ["addHook", "removeHook"]) {
      givesOrThrows(sdk, () => http?.[method](make(), () => {}), `${method}(${kind})`);
      givesOrThrows(sdk, () => http?.[method]("response", make()), `${method}(…, ${kind})`);
    }
    for (const hook of ["beforeRequest", "response"]) {
      const { httpClient, requests } = stubClient(sdk, revoked);
      httpClient.addHook(hook, make);
      const { client } = stubbed(sdk, { httpClient });
      await endsWell(sdk, () => client.connector.revokeCredential(ids), `${hook} gives ${kind}`);
      assertHarmless(requests, kind);
    }
  }
});

/** A Response as old polyfills make it: no streams. */
const polyfill = (more) => ({
  status: 200,
  headers: new Headers(json),
  redirected: false,
  text: async () => "{}",
  ...more,
});
const never = () => new Promise(() => {});
const reader = (read) => ({ getReader: () => ({ read, cancel: never }) });
/** The API's own, of which somebody has used the body. */
async function used(use) {
  const answer = response(revoked);
  await use(answer);
  return answer;
}
const twice = {
  then(resolve, reject) {
    resolve(response(revoked));
    reject(new Error("twice"));
    resolve(response({ status: 500 }));
  },
};

/** What `fetch` gives, and whether that says "revoked". */
const ANSWERS = {
  "a polyfill without streams": [() => polyfill(), true],
  "a thenable that calls back twice": [() => twice, true],
  "a promise whose own then calls back twice": [() => Object.assign(Promise.resolve(), twice), true],
  "an unknown class of promise": [() => ({ then: (resolve) => setTimeout(resolve, 0, response(revoked)) }), true],
  "an empty object": [() => ({})],
  "a status alone": [() => ({ status: 200 })],
  "a status that is an object": [() => polyfill({ status: { valueOf: () => 200 } })],
  "ok without status": [() => ({ ok: true, headers: new Headers(json), text: async () => "{}" })],
  "headers that are a plain object": [() => polyfill({ headers: json })],
  "headers whose get throws": [() => polyfill({ headers: { get: HOSTILE["function that throws"]() } })],
  "text that is no function": [() => polyfill({ text: "{}" })],
  "text that gives a number": [() => polyfill({ text: async () => 5 })],
  "text that gives nothing": [() => polyfill({ text: async () => undefined })],
  "text that throws": [() => polyfill({ text: HOSTILE["function that throws"]() })],
  "text that rejects": [() => polyfill({ text: () => Promise.reject(new Error("cut")) })],
  "a reader that gives nothing": [() => polyfill({ body: reader(async () => undefined) })],
  "a reader that throws": [() => polyfill({ body: reader(HOSTILE["function that throws"]()) })],
  "a reader that gives strings": [() => polyfill({ body: reader(async () => ({ done: false, value: "{}" })) })],
  "a reader without read": [() => polyfill({ body: { getReader: () => ({}) } })],
  "a getReader that throws": [() => polyfill({ body: { getReader: HOSTILE["function that throws"]() } })],
  "a body that is locked": [() => used((answer) => answer.body.getReader())],
  "a body that was read": [() => used((answer) => answer.text())],
  "Response.error()": [() => Response.error()],
  "Response.redirect()": [() => Response.redirect("https://evil.example/", 302)],
  "a redirected answer": [() => polyfill({ redirected: true })],
};

test("fetch replaced: what is no Response is never taken for success", async ({ sdk }) => {
  const hostile = Object.entries(HOSTILE).flatMap(([kind, make]) => [
    [kind, [make]],
    [`${kind}, thrown`, [throws(make())]],
    [`${kind} in place of the function`, [make()]],
  ]);
  for (const [label, [answer, good]] of [...Object.entries(ANSWERS), ...hostile]) {
    for (const own of typeof answer === "function" ? [true, false] : [false]) {
      const props = own ? { httpClient: { request: answer } } : { httpClient: undefined };
      const { client } = stubbed(sdk, props);
      const revoke = () => client.connector.revokeCredential(ids);
      const call = () => endsWell(sdk, revoke, label);
      const { value } = own ? await call() : await withGlobals({ fetch: answer }, call);
      assert.strictEqual(value?.statusCode, good ? 200 : undefined, label);
    }
  }
});

const fail = throws(new TypeError("patched by the page"));
const nothing = () => undefined;
const COLLECTION = { delete: fail, has: fail, clear: fail, forEach: fail, values: fail, [Symbol.iterator]: fail };

/** What a page does to its platform: `[target, patches]`. Methods that the test needs itself are left alone. */
const PATCHES = [
  [Array, { from: fail, isArray: fail }],
  [Array, { isArray: nothing }],
  [Array.prototype, { at: fail, includes: fail, indexOf: fail, splice: fail, join: fail, slice: fail, flat: fail, concat: fail }],
  [Object, { assign: fail, freeze: fail, keys: fail, entries: fail, create: fail, fromEntries: fail }],
  [Object, { assign: nothing }],
  [Object.prototype, { toString: fail, valueOf: fail, hasOwnProperty: fail }],
  [Object.prototype, { status: 200, ok: true, type: "basic", timeoutMs: -1, cause: 1 }],
  [Function.prototype, { call: fail, apply: fail, bind: fail, toString: fail }],
  [String.prototype, { toString: fail, replaceAll: fail, toLowerCase: fail, startsWith: fail, split: fail, match: fail }],
  [JSON, { parse: fail, stringify: fail }],
  [JSON, { parse: nothing }],
  [Promise, { resolve: fail, reject: fail, all: fail, race: fail }],
  [Promise, { resolve: nothing }],
  [Promise.prototype, { finally: fail, catch: fail }],
  [Reflect, { get: fail }],
  [Reflect, { get: nothing, set: nothing }],
  [Reflect, { set: fail }],
  [Reflect, { apply: fail, construct: fail }],
  [Headers.prototype, { set: fail, get: fail }],
  [Headers.prototype, { [Symbol.iterator]: fail, entries: fail }],
  [Response.prototype, { text: fail, json: fail, clone: fail }],
  [ReadableStream.prototype, { getReader: fail }],
  [ReadableStream.prototype, { getReader: nothing, cancel: fail }],
  [TextDecoder.prototype, { decode: nothing }],
  [AbortController.prototype, { abort: fail }],
  [Error, { captureStackTrace: fail, prepareStackTrace: fail }],
  [Set.prototype, { add: fail, ...COLLECTION }],
  [Map.prototype, { get: fail, set: fail, ...COLLECTION }],
  [WeakMap.prototype, { get: fail, set: fail, delete: fail, has: fail }],
  [WeakSet.prototype, { add: fail, delete: fail, has: fail }],
  [WeakRef.prototype, { deref: fail }],
  // Not push and pop: Node itself does not live without them.
  [Array.prototype, { map: fail, filter: fail, forEach: fail, find: fail, some: fail, every: fail }],
  [EventTarget.prototype, { addEventListener: fail, removeEventListener: fail }],
  [Promise.prototype, { finally: nothing, catch: nothing }],
  [Symbol.prototype, { toString: fail, valueOf: fail }],
  [Number.prototype, { toString: fail, valueOf: fail, toFixed: fail }],
  [Date.prototype, { toISOString: fail, getTime: fail, valueOf: fail, toUTCString: fail }],
  [URL.prototype, { toString: fail, toJSON: fail }],
  [TextEncoder.prototype, { encode: fail, encodeInto: fail }],
  [TextDecoder.prototype, { decode: fail }],
];

/**
 * The time limit of these calls. Some patches crash the core, and a crashed core leaves its timers: they keep Node's process alive
 * until they fire.
 */
const TIMEOUT = 10_000;

/** What only a few methods of a prototype are replaced by: one that is met too late to refuse the call. */
const WHILE_PENDING = PATCHES.flatMap(([target, patches]) => {
  const names = Reflect.ownKeys(patches);
  return target === Object.prototype ? [] : [[target, patches], ...names.map((name) => [target, { [name]: patches[name] }])];
});
const nameOf = ([target, patches]) => `${target.constructor?.name ?? typeof target}: ${Reflect.ownKeys(patches).map(String)}`;

/** A patched platform may make the core fail: then every call says so, and a new client works. */
async function assertEndedWell(sdk, { error }, label) {
  if (error) assertTyped(sdk, error, label, { mayTrap: true });
  assert.strictEqual((await stubbed(sdk).revoke()).statusCode, 200, label);
}

test("prototypes patched by the page while calls are under way: every call settles, and the next one works", async ({
  sdk,
  runtime,
}) => {
  for (const patched of WHILE_PENDING) {
    const [target, patches] = patched;
    const label = nameOf(patched);
    // Made beforehand: the test's own doings must not depend on what is patched.
    const answers = [response(revoked), response(revoked), response({ status: 404, headers: json, body: "{}" })];
    let count = 0;
    let release;
    const held = new Promise((resolve) => (release = resolve));
    const request = async () => {
      const at = count++;
      await held;
      return answers[at];
    };
    const { client } = stubbed(sdk, { httpClient: { request }, timeoutMs: TIMEOUT });
    const options = { signal: new AbortController().signal, retries: { strategy: "none" } };
    const calls = [
      client.connector.revokeCredential(ids, options),
      sdk.connectorRevokeCredential(client, ids, options),
      client.connector.revokeCredentials([ids], options),
    ];
    const ends = [];
    for (const [at, call] of calls.entries()) {
      call.then(
        (value) => (ends[at] = { error: value.error }),
        (error) => (ends[at] = { error, rejected: true }),
      );
    }
    const some = () => !(ends[0] && ends[1] && ends[2]);
    while (count < 3) await turn();
    await withReplaced(target, patches, async () => {
      release();
      // In Node the servers of other tests live in this process: microtasks only, so that nothing of theirs meets the patches.
      for (let turns = 0; turns < 200; turns++) await undefined;
      for (let turns = 0; turns < 50 && runtime !== "node" && some(); turns++) await turn();
    });
    for (let turns = 0; turns < 50 && some(); turns++) await turn();
    assert.deepEqual(Object.keys(ends), ["0", "1", "2"], `${label}: which calls have settled`);
    assert.notProperty(ends[1], "rejected", label);
    for (const end of ends) await assertEndedWell(sdk, end, label);
  }
});

test("prototypes patched by the page: a typed error or it works, and the next call works again", async ({ sdk }) => {
  for (const [at, [target, patches]] of PATCHES.entries()) {
    const label = `patch ${at}, ${nameOf([target, patches])}`;
    // Made beforehand: the test's own doings must not depend on what is patched.
    const sent = [];
    const answer = response(revoked);
    const request = (it) => {
      sent[sent.length] = it;
      return answer;
    };
    const { client } = stubbed(sdk, { httpClient: { request }, timeoutMs: TIMEOUT });
    const options = { headers: { "x-a": "1" }, signal: new AbortController().signal };
    const call = () => client.connector.revokeCredential(ids, options);
    const end = await withReplaced(target, patches, () => ending(call, label));
    for (const { url } of sent) assert.strictEqual(url, `https://acme.conductor.one${PATH}`, label);
    assert.isAtMost(sent.length, 1, label);
    await assertEndedWell(sdk, end, label);
  }
});

test("prototypes patched by the page: bad input is refused in its own words", async ({ sdk }) => {
  for (const [target, patches, request, options] of [
    [Promise, { reject: fail }, {}],
    [String.prototype, { repeat: fail }, ids, { retryCodes: 1 }],
  ]) {
    const { client, requests } = stubbed(sdk);
    const call = () => client.connector.revokeCredential(request, options);
    const { error } = await withReplaced(target, patches, () => ending(call, "bad input"));
    assertError(sdk, error, "SDKValidationError");
    assert.lengthOf(requests, 0);
  }
});

// The pieces of the platform that a call needs.
for (const piece of ["Request", "Headers", "AbortController", "fetch"]) {
  test(`${piece} missing: an UnsupportedRuntimeError names it, nothing is sent, and the next call works`, async ({ sdk }) => {
    for (const missing of [undefined, null]) {
      const sent = [];
      const fetch = async (request) => sent.push(request) && response(revoked);
      const { client } = stubbed(sdk, { httpClient: undefined });
      const options = { headers: { "x-a": "1" }, timeoutMs, retries: { strategy: "none" } };
      const call = () => client.connector.revokeCredential(ids, options);
      const run = () => client.connector.revokeCredentials([ids], options);
      const [error, report] = await withGlobals({ fetch, [piece]: missing }, async () => [await rejection(call()), await run()]);
      for (const reason of [error, report.results[0].error]) {
        assertError(sdk, reason, "UnsupportedRuntimeError", new RegExp(`\\b${piece}\\b`));
        assert.notInclude(reason.message, TOKEN);
      }
      assert.lengthOf(sent, 0);
      assert.strictEqual((await withGlobals({ fetch }, call)).statusCode, 200);
      assert.lengthOf(sent, 1);
    }
  });
}

const CLASSES = ["Headers", "Request", "Response", "TextDecoder", "AbortController", "DOMException", "Date"];
const GLOBALS = [...CLASSES, "Reflect", "JSON", "setTimeout", "clearTimeout", "crypto", "navigator"];

test("globals missing or replaced: a typed error or it works, and the next call works again", async ({ sdk }) => {
  // Without clearTimeout the package cannot end its timers, and Node would wait for them.
  const setTimeout = () => 0;
  for (const name of GLOBALS) {
    for (const replacement of [undefined, null, {}, fail, nothing]) {
      const label = `${name} = ${replacement === null ? "null" : (replacement?.name ?? typeof replacement)}`;
      const answer = response(revoked);
      const { client } = stubbed(sdk, { httpClient: { request: () => answer }, timeoutMs });
      const call = () => client.connector.revokeCredential(ids, { headers: { "x-a": "1" } });
      const end = await withGlobals({ setTimeout, [name]: replacement }, () => ending(call, label));
      await assertEndedWell(sdk, end, label);
    }
  }
});

test("callbacks that come late or twice do no harm: timers and listeners outlive their calls where clearing them fails", async ({
  sdk,
}) => {
  const late = [];
  const { client } = stubbed(sdk, { timeoutMs });
  const signal = { aborted: false, addEventListener: (_, listener) => late.push(listener), removeEventListener() {} };
  const fakes = { setTimeout: (callback) => late.push(callback), clearTimeout() {} };
  const pending = await withGlobals(fakes, () => client.connector.revokeCredential(ids, { signal }));
  assert.strictEqual(pending.statusCode, 200);
  assert.isAtLeast(late.length, 2);
  const slow = stubbed(sdk, {}, () => new Promise(() => {}));
  const controller = new AbortController();
  const held = slow.revoke({ signal: controller.signal });
  for (const callback of [...late, ...late]) callback();
  // The same instance of the core is alive.
  assert.strictEqual((await client.connector.revokeCredential(ids)).statusCode, 200);
  controller.abort();
  const { error } = await ending(() => held, "held");
  assert.instanceOf(error, sdk.errors.RequestAbortedError);
});
