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
import { app, work } from "../harness/app.mjs";
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
      const [, wake, id] = new URL(request.url).pathname.split("/");
      const settings = JSON.parse(request.headers.get("x-settings") ?? "{}");
      if (wake !== "wake") return worker.fetch(request, { ...env, ...settings });
      await (await env.REVOCATIONS.get(id)).sendEvent({ type: "wake", payload: null });
      return new Response();
    },
  };`;

/** An API key. */
function newKey(name, host) {
  const jwk = JSON.stringify(generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" }));
  const secret = `secret-token:conductorone.com:v1:${Buffer.from(jwk).toString("base64url")}`;
  return { C1_CLIENT_ID: `${name}@${host}/pcc`, C1_CLIENT_SECRET: secret };
}

/**
 * A model of the API that knows what was really revoked. `plan(id, nth)` may say how the nth request for a credential ends: a status with
 * headers; `cut`, `lost`: no response, before or after it is revoked; `hidden`: nor one to GET. `before` is called ahead of each request.
 * It knows no credential of `never`, and accepts the client ID `accepts`.
 */
class Api {
  revoked = new Set();
  requests = [];
  never = new Set();
  plan = () => ({});
  before = () => {};
  constructor(accepts) {
    this.accepts = accepts;
  }
  sent(id) {
    return this.requests.filter((one) => one === id).length;
  }

  async answer(request, response) {
    const send = (status, body, headers) =>
      response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
    if (request.url === "/auth/v1/token") {
      const client = new URLSearchParams(await text(request)).get("client_id");
      return send(200, { access_token: `access-token-of-${client}`, token_type: "Bearer", expires_in: 600 });
    }
    const id = request.url.split("/").at(-1);
    const { authorization } = request.headers;
    const refuse = (status, headers) =>
      send(status, { code: status === 404 ? 5 : 7, message: `${status} for ${authorization}`, details: [] }, headers);
    if (authorization !== `Bearer access-token-of-${this.accepts}`) return refuse(401);
    if (request.method === "GET") {
      if (this.never.has(id)) return refuse(404);
      if (this.plan(id, this.sent(id)).hidden) return response.destroy();
      return send(200, { credential: { id, deletedAt: this.revoked.has(id) ? "2026-01-02T03:04:05Z" : null } });
    }
    this.requests.push(id);
    await this.before();
    const { status = 200, headers, lost, cut } = this.plan(id, this.sent(id));
    if (this.never.has(id)) return refuse(404);
    if (cut) return response.destroy();
    if (status !== 200) return refuse(status, headers);
    this.revoked.add(id);
    if (lost) return response.destroy();
    send(200, {});
  }
}

const list = (count, prefix = "cred") =>
  Array.from({ length: count }, (_, i) => ({ appId: "app", connectorId: "con", id: `${prefix}-${i + 1}` }));

describe("examples/workflow", { timeout: 600_000 }, () => {
  let api, server, miniflare, url, state, modules, key, onSleep;

  async function startWorker() {
    miniflare = new Miniflare({
      modules,
      modulesRoot: ".",
      compatibilityDate,
      bindings: { OPERATOR_TOKEN: OPERATOR, ...key },
      workflows: { REVOCATIONS: { name: "c1-revoke", className: "Revocation" } },
      workflowsPersist: state,
      serviceBindings: {
        TEST: (request) => {
          onSleep(Number(request.url.split("/").at(-1)));
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
    // workerd may close an idle connection just when it is used again.
    const all = { authorization: `Bearer ${token}`, connection: "close", ...headers };
    const response = await fetch(new URL(path, url), { ...init, headers: all });
    return { status: response.status, body: await response.json() };
  }
  const post = (body, init) =>
    ask("/revocations", { method: "POST", body: typeof body === "string" ? body : JSON.stringify(body), ...init });
  const begin = async (credentials) => (await post(credentials)).body.id;
  async function ended(id) {
    for (;;) {
      const { body } = await ask(`/revocations/${id}`);
      if (!["queued", "running", "waiting"].includes(body.status)) return body;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  before(async () => {
    state = mkdtempSync(join(tmpdir(), "c1-revoke-workflow-"));
    server = await listen((request, response) => api.answer(request, response));
    key = newKey("first", new URL(server.url).host);
    modules = await workerModules(WORKER);
    await startWorker();
  });
  after(async () => {
    await miniflare?.dispose();
    server?.stop();
    if (state) rmSync(state, { recursive: true });
    rmSync(folder, { recursive: true });
  });
  beforeEach(() => {
    api = new Api(key.C1_CLIENT_ID);
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
    assert.deepEqual([status, body.credentials, body.duplicates], [202, 250, 1]);
    const result = await ended(body.id);
    assert.deepEqual([result.status, result.counts], ["complete", { revoked: 248, absent: 1, notRevoked: 1 }]);
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
      const reached = api.requests.slice(100);
      await restart(id);
      assertTrue(await ended(id), credentials, again === 403 ? reached : []);
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
    assert.ok(api.requests.length < 140 && api.revoked.size < 140);
    await kill();
    key = newKey("second", new URL(server.url).host);
    api.accepts = key.C1_CLIENT_ID;
    await restart(id);
    const result = await ended(id);
    assert.deepEqual(result.counts, { revoked: 250 });
    assertTrue(result, credentials);
  });

  it("sleeps for 10 minutes when the API asks for it with 429, and sends nothing meanwhile", async () => {
    const credentials = list(150, "limited");
    const slept = [];
    onSleep = (ms) => slept.push(ms);
    let until = 0;
    let sentMeanwhile = 0;
    api.before = () => {
      if (api.requests.length === 50) until = Date.now() + 600;
      if (Date.now() < until) sentMeanwhile += 1;
    };
    api.plan = () => (Date.now() < until ? { status: 429, headers: { "retry-after": "600" } } : {});
    const result = await ended(await begin(credentials));
    assert.deepEqual(result.counts, { revoked: 150 });
    assertTrue(result, credentials);
    const asked = slept.filter((ms) => ms > 300_000 && ms <= 600_000);
    assert.ok(asked.length > 0 && sentMeanwhile <= 10, `${slept}; ${sentMeanwhile}`);
  });

  it("stops when it is asked to, reports what it did until then, and takes the same list again", async () => {
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

    api.plan = (name) => (api.revoked.has(name) ? { status: 404 } : {});
    assertTrue(await ended(await begin(credentials)), credentials);
    assert.equal(api.revoked.size, 300);
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

  it("its routes are for whoever has the operator's token", async () => {
    const id = await begin(list(1, "private"));
    for (const token of ["", "wrong", `${OPERATOR}x`, OPERATOR.slice(1)]) {
      assert.equal((await post(list(1), { token })).status, 401);
      for (const method of ["GET", "DELETE"]) assert.equal((await ask(`/revocations/${id}`, { token, method })).status, 401);
    }
    await ended(id);
    assert.equal(api.revoked.size, 1);
  });

  it("its routes serve nobody without their secrets, and show none", async () => {
    for (const [settings, message, ...tokens] of [
      [{ OPERATOR_TOKEN: "" }, /OPERATOR_TOKEN is not set/, OPERATOR, ""],
      [{ OPERATOR_TOKEN: "short" }, /OPERATOR_TOKEN/, OPERATOR, "short"],
      [{ C1_CLIENT_ID: "" }, /C1_CLIENT_ID/, OPERATOR],
      [{ C1_CLIENT_ID: "canary" }, /C1_CLIENT_ID/, OPERATOR],
      [{ C1_CLIENT_SECRET: "" }, /C1_CLIENT_SECRET/, OPERATOR],
      [{ C1_CLIENT_SECRET: "canary-of-a-secret" }, /C1_CLIENT_SECRET/, OPERATOR],
    ]) {
      for (const token of tokens) {
        const { status, body } = await post(list(1), { token, headers: { "x-settings": JSON.stringify(settings) } });
        assert.equal(status, 503);
        assert.match(body.message, message);
        assert.ok(!body.message.includes("canary"), body.message);
      }
    }
    assert.equal(api.requests.length, 0);
  });

  it("its routes are not for pages of other sites", async () => {
    const others = [{ "sec-fetch-site": "cross-site" }, { "sec-fetch-site": "same-site" }, { origin: "https://evil.example" }];
    for (const headers of [...others, { origin: "null" }]) assert.equal((await post(list(1), { headers })).status, 403);
    assert.equal((await post("[]", { headers: { "sec-fetch-site": "same-origin", origin: url.origin } })).status, 400);
  });

  it("its routes start nothing if any item is invalid, and name each", async () => {
    const { status, body } = await post([...list(2), { appId: "app", connectorId: "con", id: ".." }, null, { appId: "app" }]);
    const named = body.errors.map((error) => /^Item \d+/.exec(error)[0]);
    assert.deepEqual([status, named], [400, ["Item 2", "Item 3", "Item 4"]]);
    for (const text of ["", "{}", "[]", "null", "no JSON", '"a,b,c"']) assert.equal((await post(text)).status, 400, text);
    assert.equal(api.requests.length, 0);
  });

  it("its routes take a list of 1 MiB and no more", async () => {
    const most = 2 ** 20;
    const item = (n) => ({ appId: "a".repeat(27), connectorId: "b".repeat(27), id: String(n).padStart(27, "0") });
    const credentials = Array.from({ length: Math.floor(most / (JSON.stringify(item(0)).length + 1)) }, (_, n) => item(n));
    const text = JSON.stringify(credentials);
    const { status, body } = await post(text.padEnd(most + 1));
    assert.equal(status, 413);
    assert.match(body.message, /Split it/);
    const id = await begin(text.padEnd(most));
    await ask(`/revocations/${id}`, { method: "DELETE" });
    assert.equal((await ended(id)).report.length, credentials.length);
  });

  it("its routes are no others", async () => {
    for (const path of ["/", "/x", "/revocations/x/y", "/revocations/none"]) assert.equal((await ask(path)).status, 404, path);
    assert.equal((await ask("/revocations")).status, 405);
  });
});

it("make demo-workflow: serves the example with wrangler, and revokes in its sandbox", { timeout: 600_000 }, async (test) => {
  const demo = fileURLToPath(new URL("../../examples/workflow/demo.mjs", import.meta.url));
  // A registry of its own: wrangler would otherwise join Workers of the same name that run elsewhere on this machine.
  const options = { env: { ...process.env, WRANGLER_REGISTRY_PATH: join(work, "workflow-registry") } };
  const args = [demo, "--port", "0", "--inspector-port", "0"];
  const { match, stop } = await startProcess(process.execPath, args, /.*Ctrl-C/s, options);
  test.after(stop);
  const [, url, token] = / is at {2}(\S+) .*TOKEN=(\S+)/s.exec(match[0]);
  const headers = { authorization: `Bearer ${token}` };
  const credentials = [...list(120), ...["gone", "forbidden"].map((id) => ({ appId: "app", connectorId: "con", id }))];
  const created = await fetch(`${url}/revocations`, { method: "POST", headers, body: JSON.stringify(credentials) });
  const { id } = await created.json();
  let result;
  do result = await (await fetch(`${url}/revocations/${id}`, { headers })).json();
  while (result.status !== "complete");
  assert.deepEqual(result.counts, { revoked: 120, absent: 1, notRevoked: 1 });
});
