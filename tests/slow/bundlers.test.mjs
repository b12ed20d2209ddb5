// The bundlers that CI's time does not allow; `make test-all` has installed them.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import {
  assertRevokes,
  BUNDLERS,
  bundleWorker,
  copies,
  copiesIn,
  createProject,
  NAMED,
  openPage,
  revokeBy,
  run,
  serveWith,
  testBundlers,
  testContext,
} from "../bundlers/harness.mjs";
import { playOn, revoked } from "../suite/helpers.js";

const context = testContext();
const project = createProject("not-in-ci", ["pages", "workers"]);

testBundlers(
  Object.keys(BUNDLERS).filter((name) => BUNDLERS[name].tools === "bundlers"),
  context,
  project,
);

it("wrangler: an app that imports only errors and types carries no wasm", async () => {
  const output = await bundleWorker(project, "typed");
  assert.match(readFileSync(join(output, "typed.js"), "utf8"), new RegExp(NAMED));
  assert.equal(copiesIn(output), 0);
});

for (const bundler of ["turbopack", "webpack"]) {
  describe(`next, ${bundler}`, () => {
    let project, served;
    before(async () => {
      // Turbopack looks only at what lies in the project itself. And Next's webpack builds no edge route, not even an empty one,
      // in a project of type "module".
      project = createProject(`next-${bundler}`, ["app"], { tools: true, manifest: { type: undefined } });
      await run(project, ["next", "build", `--${bundler}`], project);
      served = await serveWith(project, ["next", "start", "--hostname", "127.0.0.1", "--port", "0"], project);
    });
    after(() => served?.stop());

    const built = (...path) => join(project, ".next", ...path);
    const manifest = (...path) => JSON.parse(readFileSync(built(...path), "utf8"));

    /** How often the wasm is in all that a page or a route of the Node server may load. */
    function copiesInServer(entry) {
      const { files } = manifest("server", "app", `${entry}.js.nft.json`);
      const folder = dirname(built("server", "app", entry));
      return copies(
        [built("server", "app", `${entry}.js`), ...files.map((file) => join(folder, file))].map((file) => readFileSync(file)),
      );
    }

    it("a client component: revokes, with one copy of the wasm in what the browser loads, and one on the server", async () => {
      const { revoke, loaded, close } = await openPage(context.browser, served.url, "revoke");
      await assertRevokes(context.server.url, revoke);
      assert.equal(copies(await loaded()), 1);
      assert.equal(copiesIn(built("static")), 1);
      // The server has made a client of its own when it rendered the page.
      const html = await (await fetch(served.url)).text();
      assert.match(html, /<p>\[object ConductoroneSDKTypescript\]<\/p>/);
      assert.equal(copiesInServer("page"), 1);
      await close();
    });

    it("a route handler: revokes, with one copy of the wasm", async () => {
      await assertRevokes(context.server.url, revokeBy(`${served.url}/node`));
      assert.equal(copiesInServer("node/route"), 1);
    });

    it("a route handler that reads cookies() in `security`: three users at once each revoke with their own token", async () => {
      const { base, requests } = await playOn(context.server.url, revoked);
      const users = ["user-1", "user-2", "user-3"];
      const ask = (id) =>
        fetch(`${served.url}/cookies`, {
          method: "POST",
          headers: { cookie: `token=token-of-${id}` },
          body: JSON.stringify({ serverURL: base, id }),
        });
      for (const { status } of await Promise.all(users.map(ask))) assert.equal(status, 200);
      const sent = (await requests()).map(({ url, headers }) => `${url.split("/").at(-1)}: ${headers.authorization}`);
      assert.deepEqual(
        sent.sort(),
        users.flatMap((id) => Array(2).fill(`${id}: Bearer token-of-${id}`)),
      );
    });

    it("an edge route: revokes, with one copy of the wasm, as a file", async () => {
      await assertRevokes(context.server.url, revokeBy(`${served.url}/edge`), { mixed: false });
      const { files, wasm } = manifest("server", "middleware-manifest.json").functions["/edge/route"];
      assert.equal(copies(files.map((file) => readFileSync(built(file)))), 0);
      assert.equal(copies(wasm.map(({ filePath }) => readFileSync(built(filePath)))), 1);
    });

    it("a page that imports only errors carries no wasm", async () => {
      const { nameOf, loaded, close } = await openPage(context.browser, `${served.url}/errors`, "nameOf");
      assert.equal(await nameOf(), NAMED);
      assert.equal(copies(await loaded()), 0);
      assert.equal(copiesInServer("errors/page"), 0);
      await close();
    });

    it("in development: a client component, a route handler and an edge route revoke", async (test) => {
      const dev = await serveWith(project, ["next", "dev", `--${bundler}`, "--hostname", "127.0.0.1", "--port", "0"], project);
      test.after(dev.stop);
      await assertRevokes(context.server.url, revokeBy(`${dev.url}/node`));
      await assertRevokes(context.server.url, revokeBy(`${dev.url}/edge`), { mixed: false });
      // Next compiles what is asked for, and reloads open pages after that.
      for (const path of ["/", "/favicon.ico"]) await (await fetch(dev.url + path)).text();
      const { revoke, close } = await openPage(context.browser, dev.url, "revoke");
      await assertRevokes(context.server.url, revoke);
      await close();
    });
  });
}
