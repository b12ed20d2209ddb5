// Every option, at construction and for one call.
import { recorder } from "./canaries.js";
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
  thrown,
  throws,
  withGlobals,
} from "./helpers.js";
import { BULK_OPTIONS, CALL_OPTIONS, PROPS } from "./names.js";
import { test } from "./registry.js";

const constructing = (sdk, props) => () => new sdk.ConductoroneSDKTypescript({ security: { bearerAuth: TOKEN }, ...props });

test("security: a function, of either kind, is called for each request", async ({ sdk }) => {
  let calls = 0;
  for (const security of [async () => ({ bearerAuth: `t${++calls}` }), () => ({ oauth: `t${++calls}` })]) {
    calls = 0;
    const { revoke, requests } = stubbed(sdk, { security });
    for (const _ of [1, 2]) await revoke();
    const sent = requests.map(({ headers }) => headers.authorization);
    assert.deepEqual(sent, ["Bearer t1", "Bearer t2"]);
  }
});

test("functions: what security and oidcToken give is checked, and their failure is typed", async ({ sdk }) => {
  const reason = new Error("vault is sealed");
  for (const [option, wrong] of [
    ["security", [5, { bearerAuth: "a b" }, { bearerAuth: 5 }]],
    ["oidcToken", [undefined, "", { token: "x" }, "id.token canary", "id.token.canaryé"]],
  ]) {
    for (const [give, className] of [
      ...wrong.map((value) => [async () => value, "SDKValidationError"]),
      [() => Promise.reject(reason), "UnexpectedClientError"],
      [throws(reason), "UnexpectedClientError"],
    ]) {
      const credentials = option === "oidcToken" ? { clientID: CLIENT_ID, security: undefined } : {};
      const { revoke, requests } = stubbed(sdk, { ...credentials, [option]: give });
      const error = assertError(sdk, await rejection(revoke()), className, new RegExp(option));
      if (className === "UnexpectedClientError") assert.strictEqual(error.cause, reason);
      assert.lengthOf(requests, 0);
    }
  }
});

test("serverURL: a string or a URL, at construction and for one call; http to loopback, or when asked for", async ({ sdk }) => {
  const ofClient = "https://acme.conductor.one";
  for (const [serverURL, base = serverURL, props] of [
    ["https://api.example/base/", "https://api.example/base"],
    [new URL("https://api.example/base"), "https://api.example/base"],
    ["http://localhost:1"],
    ["http://gateway.internal", undefined, { allowInsecureHTTP: true }],
  ]) {
    const atConstruction = stubbed(sdk, { serverURL, ...props });
    await atConstruction.revoke();
    const forOneCall = stubbed(sdk, props);
    for (const given of [serverURL, undefined, null]) await forOneCall.revoke({ serverURL: given });
    const urls = [...atConstruction.requests, ...forOneCall.requests].map(({ url }) => url);
    assert.deepEqual(
      urls,
      [base, base, ofClient, ofClient].map((server) => server + PATH),
    );
  }
});

test("serverURL: what could take the token elsewhere is refused, at construction and for one call", async ({ sdk }) => {
  // All forms are in src/http/server.rs.
  for (const serverURL of ["http://api.example", "https://user@api.example", "https://api.example\\@evil.com", "", 5, {}]) {
    assertError(sdk, thrown(constructing(sdk, { serverURL })), "SDKValidationError", /serverURL/);
    const { revoke, requests } = stubbed(sdk);
    assertError(sdk, await rejection(revoke({ serverURL })), "SDKValidationError", /serverURL/);
    assert.lengthOf(requests, 0);
  }
});

/** An object with a field that is present, and this. */
const PRESENT = {
  "an own field": (name, value) => ({ [name]: value }),
  "a getter": (name, value) => Object.defineProperty({}, name, { get: () => value, enumerable: true }),
  "a prototype's field": (name, value) => Object.create({ [name]: value }),
};
const eachPresent = (name) =>
  [undefined, null, ""].flatMap((value) =>
    Object.entries(PRESENT).map(([how, present]) => ({
      label: `${name}: ${how}, ${value}`,
      value,
      make: () => present(name, value),
    })),
  );

