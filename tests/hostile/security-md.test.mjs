// SECURITY.md says what is: every test that it names exists, and the crates of the shipped wasm are those that it lists.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";

const repository = fileURLToPath(new URL("../..", import.meta.url));
const text = readFileSync(join(repository, "SECURITY.md"), "utf8");

describe("SECURITY.md", () => {
  it("names tests that exist", () => {
    const rows = [...text.matchAll(/\| `(tests\/[^`]+)`: ?(.*?) ?\|$/gm)];
    assert.ok(rows.length > 10);
    for (const [, file, name] of rows) {
      assert.ok(existsSync(join(repository, file)), file);
      assert.ok(readFileSync(join(repository, file), "utf8").includes(name), `${file} has no test "${name}"`);
    }
  });

  it("lists every crate in the shipped wasm, and no other", () => {
    const args = [
      "tree",
      "--locked",
      "--target",
      "wasm32-unknown-unknown",
      "--edges",
      "normal,no-proc-macro",
      "--prefix",
      "none",
    ];
    const tree = execFileSync("cargo", [...args, "--features", "package", "--format", "{p}"], {
      cwd: repository,
      encoding: "utf8",
    });
    const crates = new Set(
      tree
        .trim()
        .split("\n")
        .map((line) => line.split(" ")[0]),
    );
    crates.delete("c1-revoke");
    const listed = [...text.slice(text.indexOf("| crate |")).matchAll(/^\| ([a-z0-9_-]+) \| \S/gm)].map(([, name]) => name);
    assert.deepEqual(listed.filter((name) => name !== "crate").sort(), [...crates].sort());
  });
});
