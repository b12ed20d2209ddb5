// Pages that are locked down, and workers that are ended, in Chromium: the package works there, or its error says what to change.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { listen } from "../harness/local.mjs";
import { bundle, launchChromium } from "../harness/runtimes.mjs";

const SCRIPT = `
  import * as sdk from "./import.mjs";
  const violations = [];
  addEventListener("securitypolicyviolation", (event) => violations.push(event.effectiveDirective));
  const ids = { appId: "a", connectorId: "b", id: "c" };
  const show = (error) => ({ name: error.name, message: error.message, cause: error.cause?.name });
  const construct = (path) =>
    new sdk.ConductoroneSDKTypescript({ serverURL: path.startsWith("http") ? path : base + path, security: { bearerAuth: "t" } });
  const actions = {
    call: async (path) => (await construct(path).connector.revokeCredential(ids)).statusCode,
    ready: () => sdk.ready(),
  };
  const base = new URL(import.meta.url).origin;
  const run = async (action, path) => {
    const end = await actions[action](path).then((value) => ({ value }), (error) => ({ error: show(error) }));
    // Reports of violations are events of their own.
    await new Promise((resolve) => setTimeout(resolve));
    const { crossOriginIsolated, origin } = globalThis;
    return { ...end, violations, crossOriginIsolated, origin };
  };`;

describe("locked-down pages", () => {
  let server, browser, base;
  const responses = new Map();
  const closed = new Map();
  before(async () => {
    const options = { platform: "browser" };
    const page = await bundle(
      `${SCRIPT}
      globalThis.run = run;
      if (parent !== window) {
        addEventListener("message", async ({ data }) => parent.postMessage(await run("call", data), "*"));
        parent.postMessage("loaded", "*");
      }`,
      options,
    );
    const worker = await bundle(
      `${SCRIPT}
      onmessage = async ({ data }) => postMessage(await run("call", data));`,
      options,
    );
    const script = { "content-type": "text/javascript", "access-control-allow-origin": "*" };
    const isolated = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };
    server = await listen((request, response) => {
      const cors = { "access-control-allow-origin": "*", "access-control-allow-headers": "*, authorization" };
      const [, first, call] = request.url.split("/");
      if (request.method === "OPTIONS") return response.writeHead(204, cors).end();
      if (first === "script.js") return response.writeHead(200, { ...script, ...isolated }).end(page);
      if (first === "worker.js") return response.writeHead(200, { ...script, ...isolated }).end(worker);
      if (first === "api") return response.writeHead(200, { ...cors, "content-type": "application/json" }).end("{}");
      if (first === "hang") {
        response.on("close", () => closed.get(call).close());
        return closed.get(call).arrive();
      }
      const headers = responses.get(first);
      if (!headers) return response.writeHead(404).end();
      response.writeHead(200, { "content-type": "text/html", ...headers });
      response.end('<!doctype html><link rel="icon" href="data:,"><script type="module" src="/script.js"></script>');
    });
    base = server.url;
    browser = await launchChromium();
  });
  after(async () => {
    await browser?.close();
    server?.stop();
  });

  /** A page with these headers. */
  async function open(name, headers) {
    responses.set(name, headers);
    const page = await browser.newPage();
    await page.goto(`${base}/${name}`);
    await page.waitForFunction(() => globalThis.run);
    return page;
  }
  const run = (page, action, path) => page.evaluate(([a, p]) => globalThis.run(a, p), [action, path]);

  it("a Content-Security-Policy without 'wasm-unsafe-eval': the error says what to add", async () => {
    const page = await open("no-wasm", {
      "content-security-policy": "default-src 'none'; script-src 'self'; connect-src 'self'",
    });
    for (const action of ["ready", "call"]) {
      const { error } = await run(page, action, "");
      assert.equal(error.name, "UnsupportedRuntimeError", action);
      assert.match(error.message, /add 'wasm-unsafe-eval' to its script-src/, action);
      assert.equal(error.cause, "CompileError", action);
    }
  });

  it("the strictest policy with 'wasm-unsafe-eval', and trusted types: works without a violation", async () => {
    const policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; img-src data:";
    const headers = { "content-security-policy": `${policy}; require-trusted-types-for 'script'; trusted-types 'none'` };
    const { value, error, violations } = await run(await open("trusted", headers), "call", "");
    assert.equal(error, undefined);
    assert.equal(value, 200);
    assert.deepEqual(violations, []);
  });

  it("a policy whose connect-src lacks the server: a ConnectionError", async () => {
    const headers = { "content-security-policy": "script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'" };
    const { error, violations } = await run(await open("connect", headers), "call", base.replace("127.0.0.1", "localhost"));
    assert.equal(error.name, "ConnectionError");
    assert.deepEqual(violations, ["connect-src"]);
  });

  it("a cross-origin isolated page: works", async () => {
    const isolated = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };
    const { value, crossOriginIsolated } = await run(await open("isolated", isolated), "call", "");
    assert.equal(crossOriginIsolated, true);
    assert.equal(value, 200);
  });

  it("a sandboxed iframe, whose origin is opaque: works", async () => {
    responses.set("frame", {});
    const page = await open("parent", {});
    const { value, error, origin } = await page.evaluate(
      (url) =>
        new Promise((resolve) => {
          const frame = document.createElement("iframe");
          frame.sandbox = "allow-scripts";
          frame.src = url;
          addEventListener("message", ({ data }) =>
            data === "loaded" ? frame.contentWindow.postMessage("", "*") : resolve(data),
          );
          document.body.append(frame);
        }),
      `${base}/frame`,
    );
    assert.equal(error, undefined);
    assert.equal(origin, "null");
    assert.equal(value, 200);
  });

  it("a web worker ended in mid-call: its connection is closed, and others go on", async () => {
    const page = await open("workers", {});
    const states = {};
    const arrived = new Promise((resolve) => (states.arrive = resolve));
    const gone = new Promise((resolve) => (states.close = resolve));
    closed.set("1", states);
    await page.evaluate(() => {
      globalThis.worker = new Worker("/worker.js", { type: "module" });
      globalThis.worker.postMessage("/hang/1");
    });
    await arrived;
    await page.evaluate(() => globalThis.worker.terminate());
    await gone;
    assert.equal((await run(page, "call", "")).value, 200);
  });
});
