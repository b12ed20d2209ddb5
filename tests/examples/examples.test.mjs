// The examples, run as a user would: each does what it says, against a loopback server.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, createReadStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { app } from "../harness/app.mjs";
import { compatibilityDate } from "../harness/compatibility-date.mjs";
import { listen } from "../harness/local.mjs";
import { startOidc } from "../harness/oidc.mjs";
import { launchChromium, workerModules } from "../harness/runtimes.mjs";
import { startServer } from "../harness/server.mjs";
import { ids, json, PATH, playOn, revoked } from "../suite/helpers.js";
import { newKey } from "../suite/oauth-helpers.js";

const pathOf = (id) => PATH.replace(ids.id, id);
const notFound = { status: 404, headers: json, body: '{"code":5,"message":"no such credential","details":[]}' };

// In a project that has the package installed, under a name of its own: other tests use that project, too.
const examples = mkdtempSync(join(app, "examples-"));
cpSync(new URL("../../examples", import.meta.url), examples, { recursive: true });

/** Runs an example of Node's; resolves to what came of it. */
function run(file, args, environment) {
  return new Promise((resolve) => {
    const options = { cwd: examples, env: { ...process.env, ...environment } };
    execFile(process.execPath, [file, ...args], options, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stdout, stderr }),
    );
  });
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
    const failure = await run("node.mjs", Object.values(ids), environment);
    assert.equal(failure.code, 1);
    assert.equal(failure.stdout, "");
    assert.match(failure.stderr, /SDKError.*404/);
  });

  it("oauth.mjs", async () => {
    const oidc = await startOidc();
    try {
      const { clientID, clientSecret, record } = await newKey(oidc.url);
      const args = [ids.appId, ids.connectorId, "credential-3", "credential-4"];
      const { code, stdout, stderr } = await run("oauth.mjs", args, { C1_CLIENT_ID: clientID, C1_CLIENT_SECRET: clientSecret });
      assert.equal(code, 0, stderr);
      assert.equal(stdout, "credential-3: revoked\ncredential-4: revoked\n");
      const { tokenRequests, revoked: paths } = await record();
      assert.equal(tokenRequests.length, 1);
      assert.deepEqual(paths, [pathOf("credential-3"), pathOf("credential-4")]);
    } finally {
      oidc.stop();
    }
  });

  it("bulk.mjs", async () => {
    const { base, sent } = await api(revoked);
    const list = join(examples, "list.csv");
    const file = join(examples, "report.json");
    writeFileSync(
      list,
      "app-1,connector-2,credential-3\r\napp-1, connector-2, credential-4\n\napp-1,connector-2,..\napp-1,connector-2,credential-3\n",
    );
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

  it("worker.js, in workerd", async () => {
    const { Miniflare } = await import("miniflare");
    const { base, sent } = await api(revoked, notFound);
    const modules = await workerModules(`export { default } from ${JSON.stringify(join(examples, "worker.js"))};`);
    const miniflare = new Miniflare({
      modules,
      modulesRoot: ".",
      compatibilityDate,
      bindings: { C1_SERVER: base },
    });
    try {
      const url = await miniflare.ready;
      const ask = (headers) => fetch(url, { method: "POST", body: JSON.stringify(ids), headers });
      const withToken = { authorization: "Bearer some-token" };
      assert.deepEqual(await (await ask(withToken)).json(), { outcome: "revoked" });
      assert.deepEqual(await sent(), [expected]);
      for (const [headers, outcome, message] of [
        [withToken, "absent", /^SDKError: .*404/],
        [{}, "notSent", /^SDKValidationError: /],
      ]) {
        const refused = await ask(headers);
        assert.equal(refused.status, 502);
        const answer = await refused.json();
        assert.equal(answer.outcome, outcome);
        assert.match(answer.error, message);
      }
      assert.equal((await sent()).length, 2, "a call without a token was sent");
    } finally {
      await miniflare.dispose();
    }
  });

  it("proxy.js, in workerd", async () => {
    const { Miniflare, Response } = await import("miniflare");
    const { base, sent } = await api(revoked, notFound);
    const miniflare = new Miniflare({
      modules: true,
      scriptPath: join(examples, "proxy.js"),
      compatibilityDate,
      bindings: { C1_SERVER: base },
      serviceBindings: { ASSETS: () => new Response("the page") },
    });
    try {
      await miniflare.ready;
      const ask = (path, headers, method = "POST") =>
        miniflare.dispatchFetch(`http://proxy.example${path}`, {
          method,
          headers: { authorization: "Bearer some-token", ...headers },
        });
      const ownPage = { "sec-fetch-site": "same-origin" };
      assert.equal((await ask(PATH, ownPage)).status, 200);
      assert.equal((await ask(PATH, ownPage, "GET")).status, 404);
      assert.deepEqual(await sent(), [expected, expected.replace("POST", "GET")]);
      for (const headers of [{}, { "sec-fetch-site": "cross-site" }]) {
        for (const method of ["POST", "GET"]) assert.equal((await ask(PATH, headers, method)).status, 403);
      }
      for (const [path, method] of [
        ["/", "GET"],
        [PATH, "DELETE"],
        ["/auth/v1/token", "POST"],
        [`${PATH}/more`, "POST"],
      ]) {
        assert.equal(await (await ask(path, ownPage, method)).text(), "the page", `${method} ${path}`);
      }
      assert.equal((await sent()).length, 2);
    } finally {
      await miniflare.dispose();
    }
  });

  it("page/, in Chromium, without a bundler", async () => {
    const deleted = { ...revoked, body: '{"credential":{"id":"credential-3","deletedAt":"2026-01-02T03:04:05Z"}}' };
    const { base, sent } = await api({ status: 502, body: "a gateway" }, deleted, notFound);
    const types = { html: "text/html", js: "text/javascript" };
    const pages = await listen(({ url }, answer) => {
      const file = url.startsWith("/c1-revoke/")
        ? join(app, "node_modules", url)
        : join(examples, "page", url === "/" ? "index.html" : url);
      answer.writeHead(200, { "content-type": types[file.split(".").pop()] });
      createReadStream(file).pipe(answer);
    });
    const browser = await launchChromium();
    try {
      const page = await browser.newPage();
      const problems = [];
      page.on("pageerror", (error) => problems.push(error.message));
      await page.goto(pages.url);
      const fields = { Server: base, Token: "some-token", App: ids.appId, Connector: ids.connectorId, Credential: ids.id };
      for (const [label, value] of Object.entries(fields)) await page.getByLabel(label).fill(value);
      const result = page.locator("output");
      await page.getByRole("button", { name: "Revoke" }).click();
      await result.filter({ hasText: "Revoked." }).waitFor();
      assert.deepEqual(await sent(), [expected, expected.replace("POST", "GET")]);
      await page.getByRole("button", { name: "Revoke" }).click();
      await result.filter({ hasText: /^SDKError: .*404/ }).waitFor();
      await page.getByLabel("App").fill("..");
      await page.getByRole("button", { name: "Revoke" }).click();
      await result.filter({ hasText: /^SDKValidationError: / }).waitFor();
      assert.equal((await sent()).length, 3);
      assert.deepEqual(problems, []);
    } finally {
      await browser.close();
      pages.stop();
    }
  });
});
