// Every option, at construction and for one call.
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
  withGlobals,
} from "./helpers.js";
import { BULK_OPTIONS, CALL_OPTIONS, PROPS } from "./names.js";
import { test } from "./registry.js";

const constructing = (sdk, props) => () => new sdk.ConductoroneSDKTypescript({ security: { bearerAuth: TOKEN }, ...props });

test("security: a function, of either kind, is called for each request", async ({ sdk }) => {
  let calls = 0;
  for (const security of [async () => ({ bearerAuth: `t${++calls}` }), () => ({ oauth: `t${++calls}` })]) {
    const { revoke, requests } = stubbed(sdk, { security });
    const before = calls;
    await revoke();
    await revoke();
    assert.deepEqual(
      requests.map(({ headers }) => headers.authorization),
      [`Bearer t${before + 1}`, `Bearer t${before + 2}`],
    );
  }
});

test("security: what a function gives is checked like an object, and its failure is typed", async ({ sdk }) => {
  const reason = new Error("vault is sealed");
  const throwing = () => {
    throw reason;
  };
  for (const [security, className, cause] of [
    [async () => ({ bearerAuth: "a b" }), "SDKValidationError"],
    [async () => ({ bearerAuth: 5 }), "SDKValidationError"],
    [async () => 5, "SDKValidationError"],
    [() => Promise.reject(reason), "HTTPClientError", reason],
    [throwing, "HTTPClientError", reason],
  ]) {
    const { revoke, requests } = stubbed(sdk, { security });
    const error = await rejection(revoke());
    assert.instanceOf(error, sdk.errors[className]);
    if (cause) assert.strictEqual(error.cause, cause);
    assert.lengthOf(requests, 0);
  }
});

test("serverURL: a string or a URL, at construction and for one call", async ({ sdk }) => {
  for (const serverURL of ["https://api.example/base/", new URL("https://api.example/base")]) {
    const atConstruction = stubbed(sdk, { serverURL });
    await atConstruction.revoke();
    assert.strictEqual(atConstruction.requests[0].url, `https://api.example/base${PATH}`);
    const forOneCall = stubbed(sdk);
    for (const given of [serverURL, undefined, null]) await forOneCall.revoke({ serverURL: given });
    const ofClient = `https://acme.conductor.one${PATH}`;
    assert.deepEqual(
      forOneCall.requests.map(({ url }) => url),
      [`https://api.example/base${PATH}`, ofClient, ofClient],
    );
  }
});

/** One for each rule of src/http/server.rs, which has all forms. */
const NOT_SERVERS = [
  "acme.conductor.one",
  "http://api.example",
  "http://localhost.evil.com",
  "https://user@api.example",
  "https://api.example?x=1",
  "https://api.example/a/../b",
  "https://api.example\\@evil.com",
  "https://",
  "",
  5,
  {},
];
test("serverURL: what could take the token elsewhere is refused, at construction and for one call", async ({ sdk }) => {
  for (const serverURL of NOT_SERVERS) {
    assertError(sdk, thrown(constructing(sdk, { serverURL })), "SDKValidationError", /serverURL/);
    const { revoke, requests } = stubbed(sdk);
    assertError(sdk, await rejection(revoke({ serverURL })), "SDKValidationError", /serverURL/);
    assert.lengthOf(requests, 0);
  }
});

test("serverURL: http is for loopback hosts, or when asked for", async ({ sdk }) => {
  for (const [serverURL, props] of [
    ["http://localhost:1"],
    ["http://127.1.2.3"],
    ["http://[::1]:8787"],
    ["http://gateway.internal", { allowInsecureHTTP: true }],
  ]) {
    const { revoke, requests } = stubbed(sdk, { serverURL, ...props });
    await revoke();
    assert.strictEqual(requests[0].url, `${serverURL}${PATH}`);
  }
});

