// The bundlers that `make test` has time for, and a page without any. The others: slow/bundlers.test.mjs.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { compatibilityDate } from "../harness/compatibility-date.mjs";
import { TOKEN } from "../suite/helpers.js";
import {
  assertRevokes,
  BUNDLERS,
  bundleWorker,
  copies,
  copiesIn,
  createProject,
  openPage,
  pageWith,
  revokeBy,
  serveFolder,
  serveWith,
  testBundlers,
  testContext,
} from "./harness.mjs";

const context = testContext();
const project = createProject("in-ci", ["pages", "workers"]);
/** For vite's dev server. */
const edited = createProject("edited", ["pages"]);

testBundlers(
  Object.keys(BUNDLERS).filter((name) => BUNDLERS[name].tools === "tests"),
  context,
  project,
);

it("the README names the versions that are tested", () => {
  const versions = ["tests", "tests/bundlers", "www"]
    .map((folder) => JSON.parse(readFileSync(new URL(`../../${folder}/package.json`, import.meta.url), "utf8")).devDependencies)
    .reduce((all, some) => Object.assign(all, some));
  const readme = readFileSync(join(project, "node_modules/c1-revoke/README.md"), "utf8").toLowerCase();
  for (const name of ["esbuild", "vite", "wrangler", "rollup", "webpack", "@rspack/core", "parcel", "next"]) {
    const named = `${name.replace(/^@(.*)\/core$/, "$1")} ${versions[name]}`;
    assert.ok(readme.includes(named), named);
  }
});

it("vite dev: revokes, with one copy of the wasm; an edited module is replaced in the page, and its new client revokes", async (test) => {
  writeFileSync(join(edited, "index.html"), pageWith('<script type="module" src="./pages/mixed/main.js"></script>'));
  const served = await serveWith("tests", ["vite", "--host", "127.0.0.1", "--port", "0"], edited);
  test.after(served.stop);
  /** Edits a file as a developer would. */
  function edit(file, before, after) {
    const source = readFileSync(join(edited, file), "utf8");
    assert.ok(source.includes(before));
    writeFileSync(join(edited, file), source.replace(before, after));
  }

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

const SOURCES = {
  "cdn.js": () => "cdn.js",
  // As package.json maps them.
  "the modules themselves": (path, { exports }) => exports[path].default.default,
};
for (const [name, fileOf] of Object.entries(SOURCES)) {
  it(`no bundler, ${name}: revokes under a strict Content-Security-Policy, with one copy of the wasm`, async (test) => {
    const manifest = JSON.parse(readFileSync(join(project, "node_modules/c1-revoke/package.json"), "utf8"));
    const source = readFileSync(join(project, "revoke.js"), "utf8").replace(
      /"c1-revoke([^"]*)"/g,
      (_, path) => `"/${join("node_modules/c1-revoke", fileOf(`.${path}`, manifest))}"`,
    );
    writeFileSync(join(project, "main.js"), `${source}\nglobalThis.revoke = revoke;\n`);
    const html = pageWith('<script type="module" src="/main.js"></script>');
    const served = await serveFolder(project, html, context.server.url);
    test.after(served.stop);
    const { revoke, loaded, close } = await openPage(context.browser, served.url, "revoke");
    await assertRevokes(context.server.url, revoke, { mixed: false });
    assert.equal(copies(await loaded()), 1);
    await close();
  });
}

it("wrangler: revokes, with one copy of the wasm", async (test) => {
  const output = await bundleWorker(project, "mixed");
  const { Miniflare } = await import("miniflare");
  // The Worker's own module first.
  const modules = ["mixed.js", ...readdirSync(output).filter((file) => file.endsWith(".wasm"))].map((path) => ({
    type: path.endsWith(".wasm") ? "CompiledWasm" : "ESModule",
    path,
    contents: readFileSync(join(output, path)),
  }));
  const miniflare = new Miniflare({ modules, modulesRoot: ".", compatibilityDate });
  test.after(() => miniflare.dispose());
  await assertRevokes(context.server.url, revokeBy(await miniflare.ready));
  assert.equal(copiesIn(output), 1);
});
