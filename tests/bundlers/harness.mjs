// Bundles small apps, runs what comes out in Chromium, and counts the copies of the wasm in it. Each project is a fresh one that
// has the tarball installed; no tool gets a configuration file.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import {
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { extname, join } from "node:path";
import { after, before, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { asciiFrom } from "../../pkg/build/ascii.mjs";
import { app, work } from "../harness/app.mjs";
import { compatibilityDate } from "../harness/compatibility-date.mjs";
import { listen, startProcess } from "../harness/local.mjs";
import { launchChromium } from "../harness/runtimes.mjs";
import { startServer } from "../harness/server.mjs";
import { PATH, playOn, revoked, TOKEN } from "../suite/helpers.js";

const tests = fileURLToPath(new URL("..", import.meta.url));
const apps = join(tests, "bundlers", "apps");
/** Where the tools are: those that `make test` has time for, those of the console, and those for `make test-all`. */
const TOOLS = { tests, www: join(tests, "..", "www"), bundlers: join(tests, "bundlers") };
const environment = { ...process.env, NEXT_TELEMETRY_DISABLED: "1", WRANGLER_SEND_METRICS: "false", NO_COLOR: "1" };

const SCRIPT = '<script defer src="/main.js"></script>';
const likeWebpack = (...command) => {
  return (from, to) => [...command, "--mode", "production", "--entry", `${from}/main.js`, "--output-path", to];
};

/**
 * The bundlers that write files for a page: the command that bundles a folder (its index.html or its main.js), and what is asked of it.
 *   script      the tag that a page loads the output with, where the bundler writes no index.html
 *   commonjs    false: it bundles no dependencies that `require`, unless a plugin is added
 *   typescript  it takes TypeScript as it is
 */
export const BUNDLERS = {
  esbuild: {
    tools: "tests",
    command: (from, to) => ["esbuild", `${from}/main.js`, "--bundle", "--minify", `--outfile=${to}/main.js`],
    script: SCRIPT,
    typescript: true,
  },
  // Conditions of one's own take the place of `module`.
  "esbuild --conditions": {
    tools: "tests",
    command: (from, to) => ["esbuild", `${from}/main.js`, "--bundle", "--conditions=production", `--outfile=${to}/main.js`],
    script: SCRIPT,
    typescript: true,
  },
  "vite build": { tools: "tests", command: (from, to) => ["vite", "build", from, "--outDir", to], typescript: true },
  // Rollup itself finds nothing in node_modules; every project adds this plugin.
  rollup: {
    tools: "bundlers",
    command: (from, to) => ["rollup", `${from}/main.js`, "--dir", to, "--plugin", "node-resolve"],
    script: '<script type="module" src="/main.js"></script>',
    commonjs: false,
  },
  webpack: { tools: "bundlers", command: likeWebpack("webpack"), script: SCRIPT },
  rspack: { tools: "bundlers", command: likeWebpack("rspack", "build"), script: SCRIPT },
  parcel: {
    tools: "bundlers",
    command: (from, to) => ["parcel", "build", `${from}/index.html`, "--dist-dir", to, "--cache-dir", `${to}-cache`],
    typescript: true,
  },
};

/**
 * A project like the one that has installed the tarball, with the apps of these folders. `tools` installs the tools of
 * `make test-all` in it, too, and `manifest` goes into its package.json.
 */
export function createProject(name, folders, { tools = false, manifest } = {}) {
  const project = join(work, "bundlers", name);
  rmSync(project, { recursive: true, force: true });
  cpSync(join(app, "node_modules"), join(project, "node_modules"), { recursive: true });
  const installed = JSON.parse(readFileSync(join(app, "package.json"), "utf8"));
  writeFileSync(join(project, "package.json"), JSON.stringify({ ...installed, ...manifest }));
  for (const file of readdirSync(apps)) if (/\.(js|ts)$/.test(file)) cpSync(join(apps, file), join(project, file));
  for (const folder of folders) {
    if (folder === "pages") writePages(join(project, folder));
    else cpSync(join(apps, folder), join(project, folder), { recursive: true });
  }
  cpSync(join(apps, "legacy"), join(project, "node_modules", "legacy"), { recursive: true });
  if (tools) linkTree(join(TOOLS.bundlers, "node_modules"), join(project, "node_modules"));
  return project;
}

/** A page for each app, which makes a function of the app a global one. */
function writePages(folder) {
  for (const [app, name] of Object.entries({ revoke: "revoke", mixed: "revoke", errors: "nameOf", typed: "nameOf" })) {
    mkdirSync(join(folder, app), { recursive: true });
    writeFileSync(join(folder, app, "index.html"), pageWith('<script type="module" src="./main.js"></script>'));
    const source = `import { ${name} } from "../../${app}.${app === "typed" ? "ts" : "js"}";\nglobalThis.${name} = ${name};\n`;
    writeFileSync(join(folder, app, "main.js"), source);
  }
}

/** A copy that takes no space. */
export function linkTree(from, to) {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) linkTree(source, target);
    else if (existsSync(target)) continue;
    else if (entry.isSymbolicLink()) symlinkSync(readlinkSync(source), target);
    else linkSync(source, target);
  }
}