/** Options without which the token, or the request, goes elsewhere than was meant. */
const MUST_BE_SET = {
  clientID: {},
  clientSecret: { clientID: CLIENT_ID },
  oidcToken: { clientID: CLIENT_ID },
  serverURL: { tenantDomain: "acme" },
  tenantDomain: { serverURL: "https://api.example" },
};
/** An object with a field that is present, and this. */
const PRESENT = {
  "an own field": (name, value) => ({ [name]: value }),
  "a getter": (name, value) => Object.defineProperty({}, name, { get: () => value, enumerable: true }),
  "a prototype's field": (name, value) => Object.create({ [name]: value }),
};
for (const [name, others] of Object.entries(MUST_BE_SET)) {
  test(`options: ${name} that is present but unset is refused at construction, whatever else is given`, ({ sdk }) => {
    const security = { bearerAuth: TOKEN };
    for (const value of [undefined, null, ""]) {
      for (const present of Object.values(PRESENT)) {
        for (const more of [{}, { security }, { ...others, security }, { ...API_KEY, security }]) {
          const { [name]: _, ...rest } = more;
          for (const Client of [sdk.ConductoroneSDKTypescript, sdk.ConductoroneSDKTypescriptCore]) {
            const { httpClient, requests } = stubClient(sdk, revoked);
            const error = assertError(
              sdk,
              thrown(() => new Client(Object.assign(present(name, value), rest, { httpClient }))),
              "SDKValidationError",
              // Where two are wrong, one is named.
              new RegExp(`\\b(${name}|clientID)\\b`),
            );
            if (value !== "") assert.include(error.message, `${name} is undefined or null: set it, or leave it out`);
            assert.notInclude(error.message, TOKEN);
            assert.lengthOf(requests, 0);
          }
        }
      }
    }
  });
}

test("options: a token that is present but unset is refused before any request, in an object and from a function", async ({
  sdk,
}) => {
  for (const name of ["bearerAuth", "oauth"]) {
    for (const value of [undefined, null, ""]) {
      for (const [how, present] of Object.entries(PRESENT)) {
        // The other token does not make up for it.
        for (const more of [{}, { bearerAuth: TOKEN, oauth: TOKEN }]) {
          const { [name]: _, ...rest } = more;
          const security = Object.assign(present(name, value), rest);
          const message = new RegExp(`security.${name} is (undefined or null: set it|empty)`);
          const { httpClient, requests } = stubClient(sdk, revoked);
          const construct = (security) => new sdk.ConductoroneSDKTypescript({ security, tenantDomain: "acme", httpClient });
          const errors = [thrown(() => construct(security))];
          for (const give of [() => security, async () => security]) {
            errors.push(await rejection(construct(give).connector.revokeCredential(ids)));
          }
          for (const error of errors) {
            assertError(sdk, error, "SDKValidationError", message);
            assert.notInclude(error.message, TOKEN, how);
          }
          assert.lengthOf(requests, 0, how);
        }
      }
    }
  }
});

test("options: no security at all, or an empty one, sends no Authorization; a function must return one", async ({ sdk }) => {
  for (const props of [{}, { security: undefined }, { security: null }, { security: {} }, { security: () => ({}) }]) {
    const { httpClient, requests } = stubClient(sdk, revoked);
    await new sdk.ConductoroneSDKTypescript({ ...props, tenantDomain: "acme", httpClient }).connector.revokeCredential(ids);
    assert.notProperty(requests[0].headers, "authorization");
  }
  for (const security of [() => undefined, async () => null]) {
    const { revoke, requests } = stubbed(sdk, { security });
    assertError(sdk, await rejection(revoke()), "SDKValidationError", /security function returned undefined or null/);
    assert.lengthOf(requests, 0);
  }
});

