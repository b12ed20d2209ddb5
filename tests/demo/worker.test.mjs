// The demo's Worker, in workerd: what each setting serves, what reaches the tenant, and what does not.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { Miniflare, Response as TenantResponse } from "miniflare";
import { flawIn } from "../../www/public/credential.js";
import worker from "../../www/worker.js";
import { app } from "../harness/app.mjs";
import { compatibilityDate } from "../harness/compatibility-date.mjs";
import { bundle } from "../harness/runtimes.mjs";

const www = fileURLToPath(new URL("../../www", import.meta.url));
const path = (id) => `/api/v1/apps/app-1/connectors/con-1/credentials/${id}`;
const SANDBOX = { SANDBOX: "on" };
const TENANT = { C1_TENANT: "acme" };
/** What workerd and Miniflare add. */
const ADDED = /^(accept-encoding|cf-worker|content-length|host|mf-.*|transfer-encoding)$/;
const ownOf = (headers) => Object.fromEntries([...headers].filter(([name]) => !ADDED.test(name)));

describe("the demo's Worker", { timeout: 300_000 }, () => {
  /** What the tenant receives, and what it responds. */
  let requests, tenant;
  let miniflare, url;

  before(async () => {
    const script = await bundle(`
      import worker from ${JSON.stringify(join(www, "worker.js"))};
      export default { fetch: (request) => worker.fetch(request, JSON.parse(request.headers.get("x-settings"))) };`);
    miniflare = new Miniflare({
      modules: [{ type: "ESModule", path: "worker.mjs", contents: script }],
      modulesRoot: ".",
      compatibilityDate,
      async outboundService(request) {
        const { method, url, headers } = request;
        requests.push({ method, url, headers: ownOf(headers), body: await request.text() });
        return tenant();
      },
    });
    url = (await miniflare.ready).origin;
  });
  after(() => miniflare?.dispose());
  beforeEach(() => {
    requests = [];
    tenant = () => TenantResponse.json({});
  });

  /** Sends a request as the page does, unless the test says otherwise. A header set to null is left out. */
  async function send(settings, path, { method = "POST", ...headers } = {}) {
    const all = {
      "x-settings": JSON.stringify(settings),
      authorization: "Bearer token-1",
      "sec-fetch-site": "same-origin",
      origin: method === "GET" ? null : url,
      cookie: "session=1",
      "x-other": "1",
      ...headers,
    };
    const sent = Object.entries(all).filter(([, value]) => value !== null);
    const response = await miniflare.dispatchFetch(url + path, { method, headers: sent, redirect: "manual" });
    return { status: response.status, headers: ownOf(response.headers), text: await response.text() };
  }

  it("serves nothing but the files without settings", async () => {
    for (const settings of [{}, { C1_TENANT: "", SANDBOX: "off" }, { SANDBOX: "ON" }, { SANDBOX: "true" }]) {
      for (const where of ["/config", path("cred-1"), "/", "/x"])
        for (const method of ["GET", "POST"]) assert.equal((await send(settings, where, { method })).status, 404, where);
    }
    assert.deepEqual(requests, []);
  });

  it("is deployed without settings, and without workers.dev and preview addresses", () => {
    const text = readFileSync(join(www, "wrangler.jsonc"), "utf8").replace(/^\s*\/\/.*$/gm, "");
    const { vars, workers_dev, preview_urls, assets } = JSON.parse(text);
    const expected = [{ C1_TENANT: "", SANDBOX: "off" }, false, false, "public"];
    assert.deepEqual([vars, workers_dev, preview_urls, assets.directory], expected);
  });

  it("tells the page where it revokes, and refuses a tenant that is none", async () => {
    for (const C1_TENANT of ["acme", "ACME.conductor.one", "https://acme.conductor.one", "https://acme.conductor.one/"]) {
      const { text } = await send({ C1_TENANT }, "/config", { method: "GET" });
      assert.deepEqual(JSON.parse(text), { host: "acme.conductor.one", sandbox: false });
    }
    for (const C1_TENANT of ["evil.com", "acme.conductor.one.evil.com", "http://acme.conductor.one", "a/b", "a b", "-", "a@b"])
      for (const where of ["/config", path("cred-1")]) assert.equal((await send({ C1_TENANT }, where)).status, 503, C1_TENANT);
    assert.deepEqual(requests, []);
  });

  it("forwards POST and GET of a credential with the page's token, and few headers", async () => {
    tenant = () =>
      TenantResponse.json(
        { code: 8 },
        { status: 429, headers: { "retry-after": "7", "x-request-id": "r-1", "set-cookie": "a=1", "x-internal": "1" } },
      );
    const response = await send(TENANT, path("c%20d"));
    await send(TENANT, path("c%20d"), { method: "GET" });
    const url = `https://acme.conductor.one${path("c%20d")}`;
    const sent = { accept: "application/json", authorization: "Bearer token-1" };
    assert.deepEqual(requests, [
      { method: "POST", url, headers: { ...sent, "content-type": "application/json" }, body: "{}" },
      { method: "GET", url, headers: sent, body: "" },
    ]);
    const passed = { "content-type": "application/json", "retry-after": "7", "x-request-id": "r-1" };
    assert.deepEqual(response, { status: 429, headers: { ...passed, "cache-control": "no-store" }, text: '{"code":8}' });
  });

  const REFUSED = {
    "another path": [404, "/api/v1/apps/app-1"],
    "a path that goes on": [404, `${path("cred-1")}/x`],
    "the token endpoint": [404, "/auth/v1/token"],
    "a query": [404, `${path("cred-1")}?x=1`],
    "an id with a slash": [404, path("a%2Fb")],
    "a path that is not UTF-8": [404, path("%FF")],
    "another method": [405, path("cred-1"), { method: "DELETE" }],
    "a page of another site": [403, path("cred-1"), { "sec-fetch-site": "cross-site", origin: "https://evil.example" }],
    "a page of another subdomain": [403, path("cred-1"), { "sec-fetch-site": "same-site" }],
    "a link or a typed address": [403, path("cred-1"), { method: "GET", "sec-fetch-site": "none" }],
    "a client that is no browser": [403, path("cred-1"), { "sec-fetch-site": null }],
    "another origin": [403, path("cred-1"), { origin: "https://evil.example" }],
    "a POST without an origin": [403, path("cred-1"), { origin: null }],
    "no token": [401, path("cred-1"), { authorization: null }],
    "another scheme": [401, path("cred-1"), { authorization: "Basic YTpi" }],
  };
  it("forwards and plays nothing else", async () => {
    for (const [name, [status, where, init]] of Object.entries(REFUSED)) {
      for (const settings of [TENANT, SANDBOX]) {
        const response = await send(settings, where, init);
        assert.equal(response.status, status, name);
        // Or the package would take a 404 of this Worker for "no such credential".
        assert.match(response.headers["content-type"], /^text\/plain/, name);
      }
    }
    assert.deepEqual(requests, []);
  });

  it("refuses every id that the package refuses", async () => {
    const { ConductoroneSDKTypescript } = createRequire(join(app, "package.json"))("c1-revoke");
    const sdk = new ConductoroneSDKTypescript({ tenantDomain: "acme", security: { bearerAuth: "token" } });
    const texts = "|.|..|a/b|a\\b|a\nb|a\u0085b|\u200b|a\u202eb|a\u00adb|a\ud800| a|a\u00a0|\ufeffa".split("|");
    const odd = [...texts, "a".repeat(2049)];
    const ids = [...odd, "a b", "é", "a,b", "%2f", "a".repeat(2048)];
    const requests = ids.map((id) => ({ appId: "a", connectorId: "b", id }));
    const refused = ids.filter((_, index) => flawIn(requests[index]));
    assert.deepEqual(refused, odd);
    const { results } = await sdk.connector.revokeCredentials(requests, { dryRun: true });
    for (const { request, error } of results) if (error) assert.ok(refused.includes(request.id), JSON.stringify(request.id));
  });

  it("follows no redirect", async () => {
    for (const status of [301, 302, 307, 308]) {
      tenant = () => new TenantResponse(null, { status, headers: { location: "https://evil.example/" } });
      const { headers, ...response } = await send(TENANT, path("cred-1"));
      assert.deepEqual(response, { status: 502, text: "The tenant redirects, which is not followed." });
      assert.equal(headers.location, undefined);
    }
    assert.equal(requests.length, 4);
  });

  it("ends a request that takes too long, as a failure that leaves the outcome open", async (t) => {
    const limit = new AbortController();
    const asked = t.mock.method(AbortSignal, "timeout", () => limit.signal);
    t.mock.method(globalThis, "fetch", (_target, { signal }) => {
      queueMicrotask(() => limit.abort(new DOMException("", "TimeoutError")));
      return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    });
    const headers = { authorization: "Bearer x", "sec-fetch-site": "same-origin" };
    const response = await worker.fetch(new Request(`https://page.example${path("cred-1")}`, { headers }), TENANT);
    assert.equal(response.status, 502);
    assert.deepEqual(asked.mock.calls[0].arguments, [30_000]);
  });

  it("plays the sandbox by the end of the id, and marks each response", async () => {
    for (const [method, id, status, retryAfter, body] of [
      ["POST", "cred-1", 200, undefined, /^{}$/],
      ["POST", "cred-missing", 404, undefined, /"code":5,/],
      ["POST", "cred-denied", 403, undefined, /"code":7,/],
      ["POST", "cred-busy", 429, "5", /"code":8,/],
      ["POST", "cred-busy", 200, undefined, /^{}$/],
      ["POST", "cred-lost", 502, undefined, /lost/],
      ["GET", "cred-lost", 200, undefined, /"deletedAt":"\d{4}-\d\d-\d\dT/],
      ["GET", "cred-silent", 502, undefined, /lost/],
      ["DELETE", "cred-1", 405, undefined, /only/i],
    ]) {
      const { status: actual, headers, text } = await send({ ...SANDBOX, ...TENANT }, path(id), { method });
      assert.deepEqual([actual, headers["retry-after"], headers["x-c1-revoke-sandbox"]], [status, retryAfter, "on"], id);
      assert.match(text, body, id);
    }
    const { text, headers } = await send({ ...SANDBOX, ...TENANT }, "/config", { method: "GET" });
    assert.deepEqual(JSON.parse(text), { host: new URL(url).host, sandbox: true });
    assert.equal(headers["x-c1-revoke-sandbox"], "on");
    assert.deepEqual(requests, [], "a sandbox forwards nothing, even where a tenant is set");
  });

  it("stays small: 500 lines with the page, and no dependency at run time", () => {
    const page = readdirSync(join(www, "public")).filter((file) => /\.(html|css|js)$/.test(file));
    const files = ["worker.js", ...page.map((file) => join("public", file))];
    const lines = files.flatMap((file) => readFileSync(join(www, file), "utf8").trimEnd().split("\n"));
    assert.ok(lines.length <= 500, String(lines.length));
    assert.equal(JSON.parse(readFileSync(join(www, "package.json"), "utf8")).dependencies, undefined);
  });
});
