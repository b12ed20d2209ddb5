// The runtimes that the suite runs in. Each gives run(name, context), which resolves to undefined or to what went wrong. The
// context is plain data; the runtime adds the package as `sdk`. `family` says which tests make sense there (Deno and Bun pass for
// Node), `engine` whose fetch it has, where engines differ.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { basename, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { app } from "./app.mjs";
import * as browsers from "./browsers.mjs";
import { compatibilityDate } from "./compatibility-date.mjs";
import { freePort, listen } from "./local.mjs";

const tests = fileURLToPath(new URL("..", import.meta.url));
const suite = join(tests, "suite", "all.js");
const asyncLocal = join(tests, "harness", "async-local.js");
const zone = join(tests, "harness", "zone.js");
const require = createRequire(join(tests, "package.json"));

/** Beside playwright's own: those end the sandbox, which root cannot have, and most of Chromium's own traffic. */
const CHROMIUM_FLAGS = ["--disable-gpu", "--disable-quic"];

/** A Chromium that playwright drives, with more flags where need be. */
export const launchChromium = (...flags) => launch("chromium", browsers.chromium(), { args: [...CHROMIUM_FLAGS, ...flags] });

/** The same engine without its user interface, for tests that open many pages. */
export const launchHeadlessShell = () => launch("chromium", browsers.headlessShell(), { args: CHROMIUM_FLAGS });

export async function launch(engine, executablePath, options) {
  const playwright = await import("playwright-core");
  return playwright[engine].launch({ executablePath, ...options });
}

/** This Node, with the package imported. */
async function node() {
  const { runByName } = await import(pathToFileURL(suite));
  const { contexts } = await import("./async-local.js");
  const sdk = await import(pathToFileURL(join(app, "import.mjs")));
  return { run: (name, context) => runByName(name, { ...context, sdk, contexts }), stop() {} };
}

/** Bundles a script that stands in the user's project, so that the package resolves as it would for that user. */
async function buildFiles(contents, options) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: app, sourcefile: "entry.mjs" },
    outdir: app,
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    logLevel: "error",
    ...options,
  });
  return outputFiles;
}

export const bundle = async (contents, options) => (await buildFiles(contents, options))[0].text;

// fake-timers asks for these where they exist.
const external = ["timers", "timers/promises", "util"];

/** workerd's modules for a bundled Worker: its own, and the wasm that it imports. */
export async function workerModules(contents) {
  const files = await buildFiles(contents, {
    conditions: ["workerd", "worker", "browser"],
    platform: "neutral",
    mainFields: ["module", "main"],
    loader: { ".wasm": "copy" },
    external: [...external, "cloudflare:workers", "node:async_hooks"],
  });
  const isWasm = ({ path }) => path.endsWith(".wasm");
  const script = files.find((file) => !isWasm(file)).text.replaceAll(".wasm?module", ".wasm");
  return [
    { type: "ESModule", path: "worker.mjs", contents: script },
    ...files.filter(isWasm).map(({ path, contents }) => ({ type: "CompiledWasm", path: basename(path), contents })),
  ];
}

async function workerd() {
  const { Miniflare } = await import("miniflare");
  const modules = await workerModules(`
    import * as sdk from "./import.mjs";
    import { contexts } from ${JSON.stringify(asyncLocal)};
    export default {
      async fetch(request) {
        // fake-timers sets a timer when it is loaded, which workerd allows in a handler only. The package is loaded outside.
        const { runByName } = await import(${JSON.stringify(suite)});
        const { name, context } = await request.json();
        const failure = await runByName(name, { ...context, sdk, contexts });
        return Response.json({ failure });
      },
    };`);
  const miniflare = new Miniflare({ modules, modulesRoot: ".", compatibilityDate, compatibilityFlags: ["nodejs_als"] });
  const url = await miniflare.ready;
  return {
    async run(name, context) {
      const answer = await fetch(url, { method: "POST", body: JSON.stringify({ name, context }) });
      return answer.ok ? (await answer.json()).failure : `the Worker answered ${answer.status}: ${await answer.text()}`;
    },
    stop: () => miniflare.dispose(),
  };
}

/** Serves a page with these scripts, by path; `/script.js` runs in the page. Resolves to the page's address and how to stop. */
function servePage(scripts) {
  return listen((request, answer) => {
    const script = scripts[request.url];
    if (script !== undefined) return answer.writeHead(200, { "content-type": "text/javascript" }).end(script);
    if (request.url !== "/") return answer.writeHead(404).end();
    answer.writeHead(200, { "content-type": "text/html; charset=utf-8" });
    answer.end('<!doctype html><link rel="icon" href="data:,"><script type="module" src="/script.js"></script>');
  });
}

/** A script of a browser: defines run(name, context), and goes on with `more`. */
const inBrowser = (more, options, contexts = "const contexts = undefined;") =>
  bundle(
    `${contexts}
    import * as sdk from "./import.mjs";
    import { runByName } from ${JSON.stringify(suite)};
    const run = (name, context) => runByName(name, { ...context, sdk, contexts });
    ${more}`,
    { platform: "browser", external, ...options },
  );

/** The suite in a page, as a global function run(name, context). */
const pageScripts = async (...options) => ({ "/script.js": await inBrowser("globalThis.run = run;", ...options) });

/** The same with zone.js, which follows no `await` of the engine's: as Angular's build does, this one writes them with promises. */
const zoneScripts = () =>
  pageScripts({ supported: { "async-await": false } }, `import { contexts } from ${JSON.stringify(zone)};`);