const inOtherCase = (name) => [name.toLowerCase(), name.toUpperCase(), name[0].toUpperCase() + name.slice(1)];
test("options: a name in another case is refused, with the right one", async ({ sdk }) => {
  const backoff = (field) => ({ strategy: "backoff", backoff: field });
  const places = [
    [PROPS, (field) => field],
    [["bearerAuth", "oauth"], (field) => ({ security: field }), "security."],
    [
      ["strategy", "backoff", "retryConnectionErrors"],
      (field) => ({ retryConfig: { strategy: "none", ...field } }),
      "retryConfig.",
    ],
    [
      ["initialInterval", "maxInterval", "exponent", "maxElapsedTime"],
      (field) => ({ retryConfig: backoff(field) }),
      "retryConfig.backoff.",
    ],
  ];
  for (const [names, place, path = ""] of places) {
    for (const name of names) {
      for (const other of inOtherCase(name)) {
        if (other === name) continue;
        const props = { tenantDomain: "acme", ...place({ [other]: "x" }) };
        const error = assertError(
          sdk,
          thrown(() => new sdk.ConductoroneSDKTypescript(props)),
          "SDKValidationError",
        );
        assert.include(error.message, `${path}${other} is unknown: write ${name}`);
      }
    }
  }
  const { client, requests } = stubbed(sdk);
  for (const name of [...CALL_OPTIONS.slice(0, 7), ...BULK_OPTIONS]) {
    for (const other of inOtherCase(name)) {
      if (other === name) continue;
      for (const call of [
        client.connector.revokeCredential(ids, { [other]: undefined }),
        client.connector.revokeCredentials([ids], { [other]: undefined }),
      ]) {
        const error = assertError(sdk, await rejection(call), "SDKValidationError");
        assert.include(error.message, `${other} is unknown: write ${name}`);
      }
    }
  }
  assert.lengthOf(requests, 0);
  await client.connector.revokeCredential(ids, { traceId: 1, Retry: 1, [Symbol("serverurl")]: 1 });
  assert.lengthOf(requests, 1, "other fields are the caller's");
});

test("serverIdx: picks from ServerList, and nothing else", async ({ sdk }) => {
  assert.deepEqual([...sdk.ServerList], ["https://{tenantDomain}.conductor.one"]);
  const { revoke, requests } = stubbed(sdk, { serverIdx: 0 });
  await revoke();
  assert.strictEqual(requests[0].url, `https://acme.conductor.one${PATH}`);
  for (const serverIdx of [1, -1, 0.5, Number.NaN, "0", {}]) {
    assertError(sdk, thrown(constructing(sdk, { serverIdx })), "SDKValidationError", /serverIdx/);
  }
});

