// What the package's build makes of the wasm.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { asciiFrom } from "../../pkg/build/ascii.mjs";
import { createGlue } from "../../pkg/dist/glue.js";
import { decoder, text } from "../../pkg/dist/wasm.js";

const shipped = readFileSync(new URL("../../pkg/c1_revoke.wasm", import.meta.url));

function decoded(ascii) {
  const { memory, decode } = new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(decoder))).exports;
  memory.grow(ascii.length >> 16);
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

describe("the glue", () => {
  // What would break if two instances shared one copy of the glue's module variables.
  it("keeps the state of each instance apart", () => {
    const module = new WebAssembly.Module(shipped);
    const [first, second] = [createGlue(), createGlue()];
    assert.notEqual(first.glue.Client, second.glue.Client);
    for (const { imports, start } of [first, second]) {
      start(new WebAssembly.Instance(module, imports).exports);
    }
    const client = new first.glue.Client({ tenantDomain: "acme" });
    assert.equal(client.getCurrentToken() ?? null, null);
    client.free();
  });
});
