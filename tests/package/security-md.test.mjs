// SECURITY.md says what is: every test that it names is registered, and the crates of the shipped wasm are those that it lists.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";

const repository = fileURLToPath(new URL("../..", import.meta.url));
const read = (file) => readFileSync(join(repository, file), "utf8");
const text = read("SECURITY.md");

describe("SECURITY.md", () => {
  it("names tests that exist, and run", () => {
    const rows = [...text.matchAll(/\| `([^`]+)`: (.+?) \|$/gm)].map(([, file, name]) => ({ file, name }));
    assert.ok(rows.length > 10);
    const files = [...new Set(rows.map(({ file }) => file).filter((file) => !file.endsWith(".rs")))];
    const registered = JSON.parse(
      execFileSync(process.execPath, ["tests/harness/registered.mjs", ...files], { cwd: repository, encoding: "utf8" }),
    );
    for (const { file, name } of rows) {
      const where = `${file} has no test "${name}"`;
      if (file.endsWith(".rs")) {
        assert.ok(read(file).includes(` fn ${name}(`), where);
        continue;
      }
      // A test in several parts, or for several values, is named by how all begin.
      assert.ok(
        registered[file].some((other) => other.startsWith(name)),
        where,
      );
    }
  });

  it("lists every crate in the shipped wasm, and no other", () => {
    const tree = "tree --locked --target wasm32-unknown-unknown --edges normal,no-proc-macro --prefix none --features package";
    const output = execFileSync("cargo", [...tree.split(" "), "--format", "{p}"], { cwd: repository, encoding: "utf8" });
    const crates = new Set(Array.from(output.matchAll(/^\S+/gm), ([name]) => name));
    crates.delete("c1-revoke");
    const listed = [...text.slice(text.indexOf("| crate |")).matchAll(/^\| ([a-z0-9_-]+) \| \S/gm)].map(([, name]) => name);
    assert.deepEqual(listed.filter((name) => name !== "crate").sort(), [...crates].sort());
  });
});
