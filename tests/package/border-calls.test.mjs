// Counts the calls from wasm to JavaScript. Each costs time, and the count does not depend on the machine.
import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { app } from "../harness/app.mjs";

let calls = 0;
const counts = new Map();

/** Wraps every import of the modules that are instantiated from now on. */
function countImports() {
  const { Instance } = WebAssembly;
  WebAssembly.Instance = new Proxy(Instance, {
    construct(target, [module, imports]) {
      const counted = {};
      for (const [name, group] of Object.entries(imports ?? {})) {
        counted[name] = Object.fromEntries(Object.entries(group).map(([key, f]) => [key, count(key, f)]));
      }
      return Reflect.construct(target, [module, counted]);
    },
  });
}

const count = (key, f) => (...args) => {
  calls++;
  counts.set(key, (counts.get(key) ?? 0) + 1);
  return f(...args);
};

async function callsOf(action) {
  calls = 0;
  counts.clear();
  await action();
  return calls;
}

describe("calls from wasm to JavaScript", () => {
  let sdk;
  const item = (n) => ({ appId: "app", connectorId: "connector", id: `credential-${n}` });
  before(async () => {
    countImports();
    const { ConductoroneSDKTypescript, HTTPClient } = await import(pathToFileURL(join(app, "node_modules/c1-revoke/index.js")).href);
    const httpClient = new HTTPClient({ fetcher: async () => Response.json({}) });
    sdk = new ConductoroneSDKTypescript({ tenantDomain: "acme", httpClient, security: { bearerAuth: "token-of-a-test" } });
    await sdk.connector.revokeCredential(item(0));
  });

  it("a plain successful call needs at most 60", async () => {
    const needed = await callsOf(() => sdk.connector.revokeCredential(item(1)));
    console.log(`${needed} calls`);
    assert.ok(needed > 0 && needed <= 60, `${needed} calls`);
  });

  it("an item of a bulk run needs at most 180", async () => {
    const run = (count) => callsOf(() => sdk.connector.revokeCredentials(Array.from({ length: count }, (_, n) => item(n))));
    const needed = ((await run(220)) - (await run(20))) / 200;
    console.log(`${needed} calls`);
    assert.ok(needed > 0 && needed <= 180, `${needed} calls`);
  });
});
