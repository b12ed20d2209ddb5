// Pages that are locked down, and workers that are ended, in Chromium: the package works there, or its error says what to change.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { deferred, listen } from "../harness/local.mjs";
import { bundle, launchChromium } from "../harness/runtimes.mjs";

const SCRIPT = `
  import * as sdk from "./import.mjs";
  const violations = [];
  addEventListener("securitypolicyviolation", (event) => violations.push(event.effectiveDirective));
  const ids = { appId: "a", connectorId: "b", id: "c" };
  const construct = (path) =>
    new sdk.ConductoroneSDKTypescript({ serverURL: new URL(path, import.meta.url).href, security: { bearerAuth: "t" } });
  const actions = {
    call: async (path) => (await construct(path).connector.revokeCredential(ids)).statusCode,
    ready: () => sdk.ready(),
  };
  const run = async (action, path) => {
    const show = ({ name, message, cause }) => ({ error: name, message, cause: cause?.name });
    const end = await actions[action](path).then((value) => ({ value }), show);
    // Reports of violations are events of their own.
    await new Promise((resolve) => setTimeout(resolve));
    const { crossOriginIsolated, origin } = globalThis;
    return { ...end, violations, crossOriginIsolated, origin };
  };`;
const ISOLATED = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };

describe("locked-down pages", () => {
  let server, browser, base;
  const responses = new Map();
  const [hanging, closed] = [deferred(), deferred()];
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
    const worker = await bundle(`${SCRIPT} onmessage = ({ data }) => run("call", data);`, options);
    const cors = { "access-control-allow-origin": "*", "access-control-allow-headers": "*, authorization" };
    const script = { ...cors, ...ISOLATED, "content-type": "text/javascript" };
    server = await listen((request, response) => {
      const [, first] = request.url.split("/");
      if (request.method === "OPTIONS") return response.writeHead(204, cors).end();
      if (first === "script.js") return response.writeHead(200, script).end(page);
      if (first === "worker.js") return response.writeHead(200, script).end(worker);
      if (first === "api") return response.writeHead(200, { ...cors, "content-type": "application/json" }).end("{}");
      if (first === "hang") {
        response.on("close", closed.resolve);
        return hanging.resolve();
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
      const { error, message, cause } = await run(page, action, "/");
      assert.deepEqual([error, cause], ["UnsupportedRuntimeError", "CompileError"], action);
      assert.match(message, /add 'wasm-unsafe-eval' to its script-src/, action);
    }
  });

  const strictest = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; img-src data:";
  for (const [name, policy, path, expected] of [
    [
      "the strictest policy with 'wasm-unsafe-eval', and trusted types: works without a violation",
      { "content-security-policy": `${strictest}; require-trusted-types-for 'script'; trusted-types 'none'` },
      () => "/",
      { value: 200, violations: [], crossOriginIsolated: false },
    ],
    [
      "a policy whose connect-src lacks the server: a ConnectionError",
      { "content-security-policy": "script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'" },
      () => base.replace("127.0.0.1", "localhost"),
      { error: "ConnectionError", violations: ["connect-src"], crossOriginIsolated: false },
    ],
    ["a cross-origin isolated page: works", ISOLATED, () => "/", { value: 200, violations: [], crossOriginIsolated: true }],
  ]) {
    it(name, async () => {
      const { origin, message, cause, ...end } = await run(await open(name.replace(/\W/g, ""), policy), "call", path());
      assert.deepEqual(end, expected);
    });
  }

  it("a sandboxed iframe, whose origin is opaque: works", async () => {
    responses.set("frame", {});
    const page = await open("parent", {});
    const { value, origin } = await page.evaluate(
      (url) =>
        new Promise((resolve) => {
          const frame = document.createElement("iframe");
          frame.sandbox = "allow-scripts";
          frame.src = url;
          addEventListener("message", ({ data }) =>
            data === "loaded" ? frame.contentWindow.postMessage("/", "*") : resolve(data),
          );
          document.body.append(frame);
        }),
      `${base}/frame`,
    );
    assert.deepEqual([value, origin], [200, "null"]);
  });

  it("a web worker ended in mid-call: its connection is closed, and others go on", async () => {
    const page = await open("workers", {});
    await page.evaluate(() => {
      globalThis.worker = new Worker("/worker.js", { type: "module" });
      globalThis.worker.postMessage("/hang");
    });
    await hanging.promise;
    await page.evaluate(() => globalThis.worker.terminate());
    await closed.promise;
    assert.equal((await run(page, "call", "/")).value, 200);
  });
});
