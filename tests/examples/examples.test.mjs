// The examples, run as a user would: each does what it says, against a loopback server.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, createReadStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { Miniflare, Response } from "miniflare";
import { app } from "../harness/app.mjs";
import { compatibilityDate } from "../harness/compatibility-date.mjs";
import { listen } from "../harness/local.mjs";
import { startOidc } from "../harness/oidc.mjs";
import { launchChromium, workerModules } from "../harness/runtimes.mjs";
import { startServer } from "../harness/server.mjs";
import { ids, json, PATH, playOn, revoked } from "../suite/helpers.js";
import { newKey } from "../suite/oauth-helpers.js";

const notFound = { status: 404, headers: json, body: '{"code":5,"message":"no such credential","details":[]}' };

// In a project that has the package installed, under a name of its own: other tests use that project, too.
const examples = mkdtempSync(join(app, "examples-"));
cpSync(new URL("../../examples", import.meta.url), examples, { recursive: true });

/** Runs an example of Node's; resolves to what came of it. */
function run(file, args, environment) {
  const options = { cwd: examples, env: { ...process.env, ...environment } };
  return new Promise((resolve) => {
    execFile(process.execPath, [file, ...args], options, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stdout, stderr }),
    );
  });
}

/** Runs modules in workerd until the end of the test. */
async function startWorker(test, options) {
  const miniflare = new Miniflare({ modulesRoot: ".", compatibilityDate, ...options });
  test.after(() => miniflare.dispose());
  return (await miniflare.ready).origin;
}

