// The runtimes of the benchmark, and the project that they run: the package, and the clients that it is compared with. Each runtime
// has ask(task), which runs one of project/tasks.js, and some have startUp(client). Times are in milliseconds.
import { execFile, fork } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, cpSync, mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { work } from "../harness/app.mjs";
import { compatibilityDate } from "../harness/compatibility-date.mjs";
import { listen } from "../harness/local.mjs";
import { bundle, launchChromium, workerModules } from "../harness/runtimes.mjs";

const tests = fileURLToPath(new URL("..", import.meta.url));
const pkg = join(tests, "..", "pkg");
const project = join(work, "bench");
const packages = join(project, "node_modules");
const tasks = JSON.stringify(join(project, "tasks.js"));

export function installProject() {
  rmSync(project, { recursive: true, force: true });
  cpSync(join(tests, "bench", "project"), project, { recursive: true });
  copyFileSync(join(tests, "harness", "wasm-memories.js"), join(project, "wasm-memories.js"));
  mkdirSync(packages);
  symlinkSync(pkg, join(packages, "c1-revoke"));
  for (const name of ["openapi-fetch", "ky"]) symlinkSync(join(pkg, "build", "node_modules", name), join(packages, name));
}

export const versionOf = (name) => JSON.parse(readFileSync(join(packages, name, "package.json"), "utf8")).version;

/** A loopback server that answers every POST with success. It also serves scripts, so that a page has the same origin. */
export async function startServer() {
  const scripts = new Map();
  const { url, stop } = await listen((incoming, response) => {
    if (incoming.method === "POST") {
      incoming.resume();
      return response.writeHead(200, { "content-type": "application/json", "content-length": 2 }).end("{}");
    }
    const script = scripts.get(incoming.url);
    if (script) return response.writeHead(200, { "content-type": "text/javascript" }).end(script);
    response.writeHead(200, { "content-type": "text/html" }).end('<!doctype html><link rel="icon" href="data:,">');
  });
  return { base: url, scripts, stop };
}

async function node({ base }) {
  const child = fork(join(project, "in-node.js"), { execArgv: ["--expose-gc"], cwd: project });
  const exited = once(child, "exit").then(([code]) => [{ error: `the process exited with code ${code}` }]);
  // One task at a time.
  async function ask(task) {
    child.send({ base, ...task });
    const [{ result, error }] = await Promise.race([once(child, "message"), exited]);
    if (error) throw new Error(error);
    return result;
  }
  const run = promisify(execFile);
  /** A new process: until the client exists. */
  const startUp = async (client) => Number((await run(process.execPath, [join(project, "start-up.js"), client, base])).stdout);
  return { ask, startUp, version: `Node ${process.versions.node}`, stop: () => child.kill() };
}

/** The clock of a Worker does not advance while it computes. So time is measured outside, minus what asking itself takes. */
async function workerd({ base }) {
  const { Miniflare } = await import("miniflare");
  const modules = await workerModules(`
    import { ask } from ${tasks};
    export default { fetch: async (request) => Response.json(await ask(await request.json())) };`);
  const miniflare = new Miniflare({ modulesRoot: ".", compatibilityDate, modules });
  const url = await miniflare.ready;
  const timed = async (task) => {
    const begun = performance.now();
    // Not by `fetch`, which gives up after five minutes.
    const response = await miniflare.dispatchFetch(url, { method: "POST", body: JSON.stringify({ base, ...task }) });
    const body = await response.text();
    if (!response.ok) throw new Error(`the Worker returned status ${response.status}: ${body}`);
    return { time: performance.now() - begun, result: JSON.parse(body) };
  };
  const ask = async (task) => {
    const { time: asking } = await timed({ task: "nothing" });
    const { time, result } = await timed(task);
    return typeof result === "number" ? time - asking : result;
  };
  const { version } = createRequire(createRequire(import.meta.url).resolve("miniflare"))("workerd/package.json");
  return { ask, version: `workerd ${version}`, stop: () => miniflare.dispose() };
}

async function chromium({ base, scripts }) {
  scripts.set("/tasks.js", await bundle(`export * from ${tasks};`, { platform: "browser", minify: true }));
  const browser = await launchChromium("--js-flags=--expose-gc", "--enable-precise-memory-info");
  const page = await browser.newPage();
  await page.goto(base);
  const ask = (task) => page.evaluate(async (t) => (await import("/tasks.js")).ask(t), { base, ...task });
  /** A new page with empty caches: from the import until the response of the first call. */
  const startUp = async (name) => {
    const script = `/${name}.js`;
    if (!scripts.has(script)) {
      const client = JSON.stringify(join(project, "clients", script));
      scripts.set(script, await bundle(`export * from ${client};`, { platform: "browser", minify: true }));
    }
    const context = await browser.newContext();
    const fresh = await context.newPage();
    await fresh.goto(base);
    const time = await fresh.evaluate(async (url) => {
      const begun = performance.now();
      const { create } = await import(url);
      await create({ base: location.origin })({ appId: "app", connectorId: "connector", id: "credential" });
      return performance.now() - begun;
    }, script);
    await context.close();
    return time;
  };
  return { ask, startUp, version: `Chromium ${browser.version()}`, stop: () => browser.close() };
}

export const runtimes = { node, workerd, chromium };
