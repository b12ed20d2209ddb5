// The console in Chromium, against the sandbox that its own Worker serves.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { launchHeadlessShell } from "../harness/runtimes.mjs";
import { barriers, lowContrast, openConsole, outcome, startConsole } from "./harness.mjs";

const TOKEN = "sandbox-token-opens-nothing-real";
const DEPLOY_BOT = { app: "app-github", connector: "con-github-prod", credential: "cred-deploy-bot" };
const PATH = "/api/v1/apps/app-github/connectors/con-github-prod/credentials/cred-deploy-bot";

describe("the console", { timeout: 600_000 }, () => {
  let served, browser;
  before(async () => {
    [served, browser] = await Promise.all([startConsole(), launchHeadlessShell()]);
  });
  after(async () => {
    await Promise.all([browser?.close(), served?.stop()]);
  });
  beforeEach(() => fetch(`${served.url}/sandbox/reset`, { method: "POST" }));

  async function fill(page, { token, app, connector, credential }) {
    if (token !== undefined) await page.getByRole("textbox", { name: "Bearer token" }).fill(token);
    await page.getByLabel("App ID").fill(app);
    await page.getByLabel("Connector ID").fill(connector);
    await page.getByLabel("Credential ID").fill(credential);
  }
  const press = (page) => page.getByRole("button", { name: "Revoke credential" }).click();
  const revocations = (seen) => seen.requests.filter((request) => request.url().includes("/api/v1/"));
  const rowOf = (page, text) => page.locator("#credentials li", { hasText: text });

  it("revokes, and shows what was revoked and when", async () => {
    const { page, seen, close } = await openConsole(browser, served.url);
    await fill(page, { token: TOKEN, ...DEPLOY_BOT });
    const before = Date.now();
    await press(page);
    assert.deepEqual(await outcome(page), ["Revoked", "cred-deploy-bot"]);

    const shown = await page.locator("#outcome").textContent();
    const [, utc] = /\((\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC\)/.exec(shown);
    assert.ok(Date.parse(`${utc}Z`) >= before - 1000 && Date.parse(`${utc}Z`) <= Date.now());
    const [request, ...more] = revocations(seen);
    assert.deepEqual(more, []);
    assert.equal(request.method(), "POST");
    assert.equal(request.url(), `${served.url}/sandbox${PATH}`);
    const headers = await request.allHeaders();
    assert.equal(headers.authorization, `Bearer ${TOKEN}`);
    assert.equal(headers.referer, undefined);
    const answer = await request.response();
    assert.ok(shown.includes((await answer.allHeaders())["x-request-id"]));

    await rowOf(page, "deploy bot")
      .getByText(/^Revoked /)
      .waitFor();
    assert.equal(await page.getByText("Active", { exact: true }).count(), 4);
    await close();
  });

  it("says that a token was refused, and forgets it", async () => {
    const { page, close } = await openConsole(browser, served.url);
    await fill(page, { token: "no-such-token", ...DEPLOY_BOT });
    await press(page);
    assert.deepEqual(await outcome(page), ["Not revoked", "cred-deploy-bot", "The token was not accepted (401)"]);
    const field = page.getByRole("textbox", { name: "Bearer token" });
    assert.equal(await field.inputValue(), "");
    assert.equal(await field.getAttribute("aria-invalid"), "true");
    assert.match(await page.locator("#outcome").textContent(), /the bearer token is missing or not valid/);
    assert.equal(await page.getByText("Active", { exact: true }).count(), 5);
    await close();
  });

  it("says that a credential does not exist", async () => {
    const { page, close } = await openConsole(browser, served.url);
    await fill(page, { token: TOKEN, ...DEPLOY_BOT, credential: "cred-unheard-of" });
    await press(page);
    assert.deepEqual(await outcome(page), ["Not revoked", "cred-unheard-of", "No such credential (404)"]);
    await close();
  });

  it("says that there were too many requests, and how long to wait", async () => {
    const { page, close } = await openConsole(browser, served.url);
    await page.getByRole("button", { name: "too many requests" }).click();
    await press(page);
    assert.deepEqual(await outcome(page), ["Not revoked", "cred-busy", "Too many requests (429)"]);
    assert.match(await page.locator("#outcome-text").textContent(), /Wait 30 s/);
    await page.getByRole("button", { name: "Try again" }).click();
    await page.locator("#log-rows li").waitFor();
    assert.equal((await outcome(page))[0], "Not revoked");
    await close();
  });

  it("does not say that nothing was revoked when the answer is lost", async () => {
    const { page, close } = await openConsole(browser, served.url);
    await page.route("**/api/v1/**", (route) => route.abort("connectionreset"));
    await page.getByRole("button", { name: "Fill in an example" }).click();
    await press(page);
    const [verdict, , reason] = await outcome(page);
    assert.equal(verdict, "Not known");
    assert.match(reason, /No connection to the sandbox/);
    await close();
  });

  it("does not read 'Not revoked' when a 404 follows an answer that was lost", async () => {
    const { page, close } = await openConsole(browser, served.url);
    const path = "**/api/v1/**";
    await page.route(path, (route) => route.abort("connectionreset"));
    await page.getByRole("button", { name: "Fill in an example" }).click();
    await press(page);
    assert.equal((await outcome(page))[0], "Not known");
    await page.unroute(path);
    await page.route(path, (route) =>
      route.fulfill({ status: 404, contentType: "application/json", body: '{"code":5,"message":"no"}' }),
    );
    await page.getByRole("button", { name: "Try again" }).click();
    await page.locator("#log-rows li").waitFor();
    assert.deepEqual(await outcome(page), ["Not known", "cred-deploy-bot", "Not found (404), after an answer that may be lost"]);
    assert.match(await page.locator("#outcome-text").textContent(), /An earlier request may have revoked it/);
    await close();
  });

  it("points at the fields that are missing, and sends nothing", async () => {
    const { page, seen, close } = await openConsole(browser, served.url);
    await page.getByLabel("App ID").fill("app-github");
    await press(page);
    assert.equal(await page.locator(":focus").getAttribute("id"), "token");
    assert.equal(await page.locator("#connectorId-error").textContent(), "Enter the connector’s ID.");
    assert.equal(await page.locator("#appId-error").textContent(), "");
    assert.deepEqual(revocations(seen), []);
    await close();
  });

  it("puts what the package says of a value at the field", async () => {
    const { page, seen, close } = await openConsole(browser, served.url);
    await fill(page, { token: TOKEN, ...DEPLOY_BOT, connector: ".." });
    await press(page);
    assert.deepEqual(await outcome(page), ["Not revoked", "cred-deploy-bot", "Nothing was sent"]);
    assert.match(await page.locator("#connectorId-error").textContent(), /connectorId/);
    await page.getByLabel("Connector ID").fill(DEPLOY_BOT.connector);

    await page.getByRole("button", { name: "Forget it" }).click();
    await page.getByRole("textbox", { name: "Bearer token" }).fill("two words");
    await press(page);
    await page.locator("#token-error", { hasText: "space" }).waitFor();

    await page.getByLabel("Tenant", { exact: true }).check();
    await fill(page, { token: TOKEN, ...DEPLOY_BOT });
    await page.getByLabel("Tenant or server").fill("evil.example#");
    await press(page);
    await page.locator("#tenant-error", { hasText: "tenant" }).waitFor();
    assert.deepEqual(revocations(seen), []);
    await close();
  });

  it("fills all three ids from an address", async () => {
    const { page, close } = await openConsole(browser, served.url);
    await page.getByLabel("App ID").evaluate((input) => {
      const data = new DataTransfer();
      data.setData("text/plain", "curl https://acme.conductor.one/api/v1/apps/a%2F1/connectors/b/credentials/c?x=1");
      input.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
    });
    const values = ["App ID", "Connector ID", "Credential ID"].map((label) => page.getByLabel(label).inputValue());
    assert.deepEqual(await Promise.all(values), ["a/1", "b", "c"]);
    await close();
  });

  it("can be used by keyboard alone", async () => {
    const { page, close } = await openConsole(browser, served.url);
    const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.value);
    const typed = { token: TOKEN, appId: DEPLOY_BOT.app, connectorId: DEPLOY_BOT.connector, id: DEPLOY_BOT.credential };
    for (const choice of ["what", "where"]) {
      await page.keyboard.press("Tab");
      assert.equal(await page.evaluate(() => document.activeElement.name), choice);
    }
    for (const [field, text] of Object.entries(typed)) {
      await page.keyboard.press("Tab");
      assert.equal(await focused(), field);
      await page.keyboard.type(text);
    }
    await page.keyboard.press("Enter");
    assert.equal((await outcome(page))[0], "Revoked");
    // From the answer, on to what can be done with it, with a focus that shows.
    await page.keyboard.press("Tab");
    assert.equal(await focused(), "copy");
    assert.notEqual(await page.locator(":focus").evaluate((element) => getComputedStyle(element).outlineStyle), "none");
    await close();
  });

  it("leaves the token nowhere but in the request's own header", async () => {
    const { page, seen, close } = await openConsole(browser, served.url);
    const canary = "canary-3f9c1b7e";
    await fill(page, { token: canary, ...DEPLOY_BOT });
    await press(page);
    assert.equal((await outcome(page))[0], "Not revoked");
    await page.getByRole("textbox", { name: "Bearer token" }).fill(canary);
    await page.route("**/api/v1/**", (route) => route.fulfill({ status: 200, contentType: "application/json", body: "{}" }));
    await press(page);
    await page.getByText("A token is held in memory").waitFor();
    assert.equal((await outcome(page))[0], "Revoked");

    const left = await page.evaluate(async () => ({
      url: location.href,
      history: JSON.stringify(history.state),
      dom: document.documentElement.outerHTML,
      values: [...document.querySelectorAll("input, textarea")].map(({ value }) => value).join("\n"),
      storage: JSON.stringify([
        { ...localStorage },
        { ...sessionStorage },
        document.cookie,
        await indexedDB.databases(),
        await caches.keys(),
      ]),
      globals: Object.values(globalThis)
        .filter((value) => typeof value === "string")
        .join("\n"),
    }));
    for (const [place, text] of Object.entries(left)) assert.ok(!text.includes(canary), `the token is in ${place}`);
    for (const request of seen.requests) {
      assert.ok(!request.url().includes(canary));
      const { authorization, ...others } = await request.allHeaders();
      assert.ok(!JSON.stringify(others).includes(canary));
      assert.equal(authorization?.includes(canary) ?? false, request.url().includes("/api/v1/"));
    }
    assert.ok(!served.output().includes(canary));
    await close();
  });

  it("takes no API key: it has one field for what authorises, a bearer token", async () => {
    const { page, close } = await openConsole(browser, served.url);
    assert.equal(await page.getByLabel(/API key|client/i).count(), 0);
    assert.deepEqual(await page.locator("input[type=password]:visible").evaluateAll((all) => all.map(({ id }) => id)), ["token"]);
    await close();
  });

  it("never uses a token for another place than it was given for", async () => {
    const { page, seen, close } = await openConsole(browser, served.url);
    await page.getByRole("button", { name: "Fill in an example" }).click();
    await press(page);
    await outcome(page);
    await page.route("https://acme.conductor.one/**", (route) => route.fulfill({ status: 500 }));
    await page.getByLabel("Tenant", { exact: true }).check();
    await page.getByLabel("Tenant or server").fill("acme");
    await press(page);
    assert.equal(await page.locator("#token-error").textContent(), "Enter a bearer token.");
    assert.equal(revocations(seen).length, 1);

    await page.getByRole("textbox", { name: "Bearer token" }).fill("for-acme");
    await press(page);
    await outcome(page);
    await page.getByText("A token is held in memory").waitFor();
    await page.getByLabel("Tenant or server").fill("other");
    assert.equal(await page.getByRole("textbox", { name: "Bearer token" }).inputValue(), "");
    await close();
  });

  it("calls a tenant that is typed in directly, and says what it means when that fails", async () => {
    const { page, seen, close } = await openConsole(browser, served.url);
    await page.route("https://acme.conductor.one/**", (route) => route.abort("failed"));
    await page.getByLabel("Tenant", { exact: true }).check();
    await page.getByLabel("Tenant or server").fill("acme");
    await fill(page, { token: "tok", ...DEPLOY_BOT });
    await press(page);
    const [verdict, , reason] = await outcome(page);
    assert.equal(verdict, "Not known");
    assert.match(reason, /No connection to acme/);
    assert.match(await page.locator("#outcome-text").textContent(), /C1_TENANT/);
    assert.ok(revocations(seen).every((request) => request.url() === `https://acme.conductor.one${PATH}`));
    await close();
  });

  it("shows what its Worker offers: no sandbox, a tenant behind Cloudflare Access, or what its settings lack", async () => {
    const { page, close } = await openConsole(browser, served.url);
    const offer = async (config) => {
      await page.unroute("**/config");
      await page.route("**/config", (route) => (config ? route.fulfill({ json: config }) : route.fulfill({ status: 404 })));
      await page.reload();
      await page.getByRole("button", { name: "Revoke credential" }).and(page.locator(":enabled")).waitFor();
      return {
        sandbox: await page.locator("#sandbox").isVisible(),
        choice: await page.locator("#where").isVisible(),
        tenant: await page.locator("#tenant").isEditable(),
        hint: await page.locator("#tenant-hint").textContent(),
      };
    };
    const nothing = { sandbox: false, tenant: null, signIn: null, problem: null };
    const typed = {
      sandbox: false,
      choice: false,
      tenant: true,
      hint: "Such as acme, acme.conductor.one or https://acme.conductor.one.",
    };
    assert.deepEqual(await offer(null), typed);
    assert.deepEqual(await offer(nothing), typed);
    const fixed = { sandbox: false, choice: false, tenant: false };
    assert.deepEqual(await offer({ ...nothing, signIn: "access" }), {
      ...fixed,
      hint: "Sign in through Cloudflare Access, then reload this page.",
    });
    assert.deepEqual(await offer({ ...nothing, problem: "Set both." }), { ...fixed, hint: "Set both." });
    await fill(page, { token: TOKEN, ...DEPLOY_BOT });
    await press(page);
    assert.equal(await page.locator("#tenant-error").textContent(), "The tenant is missing.");
    await close();
  });

  it("works under a strict Content-Security-Policy, with nothing on the browser's console", async () => {
    const { page, seen, violations, close } = await openConsole(browser, served.url);
    const policy = (await (await page.reload()).allHeaders())["content-security-policy"];
    const directives = new Map(
      policy.split(";").map((part) => [part.trim().split(" ")[0], part.trim().split(" ").slice(1).join(" ")]),
    );
    assert.equal(directives.get("default-src"), "'none'");
    assert.equal(directives.get("script-src"), "'self' 'wasm-unsafe-eval'");
    assert.equal(directives.get("style-src"), "'self'");
    assert.equal(directives.get("connect-src"), "'self' https://*.conductor.one");
    assert.equal(directives.get("require-trusted-types-for"), "'script'");
    for (const name of ["base-uri", "form-action", "frame-ancestors"]) assert.equal(directives.get(name), "'none'");

    await page.getByRole("button", { name: "Revoke credential" }).and(page.locator(":enabled")).waitFor();
    for (const name of ["Fill in an example", "a wrong token", "an unknown credential"]) {
      await page.getByRole("button", { name }).click();
      await press(page);
      await outcome(page);
    }
    await page.getByRole("button", { name: "Reset" }).click();
    assert.deepEqual(await violations(), []);
    assert.deepEqual(seen.messages, []);
    assert.deepEqual(seen.errors, []);

    // The policy is in force: what it forbids does not happen, and is reported.
    const inline = await page.evaluate(() => {
      const style = document.createElement("style");
      style.textContent = "body { outline: 7px solid red }";
      document.head.append(style);
      try {
        document.body.insertAdjacentHTML("beforeend", "<p>x</p>");
      } catch (error) {
        return [error.name, getComputedStyle(document.body).outlineWidth];
      }
    });
    assert.equal(inline?.[0], "TypeError");
    assert.notEqual(inline[1], "7px");
    assert.ok((await violations()).some((directive) => directive.startsWith("style-src")));
    await close();
  });

  it("has no barrier that axe would find, in any state", async () => {
    const { page, close } = await openConsole(browser, served.url);
    assert.deepEqual(await barriers(page), []);
    await press(page);
    assert.deepEqual(await barriers(page), []);
    for (const name of ["Fill in an example", "a wrong token", "too many requests"]) {
      await page.getByRole("button", { name }).click();
      await press(page);
      await outcome(page);
      assert.deepEqual(await barriers(page), []);
    }
    await page.getByLabel("Tenant", { exact: true }).check();
    assert.deepEqual(await barriers(page), []);
    await close();
  });

  for (const colorScheme of ["light", "dark"]) {
    it(`fits a screen 320 pixels wide (${colorScheme})`, async () => {
      const { page, close } = await openConsole(browser, served.url, { viewport: { width: 320, height: 640 }, colorScheme });
      const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.equal(await overflow(), 0);
      await fill(page, { token: TOKEN, ...DEPLOY_BOT, credential: "an-id-that-has-no-place-to-break-".repeat(6) });
      await press(page);
      await outcome(page);
      assert.equal(await overflow(), 0);
      await close();
    });

    it(`has text that can be read (${colorScheme})`, async () => {
      const { page, close } = await openConsole(browser, served.url, { colorScheme });
      for (const name of ["Fill in an example", "an unknown credential"]) {
        await page.getByRole("button", { name }).click();
        await press(page);
        await outcome(page);
        assert.deepEqual(await lowContrast(page), []);
      }
      await close();
    });
  }
});
