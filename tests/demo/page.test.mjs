// The demo's page, in Chromium: served as `make demo` serves it, with the sandbox, or with responses that a test plays.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { readLines } from "../../www/public/credential.js";
import { app, work } from "../harness/app.mjs";
import { chromium } from "../harness/browsers.mjs";
import { startProcess } from "../harness/local.mjs";
import { launch, launchHeadlessShell } from "../harness/runtimes.mjs";

const www = fileURLToPath(new URL("../../www", import.meta.url));
const axe = readFileSync(fileURLToPath(import.meta.resolve("axe-core/axe.min.js")), "utf8");
const lines = (n) => Array.from({ length: n }, (_, i) => `app-1,con-1,cred-${i}`).join("\n");
const json = (status, body, headers) => ({ status, headers, contentType: "application/json", body: JSON.stringify(body) });
const OK = json(200, {});
const LOST = { status: 502 };

/** Serves the demo as `make demo` does, on a free port. */
async function serve() {
  const env = {
    ...process.env,
    // A registry of its own: wrangler would otherwise join Workers of the same name that run elsewhere on this machine.
    WRANGLER_REGISTRY_PATH: join(work, "demo-registry"),
    WRANGLER_SEND_METRICS: "false",
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
    WRANGLER_HIDE_BANNER: "true",
  };
  const args = ["start", "--silent", "--", "--port", "0", "--inspector-port", "0"];
  const { match, stop } = await startProcess("npm", args, /Ready on (http:\/\/\S+)/, { cwd: www, env });
  return { url: match[1], stop };
}

