// The way to a real tenant: the Worker forwards revocations to the one that is set, and nothing else to anyone.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, beforeEach, describe, it } from "node:test";
import { tenantOrigin } from "../../www/worker/forward.js";
import { launchChromium } from "../harness/runtimes.mjs";
import { openConsole, outcome, startConsole } from "./harness.mjs";

const PATH = "/api/v1/apps/a/connectors/b/credentials/c";

/** A server that plays the tenant: keeps what it was asked, and answers what the test says. */
async function startTenant() {
  const tenant = { requests: [], answer: {} };
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    tenant.requests.push({ method: request.method, url: request.url, headers: request.headers, body });
    const { status = 200, headers = {}, text = "{}" } = tenant.answer;
    response.writeHead(status, { "content-type": "application/json", ...headers }).end(text);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  tenant.url = `http://127.0.0.1:${server.address().port}`;
  tenant.stop = () => new Promise((resolve) => server.close(resolve));
  return tenant;
}

describe("forwarding to a tenant", { timeout: 600_000 }, () => {
  let tenant, other, served, browser;
  before(async () => {
    [tenant, other] = await Promise.all([startTenant(), startTenant()]);
    [served, browser] = await Promise.all([startConsole({ C1_TENANT: tenant.url }), launchChromium()]);
  });
  after(async () => {
    await Promise.all([browser?.close(), served?.stop()]);
    await Promise.all([tenant.stop(), other.stop()]);
  });
  beforeEach(() => {
    for (const server of [tenant, other]) Object.assign(server, { requests: [], answer: {} });
  });

  /** A request as the page sends it, unless the test says otherwise. */
  const send = (path, { headers = {}, ...init } = {}) =>
    fetch(served.url + path, {
      method: "POST",
      redirect: "manual",
      ...init,
      headers: { origin: served.url, authorization: "Bearer canary-token", ...headers },
    });

  it("forwards the page's revocation, with the page's token, and shows the tenant's answer", async () => {
    const { page, seen, violations, close } = await openConsole(browser, served.url);
    assert.equal(await page.getByLabel("Tenant or server").inputValue(), new URL(tenant.url).host);
    await page.getByRole("textbox", { name: "Bearer token" }).fill("canary-token");
    await page.getByLabel("App ID").fill("a");
    await page.getByLabel("Connector ID").fill("b/é");
    await page.getByLabel("Credential ID").fill("c");
    tenant.answer = { headers: { "x-request-id": "req-7", "set-cookie": "a=b", "x-internal": "1" } };
    await page.getByRole("button", { name: "Revoke credential" }).click();
    assert.deepEqual(await outcome(page), ["Revoked", "c"]);
    assert.match(await page.locator("#outcome").textContent(), /req-7/);

    assert.equal(tenant.requests.length, 1);
    const [{ method, url, headers, body }] = tenant.requests;
    assert.equal(`${method} ${url}`, "POST /api/v1/apps/a/connectors/b%2F%C3%A9/credentials/c");
    assert.equal(headers.authorization, "Bearer canary-token");
    assert.equal(body, "");
    for (const name of ["origin", "referer", "cookie", "sec-fetch-site", "x-forwarded-for", "cf-connecting-ip"]) {
      assert.equal(headers[name], undefined, name);
    }
    const answer = await seen.requests.find((request) => request.url().includes("/api/v1/")).response();
    const answered = await answer.allHeaders();
    assert.equal(answered["set-cookie"], undefined);
    assert.equal(answered["x-internal"], undefined);
    assert.deepEqual(await violations(), []);
    assert.deepEqual([...seen.messages, ...seen.errors], []);
    assert.ok(!served.output().includes("canary-token"));
    await close();
  });

  it("passes the API's errors on as they are", async () => {
    tenant.answer = { status: 429, headers: { "retry-after": "9" }, text: '{"code":8,"message":"slow down","details":[]}' };
    const answer = await send(PATH);
    assert.equal(answer.status, 429);
    assert.equal(answer.headers.get("retry-after"), "9");
    assert.deepEqual(await answer.json(), { code: 8, message: "slow down", details: [] });
  });

  it("does not follow a redirect, and does not call it a success", async () => {
    for (const status of [301, 302, 303, 307, 308]) {
      tenant.answer = { status, headers: { location: `${other.url}${PATH}` } };
      const answer = await send(PATH);
      assert.equal(answer.status, 502, String(status));
      assert.equal(answer.headers.get("location"), null);
    }
    assert.deepEqual(other.requests, []);
  });

  const signed = {
    grant_type: "client_credentials",
    client_id: "n@h.example/u",
    client_assertion_type: "t",
    client_assertion: "a.b.c",
  };

  it("forwards a signed token request, and no more of it than that", async () => {
    tenant.answer = { text: '{"access_token":"t"}' };
    const body = new URLSearchParams({ ...signed, client_secret: "canary-secret" });
    const answer = await send("/auth/v1/token", { body, headers: { cookie: "a=b" } });
    assert.deepEqual(await answer.json(), { access_token: "t" });
    const [{ method, url, headers, body: forwarded }] = tenant.requests;
    assert.equal(`${method} ${url}`, "POST /auth/v1/token");
    assert.deepEqual(Object.fromEntries(new URLSearchParams(forwarded)), signed);
    assert.equal(headers.authorization, undefined);
    assert.equal(headers.cookie, undefined);
  });

  for (const [what, status, init] of [
    [
      "no assertion",
      400,
      { body: new URLSearchParams({ grant_type: "client_credentials", client_id: "n@h.example/u", client_secret: "s" }) },
    ],
    ["a long body", 413, { body: "x".repeat(9000) }],
    ["a long body that does not say so", 413, { body: new Blob(["x".repeat(9000)]).stream(), duplex: "half" }],
    ["another origin", 403, { body: new URLSearchParams(signed), headers: { origin: "https://evil.example" } }],
  ]) {
    it(`forwards no token request with ${what}`, async () => {
      assert.equal((await send("/auth/v1/token", init)).status, status);
      assert.deepEqual(tenant.requests, []);
    });
  }

  for (const [what, path] of [
    ["another operation", "/api/v1/apps/a/connectors/b"],
    ["a longer path", `${PATH}/more`],
    ["a query", `${PATH}?x=1`],
    ["an empty id", "/api/v1/apps/a/connectors//credentials/c"],
    ["an id that climbs, encoded", "/api/v1/apps/a/connectors/%2e%2e/credentials/c"],
    ["an id that is not UTF-8", "/api/v1/apps/a/connectors/%ff/credentials/c"],
    ["a host in the path", `//127.0.0.1/${PATH}`],
    ["users", "/api/v1/users"],
  ]) {
    it(`forwards nothing for ${what}`, async () => {
      assert.equal((await send(path)).status, 404);
      assert.deepEqual(tenant.requests, []);
    });
  }

  for (const [what, status, init] of [
    ["another method", 405, { method: "PUT" }],
    ["another origin", 403, { headers: { origin: "https://evil.example" } }],
    ["no origin", 403, { headers: { origin: "" } }],
    ["a page of another site", 403, { headers: { "sec-fetch-site": "cross-site" } }],
    ["no token", 401, { headers: { authorization: "" } }],
    ["a password", 401, { headers: { authorization: "Basic YTpi" } }],
  ]) {
    it(`forwards nothing for ${what}`, async () => {
      assert.equal((await send(PATH, init)).status, status);
      assert.deepEqual(tenant.requests, []);
    });
  }
});

describe("the setting C1_TENANT", () => {
  for (const [setting, origin] of [
    ["", null],
    [undefined, null],
    ["acme", "https://acme.conductor.one"],
    ["Acme.Conductor.One", "https://acme.conductor.one"],
    ["https://acme.conductor.one/", "https://acme.conductor.one"],
    ["https://c1.example.com:8443", "https://c1.example.com:8443"],
    ["http://127.0.0.1:8080", "http://127.0.0.1:8080"],
  ]) {
    it(`${setting} is ${origin}`, () => assert.equal(tenantOrigin(setting), origin));
  }
  for (const setting of [
    "http://acme.conductor.one",
    "acme.example",
    "acme/",
    "acme#",
    "acme.conductor.one.evil.example",
    "https://acme.conductor.one/path",
    "https://acme.conductor.one?x",
    "https://user:pass@acme.conductor.one",
    "ftp://acme.conductor.one",
  ]) {
    it(`${setting} is refused`, () => assert.throws(() => tenantOrigin(setting), TypeError));
  }
});
