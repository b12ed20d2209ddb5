// What stays in memory: no secret in the wasm's, nothing of clients that are gone. In a Node of its own, with the collector at hand.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { app } from "../harness/app.mjs";

const script = fileURLToPath(new URL("memory-process.mjs", import.meta.url));

/** Runs a part of the script; resolves to what it printed, as JSON. */
async function run(part, ...flags) {
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, script, part, app], { timeout: 300_000 });
  return JSON.parse(stdout);
}

describe("wasm memory", () => {
  it("holds no token, secret, seed, assertion or ID token after free() and the end of the client's calls", async () => {
    const { searched, found, marker } = await run("secrets");
    assert.ok(searched > 8, "all secrets were looked for");
    assert.equal(marker, true, "the search finds what is there");
    assert.deepEqual(found, []);
  });

  it("does not grow with clients created and dropped, freed or not", async () => {
    const { afterFirst, afterFreed, afterDropped, alive } = await run("growth", "--expose-gc");
    assert.equal(afterFreed, afterFirst);
    assert.equal(afterDropped, afterFirst);
    for (const [clients, count] of Object.entries(alive))
      assert.ok(count <= 10, `${count} of 300 ${clients} clients are still alive`);
  });
});

/** Bytes that a heap may vary by from one collection to the next. */
const NOISE = 1 << 20;

describe("memory", () => {
  for (const [part, what] of [
    ["abandoned", "12,000 calls to an HTTP client that never settles, each aborted"],
    ["getters", "9,600 getters that throw"],
  ]) {
    it(`stays flat over ${what}`, async () => {
      const { first, last, works } = await run(part, "--expose-gc");
      assert.equal(last.wasm, first.wasm, "wasm memory grows");
      assert.ok(last.heap - first.heap < NOISE, `the heap has grown by ${last.heap - first.heap} bytes`);
      assert.equal(works, 200);
    });
  }
});

describe("JavaScript's heap", () => {
  it("holds no string with a token, secret, key, assertion or ID token of a client that was freed or let go", async () => {
    const { planted, living, freed, dropped, referenced, searchable } = await run(
      "heap",
      "--expose-gc",
      "--heap-snapshot-string-limit=100000",
    );
    assert.deepEqual(planted.sort(), [
      "ID token",
      "function's token",
      "key: access token",
      "key: assertion",
      "key: private key",
      "key: secret",
      "token",
      "unused: private key",
      "unused: secret",
      "workload: access token",
    ]);
    // Of clients in use, what they are going to send again may be there, and nothing else.
    for (const name of living)
      assert.ok(["ID token", "key: access token", "token", "workload: access token"].includes(name), name);
    assert.ok(searchable, "the search finds what is there");
    assert.deepEqual(freed, []);
    assert.deepEqual(dropped, []);
    assert.equal(referenced, 5);
  });
});

describe("a realm whose intrinsics are frozen", () => {
  it("runs the package as any other", async () => {
    assert.deepEqual(await run("frozen"), { revoked: 200, failed: "SDKError", invalid: "SDKValidationError", bulk: 2 });
  });
});
