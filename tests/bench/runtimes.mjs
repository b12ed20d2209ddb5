// The runtimes of the benchmark, and the project that they run: the tarball as a user has it, its peers beside it.
// Each gives ask(task) for one of project/tasks.js, and startUp(contestant), both in milliseconds.
import { execFile, fork } from "node:child_process";
import { copyFileSync, cpSync, symlinkSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { installInto, work } from "../harness/app.mjs";
import { compatibilityDate } from "../harness/compatibility-date.mjs";
import { bundle, launchChromium, workerModules } from "../harness/runtimes.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const project = join(work, "bench");
const inProject = (file) => JSON.stringify(join(project, file));

export const contestants = ["hand-written", "openapi-fetch", "ky", "c1-revoke"];
const peers = ["openapi-fetch", "ky"];

export function installProject() {
  installInto(project, "c1-revoke");
  const pkg = join(here, "..", "..", "pkg", "node_modules");
  for (const peer of peers) symlinkSync(join(pkg, peer), join(project, "node_modules", peer));
  cpSync(join(here, "project"), project, { recursive: true });
  copyFileSync(join(here, "..", "harness", "wasm-memories.js"), join(project, "wasm-memories.js"));
}

/** The version of what the project has installed. */
export const versionOf = (name) => createRequire(join(project, "package.json"))(`./node_modules/${name}/package.json`).version;

/** A loopback server that revokes whatever it is asked to, and serves pages and scripts, so that they are of its origin. */
export async function startServer() {
  const scripts = new Map();
  const server = createServer((request, answer) => {
    if (request.method === "POST") {
      request.resume();
      return answer.writeHead(200, { "content-type": "application/json", "content-length": 2 }).end("{}");
    }
    const script = scripts.get(request.url);
    if (script) return answer.writeHead(200, { "content-type": "text/javascript" }).end(script);
    const page = scripts.has(`${request.url}.js`);
    answer.writeHead(page ? 200 : 404, { "content-type": "text/html; charset=utf-8" });
    answer.end(
      page ? `<!doctype html><link rel="icon" href="data:,"><script type="module" src="${request.url}.js"></script>` : "",
    );
  });
  // A connection lasts as long as the run: none is closed for being idle, just as it is used again.
  server.keepAliveTimeout = 600_000;
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { base: `http://127.0.0.1:${server.address().port}`, scripts, stop: () => server.close().closeAllConnections() };
}

async function node({ base }) {
  const child = fork(join(project, "in-node.js"), { execArgv: ["--expose-gc"], cwd: project });
  const ended = new Promise((_, reject) => child.once("exit", (code) => reject(new Error(`the process has ended with ${code}`))));
  ended.catch(() => {});
  const ask = async (task) => {
    const answer = new Promise((resolve) => child.once("message", resolve));
    child.send({ base, ...task });
    const { result, error } = await Promise.race([answer, ended]);
    if (error) throw new Error(error);
    return result;
  };
  const run = promisify(execFile);
  const startUp = async (contestant) => {
    const { stdout } = await run(process.execPath, [join(project, "start-up.js"), contestant, base]);
    return Number(stdout);
  };
  return { ask, startUp, version: `Node ${process.versions.node}`, stop: () => child.kill() };
}

/** A Worker's clock stands still while it computes, so that this is measured from outside, less what asking takes. */
async function workerd({ base }) {
  const { Miniflare } = await import("miniflare");
  const settings = { modulesRoot: ".", compatibilityDate };
  const tasks = await workerModules(`export { default } from ${inProject("in-worker.js")};`);
  const miniflare = new Miniflare({ ...settings, modules: tasks });
  const url = await miniflare.ready;
  const request = async (task) => {
    const answer = await fetch(url, { method: "POST", body: JSON.stringify({ base, ...task }) });
    if (!answer.ok) throw new Error(`the Worker answered ${answer.status}: ${await answer.text()}`);
    return answer.json();
  };
  const timed = async (task) => {
    const begun = performance.now();
    const result = await request(task);
    return { time: performance.now() - begun, result };
  };
  const ask = async (task) => {
    const { time: asking } = await timed({ task: "nothing" });
    const { time, result } = await timed(task);
    return typeof result === "number" ? time - asking : result;
  };
  const starts = {};
  for (const name of contestants) {
    starts[name] = await workerModules(`
      import { create } from ${inProject(`contestants/${name}.js`)};
      export default {
        async fetch(request) {
          await create({ base: ${JSON.stringify(base)} })({ appId: "app", connectorId: "connector", id: "credential" });
          return new Response();
        },
      };`);
  }
  /** With the start of workerd itself, which is the same for all. */
  const startUp = async (name) => {
    const begun = performance.now();
    const fresh = new Miniflare({ ...settings, modules: starts[name] });
    const answer = await fetch(await fresh.ready);
    await answer.text();
    const time = performance.now() - begun;
    await fresh.dispose();
    if (!answer.ok) throw new Error(`${name} did not start in workerd`);
    return time;
  };
  const { version } = createRequire(createRequire(import.meta.url).resolve("miniflare"))("workerd/package.json");
  return { ask, startUp, version: `workerd ${version}`, stop: () => miniflare.dispose() };
}

async function chromium({ base, scripts }) {
  const browserScript = (file) => bundle(`export * from ${inProject(file)};`, { platform: "browser", minify: true });
  scripts.set("/tasks.js", await browserScript("in-page.js"));
  scripts.set("/start.js", await browserScript("start-page.js"));
  for (const name of contestants) scripts.set(`/contestants/${name}.js`, await browserScript(`contestants/${name}.js`));
  const browser = await launchChromium("--js-flags=--expose-gc", "--enable-precise-memory-info");
  const page = await browser.newPage();
  await page.goto(`${base}/tasks`);
  await page.waitForFunction(() => globalThis.ask);
  const ask = (task) => page.evaluate((t) => globalThis.ask(t), { base, ...task });
  const startUp = async (name) => {
    // With caches of its own, which are empty.
    const context = await browser.newContext();
    const fresh = await context.newPage();
    await fresh.goto(`${base}/start`);
    await fresh.waitForFunction(() => globalThis.startUp);
    const time = await fresh.evaluate((n) => globalThis.startUp(n), name);
    await context.close();
    return time;
  };
  return { ask, startUp, version: `Chromium ${browser.version()}`, stop: () => browser.close() };
}

export const runtimes = { Node: node, workerd, Chromium: chromium };
