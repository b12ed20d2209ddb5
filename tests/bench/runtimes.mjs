// The runtimes of the benchmark, and the project that they run: the packed package as users install it, and the clients that it is
// compared with. Each runtime has ask(task), which runs one of project/tasks.js, and startUp(client). Times are in milliseconds.
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

export const clients = ["hand-written", "openapi-fetch", "ky", "c1-revoke"];
const installed = ["openapi-fetch", "ky"];

export function installProject() {
  installInto(project, "c1-revoke");
  const pkg = join(here, "..", "..", "pkg", "build", "node_modules");
  for (const name of installed) symlinkSync(join(pkg, name), join(project, "node_modules", name));
  cpSync(join(here, "project"), project, { recursive: true });
  copyFileSync(join(here, "..", "harness", "wasm-memories.js"), join(project, "wasm-memories.js"));
}

/** The version of a package that the project has installed. */
export const versionOf = (name) => createRequire(join(project, "package.json"))(`./node_modules/${name}/package.json`).version;

/** A loopback server that answers every POST with success. It also serves pages and scripts, so that a page has the same origin. */
export async function startServer() {
  const scripts = new Map();
  const server = createServer((request, response) => {
    if (request.method === "POST") {
      request.resume();
      return response.writeHead(200, { "content-type": "application/json", "content-length": 2 }).end("{}");
    }
    const script = scripts.get(request.url);
    if (script) return response.writeHead(200, { "content-type": "text/javascript" }).end(script);
    const page = scripts.has(`${request.url}.js`);
    response.writeHead(page ? 200 : 404, { "content-type": "text/html; charset=utf-8" });
    response.end(
      page ? `<!doctype html><link rel="icon" href="data:,"><script type="module" src="${request.url}.js"></script>` : "",
    );
  });
  // Longer than the run: an idle connection that closes just when it is used again would fail the call.
  server.keepAliveTimeout = 600_000;
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { base: `http://127.0.0.1:${server.address().port}`, scripts, stop: () => server.close().closeAllConnections() };
}

async function node({ base }) {
  const child = fork(join(project, "in-node.js"), { execArgv: ["--expose-gc"], cwd: project });
  const waiting = new Map();
  child.on("message", ({ id, result, error }) => {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (error) reject(new Error(error));
    else resolve(result);
  });
  child.once("exit", (code) => {
    for (const { reject } of waiting.values()) reject(new Error(`the process exited with code ${code}`));
  });
  let lastId = 0;
  const ask = (task) =>
    new Promise((resolve, reject) => {
      const id = ++lastId;
      waiting.set(id, { resolve, reject });
      child.send({ id, task: { base, ...task } });
    });
  const run = promisify(execFile);
  const startUp = async (client) => {
    const { stdout } = await run(process.execPath, [join(project, "start-up.js"), client, base]);
    return JSON.parse(stdout);
  };
  return { ask, startUp, version: `Node ${process.versions.node}`, stop: () => child.kill() };
}

/** The clock of a Worker does not advance while it computes. So time is measured outside, minus what asking itself takes. */
async function workerd({ base }) {
  const { Miniflare } = await import("miniflare");
  const settings = { modulesRoot: ".", compatibilityDate };
  const tasks = await workerModules(`export { default } from ${inProject("in-worker.js")};`);
  const miniflare = new Miniflare({ ...settings, modules: tasks });
  const url = await miniflare.ready;
  const request = async (task) => {
    const response = await fetch(url, { method: "POST", body: JSON.stringify({ base, ...task }) });
    if (!response.ok) throw new Error(`the Worker returned status ${response.status}: ${await response.text()}`);
    return response.json();
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
  const workers = {};
  for (const name of clients) {
    workers[name] = await workerModules(`
      import { create } from ${inProject(`clients/${name}.js`)};
      export default {
        async fetch(request) {
          await create({ base: ${JSON.stringify(base)} })({ appId: "app", connectorId: "connector", id: "credential" });
          return new Response();
        },
      };`);
  }
  /** Includes the start of workerd itself, which is the same for all clients. */
  const startUp = async (name) => {
    const begun = performance.now();
    const fresh = new Miniflare({ ...settings, modules: workers[name] });
    const response = await fetch(await fresh.ready);
    await response.text();
    const time = performance.now() - begun;
    await fresh.dispose();
    if (!response.ok) throw new Error(`${name} did not start in workerd`);
    return { firstCall: time };
  };
  const { version } = createRequire(createRequire(import.meta.url).resolve("miniflare"))("workerd/package.json");
  return { ask, startUp, version: `workerd ${version}`, stop: () => miniflare.dispose() };
}

async function chromium({ base, scripts }) {
  const browserScript = (file) => bundle(`export * from ${inProject(file)};`, { platform: "browser", minify: true });
  scripts.set("/tasks.js", await browserScript("in-page.js"));
  scripts.set("/start.js", await browserScript("start-page.js"));
  for (const name of clients) scripts.set(`/clients/${name}.js`, await browserScript(`clients/${name}.js`));
  const browser = await launchChromium("--js-flags=--expose-gc", "--enable-precise-memory-info");
  const page = await browser.newPage();
  await page.goto(`${base}/tasks`);
  await page.waitForFunction(() => globalThis.ask);
  const ask = (task) => page.evaluate((t) => globalThis.ask(t), { base, ...task });
  const startUp = async (name) => {
    // A new context has empty caches.
    const context = await browser.newContext();
    const fresh = await context.newPage();
    await fresh.goto(`${base}/start`);
    await fresh.waitForFunction(() => globalThis.startUp);
    const firstCall = await fresh.evaluate((n) => globalThis.startUp(n), name);
    await context.close();
    return { firstCall };
  };
  return { ask, startUp, version: `Chromium ${browser.version()}`, stop: () => browser.close() };
}

export const runtimes = { Node: node, workerd, Chromium: chromium };
