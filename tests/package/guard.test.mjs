// What the package's loader does when a wasm instance traps. The wasm here is tiny: (module (import "host" "call" (func $call))
// (func (export "boom") unreachable) (func (export "host") call $call) (func (export "two") (result i32) i32.const 2))
import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { UnexpectedClientError } from "../../pkg/dist/errors.js";
import { Guard } from "../../pkg/src/guard.js";

const WASM = Buffer.from(
  "0061736d010000000108026000006000017f020d0104686f73740463616c6c000003040300000107150304626f6f6d000104686f737400020374776f00030a0f" +
    "030300000b040010000b040041020b",
  "hex",
);

describe("Guard", () => {
  let traps, guard, wasm, host;
  beforeEach(() => {
    traps = 0;
    guard = new Guard(() => traps++);
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(WASM), { host: { call: () => host() } });
    wasm = guard.watch(exports);
  });

  it("leaves calls that succeed alone", async () => {
    assert.equal(wasm.two(), 2);
    assert.equal(
      guard.run(() => wasm.two()),
      2,
    );
    assert.equal(await guard.promise(async () => wasm.two()), 2);
    assert.equal(guard.failure, undefined);
    assert.equal(traps, 0);
  });

  it("throws the failure out of a call that waits for its result", () => {
    assert.throws(
      () => guard.run(() => wasm.boom()),
      (error) =>
        error === guard.failure && error instanceof UnexpectedClientError && error.cause instanceof WebAssembly.RuntimeError,
    );
    assert.equal(traps, 1);
  });

  it("swallows what a continuation throws", () => {
    assert.deepEqual(wasm.boom(), []);
    assert.ok(guard.failure);
  });

  it("rejects every promise that is pending, and those only", async () => {
    const done = await guard.promise(async () => "done");
    const pending = [guard.promise(() => new Promise(() => {})), guard.promise(() => new Promise(() => {}))];
    wasm.boom();
    assert.equal(done, "done");
    for (const { status, reason } of await Promise.allSettled(pending)) {
      assert.equal(status, "rejected");
      assert.deepEqual([reason.message, reason.outcome], [guard.failure.message, "unknown"]);
    }
    assert.equal(guard.failure.outcome, "notSent");
    assert.equal(traps, 1);
  });

  it("rejects the promise of a call that traps while it starts", async () => {
    await assert.rejects(
      guard.promise(() => wasm.boom()),
      UnexpectedClientError,
    );
  });

  it("passes on a promise's own rejection and what starting it threw", async () => {
    const error = new Error("own");
    const thrown = () => {
      throw error;
    };
    await assert.rejects(
      guard.promise(() => Promise.reject(error)),
      error,
    );
    await assert.rejects(guard.promise(thrown), error);
    assert.equal(guard.failure, undefined);
  });

  it("lets nothing enter a dead instance", () => {
    wasm.boom();
    let entered = false;
    host = () => {
      entered = true;
    };
    assert.deepEqual(wasm.host(), []);
    assert.throws(
      () => guard.run(() => wasm.host()),
      (error) => error === guard.failure,
    );
    assert.equal(entered, false);
    assert.equal(traps, 1);
  });

  it("takes an exception that passes through the wasm for a trap: its frames were not unwound", () => {
    const foreign = new Error("foreign");
    host = () => {
      throw foreign;
    };
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

  // A page may have replaced any method: none may keep a call from settling.
  for (const method of ["add", "delete", "clear", "forEach", Symbol.iterator]) {
    it(`settles where Set.prototype[${String(method)}] throws`, async () => {
      const original = Set.prototype[method];
      Set.prototype[method] = () => {
        throw new TypeError("replaced");
      };
      let results;
      try {
        const settled = [guard.promise(async () => "done"), guard.promise(() => Promise.reject("refused"))];
        const outcomes = [await settled[0], await settled[1].catch((reason) => reason)];
        const pending = guard.promise(() => new Promise(() => {}));
        wasm.boom();
        results = [...outcomes, await pending.catch(({ message }) => message)];
      } finally {
        Set.prototype[method] = original;
      }
      assert.deepEqual(results, ["done", "refused", guard.failure.message]);
    });
  }

  it("rejects what is pending before it tells anyone about the trap", async () => {
    guard = new Guard(() => {
      throw new Error("thrown by the callback");
    });
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(WASM), { host: { call: () => {} } });
    const pending = guard.promise(() => new Promise(() => {}));
    assert.throws(() => guard.watch(exports).boom(), /thrown by the callback/);
    await assert.rejects(pending, UnexpectedClientError);
  });
});
