// The list that Cloudflare Workflows revokes, in workerd with its local engine: whatever happens on the way, the report is true.
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, beforeEach, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { Miniflare, Response } from "miniflare";
import { app } from "../harness/app.mjs";
import { compatibilityDate } from "../harness/compatibility-date.mjs";
import { deferred, listen, startProcess } from "../harness/local.mjs";
import { workerModules } from "../harness/runtimes.mjs";

const OPERATOR = "operator-token-of-32-characters-or-more";

// In a project that has the package installed.
const folder = mkdtempSync(join(app, "workflow-"));
cpSync(new URL("../../examples/workflow", import.meta.url), folder, { recursive: true });
const example = join(folder, "worker.js");

/**
 * The example in less time: the workflow's pauses take a thousandth of theirs, and each is reported to the test; waits within a step, which
 * are below 30 s (the time limit of a request), take a hundredth.
 */
const WORKER = `
  const later = globalThis.setTimeout.bind(globalThis);
  globalThis.setTimeout = (callback, ms, ...rest) => later(callback, ms < 30_000 ? ms / 100 : ms, ...rest);
  import worker, { Revocation as Real } from ${JSON.stringify(example)};

  export class Revocation extends Real {
    run(event, step) {
      const { env } = this;
      return super.run(event, {
        do: (...values) => step.do(...values),
        waitForEvent: (...values) => step.waitForEvent(...values),
        async sleep(name, ms) {
          await env.TEST.fetch("http://test/slept/" + ms);
          await step.sleep(name, ms / 1000);
        },
      });
    }
  }
  export default {
    async fetch(request, env) {
      // After a crash the local engine runs an instance again only when something happens to it.
      const [, test, id] = new URL(request.url).pathname.split("/");
      const settings = JSON.parse(request.headers.get("x-settings") ?? "{}");
      if (test !== "wake" && test !== "terminate") return worker.fetch(request, { ...env, ...settings });
      const instance = await env.REVOCATIONS.get(id);
      await (test === "wake" ? instance.sendEvent({ type: "wake", payload: null }) : instance.terminate());
      return new Response();
    },
  };`;

let keys = 0;
/** An API key. */
function newKey(host) {
  const { kty, crv, d, x } = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
  const secret = Buffer.from(JSON.stringify({ kty, crv, d, x })).toString("base64url");
  keys += 1;
  return { C1_CLIENT_ID: `name-${keys}@${host}/pcc`, C1_CLIENT_SECRET: `secret-token:conductorone.com:v1:${secret}` };
}

/**
 * A model of the API that knows what was really revoked. `plan(id, nth)` may say how the nth request for a credential ends: a status with
 * headers; `cut`, `lost`: no response, before or after it is revoked; `hidden`: nor one to GET. `before` is called ahead of each request.
 */
async function startApi() {
  const api = {
    revoked: new Map(),
    requests: [],
    /** Credentials that the API does not know. */
    never: new Set(),
    /** The client ID that it accepts. */
    accepts: undefined,
    plan: () => ({}),
    before: () => {},
    sent: (id) => api.requests.filter((one) => one === id).length,
    reset() {
      Object.assign(api, { revoked: new Map(), never: new Set(), requests: [], plan: () => ({}), before: () => {} });
    },
  };
  const server = await listen(async (request, response) => {
    const send = (status, body, headers) =>
      response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
    const body = await text(request);
    if (request.url === "/auth/v1/token") {
      const client = new URLSearchParams(body).get("client_id");
      return send(200, { access_token: `access-token-of-${client}`, token_type: "Bearer", expires_in: 600 });
    }
    const id = decodeURIComponent(request.url.split("/").at(-1));
    const { authorization } = request.headers;
    const refuse = (status, headers) =>
      send(status, { code: status === 404 ? 5 : 7, message: `${status} for ${authorization}`, details: [] }, headers);
    if (authorization !== `Bearer access-token-of-${api.accepts}`) return refuse(401);
    if (request.method === "GET") {
      if (api.never.has(id)) return refuse(404);
      if (api.plan(id, api.sent(id)).hidden) return response.destroy();
      return send(200, { credential: { id, deletedAt: api.revoked.get(id) ?? null } });
    }
    api.requests.push(id);
    await api.before(id);
    const { status = 200, headers, lost, cut } = api.plan(id, api.sent(id));
    if (api.never.has(id)) return refuse(404);
    if (cut) return response.destroy();
    if (status !== 200) return refuse(status, headers);
    if (!api.revoked.has(id)) api.revoked.set(id, new Date().toISOString());
    if (lost) return response.destroy();
    send(200, {});
  });
  api.host = new URL(server.url).host;
  api.stop = server.stop;
  return api;
}

