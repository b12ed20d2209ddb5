// A trap in the real core, in a build of the package that can be made to trap: what is pending is rejected, nothing is left
// uncaught, and the next client works.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";

const out = fileURLToPath(new URL("../../target/pkg-test-trap/", import.meta.url));
const build = fileURLToPath(new URL("../../pkg/build/build.mjs", import.meta.url));
const IDS = { appId: "a", connectorId: "b", id: "c" };

/** An HTTP client whose answers never come. */
const silent = { request: () => new Promise(() => {}) };
const working = { request: async () => new Response("{}", { headers: { "content-type": "application/json" } }) };

describe("a trap", () => {
  let ConductoroneSDKTypescript, connectorRevokeCredential, UnexpectedClientError, runtime;
  const client = (httpClient) => new ConductoroneSDKTypescript({ tenantDomain: "acme", httpClient });
  before(async () => {
    execFileSync(process.execPath, [build, "--features", "test-trap", "--out", out], { stdio: ["ignore", "ignore", "inherit"] });
    ({ ConductoroneSDKTypescript, connectorRevokeCredential, UnexpectedClientError } = await import(`${out}all.js`));
    ({ runtime } = await import(`${out}dist/c1-revoke.js`));
  });

  /** Traps while a page has replaced what bookkeeping may use. */
  const patched = (trap) => {
    const fail = () => {
      throw new TypeError("patched by the page");
    };
    const undo = [Set, Map, WeakMap].flatMap(({ prototype }) =>
      ["delete", "clear", "has", "get", "forEach", "values", Symbol.iterator]
        .filter((name) => name in prototype)
        .map((name) => {
          const before = Object.getOwnPropertyDescriptor(prototype, name);
          Object.defineProperty(prototype, name, { ...before, value: fail });
          return () => Object.defineProperty(prototype, name, before);
        }),
    );
    try {
      trap();
    } finally {
      for (const restore of undo) restore();
    }
  };
  const ways = {
    "in a call": (trap) => trap(),
    "where nobody waits for a result": (trap) => queueMicrotask(trap),
    "where Set and Map are patched": patched,
  };
  for (const [how, run] of Object.entries(ways)) {
    it(`rejects what is pending, and the next client works (${how})`, async () => {
      const uncaught = [];
      const note = (error) => uncaught.push(error);
      process.on("uncaughtException", note);
      process.on("unhandledRejection", note);
      const dying = client(silent);
      const { guard, glue } = runtime();
      const revoke = dying.connector.revokeCredential(IDS);
      const standalone = connectorRevokeCredential(dying, IDS);
      const bulk = dying.connector.revokeCredentials([IDS, { ...IDS, id: "d" }]);
      run(glue.trapNow);
      const results = await Promise.allSettled([revoke, standalone, bulk]);
      process.off("uncaughtException", note);
      process.off("unhandledRejection", note);
      assert.deepEqual(uncaught, []);
      assert.deepEqual(
        results.map(({ status }) => status),
        ["rejected", "fulfilled", "rejected"],
      );
      for (const error of [results[0].reason, results[1].value.error, results[2].reason]) {
        assert.ok(error instanceof UnexpectedClientError);
        assert.match(error.message, /construct a new client/);
        assert.ok(error.cause instanceof WebAssembly.RuntimeError);
      }
      assert.equal(results[1].value.ok, false);

      // The dead client: typed errors, and nothing that throws.
      await assert.rejects(dying.connector.revokeCredential(IDS), UnexpectedClientError);
      await assert.rejects(dying.getValidToken(), UnexpectedClientError);
      assert.equal((await connectorRevokeCredential(dying, IDS)).error, guard.failure);
      assert.equal(dying.getCurrentToken(), null);
      dying.clearToken();
      dying.free();
      dying.free();

      const fresh = client(working);
      assert.notEqual(runtime().guard, guard);
      assert.equal((await fresh.connector.revokeCredential(IDS)).statusCode, 200);
    });
  }

  it("is not followed by errors when what calls had waited for arrives after it", async () => {
    const uncaught = [];
    const note = (error) => uncaught.push(error);
    process.on("uncaughtException", note);
    process.on("unhandledRejection", note);
    const late = [];
    const answer = () => new Promise((resolve, reject) => late.push({ resolve, reject }));
    const dying = client({ request: answer });
    const calls = [dying.connector.revokeCredential(IDS), dying.connector.revokeCredential({ ...IDS, id: "d" })];
    const bulk = dying.connector.revokeCredentials([IDS]);
    while (late.length < 3) await new Promise((resolve) => setImmediate(resolve));
    runtime().glue.trapNow();
    for (const { status } of await Promise.allSettled([...calls, bulk])) assert.equal(status, "rejected");
    late[0].resolve(await working.request());
    late[1].reject(new TypeError("too late"));
    late[2].resolve("no Response");
    await new Promise((resolve) => setTimeout(resolve, 0));
    process.off("uncaughtException", note);
    process.off("unhandledRejection", note);
    assert.deepEqual(uncaught, []);
  });

  it("thrown through a call of the caller's own is an UnexpectedClientError there", async () => {
    const sdk = client(working);
    const request = {
      ...IDS,
      get id() {
        return runtime().glue.trapNow();
      },
    };
    await assert.rejects(sdk.connector.revokeCredential(request), UnexpectedClientError);
    assert.throws(
      () =>
        new ConductoroneSDKTypescript({
          get tenantDomain() {
            return runtime().glue.trapNow();
          },
        }),
      UnexpectedClientError,
    );
    assert.equal((await client(working).connector.revokeCredential(IDS)).statusCode, 200);
  });

  it("leaves clients of other instances alone", async () => {
    client(working);
    const dead = runtime();
    dead.glue.trapNow();
    const fresh = client(working);
    // A late callback of the dead instance.
    dead.glue.trapNow();
    assert.equal((await fresh.connector.revokeCredential(IDS)).statusCode, 200);
    assert.equal(runtime().guard.failure, undefined);
  });
});
