// Frameworks, as their users have them: a small app of each, with the package installed from the tarball, built by the framework's own
// command, run, and made to revoke from the loopback server. ../frameworks/ holds the apps; `make test-all` has installed what they need.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, readdirSync, rmSync } from "node:fs";
import { basename, delimiter, join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { assertRevokes, copiesIn, linkTree, openPage, serveFolder, testContext } from "../bundlers/harness.mjs";
import { app, work } from "../harness/app.mjs";
import { compatibilityDate } from "../harness/compatibility-date.mjs";
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
async function run(project, [name, ...args], env) {
  const options = { cwd: project, env: { ...environment, ...env }, maxBuffer: 1 << 26 };
  await promisify(execFile)(tool(project, name), args, options).catch(({ message, stdout, stderr }) =>
    assert.fail([message, stdout, stderr].join("\n")),
  );
}

/** Starts a server until the end of the test; resolves to the address that it prints. */
async function serve(test, project, [program, ...args], env) {
  // A process group of its own: such tools start others.
  const child = spawn(program, args, { cwd: project, env: { ...environment, ...env }, detached: true });
  test.after(async () => {
    if (child.exitCode !== null) return;
    const ended = once(child, "exit");
    process.kill(-child.pid);
    await ended;
  });
  let output = "";
  const port = await new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => {
        output += text;
        const [, found] = /http:\/\/(?:127\.0\.0\.1|localhost):(\d+)/.exec(output) ?? [];
        if (found) resolve(found);
      });
    }
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`${program} ended with ${code}:\n${output}`)));
  });
  return `http://127.0.0.1:${port}`;
}

const serveWorker = (test, project, ...options) =>
  serve(test, project, [wrangler, "dev", ...options, "--ip", "127.0.0.1", "--port", "0", "--inspector-port", "0"]);

/** Has the app's server revoke. The type keeps frameworks from taking the request for a form of another site. */
const revokeAt = (url) => async (serverURL) => {
  const answer = await fetch(url, { method: "POST", body: serverURL, headers: { "content-type": "application/json" } });
  return answer.ok ? answer.json() : assert.fail(`${answer.status}: ${await answer.text()}`);
};

async function assertServerRevokes(url) {
  await assertRevokes(context.server.url, revokeAt(`${url}/api/revoke`), { mixed: false });
}

async function assertPageRevokes(url, { mixed = false } = {}) {
  const { revoke, close } = await openPage(context.browser, url, "revoke");
  await assertRevokes(context.server.url, revoke, { mixed });
  await close();
}

/** Starts the server that Nitro has built. */
const serveNitro = async (test, project) =>
  serve(test, project, ["node", ".output/server/index.mjs"], { HOST: "127.0.0.1", PORT: await freePort() });

/** A free port, for servers that do not print the one they chose. */
async function freePort() {
  const { createServer } = await import("node:net");
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return String(port);
}

describe("Nuxt with Nitro's Cloudflare preset", () => {
  it("revokes in the Worker and in the page", async (test) => {
    const project = createApp("nuxt");
    await run(project, ["nuxt", "build"]);
    assert.equal(copiesIn(join(project, ".output", "public")), 1);
    const url = await serveWorker(
      test,
      join(project, ".output"),
      "server/index.mjs",
      ...["--assets", "public", "--compatibility-date", compatibilityDate],
    );
    await assertServerRevokes(url);
    await assertPageRevokes(url);
  });
});

for (const version of ["5", "7"]) {
  describe(`Astro ${version} with its Cloudflare adapter`, () => {
    it("revokes in the Worker and in the page", async (test) => {
      const project = createApp(`astro-${version}`);
      await run(project, ["astro", "build"]);
      const config = version === "5" ? "wrangler.json" : "dist/server/wrangler.json";
      const url = await serveWorker(test, project, "--config", config);
      await assertServerRevokes(url);
      await assertPageRevokes(url);
    });
  });
}

describe("SvelteKit", () => {
  it("revokes on the server and in the page", async (test) => {
    const project = createApp("sveltekit");
    await run(project, ["vite", "build"]);
    const port = await freePort();
    const url = await serve(test, project, ["node", "build"], {
      HOST: "127.0.0.1",
      PORT: port,
      ORIGIN: `http://127.0.0.1:${port}`,
    });
    await assertServerRevokes(url);
    await assertPageRevokes(url);
  });
});

