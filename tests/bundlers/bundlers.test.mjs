// The bundlers that `make test` has time for, and a page without any. The others: all/bundlers.test.mjs.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { TOKEN } from "../suite/helpers.js";
import {
  assertRevokes,
  BUNDLERS,
  copies,
  copiesIn,
  createProject,
  NAMED,
  openPage,
  pageWith,
  revokeBy,
  run,
  serveFolder,
  serveWith,
  testBundlers,
  testContext,
} from "./harness.mjs";

const context = testContext();
const project = createProject("in-ci", ["pages", "workers"]);

testBundlers(
  Object.keys(BUNDLERS).filter((name) => BUNDLERS[name].tools === "tests"),
  context,
  project,
);

describe("vite dev", () => {
  let project, served;
  before(async () => {
    project = createProject("vite-dev", ["pages"]);
    writeFileSync(join(project, "index.html"), pageWith('<script type="module" src="./pages/mixed/main.js"></script>'));
    served = await serveWith("tests", ["vite", "--host", "127.0.0.1", "--port", "0"], project);
  });
  after(() => served?.stop());

  /** Edits a file as a developer would. */
  function edit(file, before, after) {
    const source = readFileSync(join(project, file), "utf8");
    assert.ok(source.includes(before));
    writeFileSync(join(project, file), source.replace(before, after));
  }

  it("revokes, with one copy of the wasm; an edited module is replaced in the page, and its new client revokes", async () => {
    edit("pages/mixed/main.js", "globalThis.revoke =", "import.meta.hot.accept();\nglobalThis.revoke =");
    const { page, said, revoke, loaded, close } = await openPage(context.browser, served.url, "revoke");
    await assertRevokes(context.server.url, revoke);
    assert.equal(copies(await loaded()), 1);

    await said("[vite] connected.");
    await page.evaluate(() => {
      globalThis.replaced = globalThis.revoke;
    });
    edit("revoke.js", TOKEN, "another-token");
    await page.waitForFunction(() => globalThis.revoke !== globalThis.replaced);
    await assertRevokes(context.server.url, revoke, { token: "another-token" });
    await assertRevokes(context.server.url, (serverURL) => page.evaluate((url) => globalThis.replaced(url), serverURL));
    await close();
  });
});

describe("a page without a bundler", () => {
  const SOURCES = {
    "cdn.js": () => "cdn.js",
    // As package.json maps them.
    "the modules themselves": (path, { exports }) => exports[path].default.default,
  };
  for (const [name, fileOf] of Object.entries(SOURCES)) {
    it(`${name}: revokes under a strict Content-Security-Policy, with one copy of the wasm`, async () => {
      const manifest = JSON.parse(readFileSync(join(project, "node_modules/c1-revoke/package.json"), "utf8"));
      const source = readFileSync(join(project, "revoke.js"), "utf8").replace(
        /"c1-revoke([^"]*)"/g,
        (_, path) => `"/${join("node_modules/c1-revoke", fileOf(`.${path}`, manifest))}"`,
      );
      writeFileSync(join(project, "main.js"), `${source}\nglobalThis.revoke = revoke;\n`);
      const html = pageWith('<script type="module" src="/main.js"></script>');
      const served = await serveFolder(project, html, context.server.url);
      const { revoke, loaded, close } = await openPage(context.browser, served.url, "revoke");
      await assertRevokes(context.server.url, revoke, { mixed: false });
      assert.equal(copies(await loaded()), 1);
      await close();
      served.stop();
    });
  }
});

describe("wrangler", () => {
  /** Bundles a Worker as `wrangler deploy` does, and runs what comes out in workerd. */
  async function bundled(name) {
    const { Miniflare } = await import("miniflare");
    const output = join(project, "out", name);
    const main = join(project, "workers", `${name}.js`);
    const compatibilityDate = "2026-04-01";
    const options = ["--dry-run", "--outdir", output, "--name", name, "--compatibility-date", compatibilityDate];
    await run("www", ["wrangler", "deploy", main, ...options], project);
    const modules = readdirSync(output)
      .filter((file) => /\.(js|wasm)$/.test(file))
      .map((file) => ({
        type: file.endsWith(".wasm") ? "CompiledWasm" : "ESModule",
        path: file,
        contents: readFileSync(join(output, file)),
      }))
      .sort((a, b) => (a.path < b.path ? 1 : -1));
    const miniflare = new Miniflare({ modules, modulesRoot: ".", compatibilityDate });
    return { output, url: await miniflare.ready, stop: () => miniflare.dispose() };
  }

  it("revokes, with one copy of the wasm", async () => {
    const { output, url, stop } = await bundled("mixed");
    await assertRevokes(context.server.url, revokeBy(url));
    assert.equal(copiesIn(output), 1);
    await stop();
  });

  it("an app that imports only errors and types carries no wasm", async () => {
    const { output, url, stop } = await bundled("typed");
    assert.equal(await (await fetch(url)).json(), NAMED);
    assert.equal(copiesIn(output), 0);
    await stop();
  });
});
