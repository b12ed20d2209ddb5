// The parts of the package's build that rewrite the wasm.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { asciiFrom } from "../../pkg/build/ascii.mjs";
import { exportNames, shortenNames } from "../../pkg/build/wasm-names.mjs";
import { decoder, text } from "../../pkg/dist/wasm.js";

const shipped = readFileSync(new URL("../../pkg/c1_revoke.wasm", import.meta.url));

function decoded(ascii) {
  const { memory, decode } = new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(decoder))).exports;
  const bytes = new Uint8Array(memory.buffer);
  const { written } = new TextEncoder().encodeInto(ascii, bytes);
  return bytes.slice(0, decode(written));
}

describe("the inlined wasm", () => {
  it("is the file that is shipped beside it", () => {
    assert.deepEqual(Buffer.from(decoded(text)), shipped);
    assert.equal(asciiFrom(shipped), text);
  });

  it("has nothing that a JavaScript string must escape", () => {
    assert.match(text, /^[#-[\]-~]+$/);
  });

  it("holds every byte, in any order", () => {
    const bytes = Uint8Array.from({ length: 4 * 256 }, (_, i) => (i * 167 + (i >> 8) * 31) & 255);
    assert.equal(new Set(bytes).size, 256);
    assert.deepEqual(decoded(asciiFrom(bytes)), bytes);
    assert.deepEqual(decoded(""), new Uint8Array());
  });
});

describe("shortenNames", () => {
  // (module (import "host" "call" (func)) (func (export "boom") unreachable) (func (export "host") call 0) (func (export "two") …))
  const wasm = Buffer.from(
    "0061736d010000000108026000006000017f020d0104686f73740463616c6c000003040300000107150304626f6f6d000104686f737400020374776f00030a0f" +
      "030300000b040010000b040041020b",
    "hex",
  );

  it("renames imports and exports, and keeps what it is told to", () => {
    const { wasm: renamed, module, names } = shortenNames(wasm, { keep: new Set(["host"]) });
    assert.deepEqual(Object.fromEntries(names), { call: "a", boom: "b", two: "c" });
    assert.deepEqual(exportNames(renamed), ["b", "host", "c"]);
    const imports = WebAssembly.Module.imports(new WebAssembly.Module(renamed));
    assert.deepEqual(imports, [{ module, name: "a", kind: "function" }]);
    let called = 0;
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(renamed), { [module]: { a: () => called++ } });
    exports.host();
    assert.equal(called, 1);
    assert.equal(exports.c(), 2);
  });

  it("keeps apart what is imported from the platform without glue", () => {
    const { names, direct } = shortenNames(wasm, { platform: "host" });
    assert.deepEqual([...direct], [["call", "a"]]);
    assert.deepEqual([...names.keys()], ["boom", "host", "two"]);
  });

  it("refuses a file that is cut short", () => {
    assert.throws(() => shortenNames(wasm.subarray(0, 20)));
  });

  it("left no long name in what is shipped", () => {
    const module = new WebAssembly.Module(shipped);
    for (const { name } of [...WebAssembly.Module.imports(module), ...WebAssembly.Module.exports(module)]) {
      assert.ok(name.length <= 2, name);
    }
  });
});