// Without these, the token or the request goes elsewhere than was meant.
for (const name of ["clientID", "clientSecret", "oidcToken", "serverURL", "tenantDomain"]) {
  test(`options: ${name} that is present but unset is refused at construction, whatever else is given`, ({ sdk }) => {
    const security = { bearerAuth: TOKEN };
    const servers = { serverURL: "https://api.example", tenantDomain: "acme" };
    for (const { label, value, make } of eachPresent(name)) {
      for (const { [name]: _, ...others } of [{}, { security, ...servers }, { ...API_KEY, security, ...servers }]) {
        for (const Client of [sdk.ConductoroneSDKTypescript, sdk.ConductoroneSDKTypescriptCore]) {
          const error = thrown(() => new Client(Object.assign(make(), others)));
          // Where two are wrong, one is named.
          assertError(sdk, error, "SDKValidationError", new RegExp(`\\b(${name}|clientID)\\b`));
          if (value !== "") assert.include(error.message, `${name} is undefined or null: set it, or leave it out`, label);
          assert.notInclude(error.message, TOKEN, label);
        }
      }
    }
  });
}

test("options: a token that is present but unset is refused, in an object and from a function", async ({ sdk }) => {
  // The other token does not make up for it.
  for (const [name, other] of [
    ["bearerAuth", "oauth"],
    ["oauth", "bearerAuth"],
  ]) {
    for (const { label, make } of eachPresent(name)) {
      const security = Object.assign(make(), { [other]: TOKEN });
      const { revoke, requests } = stubbed(sdk, { security: async () => security });
      for (const error of [thrown(constructing(sdk, { security })), await rejection(revoke())]) {
        assertError(sdk, error, "SDKValidationError", new RegExp(`security.${name} is (undefined or null: set it|empty)`));
        assert.notInclude(error.message, TOKEN, label);
      }
      assert.lengthOf(requests, 0, label);
    }
  }
});

test("options: no security at all, or an empty one, sends no Authorization; a function must return one", async ({ sdk }) => {
  for (const security of [undefined, null, {}, () => ({})]) {
    const { revoke, requests } = stubbed(sdk, { security });
    await revoke();
    assert.notProperty(requests[0].headers, "authorization");
  }
  const { httpClient, requests } = stubClient(sdk, revoked);
  await new sdk.ConductoroneSDKTypescript({ httpClient }).connector.revokeCredential(ids);
  assert.notProperty(requests[0].headers, "authorization");
  for (const security of [() => undefined, async () => null]) {
    const { revoke, requests } = stubbed(sdk, { security });
    assertError(sdk, await rejection(revoke()), "SDKValidationError", /security function returned undefined or null/);
    assert.lengthOf(requests, 0);
  }
});

const inOtherCase = (names) =>
  names.flatMap((name) => {
    const others = [name.toLowerCase(), name.toUpperCase(), name[0].toUpperCase() + name.slice(1)];
    return others.filter((other) => other !== name).map((other) => [name, other]);
  });
test("options: a name in another case is refused, with the right one", async ({ sdk }) => {
  for (const [names, path, place] of [
    [PROPS, "", (field) => field],
    [["bearerAuth", "oauth"], "security.", (security) => ({ security })],
    [["strategy", "backoff", "retryConnectionErrors"], "retryConfig.", (retryConfig) => ({ retryConfig })],
    [
      ["initialInterval", "maxInterval", "exponent", "maxElapsedTime"],
      "retryConfig.backoff.",
      (backoff) => ({ retryConfig: { strategy: "backoff", backoff } }),
    ],
  ]) {
    for (const [name, other] of inOtherCase(names)) {
      const error = thrown(() => new sdk.ConductoroneSDKTypescript({ tenantDomain: "acme", ...place({ [other]: "x" }) }));
      assertError(sdk, error, "SDKValidationError");
      assert.include(error.message, `${path}${other} is unknown: write ${name}`);
    }
  }
  const { client, revoke, requests } = stubbed(sdk);
  for (const [name, other] of inOtherCase([...CALL_OPTIONS.slice(0, 7), ...BULK_OPTIONS])) {
    const options = { [other]: undefined };
    for (const call of [revoke(options), client.connector.revokeCredentials([ids], options)]) {
      const error = assertError(sdk, await rejection(call), "SDKValidationError");
      assert.include(error.message, `${other} is unknown: write ${name}`);
    }
  }
  assert.lengthOf(requests, 0);
  await revoke({ traceId: 1, Retry: 1, [Symbol("serverurl")]: 1 });
  assert.lengthOf(requests, 1, "other fields are the caller's");
});

test("serverIdx: picks from ServerList", async ({ sdk }) => {
  assert.deepEqual([...sdk.ServerList], ["https://{tenantDomain}.conductor.one"]);
  const { revoke, requests } = stubbed(sdk, { serverIdx: 0 });
  await revoke();
  assert.strictEqual(requests[0].url, `https://acme.conductor.one${PATH}`);
});