const programOf = (folder, name) => join(folder, "node_modules", ".bin", name);

/** Runs a tool to its end. */
export async function run(tools, [name, ...args], cwd, env = environment) {
  const options = { cwd, env, maxBuffer: 1 << 26 };
  await promisify(execFile)(programOf(TOOLS[tools] ?? tools, name), args, options).catch(({ message, stdout, stderr }) =>
    assert.fail([message, stdout, stderr].join("\n")),
  );
}

/** Bundles a Worker as `wrangler deploy` does; gives the folder. */
export async function bundleWorker(project, name) {
  const output = join(project, "out", "wrangler", name);
  const options = ["--dry-run", "--outdir", output, "--name", name, "--compatibility-date", compatibilityDate];
  await run("www", ["wrangler", "deploy", join("workers", `${name}.js`), ...options], project);
  return output;
}

/** Starts a tool that serves, and waits until it says where. */
export async function serveWith(tools, [name, ...args], cwd) {
  const program = programOf(TOOLS[tools] ?? tools, name);
  const { match, stop } = await startProcess(program, args, /http:\/\/127\.0\.0\.1:\d+/, { cwd, env: environment });
  return { url: match[0], stop };
}

/**
 * Serves a folder, and `html` as its page if it has none; all with the strictest policy that the package can work under, or with
 * none (`strict: false`), for pages that contain inline scripts and styles.
 */
export function serveFolder(folder, html, connectTo, { strict = true } = {}) {
  const policy = [
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; img-src data:",
    `connect-src ${connectTo}; require-trusted-types-for 'script'; trusted-types 'none'`,
  ].join("; ");
  return listen((request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    const path = pathname === "/" ? "/index.html" : pathname;
    const file = join(folder, path);
    const type = { ".html": "text/html; charset=utf-8", ".js": "text/javascript" }[extname(path)] ?? "application/octet-stream";
    const body = existsSync(file) ? readFileSync(file) : path === "/index.html" && html;
    const headers = { "content-type": type, ...(strict && { "content-security-policy": policy }) };
    response.writeHead(body ? 200 : 404, headers).end(body || undefined);
  });
}

/** A page for a script of a folder that has none. */
export const pageWith = (script) => `<!doctype html><link rel="icon" href="data:,">${script}`;

const wasm = readFileSync(join(app, "node_modules", "c1-revoke", "c1_revoke.wasm"));
const [longest] = asciiFrom(wasm)
  .match(/\w+/g)
  .sort((a, b) => b.length - a.length);
/**
 * What one copy of it looks like: its bytes, their beginning in base64, or, where it is inlined as text, a piece of that text which
 * holds letters and digits only, so that no minifier writes it in another way.
 */
const SIGNS = [wasm.toString("latin1"), wasm.subarray(0, 90).toString("base64"), longest];

/** How often the wasm is in these pieces of data. */
export function copies(pieces) {
  const texts = pieces.map((data) => data.toString("latin1"));
  return texts.flatMap((text) => SIGNS.map((sign) => text.split(sign).length - 1)).reduce((sum, count) => sum + count, 0);
}

/** How often the wasm is in a folder. Source maps, which hold the sources once more for those who debug, do not count. */
export function copiesIn(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith(".map"))
    .map((entry) => readFileSync(join(entry.parentPath ?? entry.path, entry.name)));
  assert.notEqual(files.length, 0);
  return copies(files);
}