describe("examples", () => {
  let server;
  before(async () => {
    server = await startServer();
  });
  after(() => {
    server?.stop();
    rmSync(examples, { recursive: true });
  });

  /** An API that answers so; `sent()` tells which requests it got. */
  async function api(...steps) {
    const { base, requests } = await playOn(server.url, ...steps);
    const show = ({ method, url, headers }) => `${method} ${url.replace(new URL(base).pathname, "")} ${headers.authorization}`;
    const sent = async () => (await requests()).map(show);
    return { base, sent };
  }
  const expected = `POST ${PATH} Bearer some-token`;

  it("node.mjs", async () => {
    const { base, sent } = await api(revoked, notFound);
    const environment = { C1_SERVER: base, C1_TOKEN: "some-token" };
    const success = await run("node.mjs", Object.values(ids), environment);
    assert.deepEqual(success, { code: 0, stdout: "credential-3: revoked, status 200\n", stderr: "" });
    assert.deepEqual(await sent(), [expected]);
    const { stderr, ...failure } = await run("node.mjs", Object.values(ids), environment);
    assert.deepEqual(failure, { code: 1, stdout: "" });
    assert.match(stderr, /SDKError.*404/);
  });

  it("oauth.mjs", async (test) => {
    const oidc = await startOidc();
    test.after(oidc.stop);
    const { clientID, clientSecret, record } = await newKey(oidc.url);
    const args = [ids.appId, ids.connectorId, "credential-3", "credential-4"];
    const result = await run("oauth.mjs", args, { C1_CLIENT_ID: clientID, C1_CLIENT_SECRET: clientSecret });
    assert.deepEqual(result, { code: 0, stdout: "credential-3: revoked\ncredential-4: revoked\n", stderr: "" });
    const { tokenRequests, revoked: paths } = await record();
    assert.deepEqual([tokenRequests.length, paths], [1, ["credential-3", "credential-4"].map((id) => PATH.replace(ids.id, id))]);
  });

  it("bulk.mjs", async () => {
    const { base, sent } = await api(revoked);
    const list = join(examples, "list.csv");
    const file = join(examples, "report.json");
    const of = "app-1,connector-2";
    writeFileSync(list, `${of},credential-3\r\napp-1, connector-2, credential-4\n\n${of},..\n${of},credential-3\n`);
    const { code, stdout, stderr } = await run("bulk.mjs", [list, file], { C1_SERVER: base, C1_TOKEN: "some-token" });
    assert.equal(stdout, "3 revoked, 1 failed, 0 worth another run\n", stderr);
    assert.equal(code, 1);
    assert.match(stderr, /^4 of 4$/m);
    assert.deepEqual((await sent()).sort(), [expected, expected.replace("-3", "-4")].sort());
    const rows = JSON.parse(readFileSync(file, "utf8"));
    assert.deepEqual(
      rows.map(({ id, outcome, statusCode, duplicateOf }) => [id, outcome, statusCode, duplicateOf]),
      [
        ["credential-3", "revoked", 200, undefined],
        ["credential-4", "revoked", 200, undefined],
        ["..", "notSent", undefined, undefined],
        ["credential-3", "revoked", 200, 0],
      ],
    );
    assert.match(rows[2].error, /\bid\b/);
  });

  it("worker.js, in workerd", async (test) => {
    const { base, sent } = await api(revoked, notFound);
    const modules = await workerModules(`export { default } from ${JSON.stringify(join(examples, "worker.js"))};`);
    const url = await startWorker(test, { modules, bindings: { C1_SERVER: base } });
    const withToken = { authorization: "Bearer some-token" };
    for (const [headers, status, outcome, message] of [
      [withToken, 200, "revoked", /^undefined$/],
      [withToken, 502, "absent", /^SDKError: .*404/],
      [{}, 502, "notSent", /^SDKValidationError: /],
    ]) {
      const response = await fetch(url, { method: "POST", body: JSON.stringify(ids), headers });
      const { error, ...rest } = await response.json();
      assert.deepEqual([response.status, rest], [status, { outcome }]);
      assert.match(String(error), message);
    }
    assert.deepEqual(await sent(), [expected, expected]);
  });

  it("proxy.js, in workerd", async (test) => {
    const { base, sent } = await api(revoked, notFound);
    const url = await startWorker(test, {
      modules: true,
      scriptPath: join(examples, "proxy.js"),
      bindings: { C1_SERVER: base },
      serviceBindings: { ASSETS: () => new Response("the page") },
    });
    const ask = (path, headers, method = "POST") =>
      fetch(url + path, { method, headers: { authorization: "Bearer some-token", ...headers } });
    const ownPage = { "sec-fetch-site": "same-origin" };
    assert.equal((await ask(PATH, ownPage)).status, 200);
    assert.equal((await ask(PATH, ownPage, "GET")).status, 404);
    for (const headers of [{}, { "sec-fetch-site": "cross-site" }])
      for (const method of ["POST", "GET"]) assert.equal((await ask(PATH, headers, method)).status, 403);
    for (const [method, path] of [
      ["GET", "/"],
      ["DELETE", PATH],
      ["POST", "/auth/v1/token"],
      ["POST", `${PATH}/more`],
    ]) {
      assert.equal(await (await ask(path, ownPage, method)).text(), "the page", `${method} ${path}`);
    }
    assert.deepEqual(await sent(), [expected, expected.replace("POST", "GET")]);
  });

  it("page/, in Chromium, without a bundler", async (test) => {
    const deleted = { ...revoked, body: '{"credential":{"id":"credential-3","deletedAt":"2026-01-02T03:04:05Z"}}' };
    const { base, sent } = await api({ status: 502, body: "a gateway" }, deleted, notFound);
    const types = { html: "text/html", js: "text/javascript" };
    const pages = await listen(({ url }, answer) => {
      const inPage = join(examples, "page", url === "/" ? "index.html" : url);
      const file = url.startsWith("/c1-revoke/") ? join(app, "node_modules", url) : inPage;
      answer.writeHead(200, { "content-type": types[file.split(".").pop()] });
      createReadStream(file).pipe(answer);
    });
    test.after(pages.stop);
    const browser = await launchChromium();
    test.after(() => browser.close());
    const page = await browser.newPage();
    const problems = [];
    page.on("pageerror", (error) => problems.push(error.message));
    await page.goto(pages.url);
    const fields = { Server: base, Token: "some-token", App: ids.appId, Connector: ids.connectorId, Credential: ids.id };
    for (const [label, value] of Object.entries(fields)) await page.getByLabel(label).fill(value);
    const shows = async (hasText) => {
      await page.getByRole("button", { name: "Revoke" }).click();
      await page.locator("output").filter({ hasText }).waitFor();
    };
    await shows("Revoked.");
    await shows(/^SDKError: .*404/);
    await page.getByLabel("App").fill("..");
    await shows(/^SDKValidationError: /);
    assert.deepEqual(await sent(), [expected, expected.replace("POST", "GET"), expected]);
    assert.deepEqual(problems, []);
  });
});