const list = (count, prefix = "cred") =>
  Array.from({ length: count }, (_, i) => ({ appId: "app", connectorId: "con", id: `${prefix}-${i + 1}` }));

describe("examples/workflow", { timeout: 600_000 }, () => {
  let api, miniflare, url, state, modules, key, slept, onSleep;

  async function startWorker() {
    miniflare = new Miniflare({
      modules,
      modulesRoot: ".",
      compatibilityDate,
      bindings: { OPERATOR_TOKEN: OPERATOR, ...key },
      workflows: { REVOCATIONS: { name: "c1-revoke", className: "Revocation" } },
      workflowsPersist: state,
      serviceBindings: {
        TEST: async (request) => {
          const ms = Number(request.url.split("/").at(-1));
          slept.push(ms);
          onSleep(ms);
          return new Response();
        },
      },
    });
    url = await miniflare.ready;
  }
  /** Miniflare ends workerd by SIGKILL. */
  const kill = () => miniflare.dispose();
  async function restart(id) {
    await startWorker();
    await fetch(new URL(`/wake/${id}`, url));
  }

  async function ask(path, { token = OPERATOR, headers, ...init } = {}) {
    const response = await fetch(new URL(path, url), { ...init, headers: { authorization: `Bearer ${token}`, ...headers } });
    return { status: response.status, body: await response.json() };
  }
  const post = (body, init) =>
    ask("/revocations", { method: "POST", body: typeof body === "string" ? body : JSON.stringify(body), ...init });
  async function begin(credentials) {
    const { status, body } = await post(credentials);
    assert.equal(status, 202, JSON.stringify(body));
    return body.id;
  }
  async function ended(id) {
    for (;;) {
      // On a machine that stalls, workerd may close an idle connection just when it is used again.
      const body = await ask(`/revocations/${id}`).then(
        (response) => response.body,
        () => null,
      );
      if (body && !["queued", "running", "waiting"].includes(body.status)) return body;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  before(async () => {
    state = mkdtempSync(join(tmpdir(), "c1-revoke-workflow-"));
    api = await startApi();
    key = newKey(api.host);
    api.accepts = key.C1_CLIENT_ID;
    modules = await workerModules(WORKER);
    slept = [];
    await startWorker();
  });
  after(async () => {
    await miniflare?.dispose();
    api?.stop();
    if (state) rmSync(state, { recursive: true });
    rmSync(folder, { recursive: true });
  });
  beforeEach(() => {
    api.reset();
    slept = [];
    onSleep = () => {};
  });

  /**
   * Compares a report with what the model knows. "revoked" and "absent" must be true of what is revoked, "notRevoked" and "notSent" of what
   * is not; "unknown" is said of nothing but `unknown`.
   */
  function assertTrue({ report }, credentials, unknown = []) {
    assert.deepEqual(
      report.map(({ outcome, statusCode, ...ids }) => ids),
      credentials,
    );
    for (const { id, outcome } of report) {
      if (outcome === "unknown") assert.ok(unknown.includes(id), `${id}: unknown`);
      else assert.equal(["revoked", "absent"].includes(outcome), api.revoked.has(id) || api.never.has(id), `${id}: ${outcome}`);
    }
  }

  it("revokes a list, each credential once, and reports what became of each", async () => {
    api.never.add("cred-7");
    api.plan = (id, nth) => ({ status: id === "cred-9" ? 403 : 200, lost: id === "cred-120" && nth === 1 });
    const credentials = list(250);
    const { status, body } = await post([...credentials, credentials[0]]);
    assert.equal(status, 202);
    assert.deepEqual([body.credentials, body.duplicates], [250, 1]);
    const result = await ended(body.id);
    assert.equal(result.status, "complete");
    assert.deepEqual(result.counts, { revoked: 248, absent: 1, notRevoked: 1 });
    assert.deepEqual(result.report[6], { ...credentials[6], outcome: "absent", statusCode: 404 });
    assert.deepEqual(result.report[8], { ...credentials[8], outcome: "notRevoked", statusCode: 403 });
    assertTrue(result, credentials);
    assert.equal(api.requests.length, 250);
  });

  for (const again of [200, 404, 403]) {
    it(`a step that is killed and run again says nothing false when the API answers ${again} for what is revoked`, async () => {
      const credentials = list(150, `killed-${again}`);
      const killed = deferred();
      api.plan = (id) => (api.revoked.has(id) ? { status: again } : {});
      api.before = async () => {
        if (api.requests.length !== 130) return;
        // The credentials of the second step up to here are revoked, and no step has reported them.
        await kill();
        killed.resolve();
      };
      const id = await begin(credentials);
      await killed.promise;
      assert.ok(api.revoked.size >= 124 && api.revoked.size < 150);
      const reached = [...new Set(api.requests.slice(100))];
      await restart(id);
      const result = await ended(id);
      assertTrue(result, credentials, again === 403 ? reached : []);
      assert.equal(api.revoked.size, 150);
      // The first step had ended: its credentials were not sent again.
      for (const { id: name } of credentials.slice(0, 100)) assert.equal(api.sent(name), 1);
    });
  }

  it("waits for a new key when the API refuses the old one, and goes on", async () => {
    const credentials = list(250, "rotated");
    const refused = deferred();
    api.before = () => {
      if (api.requests.length === 130) api.accepts = "another key";
    };
    onSleep = refused.resolve;
    const id = await begin(credentials);
    assert.ok((await refused.promise) > 30_000);
    const sent = api.requests.length;
    assert.ok(api.revoked.size < 140);
    await kill();
    key = newKey(api.host);
    api.accepts = key.C1_CLIENT_ID;
    await restart(id);
    const result = await ended(id);
    assert.deepEqual(result.counts, { revoked: 250 });
    assertTrue(result, credentials);
    assert.ok(sent < 140);
  });

  for (const seconds of [60, 600]) {
    it(`sleeps for ${seconds} s when the API asks for it with 429, and sends nothing meanwhile`, async () => {
      const credentials = list(150, `limited-${seconds}`);
      let until = 0;
      let sentMeanwhile = 0;
      api.before = () => {
        if (api.requests.length === 50) until = Date.now() + seconds;
        if (Date.now() < until) sentMeanwhile += 1;
      };
      api.plan = () => (Date.now() < until ? { status: 429, headers: { "retry-after": String(seconds) } } : {});
      const result = await ended(await begin(credentials));
      assert.deepEqual(result.counts, { revoked: 150 });
      assertTrue(result, credentials);
      const asked = seconds * 1000;
      assert.ok(
        slept.some((ms) => ms > asked / 2 && ms <= asked),
        String(slept),
      );
      assert.ok(sentMeanwhile <= 10, String(sentMeanwhile));
    });
  }

  it("stops when it is asked to, and reports what it did until then", async () => {
    const credentials = list(300, "stopped");
    const reached = deferred();
    const stopped = deferred();
    api.before = async () => {
      if (api.requests.length < 150) return;
      reached.resolve();
      await stopped.promise;
    };
    const id = await begin(credentials);
    await reached.promise;
    assert.equal((await ask(`/revocations/${id}`, { method: "DELETE" })).status, 200);
    const inFlight = api.requests.slice(149);
    const result = await ended(id);
    stopped.resolve();
    assert.equal(result.status, "complete");
    assertTrue(result, credentials, inFlight);
    assert.ok(result.counts.notSent >= 140, JSON.stringify(result.counts));
    assert.deepEqual((await ask(`/revocations/${id}`, { method: "DELETE" })).body, result);
  });

  it("stops during a pause", { timeout: 60_000 }, async () => {
    api.plan = () => ({ status: 429, headers: { "retry-after": "86400" } });
    const sleeping = deferred();
    onSleep = sleeping.resolve;
    const credentials = list(20, "paused");
    const id = await begin(credentials);
    await sleeping.promise;
    await ask(`/revocations/${id}`, { method: "DELETE" });
    assertTrue(await ended(id), credentials);
    assert.equal(api.revoked.size, 0);
  });

  it("after `terminate()`, the same list can be sent again", async () => {
    const credentials = list(150, "terminated");
    const reached = deferred();
    const terminated = deferred();
    api.before = async () => {
      if (api.requests.length !== 130) return;
      reached.resolve();
      await terminated.promise;
    };
    api.plan = (id) => (api.revoked.has(id) ? { status: 404 } : {});
    const id = await begin(credentials);
    await reached.promise;
    await fetch(new URL(`/terminate/${id}`, url));
    const { status, report } = await ended(id);
    assert.deepEqual([status, report], ["terminated", undefined]);
    terminated.resolve();
    const again = await ended(await begin(credentials));
    assertTrue(again, credentials);
    assert.equal(api.revoked.size, 150);
  });

  it("gives up what never succeeds: what cannot be confirmed is unknown", async () => {
    const lostAndHidden = { lost: true, hidden: true };
    const plans = {
      "bad-3": () => ({ status: 500 }),
      "bad-5": () => ({ cut: true }),
      "bad-6": (nth) => (nth <= 8 ? lostAndHidden : { status: 403 }),
      "bad-7": () => ({ lost: true }),
      "bad-8": () => lostAndHidden,
    };
    api.plan = (id, nth) => plans[id]?.(nth) ?? {};
    const credentials = list(8, "bad");
    const result = await ended(await begin(credentials));
    assert.deepEqual(result.counts, { revoked: 4, notRevoked: 2, unknown: 2 });
    assertTrue(result, credentials, ["bad-6", "bad-8"]);
    // Three steps, eight requests in each.
    assert.equal(api.sent("bad-3"), 24);
  });

  it("keeps no secret in the engine's state", async () => {
    api.plan = (id) => (id === "secret-1" ? { status: 403 } : {});
    await ended(await begin(list(2, "secret")));
    const files = readdirSync(state, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const kept = files.map((file) => readFileSync(join(file.parentPath ?? file.path, file.name), "latin1")).join("");
    assert.ok(kept.includes("secret-1"), "the state is not there");
    for (const secret of [OPERATOR, key.C1_CLIENT_SECRET.slice(-40), "access-token-of"])
      assert.ok(!kept.includes(secret), secret);
  });

  describe("POST /revocations", () => {
    it("is for whoever has the operator's token", async () => {
      const id = await begin(list(1, "private"));
      for (const token of ["", "wrong", `${OPERATOR}x`, OPERATOR.slice(1)]) {
        assert.equal((await post(list(1), { token })).status, 401);
        for (const method of ["GET", "DELETE"]) assert.equal((await ask(`/revocations/${id}`, { token, method })).status, 401);
      }
      await ended(id);
      assert.equal(api.revoked.size, 1);
    });

    it("serves nobody without its secrets, and shows none", async () => {
      for (const [settings, message] of [
        [{ OPERATOR_TOKEN: undefined }, /OPERATOR_TOKEN is not set/],
        [{ OPERATOR_TOKEN: "short" }, /OPERATOR_TOKEN/],
        [{ C1_CLIENT_ID: undefined }, /C1_CLIENT_ID/],
        [{ C1_CLIENT_ID: "canary" }, /C1_CLIENT_ID/],
        [{ C1_CLIENT_SECRET: undefined }, /C1_CLIENT_SECRET/],
        [{ C1_CLIENT_SECRET: "canary-of-a-secret" }, /C1_CLIENT_SECRET/],
      ]) {
        const text = JSON.stringify(settings, (_, value) => value ?? "");
        for (const token of "OPERATOR_TOKEN" in settings ? [OPERATOR, "short", ""] : [OPERATOR]) {
          const { status, body } = await post(list(1), { token, headers: { "x-settings": text } });
          assert.equal(status, 503);
          assert.match(body.message, message);
          assert.ok(!body.message.includes("canary"), body.message);
        }
      }
      assert.equal(api.requests.length, 0);
    });

    it("is not for pages of other sites", async () => {
      for (const headers of [
        { "sec-fetch-site": "cross-site" },
        { "sec-fetch-site": "same-site" },
        { origin: "https://evil.example" },
        { origin: "null" },
      ]) {
        assert.equal((await post(list(1), { headers })).status, 403);
      }
      assert.equal((await post("[]", { headers: { "sec-fetch-site": "same-origin", origin: url.origin } })).status, 400);
    });

    it("starts nothing if any item is invalid, and names each", async () => {
      const { status, body } = await post([...list(2), { appId: "app", connectorId: "con", id: ".." }, null, { appId: "app" }]);
      assert.equal(status, 400);
      assert.deepEqual(
        body.errors.map((error) => /^Item \d+/.exec(error)[0]),
        ["Item 2", "Item 3", "Item 4"],
      );
      for (const text of ["", "{}", "[]", "null", "no JSON", '"a,b,c"']) assert.equal((await post(text)).status, 400, text);
      assert.equal(api.requests.length, 0);
    });

    it("takes a list of 1 MiB and no more", async () => {
      const most = 2 ** 20;
      const credentials = [];
      for (let length = 2; length < most - 300; length += JSON.stringify(credentials.at(-1)).length + 1) {
        credentials.push({
          appId: "a".repeat(27),
          connectorId: "b".repeat(27),
          id: String(credentials.length).padStart(27, "0"),
        });
      }
      const text = JSON.stringify(credentials);
      const { status, body } = await post(`${text}${" ".repeat(most + 1 - text.length)}`);
      assert.equal(status, 413);
      assert.match(body.message, /Split it/);
      const id = (await post(`${text}${" ".repeat(most - text.length)}`)).body.id;
      await ask(`/revocations/${id}`, { method: "DELETE" });
      assert.equal((await ended(id)).report.length, credentials.length);
    });

    it("has no other route", async () => {
      for (const path of ["/", "/x", "/revocations/x/y"]) assert.equal((await ask(path)).status, 404, path);
      assert.equal((await ask("/revocations/none")).status, 404);
      assert.equal((await ask("/revocations")).status, 405);
    });
  });
});

describe("make demo-workflow", { timeout: 600_000 }, () => {
  it("serves the example with wrangler, and revokes in its sandbox", async (test) => {
    const state = mkdtempSync(join(tmpdir(), "c1-revoke-demo-"));
    const demo = fileURLToPath(new URL("../../examples/workflow/demo.mjs", import.meta.url));
    // A registry of its own: wrangler would otherwise join Workers of the same name that run elsewhere on this machine.
    const options = { env: { ...process.env, WRANGLER_REGISTRY_PATH: state } };
    const args = [demo, "--port", "0", "--inspector-port", "0"];
    const { match, stop } = await startProcess(process.execPath, args, /.*Ctrl-C/s, options);
    test.after(async () => {
      await stop();
      rmSync(state, { recursive: true });
    });
    const [, url] = / is at {2}(\S+)/.exec(match[0]);
    const headers = { authorization: `Bearer ${/TOKEN=(\S+)/.exec(match[0])[1]}` };
    const credentials = [...list(120), ...["gone", "forbidden"].map((id) => ({ appId: "app", connectorId: "con", id }))];
    const created = await fetch(`${url}/revocations`, { method: "POST", headers, body: JSON.stringify(credentials) });
    const { id } = await created.json();
    let result;
    do result = await (await fetch(`${url}/revocations/${id}`, { headers })).json();
    while (result.status !== "complete");
    assert.deepEqual(result.counts, { revoked: 120, absent: 1, notRevoked: 1 });
  });
});