const REFUSED = { ok: false, name: "SDKError", isSDKError: true, statusCode: 404 };
/** What nameOf() returns in the apps that make no client. */
export const NAMED = "SDKValidationError";

/** Has an app revoke from the loopback server, twice; checks what the app got and what the server was sent. */
export async function assertRevokes(server, revoke, { mixed = true, token = TOKEN } = {}) {
  const { base, requests } = await playOn(server, revoked, { ...revoked, status: 404 });
  assert.deepEqual(await revoke(base), { statusCode: 200, second: REFUSED, ...(mixed && { sameClass: true }) });
  const sent = (await requests()).map(({ method, url, headers }) => ({ method, url, authorization: headers.authorization }));
  const expected = { method: "POST", url: new URL(base + PATH).pathname, authorization: `Bearer ${token}` };
  assert.deepEqual(sent, [expected, expected]);
}

/** `revoke` as an answer to a POST. */
export const revokeBy = (url) => async (serverURL) => {
  const answer = await fetch(url, { method: "POST", body: serverURL });
  return answer.ok ? answer.json() : assert.fail(`${answer.status}: ${await answer.text()}`);
};

/** Opens a page and waits for the function that its app defines. `loaded` gives the bodies of what it has loaded. */
export async function openPage(browser, url, name) {
  const page = await browser.newPage();
  const [errors, responses, messages] = [[], [], []];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("response", (response) => responses.push(response));
  page.on("console", (message) => messages.push(message.text()));
  await page.addInitScript(() => {
    globalThis.violations = [];
    document.addEventListener("securitypolicyviolation", (event) => globalThis.violations.push(event.violatedDirective));
  });
  const failed = new Promise((_, reject) => page.once("pageerror", reject));
  const defined = page.goto(url).then(() => page.waitForFunction((key) => globalThis[key], name));
  await Promise.race([defined, failed]);
  return {
    page,
    revoke: (serverURL) => page.evaluate((address) => globalThis.revoke(address), serverURL),
    nameOf: () => page.evaluate(() => globalThis.nameOf()),
    loaded: () => Promise.all(responses.filter((response) => response.ok()).map((response) => response.body())),
    /** Resolves once this is on the browser's console. */
    said: (text) => messages.includes(text) || page.waitForEvent("console", (message) => message.text() === text),
    async close() {
      assert.deepEqual(errors, []);
      assert.deepEqual(await page.evaluate(() => globalThis.violations), []);
      await page.close();
    },
  };
}

/** Registers with node:test what each of these bundlers is to give. `context` is filled before the tests: { browser, server }. */
export function testBundlers(names, context, project) {
  for (const name of names) {
    const { tools, command, script, commonjs = true, typescript = false } = BUNDLERS[name];

    /** Bundles an app for this test, and opens its page. */
    async function bundled(test, appName, global) {
      const output = join(project, "out", name.replaceAll(" ", "-"), appName);
      await run(tools, command(join(project, "pages", appName), output), project);
      const served = await serveFolder(output, script && pageWith(script), context.server.url);
      test.after(served.stop);
      return { output, ...(await openPage(context.browser, served.url, global)) };
    }

    it(`${name}: revokes under a strict Content-Security-Policy, with one copy of the wasm`, async (test) => {
      const { revoke, output, close } = await bundled(test, commonjs ? "mixed" : "revoke", "revoke");
      await assertRevokes(context.server.url, revoke, { mixed: commonjs });
      assert.equal(copiesIn(output), 1);
      await close();
    });

    it(`${name}: an app that imports only errors${typescript ? " and types" : ""} carries no wasm`, async (test) => {
      const { nameOf, output, close } = await bundled(test, typescript ? "typed" : "errors", "nameOf");
      assert.equal(await nameOf(), NAMED);
      assert.equal(copiesIn(output), 0);
      await close();
    });
  }
}

/** A browser and a loopback server for the tests of a file. */
export function testContext() {
  const context = {};
  before(async () => {
    [context.browser, context.server] = await Promise.all([launchChromium(), startServer()]);
  });
  after(async () => {
    await context.browser?.close();
    context.server?.stop();
  });
  return context;
}
