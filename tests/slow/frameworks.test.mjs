// Frameworks, as their users have them: a small app of each, with the package installed from the tarball, built by the framework's own
// command, run, and made to revoke from the loopback server. ../frameworks/ holds the apps; `make test-all` has installed what they need.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, rmSync } from "node:fs";
import { basename, delimiter, join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { assertRevokes, copiesIn, linkTree, openPage, run as runTool, serveFolder, testContext } from "../bundlers/harness.mjs";
import { app, work } from "../harness/app.mjs";
import { compatibilityDate } from "../harness/compatibility-date.mjs";
import { freePort, startProcess } from "../harness/local.mjs";
import { playOn, revoked } from "../suite/helpers.js";

const tests = fileURLToPath(new URL("..", import.meta.url));
const context = testContext();

/** Some frameworks need a newer Node than the package does. */
const node = join(tests, "runtimes", "node_modules", "node-24", "bin");
const wrangler = join(tests, "..", "www", "node_modules", ".bin", "wrangler");
const environment = {
  ...process.env,
  PATH: [node, process.env.PATH].join(delimiter),
  ASTRO_TELEMETRY_DISABLED: "1",
  EXPO_NO_TELEMETRY: "1",
  EXPO_OFFLINE: "1",
  NG_CLI_ANALYTICS: "false",
  NO_COLOR: "1",
  NUXT_TELEMETRY_DISABLED: "1",
  WRANGLER_SEND_METRICS: "false",
};

function createApp(name) {
  const source = join(tests, "frameworks", name);
  const project = join(work, "frameworks", name);
  rmSync(project, { recursive: true, force: true });
  cpSync(source, project, { recursive: true, filter: (file) => basename(file) !== "node_modules" });
  const apps = join(tests, "bundlers", "apps");
  for (const file of ["revoke.js", "mixed.js"]) cpSync(join(apps, file), join(project, file));
  linkTree(join(source, "node_modules"), join(project, "node_modules"));
  cpSync(join(apps, "legacy"), join(project, "node_modules", "legacy"), { recursive: true });
  cpSync(join(app, "node_modules", "c1-revoke"), join(project, "node_modules", "c1-revoke"), { recursive: true });
  return project;
}

/** The path of a tool that the app has installed. */
const tool = (project, name) => join(project, "node_modules", ".bin", name);

/** Runs a tool of the app to its end. */
const run = (project, command, env) => runTool(project, command, project, { ...environment, ...env });

/** Starts a server until the end of the test; resolves to the address that it prints. */
async function serve(test, project, [program, ...args], env) {
  const options = { cwd: project, env: { ...environment, ...env } };
  const { match, stop } = await startProcess(program, args, /http:\/\/(?:127\.0\.0\.1|localhost):(\d+)/, options);
  test.after(stop);
  return `http://127.0.0.1:${match[1]}`;
}

const serveWorker = (test, project, ...options) =>
  serve(test, project, [wrangler, "dev", ...options, "--ip", "127.0.0.1", "--port", "0", "--inspector-port", "0"]);

/** Has the app's server revoke. The type keeps frameworks from taking the request for a form of another site. */
const revokeAt = (url) => async (serverURL) => {
  const answer = await fetch(url, { method: "POST", body: serverURL, headers: { "content-type": "application/json" } });
  return answer.ok ? answer.json() : assert.fail(`${answer.status}: ${await answer.text()}`);
};

async function assertPageRevokes(url, { mixed = false } = {}) {
  const { revoke, close } = await openPage(context.browser, url, "revoke");
  await assertRevokes(context.server.url, revoke, { mixed });
  await close();
}

/** Starts a server that is told its port. */
async function serveAt(test, project, command, env) {
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  return serve(test, project, command, { HOST: "127.0.0.1", PORT: port, ORIGIN: origin, NODE_ENV: "production", ...env });
}

const serveNitro = (test, project) => serveAt(test, project, ["node", ".output/server/index.mjs"]);

/** Apps whose server revokes at /api/revoke, and whose page does, unless `hasPage` is false. */
const SERVERS = {
  "Nuxt, with Nitro's Cloudflare preset": {
    app: "nuxt",
    build: ["nuxt", "build"],
    files: ".output/public",
    start: (test, project) =>
      serveWorker(
        test,
        join(project, ".output"),
        ...["server/index.mjs", "--assets", "public", "--compatibility-date", compatibilityDate],
      ),
  },
  "Astro 5, with its Cloudflare adapter": {
    app: "astro-5",
    build: ["astro", "build"],
    start: (test, project) => serveWorker(test, project, "--config", "wrangler.json"),
  },
  "Astro 7, with its Cloudflare adapter": {
    app: "astro-7",
    build: ["astro", "build"],
    start: (test, project) => serveWorker(test, project, "--config", "dist/server/wrangler.json"),
  },
  SvelteKit: { app: "sveltekit", build: ["vite", "build"], start: (test, project) => serveAt(test, project, ["node", "build"]) },
  "React Router": {
    app: "react-router",
    build: ["react-router", "build"],
    start: (test, project) => serveAt(test, project, [tool(project, "react-router-serve"), "build/server/index.js"]),
  },
  "TanStack Start": { app: "tanstack-start", build: ["vite", "build"], start: serveNitro },
  SolidStart: { app: "solidstart", build: ["vite", "build"], start: serveNitro },
  NestJS: {
    app: "nestjs",
    build: ["nest", "build"],
    start: (test, project) => serve(test, project, ["node", "dist/src/main.js"]),
    hasPage: false,
  },
  "Hono in a Worker": {
    app: "hono",
    start: (test, project) => serveWorker(test, project, "worker.js", "--compatibility-date", compatibilityDate),
    hasPage: false,
  },
  "Hono in Node": { app: "hono", start: (test, project) => serve(test, project, ["node", "node.js"]), hasPage: false },
};

describe("servers and their pages revoke", () => {
  for (const [name, { app, build, files, start, hasPage = true }] of Object.entries(SERVERS)) {
    it(name, async (test) => {
      const project = createApp(app);
      if (build) await run(project, build);
      if (files) assert.equal(copiesIn(join(project, files)), 1);
      const url = await start(test, project);
      await assertRevokes(context.server.url, revokeAt(`${url}/api/revoke`), { mixed: false });
      if (hasPage) await assertPageRevokes(url);
    });
  }
});

/** Apps that are files. In Expo's, a dependency requires the package. */
const PAGES = {
  Storybook: {
    app: "storybook",
    build: ["storybook", "build"],
    output: "storybook-static",
    path: "/iframe.html?id=revoke--story&viewMode=story",
    strict: false,
  },
  "Expo for web (Metro)": {
    app: "expo",
    build: ["expo", "export", "--platform", "web"],
    output: "dist",
    copies: 1,
    strict: false,
    mixed: true,
  },
  Angular: { app: "angular", build: ["ng", "build"], output: "dist/browser", copies: 1 },
};

describe("pages revoke, with one copy of the wasm", () => {
  for (const [name, { app, build, output, path = "", copies, strict, mixed }] of Object.entries(PAGES)) {
    it(name, async (test) => {
      const project = createApp(app);
      await run(project, build);
      if (copies) assert.equal(copiesIn(join(project, output)), copies);
      const served = await serveFolder(join(project, output), undefined, context.server.url, { strict });
      test.after(served.stop);
      await assertPageRevokes(served.url + path, { mixed });
    });
  }
});

/** Commands of test runners, and the environments that they can be told. */
const RUNNERS = {
  "vitest run --environment": ["node", "jsdom", "happy-dom"],
  "jest --env": ["node", "jest-fixed-jsdom"],
};

describe("test runners run a test that revokes", () => {
  for (const [command, environments] of Object.entries(RUNNERS)) {
    for (const environment of environments) {
      it(`${command} ${environment}`, async () => {
        const { base, requests } = await playOn(context.server.url, revoked, { ...revoked, status: 404 });
        const [tool, ...args] = command.split(" ");
        await run(createApp(tool), [tool, ...args, environment], { SERVER: base });
        assert.equal((await requests()).length, 2);
      });
    }
  }
});

it("OpenTelemetry: hooks get the span in which their call was made", async () => {
  const { base, requests } = await playOn(context.server.url, revoked);
  const project = createApp("opentelemetry");
  await promisify(execFile)("node", ["spans.js"], { cwd: project, env: { ...environment, SERVER: base } });
  assert.equal((await requests()).length, 3);
});
