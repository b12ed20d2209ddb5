// How the wasm gets in: handed over by the caller (c1-revoke/slim), and ahead of the first client (ready()). Each copy of a one-file
// build that is imported under another URL has its own state.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { Miniflare } from "miniflare";
import { app } from "../harness/app.mjs";
import { compatibilityDate } from "../harness/compatibility-date.mjs";
import { withReplaced } from "../suite/registry.js";

const installed = join(app, "node_modules", "c1-revoke");
const bytes = readFileSync(join(installed, "c1_revoke.wasm"));
const IDS = { appId: "a", connectorId: "b", id: "c" };

let copies = 0;
const copyOf = (file) => import(`${pathToFileURL(join(installed, file))}?copy=${++copies}`);
const clientOf = ({ ConductoroneSDKTypescript }) =>
  new ConductoroneSDKTypescript({
    tenantDomain: "acme",
    security: { bearerAuth: "token" },
    httpClient: { request: async () => new Response("{}", { headers: { "content-type": "application/json" } }) },
  });
const revoke = async (sdk) => (await clientOf(sdk).connector.revokeCredential(IDS)).statusCode;

/** Runs `action` in a realm where no module can be compiled and none instantiated synchronously, but by what was there before. */
function withoutInstantiation(action) {
  const refuse = function refuse() {
    throw new Error("instantiated too late");
  };
  return withReplaced(WebAssembly, { Module: refuse, Instance: refuse, compile: refuse, instantiate: refuse }, action);
}

describe("c1-revoke/slim", () => {
  const sources = {
    "a Buffer": () => bytes,
    "an ArrayBuffer": () => new Uint8Array(bytes).buffer,
    "a view of one": () => new Uint8Array(Buffer.concat([Buffer.alloc(8), bytes, Buffer.alloc(8)])).subarray(8, -8),
    "a WebAssembly.Module": () => new WebAssembly.Module(bytes),
  };
  for (const [name, make] of Object.entries(sources)) {
    it(`revokes with the wasm that it was handed, with ready() or without (${name})`, async () => {
      const [lazy, early] = [await copyOf("dist/slim.js"), await copyOf("dist/slim.js")];
      for (const sdk of [lazy, early]) sdk.useWasm(make());
      assert.equal(await revoke(lazy), 200);
      await early.ready();
      assert.equal(await withoutInstantiation(() => revoke(early)), 200);
    });
  }

  it("says what is missing until then, or wrong, and works after it", async () => {
    const sdk = await copyOf("dist/slim.js");
    for (const message of [/useWasm/, /./]) {
      const error = { name: "UnsupportedRuntimeError", message };
      assert.throws(() => clientOf(sdk), error);
      await assert.rejects(sdk.ready(), error);
      sdk.useWasm(new Uint8Array(8));
    }
    sdk.useWasm(bytes);
    assert.equal(await revoke(sdk), 200);
  });

  it("is there by its name, for import and for require", async () => {
    const require = createRequire(join(app, "index.js"));
    const required = require("c1-revoke/slim");
    const imported = await import(require.resolve("c1-revoke/slim"));
    for (const { useWasm, ready, ConductoroneSDKTypescript } of [required, imported]) {
      for (const value of [useWasm, ready, ConductoroneSDKTypescript]) assert.equal(typeof value, "function");
    }
    required.useWasm(bytes);
    assert.equal(await revoke(required), 200);
  });
});

describe("ready()", () => {
  it("instantiates ahead of the first client, which would need to, and then needs nothing", async () => {
    const sdk = await copyOf("cdn.js");
    await withoutInstantiation(() => assert.throws(() => clientOf(sdk), { name: "UnsupportedRuntimeError" }));
    assert.equal(await sdk.ready(), undefined);
    assert.equal(await withoutInstantiation(() => revoke(sdk)), 200);
  });
});

describe("the inlined wasm", () => {
  it("where a Worker may not compile it, the error names the conditions that import it", async (test) => {
    const worker = `
      import { ConductoroneSDKTypescript } from "./cdn.js";
      export default {
        fetch() {
          try {
            return new Response(new ConductoroneSDKTypescript());
          } catch (error) {
            return new Response(String(error));
          }
        },
      };`;
    const modules = [
      { type: "ESModule", path: "worker.js", contents: worker },
      { type: "ESModule", path: "cdn.js", contents: readFileSync(join(installed, "cdn.js"), "utf8") },
    ];
    const miniflare = new Miniflare({ modules, modulesRoot: ".", compatibilityDate });
    test.after(() => miniflare.dispose());
    const answer = await fetch(await miniflare.ready);
    assert.match(
      await answer.text(),
      /^UnsupportedRuntimeError: WebAssembly was not compiled\. .* "workerd" or "edge-light": CompileError/,
    );
  });
});
