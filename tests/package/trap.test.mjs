// A crash (trap) of the core: what is pending is rejected, nothing is left uncaught, and the next client works. The real core does
// not crash; here an import that it calls does, in a module of this file, and nothing unwinds the core's frames.
import assert from "node:assert/strict";
import { before, beforeEach, describe, it } from "node:test";
import { UnexpectedClientError } from "../../pkg/dist/errors.js";
import { Guard } from "../../pkg/src/guard.js";
import { app } from "../harness/app.mjs";
import { interceptImports } from "../harness/wasm-imports.js";
import { thrown, throws } from "../suite/helpers.js";
import { withReplaced } from "../suite/registry.js";

// (module (import "host" "call" (func $call)) (func (export "boom") unreachable) (func (export "host") call $call))
const CRASHING = new WebAssembly.Module(
  Buffer.from(
    "0061736d01000000010401600000020d0104686f73740463616c6c00000303020000" +
      "070f0204626f6f6d000104686f737400020a0a020300000b040010000b",
    "hex",
  ),
);
const crashing = (call) => new WebAssembly.Instance(CRASHING, { host: { call } }).exports;

const IDS = { appId: "a", connectorId: "b", id: "c" };
const response = () => new Response("{}", { headers: { "content-type": "application/json" } });
const { boom } = crashing(() => {});
const turn = () => new Promise((resolve) => setTimeout(resolve));

describe("a trap", () => {
  let sdk;
  /** Whether the core's next call of an import traps. */
  let armed = false;
  const client = (request) => new sdk.ConductoroneSDKTypescript({ tenantDomain: "acme", httpClient: { request } });
  const working = () => client(async () => response());
  before(async () => {
    interceptImports((f, args) => {
      if (!armed) return f(...args);
      armed = false;
      return boom();
    });
    sdk = await import(`${app}/node_modules/c1-revoke/all.js`);
  });

  /** Calls `action` while a page has replaced what bookkeeping may use. */
  function patched(action) {
    const fail = throws(new TypeError("patched by the page"));
    const names = ["add", "delete", "clear", "has", "get", "forEach", "values", Symbol.iterator];
    const methods = Object.fromEntries(names.map((name) => [name, fail]));
    const [set, map, weakMap] = [Set, Map, WeakMap].map(
      ({ prototype }) =>
        (inner) =>
          withReplaced(prototype, methods, inner),
    );
    return set(() => map(() => weakMap(action)));
  }

  /** Each traps; those that call the package give the error of that call. */
  const ways = {
    "in a constructor": () => thrown(working),
    "in a call": (dying) => dying.connector.revokeCredential(IDS).catch((error) => error),
    "where nobody waits for a result": (_, late) => late[0].resolve(response()),
    "where Set and Map are patched": () => patched(() => thrown(working)),
  };
  for (const [how, run] of Object.entries(ways)) {
    it(`rejects what is pending, and the next client works (${how})`, async () => {
      const late = [];
      const dying = client(() => new Promise((resolve, reject) => late.push({ resolve, reject })));
      const revoke = dying.connector.revokeCredential(IDS);
      const standalone = sdk.connectorRevokeCredential(dying, IDS);
      const bulk = dying.connector.revokeCredentials([IDS]);
      while (late.length < 3) await turn();

      armed = true;
      const own = await run(dying, late);
      const results = await Promise.allSettled([revoke, standalone, bulk]);
      assert.equal(armed, false, "nothing trapped");
      assert.deepEqual(
        results.map(({ status }) => status),
        ["rejected", "fulfilled", "rejected"],
      );
      assert.equal(results[1].value.ok, false);
      const errors = [results[0].reason, results[1].value.error, results[2].reason];
      for (const error of own ? [...errors, own] : errors) {
        assert.ok(error instanceof sdk.UnexpectedClientError);
        assert.match(error.message, /construct a new client/);
        assert.ok(error.cause instanceof WebAssembly.RuntimeError);
      }
      for (const { outcome } of errors) assert.equal(outcome, "unknown");

      // The dead client: typed errors, and nothing that throws.
      const { error } = await sdk.connectorRevokeCredential(dying, IDS);
      assert.ok(error instanceof sdk.UnexpectedClientError);
      assert.equal(error.outcome, "notSent");
      for (const call of [dying.connector.revokeCredential(IDS), dying.getValidToken()]) await assert.rejects(call, error);
      assert.equal(dying.getCurrentToken(), null);
      dying.clearToken();
      dying.free();
      dying.free();

      // What calls had waited for, after the trap: it enters neither the dead core nor the new one.
      const fresh = working();
      late[0].resolve(response());
      late[1].reject(new TypeError("too late"));
      late[2].resolve("no Response");
      // The test runner fails a test in which something is left uncaught.
      await turn();
      assert.equal((await fresh.connector.revokeCredential(IDS)).statusCode, 200);
    });
  }
});

describe("Guard", () => {
  let traps, guard, wasm, host;
  beforeEach(() => {
    traps = 0;
    guard = new Guard(() => traps++);
    wasm = guard.watch(crashing(() => host()));
  });

  it("lets nothing enter a dead instance", () => {
    assert.deepEqual(wasm.boom(), []);
    host = () => assert.fail("entered");
    assert.deepEqual(wasm.host(), []);
    assert.throws(
      () => guard.run(() => wasm.host()),
      (error) => error === guard.failure,
    );
    assert.equal(traps, 1);
  });

  it("takes an exception that passes through the wasm for a trap: its frames were not unwound", () => {
    const foreign = new Error("foreign");
    host = throws(foreign);
    wasm.host();
    assert.equal(guard.failure.cause, foreign);
  });

  it("unwinds the frames below when a call inside a continuation traps", () => {
    let wentOn = false;
    host = () => {
      wasm.boom();
      wentOn = true;
    };
    assert.deepEqual(wasm.host(), []);
    assert.equal(wentOn, false);
    assert.ok(guard.failure.cause instanceof WebAssembly.RuntimeError);
    assert.equal(traps, 1);
  });

  it("rejects what is pending before it tells anyone about the trap", async () => {
    guard = new Guard(throws(new Error("thrown by the callback")));
    const pending = guard.promise(() => new Promise(() => {}));
    assert.throws(() => guard.watch(crashing()).boom(), /thrown by the callback/);
    await assert.rejects(pending, UnexpectedClientError);
  });
});
