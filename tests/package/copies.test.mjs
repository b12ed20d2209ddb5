// Two copies of the package in one process, as when one is a dependency's, or a module was reloaded: each has its own wasm and its
// own classes; what belongs to one is refused by the other by name, not by a trap.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { app, dropIn } from "../harness/app.mjs";

const copies = [`${app}/node_modules/c1-revoke`, `${dropIn}/node_modules/conductorone-sdk-typescript`];
const IDS = { appId: "a", connectorId: "b", id: "c" };
const load = async (directory, entry = "all.js") => import(`${pathToFileURL(directory)}/${entry}`);

function clientOf(sdk, tenantDomain, urls) {
  const request = async ({ url }) => {
    urls.push(url);
    return new Response("{}", { headers: { "content-type": "application/json" } });
  };
  return new sdk.ConductoroneSDKTypescript({ tenantDomain, security: { bearerAuth: tenantDomain }, httpClient: { request } });
}

/** Both copies' clients work side by side, and neither takes the other's. */
async function assertApart(first, second) {
  assert.notEqual(first.ConductoroneSDKTypescript, second.ConductoroneSDKTypescript);
  const urls = [];
  const clients = [clientOf(first, "one", urls), clientOf(second, "two", urls)];
  await Promise.all(clients.map(({ connector }) => connector.revokeCredential(IDS)));
  assert.deepEqual(urls.map((url) => new URL(url).hostname).sort(), ["one.conductor.one", "two.conductor.one"]);
  const { ok, error } = await first.connectorRevokeCredential(clients[1], IDS);
  assert.equal(ok, false);
  assert.ok(error instanceof first.SDKValidationError);
  assert.match(error.message, /two copies/);
  clients[0].free();
  assert.equal((await clients[1].connector.revokeCredential(IDS)).statusCode, 200);
  assert.equal(urls.length, 3);
}

describe("two copies of the package", () => {
  it("work side by side", async () => {
    await assertApart(...(await Promise.all(copies.map((copy) => load(copy)))));
  });

  it("a module reloaded under another URL, as hot reloading does, works beside the old one", async () => {
    const old = await load(copies[0], "cdn.js");
    await assertApart(old, await load(copies[0], "cdn.js?reloaded"));
  });
});