describe("the demo's page", { timeout: 600_000 }, () => {
  let served, browser;
  before(async () => {
    [served, browser] = await Promise.all([serve(), launchHeadlessShell()]);
  });
  after(() => Promise.all([browser?.close(), served?.stop()]));

  /**
   * Opens the page. `respond` plays the API: it gets `{ method, id }` and returns a response. Without it, the sandbox does.
   * `config`: what the Worker says. `clock`: time stands still, and `run(ms)` moves it. `answers`: what dialogs get, in turn.
   */
  async function open(t, { respond, config, clock = false, answers = [], inBrowser = browser, ...options } = {}) {
    const context = await inBrowser.newContext(options);
    t.after(() => context.close());
    const page = await context.newPage();
    page.setDefaultTimeout(120_000); // 2,000 rows on a busy machine
    const seen = { sent: [], asked: [], faults: [] };
    page.on("pageerror", (error) => seen.faults.push(String(error)));
    page.on("console", (message) => message.text().startsWith("Failed to load resource") || seen.faults.push(message.text()));
    page.on("request", (request) => request.url().startsWith(served.url) || seen.faults.push(request.url()));
    page.on("dialog", (dialog) => {
      seen.asked.push([dialog.type(), dialog.message()]);
      return answers.shift() === false ? dialog.dismiss() : dialog.accept();
    });
    if (config !== undefined) await page.route("**/config", (route) => route.fulfill(config));
    await page.route("**/api/**", async (route) => {
      const request = { method: route.request().method(), id: decodeURIComponent(route.request().url().split("/").at(-1)) };
      seen.sent.push(`${request.method} ${request.id}`);
      await (respond ? route.fulfill(await respond(request)) : route.continue()).catch(() => {});
    });
    if (clock) await page.clock.install({ time: new Date("2030-01-01T00:00:00Z") });
    await page.goto(served.url);
    const button = (name) => page.getByRole("button", { name });
    const ui = {
      page,
      seen,
      button,
      lines: page.getByLabel("Credentials, one per line"),
      token: page.getByLabel("Bearer token"),
      go: page.locator("#go"),
      /** The texts of these elements. */
      shown: (...ids) => Promise.all(ids.map((id) => page.locator(`#${id}`).textContent())),
      focused: () => page.evaluate(() => document.activeElement.id),
      /** As pasting does, in one event: playwright's fill() has one for each line. */
      paste: (text) =>
        ui.lines.evaluate((it, text) => {
          it.value = text;
          it.dispatchEvent(new Event("input"));
        }, text),
      /** Starts a run of these lines. */
      async start(text, token = "token-1") {
        await ui.paste(text);
        await ui.token.fill(token);
        await ui.go.click();
      },
      /** Waits until the run is over. With a clock that a test holds, it lets time pass. */
      async end() {
        while (clock && !(await button("Copy record").isVisible())) await page.clock.runFor(500);
        await button("Copy record").waitFor();
      },
      /** Lets time pass until the run pauses. */
      async pause() {
        while (!(await ui.shown("text"))[0].startsWith("Paused until")) await page.clock.runFor(100);
      },
      /** The rows of the table, as texts. */
      rows: () =>
        page
          .locator("tbody tr")
          .evaluateAll((rows) => rows.map((row) => [...row.querySelectorAll("code, b, p, small")].map((it) => it.textContent))),
      outcomes: async () => Object.fromEntries((await ui.rows()).map(([id, , word, reason]) => [id, [word, reason]])),
      /** What axe finds against the page as it is, light and dark, and where it is wider than its window: at 320 px, or at 200 %. */
      async barriers() {
        const found = [];
        await page.evaluate(axe);
        for (const [colorScheme, rules] of [["light"], ["dark", ["color-contrast"]]]) {
          await page.emulateMedia({ colorScheme });
          const { violations } = await page.evaluate((only) => globalThis.axe.run(only ? { runOnly: only } : {}), rules);
          found.push(...violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${colorScheme}, ${id}: ${html}`)));
        }
        for (const width of [640, 320]) {
          await page.setViewportSize({ width, height: 640 });
          if (await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)) found.push(`wider than ${width} px`);
        }
        return found;
      },
    };
    await page.locator("#where:not(:has-text('needs JavaScript'))").waitFor();
    return ui;
  }

  it("reads lines exactly, and names what is wrong by number", () => {
    const read = (text) => readLines(text, "acme.conductor.one");
    const address = "https://acme.conductor.one/api/v1/apps/a%20b/connectors/c/credentials/d%2Ce";
    const { found, problems, notes } = read(`a,b,c\r\n\n  \nd;e;f\rg\th\ti\n${address}\na,b,c\nid-1,app-1,con-1`);
    assert.deepEqual(problems, []);
    assert.deepEqual(
      found.map(({ ids, lines }) => [...Object.values(ids), ...lines]),
      [
        ["a", "b", "c", 1, 7],
        ["d", "e", "f", 4],
        ["g", "h", "i", 5],
        ["a b", "c", "d,e", 6],
        ["id-1", "app-1", "con-1", 8],
      ],
    );
    assert.deepEqual(notes, ["Lines 1 and 7 name the same credential."]);
    const FORM = "This is neither appId,connectorId,id nor the address of a credential in the API.";
    const COLUMNS = "These are column names. Remove them.";
    const api = "https://acme.conductor.one/api/v1/apps/a/connectors/b";
    for (const [problem, ...lines] of [
      [FORM, "Leaked credentials, 3 May", "a,b", "a,b,c,d", "a,b;c", api, `${api}/credentials/c?x=1`],
      [COLUMNS, "appId,connectorId,id", "App ID;Connector ID;Credential ID", "app_id\tconnector_id\tcredential_id"],
      ["Remove the quotation marks.", '"a","b","c"'],
      ["The connectorId is empty.", "a,,c"],
      ["The id must not be . or ...", "a,b,.."],
      ["The connectorId must not contain / or \\.", "a,b/x,c"],
      ["The connectorId begins or ends with white space (U+0020).", "a, b,c"],
      ["The appId begins or ends with white space (U+FEFF).", "\ufeffa,b,c"],
      ["The id contains an invisible character (U+202E).", "a,b,\u202ec"],
      ["This is not an address of acme.conductor.one.", "https://other.conductor.one/api/v1/apps/a/connectors/b/credentials/c"],
      ["The id must not contain / or \\.", `${api}/credentials/c%2Fd`],
    ]) {
      for (const line of lines) {
        const { found, problems } = read(`x,y,z\n${line}`);
        assert.deepEqual([found.length, problems], [1, [`Line 2: ${problem}`]], line);
      }
    }
  });

  it("shows what is wrong while it is typed, and sends nothing before all lines are right", async (t) => {
    const { seen, lines: field, token, go, shown, focused } = await open(t);
    await token.fill("token-1");
    const WRONG = ["true", "Nothing is sent until every line is right.", "Revoke "];
    const check = "2 credentials of the sandbox will be revoked. Lines 1 and 3 name the same credential.";
    for (const [text, problems, ...expected] of [
      ["a,b,c\na,b", /^Line 2: This is neither .*\.$/, ...WRONG],
      ["x\n".repeat(9), /Line 5: .*\nAnd 4 more\.$/, ...WRONG],
      ["", /^$/, "false", "", "Revoke "],
      ["a,b,c\nd,e,f\na,b,c", /^$/, "false", check, "Revoke 2 credentials"],
    ]) {
      await field.fill(text);
      assert.match((await shown("problems"))[0], problems);
      assert.deepEqual([await field.getAttribute("aria-invalid"), ...(await shown("check", "go"))], expected);
      if (text.startsWith("a,b,c\nd")) continue;
      await go.click();
      assert.equal(await focused(), "lines");
    }
    assert.deepEqual([seen.sent, seen.asked], [[], []]);
  });

  it("takes the package's word on the token, and never shows it", async (t) => {
    const { seen, lines: field, token, go, shown, focused } = await open(t);
    await field.fill("a,b,c");
    for (const [value, problem] of [
      ["", /^Enter a bearer token\.$/],
      ["secret-token with spaces", /^(?!.*secret-token).*bearerAuth/s],
    ]) {
      await token.fill(value);
      await go.click();
      assert.match((await shown("token-problem"))[0], problem);
      const state = await token.evaluate((it) => [it.type, it.getAttribute("aria-invalid")]);
      assert.deepEqual([...state, await focused()], ["password", "true", "token"]);
    }
    assert.deepEqual(seen.sent, []);
  });

  it("asks before it revokes more than one, with the number and the tenant", async (t) => {
    const config = json(200, { host: "acme.conductor.one", sandbox: false });
    const ui = await open(t, { config, respond: () => OK, answers: [false, true] });
    assert.deepEqual(await ui.shown("where"), ["Tenant acme.conductor.one"]);
    await ui.start(lines(2));
    assert.deepEqual([ui.seen.sent, await ui.token.inputValue()], [[], "token-1"]);
    await ui.go.click();
    await ui.end();
    const question = "Revoke 2 credentials of acme.conductor.one? They stop working at once. This cannot be undone.";
    assert.deepEqual(ui.seen.asked, Array(2).fill(["confirm", question]));
    assert.equal(ui.seen.sent.length, 2);

    const one = await open(t, { config, respond: () => OK });
    await one.start("app-1,con-1,cred-1");
    await one.end();
    assert.deepEqual(one.seen.asked, []);
  });

  it("shows each outcome in words, with reason, time, status and request id", async (t) => {
    const ui = await open(t, { clock: true });
    const ids = ["cred-1", "x-missing", "x-denied", "x-lost", "x-silent", "x-busy"];
    await ui.start(ids.map((id) => `app-1,con-1,${id}`).join("\n"));
    await ui.end();
    assert.deepEqual(await ui.outcomes(), {
      "cred-1": ["Revoked", ""],
      "x-missing": ["No such credential", "Check its ids."],
      "x-denied": ["Not revoked", "The token may not revoke this credential."],
      "x-lost": ["Revoked", "The response was lost. The API confirms the revocation."],
      "x-silent": ["Not known", "The response is lost. Retry it: revoking twice does no harm."],
      "x-busy": ["Revoked", ""],
    });
    const rows = await ui.rows();
    assert.equal(rows[0][1], "app-1 / con-1");
    assert.match(rows[0].at(-1), /^\d\d:\d\d:\d\d · status 200 · request [0-9a-f-]{36}$/);
    assert.match(rows[4].at(-1), /^\d\d:\d\d:\d\d · status 502$/);
    const counts = "3 revoked · 1 no such credential · 1 not revoked · 1 not known";
    assert.deepEqual(await ui.shown("title", "counts"), ["3 of 6 credentials revoked", counts]);
    await ui.page.getByLabel("Hide what is revoked").check();
    assert.equal(await ui.page.locator("tbody tr:visible").count(), 3);
  });

  it("shows progress and explains a pause, stops when told, and says so in good time to a screen reader", async (t) => {
    const respond = ({ id }) => (id > "cred-3" ? json(429, {}, { "retry-after": "600" }) : OK);
    const ui = await open(t, { clock: true, respond });
    await ui.page.locator("#announce").evaluate((it) => {
      globalThis.said = [];
      new MutationObserver(() => globalThis.said.push(it.textContent)).observe(it, { childList: true });
    });
    await ui.start(lines(9));
    await ui.pause();
    const [text, title, counts] = await ui.shown("text", "title", "counts");
    assert.match(text, /^Paused until \d\d:10:\d\d, because the API asks to wait. It goes on by itself.$/);
    assert.equal(title, "Revoking 9 credentials");
    assert.match(counts, /revoked · \d waiting/);
    const [value, max] = await ui.page.locator("progress").evaluate(({ max, value }) => [value, max]);
    assert.ok(max === 9 && value >= 1 && value < 9, `${value} of ${max}`);
    await ui.button("Stop").click();
    await ui.end();
    assert.deepEqual([...(await ui.shown("text")), await ui.focused()], ["The run was stopped.", "title"]);
    const said = await ui.page.evaluate(() => globalThis.said);
    assert.match(said.at(0), /^Revoking 9 credentials/);
    assert.match(said.at(1), /Paused until/);
    assert.match(said.at(-1), /^\d of 9 credentials revoked\. The run was stopped\.$/);
    assert.ok(said.length <= 4, said.join("\n"));
  });

  it("shows rate and time left of 2,000 rows, and stays usable", async (t) => {
    const ui = await open(t, { respond: () => OK });
    await ui.start(lines(2000));
    await ui.page.locator("#text", { hasText: /of 2,000 · [\d.]+ per second · about \d+ (s|min) left$/ }).waitFor();
    assert.equal(await ui.page.locator("tbody tr").count(), 2000);
    await ui.page.getByLabel("Hide what is revoked").check();
    await ui.button("Stop").click();
    await ui.end();
    const [counts] = await ui.shown("counts");
    const [revoked, not] = counts.match(/[\d,]+/g).map((n) => Number(n.replace(",", "")));
    assert.ok(counts.endsWith("not revoked") || counts.includes("not known"), counts);
    assert.ok(revoked > 0 && not > 0, counts);
  });

  it("retries what the table shows, whatever stands in the fields, and keeps the rows and the doubt", async (t) => {
    let played = { "cred-1": LOST, "cred-2": json(403, {}) };
    const respond = ({ method, id }) => (method === "GET" ? json(500, {}) : (played[id] ?? OK));
    const ui = await open(t, { clock: true, respond });
    await ui.start(lines(4));
    await ui.end();
    assert.equal((await ui.outcomes())["cred-1"][0], "Not known");
    assert.equal(await ui.lines.isVisible(), false);
    const fields = [await ui.lines.inputValue(), await ui.token.inputValue()];
    assert.deepEqual([...fields, ...(await ui.shown("go"))], ["", "", "Retry 2 credentials"]);

    // Something else in the hidden field changes nothing.
    await ui.paste("app-9,con-9,cred-9");
    await ui.go.click();
    assert.deepEqual(await ui.shown("token-problem"), ["Enter a bearer token."]);
    const retry = async (token) => {
      ui.seen.sent.length = 0;
      await ui.token.fill(token);
      await ui.go.click();
      await ui.end();
      const outcomes = Object.entries(await ui.outcomes()).map(([id, [word, reason]]) => `${id}: ${word}. ${reason}`);
      return [ui.seen.sent.toSorted(), outcomes];
    };
    const settled = ["cred-2: Revoked. ", "cred-3: Revoked. "];
    played = { "cred-1": json(403, {}) };
    const doubt = "cred-1: Not known. The response is lost. Retry it: revoking twice does no harm.";
    assert.deepEqual(await retry("token-2"), [
      ["POST cred-1", "POST cred-2"],
      ["cred-0: Revoked. ", doubt, ...settled],
    ]);
    played = { "cred-1": json(404, { code: 5, message: "not found" }) };
    const absent = "cred-1: No such credential. An earlier request may have revoked it.";
    assert.deepEqual(await retry("token-3"), [["POST cred-1"], ["cred-0: Revoked. ", absent, ...settled]]);
    assert.equal(await ui.go.isVisible(), false, "nothing is left to retry");
  });

  it("copies and saves the record whole, and asks before it is lost", async (t) => {
    const ui = await open(t, { permissions: ["clipboard-read", "clipboard-write"], answers: [true, false, false] });
    await ui.start("app-1,con-1,cred-1\n\napp-1,con-1,x-denied\napp-1,con-1,cred-1");
    await ui.end();
    // Not `page.reload()`: the answer to the browser's question stops it, and it would wait for its time limit.
    await Promise.all([ui.page.waitForEvent("dialog"), ui.page.evaluate(() => void setTimeout(() => location.reload()))]);
    await ui.button("New list").click();
    assert.deepEqual(ui.seen.asked.slice(1), [
      ["beforeunload", ""],
      ["confirm", "Discard the record? It was neither copied nor saved."],
    ]);

    await ui.button("Copy record").click();
    await ui.page.locator("#text", { hasText: "The record is copied." }).waitFor();
    const copied = await ui.page.evaluate(() => navigator.clipboard.readText());
    const records = copied.trim().split("\n");
    const [one, two] = records.map((record) => JSON.parse(record));
    const { requestId, sentAt, answeredAt } = one;
    for (const value of [requestId, sentAt, answeredAt]) assert.equal(typeof value, "string");
    const ids = { appId: "app-1", connectorId: "con-1", id: "cred-1" };
    const result = { lines: [1, 4], attempts: 1, statusCode: 200, requestId, sentAt, answeredAt, outcome: "revoked" };
    assert.deepEqual(one, { host: new URL(served.url).host, sandbox: true, ...ids, ...result });
    const facts = [records.length, two.id, two.lines, two.outcome, two.statusCode];
    assert.deepEqual(facts, [2, "x-denied", [3], "notRevoked", 403]);
    assert.match(two.error, /403/);

    const [download] = await Promise.all([ui.page.waitForEvent("download"), ui.button("Save record").click()]);
    assert.match(download.suggestedFilename(), /^revocations-\d{4}-\d\d-\d\dT[\d-]+Z\.jsonl$/);
    assert.equal(readFileSync(await download.path(), "utf8"), copied);
    await ui.button("New list").click();
    assert.equal(await ui.page.locator("tbody tr:visible").count(), 0);
    assert.equal(await ui.lines.inputValue(), "");
    await ui.page.reload();
    assert.equal(ui.seen.asked.length, 3, "a record that was saved may be left");
  });

  it("keeps no token, and comes back by the back button without a token and with its run stopped", async (t) => {
    let release;
    const held = new Promise((resolve) => (release = resolve));
    // The headless shell has no cache of pages.
    const options = { args: ["--headless=new"], ignoreDefaultArgs: ["--disable-back-forward-cache"] };
    const cached = await launch("chromium", chromium(), options);
    t.after(() => cached.close());
    const ui = await open(t, { respond: () => held, inBrowser: cached });
    await ui.page.evaluate(() => {
      globalThis.returns = 0;
      addEventListener("pageshow", ({ persisted }) => (globalThis.returns += persisted));
    });
    const leave = () => ui.page.goto(`${served.url}/favicon.svg`); // and yes to the browser's question
    const back = () => ui.page.goBack({ waitUntil: "commit" });
    await ui.token.fill("canary-token");
    await leave();
    await back();
    assert.equal(await ui.token.inputValue(), "");

    await ui.start(lines(9), "canary-token");
    await ui.page.locator("tbody tr").first().waitFor();
    assert.equal(await ui.token.inputValue(), "");
    await leave();
    const sent = ui.seen.sent.length;
    release(OK);
    await back();
    await ui.end();
    assert.equal(await ui.page.evaluate(() => globalThis.returns), 2, "the page came back as it was left");
    assert.deepEqual(await ui.shown("text"), ["The run was stopped."]);
    assert.equal(ui.seen.sent.length, sent, "nothing goes on by itself");
    const words = Object.values(await ui.outcomes()).map(([word]) => word);
    assert.deepEqual([...new Set(words)].sort(), ["Not known", "Not revoked"]);
    assert.equal(await ui.token.inputValue(), "");
    const kept = await ui.page.evaluate(() =>
      JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href, document.body.innerHTML]),
    );
    assert.ok(!kept.includes("canary"));
    assert.deepEqual(await ui.page.context().cookies(), []);
  });

  it("has no barriers in any state, light or dark, at 320 px and at 200 %", async (t) => {
    const ui = await open(t, { clock: true, viewport: { width: 320, height: 640 } });
    const found = { empty: await ui.barriers() };
    await ui.lines.fill("a,b\nappId,connectorId,id\nhttps://x.example/averyveryverylongaddresswithoutanyspaceinit");
    await ui.go.click();
    found.wrong = await ui.barriers();
    await ui.lines.fill(lines(3));
    await ui.go.click();
    found.token = await ui.barriers();
    await ui.start(["x-busy", "x-lost", "x-denied", "x-silent", "x-missing"].map((id) => `app-1,con-1,${id}`).join("\n"));
    await ui.pause();
    found.paused = await ui.barriers();
    await ui.end();
    found.ended = await ui.barriers();
    assert.deepEqual(found, { empty: [], wrong: [], token: [], paused: [], ended: [] });
  });

  it("works with the keyboard alone", async (t) => {
    const ui = await open(t);
    const { keyboard } = ui.page;
    await ui.paste("");
    await keyboard.press("Tab");
    assert.equal(await ui.focused(), "lines");
    await keyboard.insertText("app-1,con-1,x-denied");
    await keyboard.press("Tab");
    await keyboard.type("token-1");
    await keyboard.press("Enter");
    await ui.end();
    assert.equal(await ui.focused(), "title");
    const order = [];
    for (let i = 0; i < 6; i++) {
      await keyboard.press("Tab");
      order.push(await ui.focused());
    }
    assert.deepEqual(order, ["copy", "save", "new", "token", "go", "hide"]);
  });

  it("obeys a strict policy, and asks no other server", async (t) => {
    const response = await fetch(served.url);
    const policy = response.headers.get("content-security-policy");
    const sources = "script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; connect-src 'self';";
    assert.ok(policy.startsWith(`default-src 'none'; ${sources}`));
    assert.ok(!policy.includes("unsafe-inline"));
    assert.equal(response.headers.get("referrer-policy"), "no-referrer");
    const ui = await open(t);
    await ui.start(lines(2));
    await ui.end();
    assert.deepEqual(ui.seen.faults, []); // Chromium reports what breaks the policy on the console
    const library = await (await fetch(`${served.url}/vendor/c1-revoke.js`)).text();
    assert.equal(library, readFileSync(join(app, "node_modules/c1-revoke/cdn.js"), "utf8"), "the package as it is packed");
  });

  it("says that it has no tenant when its Worker has no settings", async (t) => {
    const ui = await open(t, { config: { status: 404, contentType: "text/plain", body: "no" } });
    assert.match((await ui.shown("where"))[0], /^This page has no tenant/);
    assert.equal(await ui.page.locator("form").isVisible(), false);
    assert.match((await (await open(t)).shown("where"))[0], /^Sandbox: nothing real is revoked/);
  });
});
