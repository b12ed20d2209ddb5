// Revoking a list in the console: checked first, run when confirmed, paused, cancelled, reported.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, beforeEach, describe, it } from "node:test";
import { toCsv, toJsonLines } from "../../www/lib/report.js";
import { launchHeadlessShell } from "../harness/runtimes.mjs";
import { barriers, lowContrast, openConsole, startConsole } from "./harness.mjs";

const TOKEN = "sandbox-token-opens-nothing-real";
const lines = (count, from = 1) =>
  Array.from({ length: count }, (_, i) => `app-load,con-load,cred-${String(from + i).padStart(5, "0")}`).join("\n");

describe("a list in the console", { timeout: 600_000 }, () => {
  let served, browser;
  before(async () => {
    [served, browser] = await Promise.all([startConsole(), launchHeadlessShell()]);
  });
  after(async () => {
    await Promise.all([browser?.close(), served?.stop()]);
  });
  beforeEach(() => fetch(`${served.url}/sandbox/reset`, { method: "POST" }));

  async function open(list, options) {
    const console = await openConsole(browser, served.url, options);
    const { page } = console;
    await page.getByLabel("A list").check();
    await page.getByRole("textbox", { name: "Bearer token" }).fill(TOKEN);
    // Typing 10,000 lines takes a browser long; putting them there does not.
    await page.getByRole("textbox", { name: "Credentials" }).evaluate((field, text) => {
      field.value = text;
      field.dispatchEvent(new Event("input"));
    }, list);
    return { ...console, press: (name) => page.getByRole("button", { name }).click() };
  }
  /** What the panel's heading says, once it says something new and has the focus. */
  async function title(page, pattern) {
    await page.locator("#bulk-title:focus", { hasText: pattern }).waitFor();
    return page.locator("#bulk-title").textContent();
  }
  /** Holds the API's answers back until the test gives them. */
  async function hold(page) {
    const held = [];
    const news = [];
    await page.route("**/api/v1/**", (route) => {
      held.push(route);
      news.shift()?.();
    });
    return {
      held,
      /** Waits until so many requests are held. */
      async until(count) {
        while (held.length < count) await new Promise((resolve) => news.push(resolve));
      },
      answer: (count = held.length, status = 200) =>
        Promise.all(held.splice(0, count).map((route) => route.fulfill({ status, contentType: "application/json", body: "{}" }))),
    };
  }
  const counts = async (page) => {
    const texts = ["#n-revoked", "#n-failed", "#n-left"].map((id) => page.locator(id).textContent());
    return (await Promise.all(texts)).map((text) => Number(text.replaceAll(",", "")));
  };
  const revocations = (seen) => seen.requests.filter((request) => request.url().includes("/api/v1/"));

  it("is checked before anything is sent, and its bad lines are shown with their numbers", async () => {
    const { page, press, seen, close } = await open(
      `appId,connectorId,id\n${lines(3)}\napp-load,,x\napp-load,con-load,..\n${lines(1)}`,
    );
    await press("Check the list");
    assert.equal(await title(page, "Revoke"), "Revoke 3 credentials?");
    const facts = await page.locator("#bulk-facts").textContent();
    assert.match(facts, /app-load \/ con-load: 3/);
    assert.match(facts, /1 line, revoked once/);
    const cells = await page.locator("#problems-body td").allTextContents();
    assert.deepEqual([cells[0], cells[2]], ["5", "6"]);
    assert.match(cells[1], /connectorId is missing/);
    assert.deepEqual(revocations(seen), []);

    await press("Leave out 2 lines, revoke the rest");
    assert.equal(await title(page, "revoked"), "3 credentials revoked");
    assert.equal(revocations(seen).length, 3);
    await close();
  });

  it("says that a list holds nothing, and which fields are empty", async () => {
    const { page, press, close } = await open("app-load,con-load\n");
    await press("Check the list");
    assert.equal(await title(page, "Nothing"), "Nothing to revoke");
    assert.equal(await page.locator("#run").isVisible(), false);
    await page.getByRole("textbox", { name: "Credentials" }).fill("");
    await press("Check the list");
    assert.equal(await page.locator("#list-error").textContent(), "Paste a list, or choose a file.");
    await close();
  });

  it("must be checked again when it, or the place, has changed", async () => {
    const { page, press, close } = await open(lines(3));
    await press("Check the list");
    await title(page, "Revoke 3");
    await page.getByRole("textbox", { name: "Credentials" }).press("End");
    await page.keyboard.type("0");
    assert.equal(await page.locator("#run").isVisible(), false);
    await press("Check the list");
    await title(page, "Revoke 3");
    await page.getByLabel("Tenant", { exact: true }).check();
    assert.equal(await page.locator("#run").isVisible(), false);
    await close();
  });

  it("is revoked, and the report has each line", async () => {
    const { page, press, seen, violations, close } = await open(`${lines(40)}\napp-load,con-load,gone\n${lines(2)}`);
    await press("Check the list");
    await title(page, "Revoke 41");
    await press("Revoke 41 credentials");
    assert.equal(await title(page, "not"), "40 revoked, 1 not");
    assert.deepEqual(await counts(page), [40, 1, 0]);
    assert.deepEqual(await page.locator("#problems-body td").allTextContents(), ["41", "gone", "No such credential (404)"]);
    assert.equal((await (await fetch(`${served.url}/sandbox/state`)).json()).revoked, 40);

    const report = {};
    for (const [format, name] of [
      ["csv", "Report as CSV"],
      ["jsonl", "Report as JSON Lines"],
    ]) {
      const download = page.waitForEvent("download");
      await press(name);
      const file = await download;
      assert.match(file.suggestedFilename(), new RegExp(`^revocations-.*\\.${format}$`));
      report[format] = await readFile(await file.path(), "utf8");
    }
    const entries = report.jsonl
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    assert.deepEqual(
      entries.map(({ line }) => line),
      Array.from({ length: 43 }, (_, i) => i + 1),
    );
    const answers = new Map();
    for (const request of revocations(seen)) {
      const headers = await (await request.response()).allHeaders();
      answers.set(request.url().split("/").at(-1), headers["x-request-id"]);
    }
    for (const { id, outcome, statusCode, requestId, sentAt, answeredAt } of entries) {
      assert.deepEqual([outcome, statusCode], id === "gone" ? ["not revoked", 404] : ["revoked", 200]);
      assert.equal(requestId, answers.get(id));
      assert.ok(Date.parse(sentAt) <= Date.parse(answeredAt));
    }
    assert.equal(report.csv.trimEnd().split("\r\n").length, 44);
    assert.ok(!report.csv.includes(TOKEN) && !report.jsonl.includes(TOKEN));
    assert.deepEqual([...(await violations()), ...seen.messages, ...seen.errors], []);
    await close();
  });

  it("can be paused and goes on; leaving meanwhile warns", async () => {
    const { page, press, close } = await open(lines(30));
    const api = await hold(page);
    const warns = () => page.evaluate(() => !dispatchEvent(new Event("beforeunload", { cancelable: true })));
    assert.equal(await warns(), false);
    await press("Check the list");
    await press("Revoke 30 credentials");
    await api.until(6);
    assert.equal(await warns(), true);
    assert.equal(await page.locator("#form").evaluate((form) => form.inert), true);
    await press("Pause");
    await page.getByText(/^Pausing\. \d requests under way/).waitFor();
    // A request that had been asked for before the pause may still go out; then it stops.
    await api.answer();
    while (!(await page.getByText("Paused. Nothing is being sent.").isVisible())) await api.answer();
    const [revoked] = await counts(page);
    assert.ok(revoked >= 6 && revoked <= 12, `${revoked}`);
    assert.equal(api.held.length, 0);
    await press("Resume");
    for (let done = revoked; done < 30; ) {
      await api.until(1);
      done += api.held.length;
      await api.answer();
    }
    assert.equal(await title(page, "revoked"), "30 credentials revoked");
    assert.equal(await warns(), false);
    await close();
  });

  it("can be cancelled: what is under way is still answered, and a retry does the rest only", async () => {
    const { page, press, seen, close } = await open(lines(30));
    const api = await hold(page);
    await press("Check the list");
    await press("Revoke 30 credentials");
    await api.until(6);
    await press("Cancel");
    await page.getByText("Cancelling. ").waitFor();
    while (!(await page.locator("#retry").isVisible())) await api.answer();
    const first = await counts(page);
    assert.equal(first[0] + first[2], 30);
    assert.ok(first[0] >= 6 && first[0] <= 12);
    assert.match(await page.locator("#bulk-text").textContent(), /cancelled/);

    await page.unroute("**/api/v1/**");
    await press(`Retry the ${30 - first[0]}`);
    assert.equal(await title(page, "revoked"), "30 credentials revoked");
    const asked = revocations(seen).map((request) => request.url());
    assert.equal(new Set(asked).size, 30);
    assert.equal(asked.length, 30);
    await close();
  });

  it("stops at once when cancelled twice, and says 'not known' of requests under way", async () => {
    const { page, press, close } = await open(lines(30));
    const api = await hold(page);
    await press("Check the list");
    await press("Revoke 30 credentials");
    await api.until(6);
    await press("Cancel");
    await press("Stop now");
    assert.equal(await title(page, "not"), "0 revoked, 24 not, 6 not known");
    assert.match(await page.locator("#kinds").textContent(), /6 Stopped before the answer came/);
    assert.equal(await page.locator("#n-unknown").textContent(), "6");
    await close();
  });

  it("stops when the token is refused, and goes on with another", async () => {
    const { page, press, seen, close } = await open(lines(60));
    await page.getByRole("textbox", { name: "Bearer token" }).fill("not-the-token");
    await press("Check the list");
    await press("Revoke 60 credentials");
    assert.equal(await title(page, "not"), "0 revoked, 60 not");
    assert.match(await page.locator("#bulk-text").textContent(), /token was not accepted/);
    assert.ok(revocations(seen).length <= 12);
    await page.getByRole("textbox", { name: "Bearer token" }).fill(TOKEN);
    await press("Retry the 60");
    assert.equal(await title(page, "revoked"), "60 credentials revoked");
    await close();
  });

  it("does not read 'Not revoked' when a 404 follows an answer that was lost: in the same run, or in a retry", async () => {
    const { page, press, close } = await open(lines(3));
    let asked = 0;
    // The first credential: a lost answer, then 404 in the same run. The others: an answer that stays lost, and 404 in the retry.
    await page.route("**/cred-00001", (route) =>
      asked++ === 0 ? route.abort("connectionreset") : route.fulfill({ status: 404, body: "{}" }),
    );
    let broken = true;
    await page.route(/cred-0000[23]$/, (route) =>
      broken ? route.fulfill({ status: 200, body: "<p>proxy</p>" }) : route.fulfill({ status: 404, body: "{}" }),
    );
    await press("Check the list");
    await press("Revoke 3 credentials");
    assert.equal(await title(page, "not"), "0 revoked, 3 not known");
    broken = false;
    await press("Retry the 3");
    await page.locator("#problems-body td", { hasText: "cred-00003" }).waitFor();
    assert.equal(await title(page, "not"), "0 revoked, 3 not known");
    assert.match(await page.locator("#kinds").textContent(), /^3 Not found \(404\), after an answer that may be lost$/);
    await close();
  });

  it("shows the rate and the time that is left, when the package reports them, and else the requests under way", async () => {
    const { page, close } = await open(lines(3));
    const shown = await page.evaluate(async () => {
      const { about } = await import("./dom.js");
      const { Run } = await import("./bulk.js");
      const run = new Run(Array(120));
      const pace = (progress) => {
        run.progress = progress;
        return run.pace;
      };
      return [
        pace({ inFlight: 6 }),
        pace({ inFlight: 6, ratePerSecond: 39.7, etaMs: 171_000 }),
        pace({ inFlight: 1, ratePerSecond: 0.4, pausedUntil: Date.now() - 1 }),
        pace({ inFlight: 1, ratePerSecond: 0 }),
        pace({ inFlight: 0, ratePerSecond: 40, pausedUntil: new Date(2100, 0, 1, 9, 30).getTime() }).replace(/\u202f/g, " "),
        [0, 1_000, 89_000, 90_000, 5_399_000, 5_400_000, 86_400_000].map(about),
      ];
    });
    assert.deepEqual(shown.slice(0, 4), [
      "6 requests under way.",
      "40 a second, about 3 minutes left",
      "1 a second, about 5 minutes left",
      "1 request under way.",
    ]);
    assert.match(shown[4], /^Waiting until 0?9:30:00.*, as the API asks\.$/);
    assert.deepEqual(shown[5], [
      "about 1 second",
      "about 1 second",
      "about 89 seconds",
      "about 2 minutes",
      "about 90 minutes",
      "about 2 hours",
      "about 24 hours",
    ]);
    await close();
  });

  it("that is no list is not run: reading stops at a thousand bad lines", async () => {
    const { page, press, close } = await open("x\n".repeat(2_000));
    await press("Check the list");
    assert.equal(await title(page, "cannot"), "This list cannot be read");
    assert.equal(await page.locator("#bulk-text").textContent(), "Reading stopped at line 1,000. Correct the list.");
    assert.equal(await page.locator("#run").isVisible(), false);
    assert.equal(await page.locator("#problems-body tr").count(), 200);
    await close();
  });

  it("can be read from a file, chosen or dropped", async () => {
    const { page, close } = await open("x");
    const list = page.getByRole("textbox", { name: "Credentials" });
    await page.locator("#file").setInputFiles({ name: "leak.csv", mimeType: "text/csv", buffer: Buffer.from(lines(2)) });
    await page.getByText("leak.csv").waitFor();
    assert.equal(await list.inputValue(), lines(2));
    await page.locator("footer").evaluate((footer, text) => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([text], "dropped.csv"));
      footer.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
    }, lines(5));
    await page.getByText("dropped.csv").waitFor();
    assert.equal(await list.inputValue(), lines(5));
    await close();
  });

  it("keeps the page small with 10,000 lines that fail", async () => {
    const { page, press, close } = await open(lines(10_000, 20_001));
    await page.evaluate(() => {
      globalThis.fetch = async () => new Response('{"code":5,"message":"not found","details":[]}', { status: 404 });
    });
    await press("Check the list");
    await title(page, "Revoke 10,000");
    await press("Revoke 10,000 credentials");
    assert.equal(await title(page, "not"), "0 revoked, 10,000 not");
    assert.deepEqual(await counts(page), [0, 10_000, 0]);
    assert.equal(await page.locator("#problems-body tr").count(), 200);
    assert.equal(await page.locator("#problems-more").textContent(), "And 9,800 more.");
    assert.ok((await page.locator("body *").count()) < 1500);
    await close();
  });

  it("can be used by keyboard alone", async () => {
    const { page, close } = await open(lines(3));
    await page.getByRole("textbox", { name: "Bearer token" }).press("Enter");
    await title(page, "Revoke 3");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    assert.equal(await title(page, "revoked"), "3 credentials revoked");
    await close();
  });

  for (const colorScheme of ["light", "dark"]) {
    it(`fits a narrow screen, in text that can be read (${colorScheme})`, async () => {
      const { page, press, close } = await open(`${lines(3)}\nx\napp-load,con-load,${"long-".repeat(40)}`, {
        viewport: { width: 320, height: 640 },
        colorScheme,
      });
      const fits = async () => {
        assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), 0);
        assert.deepEqual(await lowContrast(page), []);
        assert.deepEqual(await barriers(page), []);
      };
      await press("Check the list");
      await title(page, "Revoke 4");
      await fits();
      await press("Leave out 1 line, revoke the rest");
      await title(page, "3 revoked, 1 not");
      await fits();
      await close();
    });
  }
});

