// Counts the calls from wasm to JavaScript. Each costs time, and the count does not depend on the machine.
import assert from "node:assert/strict";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { app } from "../harness/app.mjs";
import { interceptImports } from "../harness/wasm-imports.js";

describe("calls from wasm to JavaScript", () => {
  let sdk;
  let calls = 0;
  const item = (n) => ({ appId: "app", connectorId: "connector", id: `credential-${n}` });
  before(async () => {
    interceptImports((f, args) => {
      calls++;
      return f(...args);
    });
    const { ConductoroneSDKTypescript, HTTPClient } = await import(
      pathToFileURL(join(app, "node_modules/c1-revoke/index.js")).href
    );
    const httpClient = new HTTPClient({ fetcher: async () => Response.json({}) });
    sdk = new ConductoroneSDKTypescript({ tenantDomain: "acme", httpClient, security: { bearerAuth: "token-of-a-test" } });
    await sdk.connector.revokeCredential(item(0));
  });

  async function callsOf(action) {
    calls = 0;
    await action();
    return calls;
  }

  it("a plain successful call needs at most 60", async () => {
    const needed = await callsOf(() => sdk.connector.revokeCredential(item(1)));
    assert.ok(needed > 0 && needed <= 60, `${needed} calls`);
  });

  it("an item of a bulk run needs at most 180", async () => {
    const run = (count) => callsOf(() => sdk.connector.revokeCredentials(Array.from({ length: count }, (_, n) => item(n))));
    const needed = ((await run(220)) - (await run(20))) / 200;
    assert.ok(needed > 0 && needed <= 180, `${needed} calls`);
  });
});