for (const option of ["httpClient", "defaultClient"]) {
  test(`${option}: any object with request(), called as its method with a Request`, async ({ sdk }) => {
    const seen = [];
    const transport = {
      async request(request) {
        seen.push([this, request]);
        return response(revoked);
      },
    };
    await stubbed(sdk, { httpClient: undefined, [option]: transport }).revoke();
    const [[self, request], ...more] = seen;
    assert.strictEqual(self, transport);
    assert.instanceOf(request, Request);
    assert.deepEqual([request.url, more], [`https://acme.conductor.one${PATH}`, []]);
  });
}

test("HTTPClient: hooks see, replace and add; removed and cloned ones behave", async ({ sdk }) => {
  const { httpClient, requests } = stubClient(sdk, revoked);
  const heard = [];
  const add = (request) => {
    heard.push("add");
    const changed = new Request(request);
    changed.headers.set("x-request-id", "r-1");
    return changed;
  };
  const look = async (request) => {
    heard.push(request.headers.get("x-request-id"));
  };
  const onResponse = (answer, request) => {
    heard.push(answer.status, new URL(request.url).pathname);
  };
  assert.strictEqual(httpClient.addHook("beforeRequest", add), httpClient);
  httpClient.addHook("beforeRequest", look).addHook("response", onResponse);
  const copy = httpClient.clone();
  assert.instanceOf(copy, sdk.HTTPClient);
  const [client, ofCopy] = [httpClient, copy].map((each) => stubbed(sdk, { httpClient: each }));
  await client.revoke();
  assert.deepEqual(heard.splice(0), ["add", "r-1", 200, PATH]);
  assert.strictEqual(requests[0].headers["x-request-id"], "r-1");
  httpClient.removeHook("beforeRequest", add).removeHook("response", onResponse);
  await client.revoke();
  assert.deepEqual(heard.splice(0), [null]);
  await ofCopy.revoke();
  assert.deepEqual(heard, ["add", "r-1", 200, PATH], "the clone has its own hooks");
});

test("HTTPClient: a requestError hook hears of the failure; what a hook throws is an UnexpectedClientError", async ({ sdk }) => {
  const failure = new TypeError("fetch failed");
  const { httpClient, requests } = stubClient(sdk, () => Promise.reject(failure));
  const heard = [];
  httpClient.addHook("requestError", (error, request) => heard.push(error, request.method));
  const { revoke } = stubbed(sdk, { httpClient });
  assertError(sdk, await rejection(revoke()), "ConnectionError");
  assert.deepEqual(heard, [failure, "POST"]);
  const reason = new Error("hook");
  httpClient.addHook("beforeRequest", throws(reason));
  assert.strictEqual(assertError(sdk, await rejection(revoke()), "UnexpectedClientError").cause, reason);
  assert.lengthOf(requests, 1);
});

test("userAgent: replaces the package's own, outside browsers", async ({ sdk, runtime }) => {
  const { revoke, requests } = stubbed(sdk, { userAgent: "console/2 (acme)" });
  await revoke();
  if (runtime === "browser") assert.notInclude(requests[0].headers["user-agent"] ?? "", "console/2");
  else assert.strictEqual(requests[0].headers["user-agent"], "console/2 (acme)");
});

/** What the package passed to fetch: the init that the Request was made of, and the Request. */
async function whatReachesFetch(sdk, options) {
  const inits = [];
  class Recorder extends Request {
    constructor(input, init) {
      inits.push(init);
      super(input, init);
    }
  }
  const { revoke } = stubbed(sdk, { httpClient: undefined });
  let passed;
  const fetch = async (...args) => {
    passed = args;
    return response(revoked);
  };
  await withGlobals({ Request: Recorder, fetch }, () => revoke(options));
  const init = Object.entries(Object.assign({}, ...inits, passed[1])).filter(([, value]) => value !== undefined);
  return { init: Object.fromEntries(init), request: passed[0] };
}

test("fetch: the global one is looked up at each call; nothing is set but method, headers and redirect", async ({ sdk }) => {
  const { init } = await whatReachesFetch(sdk);
  // A signal of the package's own serves its timeouts.
  const { headers, signal: _, ...others } = init;
  assert.isOk(headers);
  assert.deepEqual(others, { method: "POST", redirect: "manual" });
});

const FIELDS = { keepalive: true, referrerPolicy: "no-referrer", priority: "high", redirect: "follow", cf: { cacheTtl: 1 } };
test("RequestInit: what the caller sets, flat or in fetchOptions, reaches fetch untouched", async ({ sdk }) => {
  for (const options of [FIELDS, { fetchOptions: FIELDS }]) {
    const { init } = await whatReachesFetch(sdk, options);
    for (const [field, value] of Object.entries(FIELDS)) assert.strictEqual(init[field], value, field);
  }
});

