// What a caller's code returns: whatever it is, and however it fails, no rejection is left without a handler. One would end a Node
// process. `runByName` fails a test in which there is one.
import { turn } from "./clock.js";
import { CLIENT_ID } from "./credentials.js";
import { assert, ids, json, response, revoked, stubbed, stubClient, TOKEN } from "./helpers.js";
import { issued } from "./oauth-helpers.js";
import { test } from "./registry.js";
import { generator } from "./written.js";

const fault = () => new Error("a caller's own fault");

/** How a function of the caller's may end, given what it should return. */
const WAYS = {
  well: (value) => value,
  "well, later": async (value) => value,
  "by a rejection": () => Promise.reject(fault()),
  "by a rejection, later": async () => {
    await turn();
    throw fault();
  },
  "by an exception": () => {
    throw fault();
  },
  "by a thenable that throws": () => ({ then: () => WAYS["by an exception"]() }),
  "by a thenable that rejects": () => ({ then: (_, reject) => reject(fault()) }),
};
const FAILING = Object.keys(WAYS).filter((way) => !way.startsWith("well"));

/** The caller's functions. `end(name, value)` is what the one of this name does when it should return `value`. */
function callersCode(sdk, end, signal) {
  const { httpClient } = stubClient(sdk, ({ url }) => response(url.endsWith("/token") ? issued("token") : revoked));
  const answer = (body) => ({
    status: 200,
    headers: { get: (name) => end("headers.get", new Headers(json).get(name)), forEach: () => end("headers.forEach") },
    text: () => end("text", body),
  });
  const hooked = httpClient.clone();
  hooked.addHook("beforeRequest", (request) => end("beforeRequest", request));
  hooked.addHook("response", () => end("response"));
  hooked.addHook("requestError", () => end("requestError"));
  const items = [ids, { ...ids, id: "2" }, { ...ids, id: "" }];
  const iterator = () => {
    let at = 0;
    return {
      next: () => end("next", at < items.length ? { done: false, value: items[at++] } : { done: true }),
      return: () => end("return", {}),
    };
  };
  const log = () => end("debugLogger");
  return {
    clients: [hooked, { request: () => end("request", response(revoked)) }, { request: async () => answer("{}") }],
    security: [
      { security: () => end("security", { bearerAuth: TOKEN }) },
      { clientID: CLIENT_ID, oidcToken: () => end("oidcToken", "a.b.c") },
    ],
    debugLogger: { group: log, groupEnd: log, log },
    options: { signal, onProgress: () => end("onProgress"), onResult: () => end("onResult") },
    inputs: [
      { [Symbol.asyncIterator]: iterator },
      { [Symbol.iterator]: iterator },
      { [Symbol.asyncIterator]: () => end("iterator", iterator()) },
    ],
  };
}

/** The places where a caller's code is called, each with the client, the security and the input that reach it. */
const PLACES = {
  beforeRequest: [0, 0, 0],
  response: [0, 0, 0],
  requestError: [0, 0, 0],
  request: [1, 0, 1],
  "headers.get": [2, 0, 0],
  "headers.forEach": [2, 0, 0],
  text: [2, 0, 1],
  security: [1, 0, 0],
  oidcToken: [1, 1, 0],
  debugLogger: [1, 0, 0],
  iterator: [1, 0, 2],
  next: [1, 0, 0],
  return: [1, 0, 0],
  onProgress: [1, 0, 1],
  onResult: [1, 0, 0],
};

/** A call and a run in which `ends(name)` says how each function ends. Resolves to the places that they reached. */
async function play(sdk, [client, security, input], ends, controller = new AbortController()) {
  const reached = new Set();
  const end = (name, value) => {
    reached.add(name);
    return WAYS[ends(name)](value);
  };
  const code = callersCode(sdk, end, controller.signal);
  const props = { httpClient: code.clients[client], debugLogger: code.debugLogger, ...code.security[security] };
  const { connector } = new sdk.ConductoroneSDKTypescript({ tenantDomain: "acme", ...props });
  const options = { ...code.options, retries: { strategy: "none" }, stopOnError: true };
  await Promise.allSettled([
    connector.revokeCredential(ids, { signal: options.signal, retries: options.retries }),
    connector.revokeCredentials(code.inputs[input], options),
  ]);
  await turn();
  return reached;
}

for (const way of FAILING) {
  test(`callbacks: one that ends ${way} leaves no rejection unhandled, whichever it is`, async ({ sdk }) => {
    for (const [name, variant] of Object.entries(PLACES)) {
      // The hook hears of the failure of another.
      const failing = name === "requestError" ? ["response", name] : [name];
      const reached = await play(sdk, variant, (other) => (failing.includes(other) ? way : "well"));
      assert.include([...reached], name);
    }
  });
}

test("callbacks: several that fail, and aborts in the middle of them, leave no rejection unhandled", async ({ sdk }) => {
  const ways = Object.keys(WAYS);
  for (let round = 0; round < 100; round++) {
    const random = generator(round);
    const controller = new AbortController();
    const ends = () => {
      if (random(40) === 0) controller.abort();
      return random(3) ? "well" : ways[random(ways.length)];
    };
    await play(sdk, [random(3), random(2), random(3)], ends, controller);
  }
});

test("callbacks: an input that rejects at the moment of an abort", async ({ sdk }) => {
  for (const when of ["before", "after"]) {
    const controller = new AbortController();
    const next = () => {
      if (when === "before") controller.abort();
      const rejected = Promise.reject(fault());
      if (when === "after") controller.abort();
      return rejected;
    };
    const input = { [Symbol.asyncIterator]: () => ({ next }) };
    const report = await stubbed(sdk).client.connector.revokeCredentials(input, { signal: controller.signal });
    assert.deepEqual([report.revoked, report.failed, report.skipped], [0, 0, 0]);
  }
});
