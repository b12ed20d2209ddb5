// The runtimes that the suite runs in. Each gives run(name, addresses), which resolves to undefined or to what went wrong.
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { app } from "./app.mjs";

const suite = fileURLToPath(new URL("../suite/all.js", import.meta.url));

/** Flags for a headless Chromium, as root and without any traffic of its own. */
export const CHROMIUM_FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** This Node, with the package imported or required. */
async function node(load) {
  const { runByName } = await import(pathToFileURL(suite));
  const sdk = await load();
  return { run: (name, addresses) => runByName(name, { ...addresses, sdk, runtime: "node" }), stop() {} };
}

/** Bundles a script that stands in the user's project, so that the package resolves as it would for that user. */
export async function bundle(contents, options) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: app, sourcefile: "entry.mjs" },
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    logLevel: "error",
    ...options,
  });
  return outputFiles[0].text;
}

// fake-timers asks for these where they exist.
const external = ["timers", "timers/promises", "util"];

/** Collects the wasm files that a bundle imports, to be handed to workerd as modules. */
export function wasmModules() {
  const files = new Map();
  const plugin = {
    name: "wasm-modules",
    setup({ onResolve }) {
      onResolve({ filter: /\.wasm(\?module)?$/ }, ({ path, resolveDir }) => {
        const file = join(resolveDir, path.replace("?module", ""));
        const name = `module-${files.size}.wasm`;
        if (!files.has(file)) files.set(file, name);
        return { path: `./${files.get(file)}`, external: true };
      });
    },
  };
  return { files, plugin };
}

/** workerd's modules for a bundled Worker. */
export async function workerModules(contents) {
  const { readFileSync } = await import("node:fs");
  const { files, plugin } = wasmModules();
  const script = await bundle(contents, {
    conditions: ["workerd", "worker", "browser"],
    platform: "neutral",
    mainFields: ["module", "main"],
    plugins: [plugin],
    external,
  });
  return [
    { type: "ESModule", path: "worker.mjs", contents: script },
    ...[...files].map(([file, name]) => ({ type: "CompiledWasm", path: name, contents: readFileSync(file) })),
  ];
}

async function workerd() {
  const { Miniflare } = await import("miniflare");
  const modules = await workerModules(`
    import * as sdk from "./import.mjs";
    export default {
      async fetch(request) {
        // fake-timers sets a timer when it is loaded, which workerd allows in a handler only. The package is loaded outside.
        const { runByName } = await import(${JSON.stringify(suite)});
        const { name, addresses } = await request.json();
        const failure = await runByName(name, { ...addresses, sdk, runtime: "workerd" });
        return Response.json({ failure });
      },
    };`);
  const miniflare = new Miniflare({ modules, modulesRoot: ".", compatibilityDate: "2026-04-01" });
  const url = await miniflare.ready;
  return {
    async run(name, addresses) {
      const answer = await fetch(url, { method: "POST", body: JSON.stringify({ name, addresses }) });
      return answer.ok ? (await answer.json()).failure : `the Worker answered ${answer.status}: ${await answer.text()}`;
    },
    stop: () => miniflare.dispose(),
  };
}

/** Serves a page whose only script is `script`, and opens it. */
export async function openPage(script, headers = {}) {
  const { chromium: playwright } = await import("playwright-core");
  const server = createServer((request, answer) => {
    if (request.url === "/script.js") return answer.writeHead(200, { "content-type": "text/javascript", ...headers }).end(script);
    if (request.url !== "/") return answer.writeHead(404).end();
    answer.writeHead(200, { "content-type": "text/html; charset=utf-8", ...headers });
    answer.end('<!doctype html><link rel="icon" href="data:,"><script type="module" src="/script.js"></script>');
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const browser = await playwright.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: CHROMIUM_FLAGS });
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  return {
    page,
    async stop() {
      await browser.close();
      server.closeAllConnections();
      server.close();
    },
  };
}

async function chromium() {
  const script = await bundle(
    `
    import * as sdk from "./import.mjs";
    import { runByName } from ${JSON.stringify(suite)};
    globalThis.run = (name, addresses) => runByName(name, { ...addresses, sdk, runtime: "chromium" });`,
    { platform: "browser", external },
  );
  const { page, stop } = await openPage(script);
  await page.waitForFunction(() => globalThis.run);
  return { run: (name, addresses) => page.evaluate(([n, a]) => globalThis.run(n, a), [name, addresses]), stop };
}

export const runtimes = {
  "node-import": { family: "node", start: () => node(() => import(pathToFileURL(join(app, "import.mjs")))) },
  "node-require": { family: "node", start: () => node(() => createRequire(join(app, "package.json"))("./require.cjs")) },
  workerd: { family: "workerd", start: workerd },
  chromium: { family: "chromium", start: chromium },
};
