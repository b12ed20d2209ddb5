// One client in a Worker, shared by its invocations. workerd ties I/O (requests, bodies, timers) to the invocation that began it: no
// other one may use it, and it is over when that invocation is.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { Miniflare, Response } from "miniflare";
import { compatibilityDate } from "../harness/compatibility-date.mjs";
import { deferred } from "../harness/local.mjs";
import { workerModules } from "../harness/runtimes.mjs";
import { API_KEY } from "../suite/credentials.js";

const WORKER = `
  import { AsyncLocalStorage } from "node:async_hooks";
  import { ConductoroneSDKTypescript, HTTPClient } from "c1-revoke";

  // From /hurry on, a second takes a hundredth of one.
  let speed = 1;
  const { setTimeout } = globalThis;
  globalThis.setTimeout = (callback, ms, ...rest) => setTimeout(callback, ms / speed, ...rest);
  const now = performance.now.bind(performance);
  performance.now = () => now() * speed;

  const invocation = new AsyncLocalStorage();
  const httpClient = new HTTPClient();
  // A request of the invocation's own, for each one that the client sends.
  httpClient.addHook("beforeRequest", async ({ url }) => {
    await fetch("https://log.example/" + invocation.getStore().id, { method: "POST", body: url });
  });
  const clients = {
    oauth: new ConductoroneSDKTypescript({ ...${JSON.stringify(API_KEY)}, httpClient }),
    // Only its own invocation can read the body of a request.
    body: new ConductoroneSDKTypescript({
      tenantDomain: "acme",
      httpClient,
      timeoutMs: 6_000_000,
      security: async () => ({ bearerAuth: await invocation.getStore().request.clone().text() }),
    }),
  };
  const credential = (id) => ({ appId: "a", connectorId: "b", id });

  const ways = {
    async call({ connector }, id) {
      const { rawResponse } = await connector.revokeCredential(credential(id));
      return [rawResponse.headers.get("x-request-id"), invocation.getStore().id];
    },
    async run({ connector }, id) {
      const contexts = [];
      async function* input() {
        for (const at of [1, 2, 3]) yield credential(id + "." + at);
      }
      const onResult = () => contexts.push(invocation.getStore().id);
      const { revoked } = await connector.revokeCredentials(input(), { onResult, concurrency: 2 });
      return [revoked, ...contexts];
    },
    // Begins a call and is over before that is.
    async leave({ connector }, id) {
      connector.revokeCredential(credential(id)).catch(() => {});
      await fetch("https://wait.example/");
      return [id];
    },
    async hurry() {
      speed = 100;
    },
  };

  export default {
    fetch(request) {
      const [, way, client, id] = new URL(request.url).pathname.split("/");
      return invocation.run({ request, id }, async () => Response.json((await ways[way](clients[client], id)) ?? null));
    },
  };`;

const USERS = ["1", "2", "3"];
/** What their calls and bulk runs give: each is answered for, and runs in, its own invocation. */
const CALLS = USERS.map((id) => [id, id]);
const RUNS = USERS.map((id) => [3, id, id, id]);
const isToken = (pathname) => pathname === "/auth/v1/token";

describe("a client shared by a Worker's invocations", { timeout: 60_000 }, () => {
  let miniflare, url, sent, logged, tokens;
  /** Called with the path of each request to the API; it is answered when what this returns settles. */
  let hold;
  before(async () => {
    miniflare = new Miniflare({
      modules: await workerModules(WORKER),
      modulesRoot: ".",
      compatibilityDate,
      compatibilityFlags: ["nodejs_als"],
      async outboundService(request) {
        const { host, pathname } = new URL(request.url);
        if (host === "log.example") {
          logged.push([pathname.slice(1), new URL(await request.text()).pathname]);
          return new Response();
        }
        if (host === "wait.example") return new Response(await hold(host));
        await hold(pathname);
        // Short-lived: each test needs a new one.
        if (isToken(pathname)) {
          tokens += 1;
          return Response.json({ access_token: "token", token_type: "Bearer", expires_in: 0 });
        }
        const id = pathname.split("/").at(-1);
        sent.push([id, request.headers.get("authorization")]);
        return Response.json({}, { headers: { "x-request-id": id } });
      },
    });
    url = await miniflare.ready;
  });
  after(() => miniflare?.dispose());
  beforeEach(() => {
    [sent, logged, tokens] = [[], [], 0];
    hold = async () => {};
  });
  const ask = async (way, client, id) => {
    const response = await fetch(new URL(`/${way}/${client}/${id}`, url), { method: "POST", body: `token-${id}` });
    return response.ok ? response.json() : assert.fail(await response.text());
  };
  const askAll = (way, client) => Promise.all(USERS.map((id) => ask(way, client, id)));

  /** Has every request wait until `count` have come; the last one is answered first. */
  function meet(count) {
    let waiting = [];
    hold = () =>
      new Promise((resolve) => {
        waiting.unshift(resolve);
        if (waiting.length < count) return;
        for (const go of waiting) go();
        waiting = [];
      });
  }

  /** Has an invocation begin a call, and end during its request to a path that is never answered. */
  async function leaveDuring(isNeverAnswered, client) {
    const asked = deferred();
    hold = (path) => {
      if (path === "wait.example") return asked.promise;
      if (!isNeverAnswered(path)) return undefined;
      asked.resolve();
      return new Promise(() => {});
    };
    assert.deepEqual(await ask("leave", client, "0"), ["0"]);
  }

  /** Asserts that the requests to the API were so many, and that each invocation has logged its own. */
  function assertLogged(count) {
    const own = logged.filter(([, path]) => !isToken(path));
    for (const [id, path] of own) assert.equal(path.split("/").at(-1).split(".")[0], id);
    assert.equal(own.length, count);
  }

  for (const [what, way, results, count] of [
    ["calls", "call", CALLS, 3],
    ["bulk runs", "run", RUNS, 9],
  ]) {
    it(`${what} use the I/O of their own invocation`, async () => {
      meet(3);
      assert.deepEqual(await askAll(way, "body"), results);
      for (const [id, authorization] of sent) assert.equal(authorization, `Bearer token-${id[0]}`);
      assert.equal(sent.length, count);
      assertLogged(count);
    });
  }

  it("invocations that need a token share the request for it", async () => {
    const token = deferred();
    hold = (path) => (isToken(path) ? token.promise : undefined);
    const answers = askAll("call", "oauth");
    // Once another invocation has come and gone, these wait.
    await ask("call", "body", "4");
    token.resolve();
    assert.deepEqual(await answers, CALLS);
    assert.equal(tokens, 1);
    assertLogged(4);
  });

  for (const way of ["call", "run"]) {
    it(`when the invocation that asked for the token is over, a ${way} of another one gets a token`, async () => {
      await leaveDuring(isToken, "oauth");
      hold = async () => {};
      await ask("hurry");
      assert.deepEqual(await ask(way, "oauth", "1"), { call: CALLS, run: RUNS }[way][0]);
    });
  }

  it("when an invocation is over in the middle of a call, the calls of others go on", async () => {
    await leaveDuring((path) => path.endsWith("/0"), "body");
    assert.deepEqual(await askAll("call", "body"), CALLS);
    assert.deepEqual(await askAll("run", "oauth"), RUNS);
  });
});