describe("React Router", () => {
  it("revokes on the server and in the page", async (test) => {
    const project = createApp("react-router");
    await run(project, ["react-router", "build"]);
    const url = await serve(test, project, [tool(project, "react-router-serve"), "build/server/index.js"], {
      HOST: "127.0.0.1",
      NODE_ENV: "production",
      PORT: await freePort(),
    });
    await assertServerRevokes(url);
    await assertPageRevokes(url);
  });
});

describe("TanStack Start", () => {
  it("revokes on the server and in the page", async (test) => {
    const project = createApp("tanstack-start");
    await run(project, ["vite", "build"]);
    const url = await serveNitro(test, project);
    await assertServerRevokes(url);
    await assertPageRevokes(url);
  });
});

describe("SolidStart", () => {
  it("revokes on the server and in the page", async (test) => {
    const project = createApp("solidstart");
    await run(project, ["vite", "build"]);
    const url = await serveNitro(test, project);
    await assertServerRevokes(url);
    await assertPageRevokes(url);
  });
});

describe("NestJS", () => {
  it("revokes on the server", async (test) => {
    const project = createApp("nestjs");
    await run(project, ["nest", "build"]);
    await assertServerRevokes(await serve(test, project, ["node", "dist/src/main.js"]));
  });
});

describe("Storybook", () => {
  it("revokes in a story", async (test) => {
    const project = createApp("storybook");
    await run(project, ["storybook", "build"]);
    const served = await serveFolder(join(project, "storybook-static"), undefined, context.server.url, { strict: false });
    test.after(served.stop);
    await assertPageRevokes(`${served.url}/iframe.html?id=revoke--story&viewMode=story`);
  });
});

describe("Expo for web (Metro)", () => {
  it("revokes in the page, with one copy of the wasm even when a dependency requires the package", async (test) => {
    const project = createApp("expo");
    await run(project, ["expo", "export", "--platform", "web"]);
    const output = join(project, "dist");
    assert.equal(copiesIn(output), 1);
    const served = await serveFolder(output, undefined, context.server.url, { strict: false });
    test.after(served.stop);
    await assertPageRevokes(served.url, { mixed: true });
  });
});

describe("Angular", () => {
  it("revokes in the page, with one copy of the wasm", async (test) => {
    const project = createApp("angular");
    await run(project, ["ng", "build"]);
    const output = join(project, "dist", "browser");
    assert.equal(copiesIn(output), 1);
    const served = await serveFolder(output, undefined, context.server.url);
    test.after(served.stop);
    await assertPageRevokes(served.url);
  });
});

/** Has a test runner of the app run its one test. */
async function assertTestRevokes(project, command) {
  const { base, requests } = await playOn(context.server.url, revoked, { ...revoked, status: 404 });
  await run(project, command, { SERVER: base });
  assert.equal((await requests()).length, 2);
}

describe("Vitest", () => {
  for (const runtime of ["node", "jsdom", "happy-dom"]) {
    it(`runs a test that revokes (environment ${runtime})`, async () => {
      await assertTestRevokes(createApp("vitest"), ["vitest", "run", "--environment", runtime]);
    });
  }
});

describe("Jest", () => {
  for (const environment of ["node", "jest-fixed-jsdom"]) {
    it(`runs a test that revokes (environment ${environment})`, async () => {
      await assertTestRevokes(createApp("jest"), ["jest", "--env", environment]);
    });
  }
});

describe("Hono", () => {
  it("revokes in a Worker", async (test) => {
    const project = createApp("hono");
    await assertServerRevokes(await serveWorker(test, project, "worker.js", "--compatibility-date", compatibilityDate));
  });

  it("revokes in Node", async (test) => {
    await assertServerRevokes(await serve(test, createApp("hono"), ["node", "node.js"]));
  });
});

describe("OpenTelemetry", () => {
  it("gives hooks the span in which their call was made", async () => {
    const { base, requests } = await playOn(context.server.url, revoked);
    const project = createApp("opentelemetry");
    await promisify(execFile)("node", ["spans.js"], { cwd: project, env: { ...environment, SERVER: base } });
    assert.equal((await requests()).length, 3);
  });
});

it("every app has its test", () => {
  const folders = readdirSync(join(tests, "frameworks"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  assert.deepEqual(folders, readdirSync(join(work, "frameworks")).sort());
});