/** The same in a web worker, which the page's function hands on to. */
async function workerScripts() {
  const worker = `
    onmessage = async ({ data: { number, name, context } }) => {
      postMessage({ number, failure: await run(name, context) });
    };
    postMessage("ready");`;
  const page = `
    const worker = new Worker("/worker.js", { type: "module" });
    const waiting = [];
    worker.onmessage = ({ data }) => {
      if (data !== "ready") return waiting[data.number](data.failure);
      globalThis.run = (name, context) =>
        new Promise((resolve) => worker.postMessage({ number: waiting.push(resolve) - 1, name, context }));
    };`;
  return { "/script.js": page, "/worker.js": await inBrowser(worker) };
}

/** A browser that playwright drives. */
async function played(scripts, launching) {
  const { url, stop } = await servePage(await scripts());
  const browser = await launching;
  const page = await browser.newPage();
  await page.goto(url);
  await page.waitForFunction(() => globalThis.run);
  return {
    run: (name, context) => page.evaluate(([n, a]) => globalThis.run(n, a), [name, context]),
    async stop() {
      await browser.close();
      stop();
    },
  };
}

const chromium = (scripts) => played(scripts, launchChromium());
const firefox = (scripts) => played(scripts, launch("firefox", browsers.firefox(), { channel: "moz-firefox" }));

/** WebKitGTK, which playwright does not drive: by WebDriver, under a virtual display. */
async function webkit(scripts) {
  const { Builder, Capabilities } = require("./runtimes/node_modules/selenium-webdriver");
  const { url, stop } = await servePage(await scripts());
  const port = await freePort();
  const args = ["--auto-servernum", "WebKitWebDriver", `--port=${port}`];
  const driver = spawn("xvfb-run", args, { stdio: "ignore", detached: true });
  const binary = { binary: browsers.miniBrowser(), args: ["--automation"] };
  const capabilities = new Capabilities({ browserName: "MiniBrowser", "webkitgtk:browserOptions": binary });
  await listening(port);
  const session = await new Builder().usingServer(`http://127.0.0.1:${port}`).withCapabilities(capabilities).build();
  await session.manage().setTimeouts({ script: 60_000 });
  await session.get(url);
  await session.executeAsyncScript(
    "const done = arguments[0]; (function wait() { window.run ? done() : setTimeout(wait, 20); })()",
  );
  return {
    run: async (name, context) =>
      (await session.executeAsyncScript("const [n, a, done] = arguments; run(n, a).then(done)", name, context)) ?? undefined,
    async stop() {
      await session.quit();
      process.kill(-driver.pid);
      stop();
    },
  };
}

/** Resolves when something answers on the port. */
async function listening(port) {
  while (!(await fetch(`http://127.0.0.1:${port}/status`).catch(() => false)))
    await new Promise((resolve) => setTimeout(resolve, 50));
}

/** Node's flags under which `require` takes nothing but CommonJS. */
export function withoutRequireOfModules() {
  return process.allowedNodeEnvironmentFlags.has("--experimental-require-module") ? ["--no-experimental-require-module"] : [];
}

/** Another JavaScript runtime on this machine, which reads the names of tests and writes what became of them. */
const processRuntime = (program, args, entry) => async () => {
  const script = fileURLToPath(new URL("in-process.mjs", import.meta.url));
  const file = resolve(tests, "runtimes", "node_modules", program);
  const child = spawn(file, [...args, script, join(app, entry)], { cwd: app, stdio: ["pipe", "pipe", "inherit"] });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async run(name, context) {
      child.stdin.write(`${JSON.stringify({ name, context })}\n`);
      const { value, done } = await answers.next();
      return done ? `${program} has ended` : (JSON.parse(value).failure ?? undefined);
    },
    stop: () => child.kill(),
  };
};

const inNode = (...program) => ({ family: "node", engine: "node", start: processRuntime(...program) });

export const runtimes = {
  "node-import": { family: "node", engine: "node", start: node },
  // As Node before 20.19 does, and tools that know no "module-sync" condition: later ones take the ES modules for `require`, too.
  "node-require": inNode(process.execPath, withoutRequireOfModules(), "require.cjs"),
  workerd: { family: "workerd", engine: "workerd", start: workerd },
  chromium: { family: "browser", engine: "chromium", start: () => chromium(pageScripts) },
  // Of the tests, those that concern zone.js.
  "chromium-zone": { family: "zone", engine: "chromium", start: () => chromium(zoneScripts) },
  "chromium-worker": { family: "browser", engine: "chromium", start: () => chromium(workerScripts) },
  // These are for `make test-all`.
  "node-22-import": inNode("node-22/bin/node", [], "import.mjs"),
  "node-22-require": inNode("node-22/bin/node", [], "require.cjs"),
  "node-24-import": inNode("node-24/bin/node", [], "import.mjs"),
  "node-24-require": inNode("node-24/bin/node", [], "require.cjs"),
  deno: { family: "node", engine: "deno", start: processRuntime(".bin/deno", ["run", "--allow-all"], "import.mjs") },
  bun: { family: "node", engine: "bun", start: processRuntime(".bin/bun", ["run"], "import.mjs") },
  firefox: { family: "browser", engine: "firefox", start: () => firefox(pageScripts) },
  "firefox-worker": { family: "browser", engine: "firefox", start: () => firefox(workerScripts) },
  webkit: { family: "browser", engine: "webkit", start: () => webkit(pageScripts) },
  "webkit-worker": { family: "browser", engine: "webkit", start: () => webkit(workerScripts) },
};