test(
  "RequestInit: fields that only browsers know reach fetch too",
  async ({ sdk }) => {
    const fields = { cache: "no-store", credentials: "include", mode: "cors" };
    const { request } = await whatReachesFetch(sdk, fields);
    for (const [field, value] of Object.entries(fields)) assert.strictEqual(request[field], value, field);
  },
  { only: ["node", "browser"] },
);

test("headers: every form of HeadersInit, and they win over the package's own and those of fetchOptions", async ({ sdk }) => {
  const sent = { "x-request-id": "r-9", accept: "application/json;q=1" };
  const entries = Object.entries(sent);
  const fetchOptions = { headers: { "X-Request-Id": "another" } };
  for (const headers of [sent, entries, new Headers(entries), new Map(entries)]) {
    const { revoke, requests } = stubbed(sdk);
    for (const options of [{ headers }, { headers, fetchOptions }, { fetchOptions: { headers } }]) await revoke(options);
    for (const { headers: found } of requests) assert.deepInclude(found, { ...sent, authorization: `Bearer ${TOKEN}` });
  }
});

test("method and body of the caller's options do not replace the operation's own", async ({ sdk }) => {
  const { revoke, requests } = stubbed(sdk);
  await revoke({ method: "DELETE", body: "x" });
  assert.strictEqual(requests[0].method, "POST");
  assert.strictEqual(requests[0].body, "");
});

test("debugLogger: shows requests and answers, never the token", async ({ sdk }) => {
  const { lines, log } = recorder();
  let open = 0;
  const group = (...args) => log(...args, ++open);
  const debugLogger = { group, groupEnd: () => --open, log };
  const answers = [revoked, { status: 404, headers: json, body: '{"message":"gone"}' }];
  const { revoke } = stubbed(sdk, { debugLogger }, ...answers);
  await revoke({ headers: { "X-Request-Id": "r-3" } });
  await rejection(revoke());
  for (const shown of ["POST", PATH, "r-3", "***", "200", "404"]) assert.include(lines.join("\n"), shown);
  assert.notInclude(lines.join("\n"), TOKEN);
  assert.strictEqual(open, 0);
});

test("debugLogger: one that throws or rejects harms no call", async ({ sdk }) => {
  for (const fail of [throws(new Error("logger")), () => Promise.reject(new Error("logger"))]) {
    const { revoke, requests } = stubbed(sdk, { debugLogger: { group: fail, groupEnd: fail, log: fail } });
    assert.strictEqual((await revoke()).statusCode, 200);
    assert.lengthOf(requests, 1);
  }
});

const WRONG_NUMBERS = ["1", {}, true, Number.NaN];
const WRONG_RETRIES = [1, "backoff", { strategy: "sometimes" }, { strategy: "backoff", backoff: 1 }];
const WRONG_PROPS = {
  security: [1, "token", true, [TOKEN], { bearerAuth: 5 }, { oauth: {} }, { bearerAuth: Symbol("t") }, { oauth: "a b" }],
  tenantDomain: [1, {}, true],
  serverIdx: [1, -1, 0.5, Number.NaN, "0", {}],
  httpClient: [1, "x", {}, { request: 1 }],
  defaultClient: [1, "x", {}, { request: 1 }],
  userAgent: [1, {}, "a\nb"],
  timeoutMs: WRONG_NUMBERS,
  retryConfig: WRONG_RETRIES,
  debugLogger: [1, "x", {}, { log: 1 }],
};
const WRONG_OPTIONS = {
  timeoutMs: WRONG_NUMBERS,
  retries: WRONG_RETRIES,
  retryCodes: [1, "5XX", {}, ["abc"], [{}]],
  fetchOptions: [1, "x"],
  signal: [1, {}, "x"],
};
const eachOf = (wrong) => Object.entries(wrong).flatMap(([option, values]) => values.map((value) => [option, value]));
test("wrong types: each is reported by name, at construction and for one call", async ({ sdk }) => {
  for (const [option, value] of eachOf(WRONG_PROPS)) {
    assertError(sdk, thrown(constructing(sdk, { [option]: value })), "SDKValidationError", new RegExp(option));
  }
  const { client, revoke, requests } = stubbed(sdk);
  for (const [option, value] of eachOf(WRONG_OPTIONS)) {
    assertError(sdk, await rejection(revoke({ [option]: value })), "SDKValidationError", new RegExp(option));
  }
  for (const wrong of [1, "x", true, Symbol("s"), 1n]) {
    assertError(
      sdk,
      thrown(() => new sdk.ConductoroneSDKTypescript(wrong)),
      "SDKValidationError",
    );
    assertError(sdk, await rejection(client.connector.revokeCredential(ids, wrong)), "SDKValidationError", /options/);
  }
  assert.lengthOf(requests, 0);
});