for (const option of ["httpClient", "defaultClient"]) {
  test(`${option}: any object with request(), called as its method with a Request`, async ({ sdk }) => {
    class Transport {
      seen = [];
      async request(request) {
        this.seen.push(request);
        return response(revoked);
      }
    }
    const transport = new Transport();
    const props = { security: { bearerAuth: TOKEN }, tenantDomain: "acme", [option]: transport };
    await new sdk.ConductoroneSDKTypescript(props).connector.revokeCredential(ids);
    assert.lengthOf(transport.seen, 1);
    assert.instanceOf(transport.seen[0], Request);
    assert.strictEqual(transport.seen[0].url, `https://acme.conductor.one${PATH}`);
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
  httpClient.addHook("beforeRequest", look);
  httpClient.addHook("response", onResponse);
  const copy = httpClient.clone();
  assert.instanceOf(copy, sdk.HTTPClient);
  const client = new sdk.ConductoroneSDKTypescript({ security: { bearerAuth: TOKEN }, httpClient });
  await client.connector.revokeCredential(ids);
  assert.deepEqual(heard, ["add", "r-1", 200, PATH]);
  assert.strictEqual(requests[0].headers["x-request-id"], "r-1");

  heard.length = 0;
  httpClient.removeHook("beforeRequest", add).removeHook("response", onResponse);
  await client.connector.revokeCredential(ids);
  assert.deepEqual(heard, [null]);

  heard.length = 0;
  const other = new sdk.ConductoroneSDKTypescript({ security: { bearerAuth: TOKEN }, httpClient: copy });
  await other.connector.revokeCredential(ids);
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
  httpClient.addHook("beforeRequest", () => {
    throw reason;
  });
  assert.strictEqual(assertError(sdk, await rejection(revoke()), "UnexpectedClientError").cause, reason);
  assert.lengthOf(requests, 1);
});

test("fetch: the global one is looked up at each call", async ({ sdk }) => {
  const client = new sdk.ConductoroneSDKTypescript({ security: { bearerAuth: TOKEN }, tenantDomain: "acme" });
  const seen = [];
  const fetch = async (input, init) => {
    seen.push(new Request(input, init).url);
    return response(revoked);
  };
  await withGlobals({ fetch }, () => client.connector.revokeCredential(ids));
  assert.deepEqual(seen, [`https://acme.conductor.one${PATH}`]);
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
  const { client } = stubbed(sdk, { httpClient: undefined });
  let passed;
  const fetch = async (...args) => {
    passed = args;
    return response(revoked);
  };
  await withGlobals({ Request: Recorder, fetch }, () => client.connector.revokeCredential(ids, options));
  return { inits, init: Object.assign({}, ...inits.filter(Boolean), passed[1]), passed };
}

test("RequestInit: nothing is set but method, headers and redirect", async ({ sdk }) => {
  const { init } = await whatReachesFetch(sdk);
  // A signal of the package's own serves its timeouts.
  const { method, redirect, headers, signal: _signal, ...others } = init;
  const rest = Object.fromEntries(Object.entries(others).filter(([, value]) => value !== undefined));
  assert.strictEqual(method, "POST");
  assert.strictEqual(redirect, "manual");
  assert.isOk(headers);
  assert.deepEqual(rest, {});
});

const FIELDS = { keepalive: true, referrerPolicy: "no-referrer", priority: "high", redirect: "follow", cf: { cacheTtl: 1 } };
for (const [name, options] of [
  ["flat", FIELDS],
  ["fetchOptions", { fetchOptions: FIELDS }],
]) {
  test(`RequestInit: what the caller sets (${name}) reaches fetch untouched`, async ({ sdk }) => {
    const { init } = await whatReachesFetch(sdk, options);
    for (const [field, value] of Object.entries(FIELDS)) assert.strictEqual(init[field], value, field);
  });
}

test(
  "RequestInit: fields that only browsers know reach fetch too",
  async ({ sdk }) => {
    const fields = { cache: "no-store", credentials: "include", mode: "cors" };
    const { passed } = await whatReachesFetch(sdk, fields);
    const [request] = passed;
    for (const [field, value] of Object.entries(fields)) assert.strictEqual(request[field], value, field);
  },
  { only: ["node", "browser"] },
);

test("RequestInit: a flat field wins over fetchOptions, and headers of both are sent", async ({ sdk }) => {
  const { revoke, requests } = stubbed(sdk);
  const fetchOptions = { headers: { "x-a": "1", "x-b": "1" } };
  await revoke({ fetchOptions });
  assert.strictEqual(requests[0].headers["x-a"], "1");
  await revoke({ fetchOptions, headers: { "x-b": "2" } });
  assert.strictEqual(requests[1].headers["x-b"], "2");
});

test("headers: every form of HeadersInit, and they win over the package's own", async ({ sdk }) => {
  const entries = [
    ["X-Request-Id", "r-9"],
    ["Accept", "application/json;q=1"],
  ];
  for (const headers of [Object.fromEntries(entries), entries, new Headers(entries), new Map(entries)]) {
    const { revoke, requests } = stubbed(sdk);
    await revoke({ headers });
    assert.strictEqual(requests[0].headers["x-request-id"], "r-9");
    assert.strictEqual(requests[0].headers.accept, "application/json;q=1");
    assert.strictEqual(requests[0].headers.authorization, `Bearer ${TOKEN}`);
  }
});

test("method and body of the caller's options do not replace the operation's own", async ({ sdk }) => {
  const { revoke, requests } = stubbed(sdk);
  await revoke({ method: "DELETE", body: "x" });
  assert.strictEqual(requests[0].method, "POST");
  assert.strictEqual(requests[0].body, "");
});

function recordingLogger() {
  const lines = [];
  return {
    lines,
    group: (label) => lines.push(`> ${label ?? ""}`),
    groupEnd: () => lines.push("<"),
    log: (message, ...args) =>
      lines.push([message, ...args].map((part) => (typeof part === "string" ? part : JSON.stringify(part))).join(" ")),
  };
}

test("debugLogger: shows requests and answers, never the token", async ({ sdk }) => {
  const debugLogger = recordingLogger();
  const answers = [revoked, { status: 404, headers: json, body: '{"message":"gone"}' }];
  const { revoke } = stubbed(sdk, { debugLogger }, ...answers);
  await revoke({ headers: { "X-Request-Id": "r-3" } });
  await rejection(revoke());
  const text = debugLogger.lines.join("\n");
  assert.include(text, "POST");
  assert.include(text, PATH);
  assert.include(text, "r-3");
  assert.include(text, "***");
  assert.match(text, /\b200\b/);
  assert.match(text, /\b404\b/);
  assert.notInclude(text, TOKEN);
  assert.strictEqual(
    debugLogger.lines.filter((line) => line.startsWith("> ")).length,
    debugLogger.lines.filter((line) => line === "<").length,
  );
});

test("debugLogger: one that throws harms no call", async ({ sdk }) => {
  const fail = () => {
    throw new Error("logger");
  };
  const { revoke, requests } = stubbed(sdk, { debugLogger: { group: fail, groupEnd: fail, log: fail } });
  assert.strictEqual((await revoke()).statusCode, 200);
  assert.lengthOf(requests, 1);
});

const WRONG_PROPS = {
  security: [1, "token", true, [TOKEN], { bearerAuth: 5 }, { oauth: {} }, { bearerAuth: Symbol("t") }, { oauth: "a b" }],
  tenantDomain: [1, {}, true],
  httpClient: [1, "x", {}, { request: 1 }],
  defaultClient: [1, "x", {}, { request: 1 }],
  userAgent: [1, {}, "a\nb"],
  timeoutMs: ["1", {}, true, Number.NaN],
  retryConfig: [1, "backoff", { strategy: "sometimes" }, { strategy: "backoff", backoff: 1 }],
  debugLogger: [1, "x", {}, { log: 1 }],
};
for (const [option, values] of Object.entries(WRONG_PROPS)) {
  test(`wrong types: ${option} is reported by name at construction`, ({ sdk }) => {
    for (const value of values) {
      const error = thrown(constructing(sdk, { [option]: value }));
      assertError(sdk, error, "SDKValidationError", new RegExp(option));
    }
  });
}

const WRONG_OPTIONS = {
  timeoutMs: ["1", {}, true, Number.NaN],
  retries: [1, "backoff", { strategy: "sometimes" }, { strategy: "backoff", backoff: 1 }],
  retryCodes: [1, "5XX", {}, ["abc"], ["6000"], ["5X"], [{}]],
  fetchOptions: [1, "x"],
  signal: [1, {}, "x"],
};
for (const [option, values] of Object.entries(WRONG_OPTIONS)) {
  test(`wrong types: ${option} is reported by name for one call`, async ({ sdk }) => {
    for (const value of values) {
      const { revoke, requests } = stubbed(sdk);
      assertError(sdk, await rejection(revoke({ [option]: value })), "SDKValidationError", new RegExp(option));
      assert.lengthOf(requests, 0);
    }
  });
}

test("wrong types: props and options that are no object are refused", async ({ sdk }) => {
  const { client, requests } = stubbed(sdk);
  for (const wrong of [1, "x", true, Symbol("s"), 1n]) {
    const construct = () => new sdk.ConductoroneSDKTypescript(wrong);
    assertError(sdk, thrown(construct), "SDKValidationError");
    assertError(sdk, await rejection(client.connector.revokeCredential(ids, wrong)), "SDKValidationError", /options/);
  }
  assert.lengthOf(requests, 0);
});
