// What a caller's code returns: whatever it is, and however it fails, no rejection is left without a handler. One would end a Node
// process. `runByName` fails a test in which there is one.
import { turn } from "./clock.js";
import { CLIENT_ID } from "./credentials.js";
import { assert, ids, json, response, revoked, stubClient, TOKEN } from "./helpers.js";
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

/** The places where a caller's code is called, which the tests below must reach. */
const PLACES =
  "beforeRequest response requestError request headers.get headers.forEach text security oidcToken debugLogger iterator next return " +
  "onProgress onResult";

/** A call and a run in which each function ends in the way that `choose` says, and the places that they reached. */
async function play(sdk, choose, pick) {
  const reached = new Set();
  const controller = new AbortController();
  const end = (name, value) => {
    reached.add(name);
    // Some abort, in the middle of anything.
    if (pick(60) === 0) controller.abort();
    return WAYS[choose(name)](value);
  };
  const code = callersCode(sdk, end, controller.signal);
  const props = { tenantDomain: "acme", httpClient: code.clients[pick(3)], ...code.security[pick(2)] };
  const client = new sdk.ConductoroneSDKTypescript(pick(3) ? { ...props, debugLogger: code.debugLogger } : props);
  const options = { ...(pick(3) ? code.options : {}), retries: { strategy: "none" } };
  const settled = [
    client.connector.revokeCredential(ids, { signal: options.signal }),
    client.connector.revokeCredentials(code.inputs[pick(3)], { ...options, stopOnError: pick(2) === 0 }),
  ];
  await Promise.allSettled(settled);
  await turn();
  client.free();
  return reached;
}

test("callbacks: a rejection of any one of them is handled, and the others work", async ({ sdk }) => {
  const reached = new Set();
  for (const name of PLACES.split(" ")) {
    for (const way of FAILING) {
      for (let round = 0; round < 3; round++) {
        const random = generator(round);
        const seen = await play(sdk, (other) => (other === name ? way : "well"), random);
        for (const place of seen) reached.add(place);
      }
    }
  }
  assert.sameMembers([...reached], PLACES.split(" "));
});

test("callbacks: rejections of several, aborts between them, all are handled", async ({ sdk }) => {
  const ways = Object.keys(WAYS);
  for (let round = 0; round < 200; round++) {
    const random = generator(round);
    await play(sdk, () => (random(3) ? "well" : ways[random(ways.length)]), random);
  }
});

test("callbacks: an input that rejects at the moment of an abort", async ({ sdk }) => {
  const { httpClient } = stubClient(sdk, revoked);
  const client = new sdk.ConductoroneSDKTypescript({ security: { bearerAuth: TOKEN }, tenantDomain: "acme", httpClient });
  for (const when of ["before", "after"]) {
    const controller = new AbortController();
    const next = () => {
      if (when === "before") controller.abort();
      const rejected = Promise.reject(fault());
      if (when === "after") controller.abort();
      return rejected;
    };
    const report = await client.connector.revokeCredentials(
      { [Symbol.asyncIterator]: () => ({ next }) },
      { signal: controller.signal },
    );
    assert.deepEqual([report.revoked, report.failed, report.skipped], [0, 0, 0]);
  }
});

test("callbacks: a logger whose methods are async and fail changes nothing", async ({ sdk }) => {
  const log = async () => {
    throw fault();
  };
  const { httpClient } = stubClient(sdk, revoked);
  const props = { security: { bearerAuth: TOKEN }, httpClient, debugLogger: { group: log, groupEnd: log, log } };
  assert.strictEqual((await new sdk.ConductoroneSDKTypescript(props).connector.revokeCredential(ids)).statusCode, 200);
});
