// The page in front of a Worker that forwards to a tenant. What the Worker refuses: worker.test.mjs.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, describe, it } from "node:test";
import { tenantOrigin } from "../../www/lib/origin.js";
import { launchHeadlessShell } from "../harness/runtimes.mjs";
import { barriers, openConsole, outcome, startConsole } from "./harness.mjs";

const OPERATOR = "operator-token-of-32-characters-or-more";

/** A server that plays the tenant, and keeps what it was asked. */
async function startTenant() {
  const tenant = { requests: [] };
  const server = createServer((request, response) => {
    tenant.requests.push({ method: request.method, url: request.url, headers: request.headers });
    response.writeHead(200, { "content-type": "application/json", "x-request-id": "req-7" }).end("{}");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  tenant.url = `http://127.0.0.1:${server.address().port}`;
  tenant.stop = () => new Promise((resolve) => server.close(resolve));
  return tenant;
}

describe("forwarding to a tenant", { timeout: 600_000 }, () => {
  let tenant, served, browser;
  before(async () => {
    tenant = await startTenant();
    [served, browser] = await Promise.all([
      startConsole({ C1_TENANT: tenant.url, OPERATOR_TOKEN: OPERATOR }),
      launchHeadlessShell(),
    ]);
  });
  after(async () => {
    await Promise.all([browser?.close(), served?.stop()]);
    await tenant.stop();
  });

  it("wants the operator's token first, then shows the tenant, and then forwards the page's revocation", async () => {
    const { page, seen, violations, close } = await openConsole(browser, served.url);
    const operator = page.getByRole("textbox", { name: "Operator token" });
    await page.getByRole("textbox", { name: "Bearer token" }).fill("canary-token");
    await page.getByLabel("App ID").fill("a");
    await page.getByLabel("Connector ID").fill("b é");
    await page.getByLabel("Credential ID").fill("c");
    assert.equal(await page.getByLabel("Tenant or server").isVisible(), false);
    assert.deepEqual(await barriers(page), []);

    await page.getByRole("button", { name: "Revoke credential" }).click();
    assert.equal(await page.locator("#operator-error").textContent(), "Enter the operator token.");
    for (const wrong of ["x", "é", `${OPERATOR}x`]) {
      await operator.fill(wrong);
      await operator.press("Enter");
      await page.locator("#operator-error", { hasText: "The Worker did not accept this token." }).waitFor();
    }
    await operator.fill(OPERATOR);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByLabel("Tenant or server").waitFor();
    assert.equal(await page.getByLabel("Tenant or server").inputValue(), new URL(tenant.url).host);
    assert.equal(await page.locator("#operator").inputValue(), "");
    assert.deepEqual(tenant.requests, []);

    await page.getByRole("button", { name: "Revoke credential" }).click();
    assert.deepEqual(await outcome(page), ["Revoked", "c"]);
    assert.match(await page.locator("#outcome").textContent(), /req-7/);
    const [{ method, url, headers }, ...more] = tenant.requests;
    assert.deepEqual(more, []);
    assert.equal(`${method} ${url}`, "POST /api/v1/apps/a/connectors/b%20%C3%A9/credentials/c");
    assert.equal(headers.authorization, "Bearer canary-token");
    for (const name of [
      "operator-token",
      "origin",
      "referer",
      "cookie",
      "sec-fetch-site",
      "x-forwarded-for",
      "cf-connecting-ip",
    ]) {
      assert.equal(headers[name], undefined, name);
    }

    await page.getByLabel("A list").check();
    await page.getByRole("textbox", { name: "Credentials" }).fill("a,b,1\na,b,2");
    await page.getByRole("button", { name: "Check the list" }).click();
    await page.getByRole("button", { name: "Revoke 2 credentials" }).click();
    await page.locator("#bulk-title", { hasText: "2 credentials revoked" }).waitFor();
    assert.equal(tenant.requests.length, 3);

    assert.deepEqual([...(await violations()), ...seen.messages, ...seen.errors], []);
    for (const secret of ["canary-token", OPERATOR]) {
      assert.ok(seen.requests.every((request) => !request.url().includes(secret)));
      assert.ok(!(await page.content()).includes(secret));
    }
    assert.ok(!served.output().includes("canary-token"));
    await close();
  });
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