describe("the report", () => {
  const request = { appId: "a", connectorId: "c", id: "1" };
  const where = "acme.conductor.one";

  it("is CSV that no spreadsheet takes for formulas or for more cells", () => {
    for (const id of ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", " =1", "\uff1d1", "\n=1"]) {
      assert.ok(toCsv([{ line: 1, request: { ...request, id } }], where).includes(`"a","c","'${id}","not sent"`), id);
    }
    for (const id of ["a;b", "a\tb", "a,b", "1\n2", 'say "x"']) {
      const cell = `"${id.replaceAll('"', '""')}"`;
      assert.ok(toCsv([{ line: 1, request: { ...request, id } }], where).includes(`"a","c",${cell},"not sent"`), id);
    }
  });

  it("has a line for each line, with column names", () => {
    const csv = toCsv([{ line: 7, request }], where);
    assert.match(csv, /^"line","appId",.*\r\n"7","a","c","1","not sent",.*"acme\.conductor\.one"\r\n$/);
  });

  it("is JSON Lines to the letter; a second line for a credential has the first one's result", () => {
    const result = { status: "failed", attempts: 2, statusCode: 404, error: new TypeError("gone") };
    const first = { line: 1, request, result, outcome: "not known" };
    const text = toJsonLines([first, { line: 2, request, twin: first }, { line: 3, request: { ...request, id: "=2" } }], where);
    const [one, two, three] = text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    const expected = {
      ...request,
      outcome: "not known",
      statusCode: 404,
      attempts: 2,
      error: "TypeError",
      reason: "gone",
      where,
    };
    assert.deepEqual(one, { line: 1, ...expected });
    assert.deepEqual(two, { line: 2, ...expected });
    assert.deepEqual(three, { line: 3, ...request, id: "=2", outcome: "not sent", attempts: 0, where });
  });
});
