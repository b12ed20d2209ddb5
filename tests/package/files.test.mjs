// The tarball itself: which files it holds, and what the checkers of the trade say about it.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { app, tarball } from "../harness/app.mjs";

const bin = (name) => fileURLToPath(new URL(`../node_modules/.bin/${name}`, import.meta.url));
const installed = join(app, "node_modules", "c1-revoke");

describe("package", () => {
  it("holds exactly the files of data/package-files.txt", () => {
    const files = execFileSync("tar", ["-tzf", tarball], { encoding: "utf8" }).trim().split("\n");
    const expected = readFileSync(new URL("../data/package-files.txt", import.meta.url), "utf8")
      .trim()
      .split("\n");
    assert.deepEqual(files.map((file) => file.replace(/^package\//, "")).sort(), expected.sort());
  });

  it("has no dependencies at run time and no scripts at installation", () => {
    const manifest = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
    assert.equal(manifest.name, "c1-revoke");
    for (const field of ["dependencies", "peerDependencies", "optionalDependencies", "bundleDependencies"]) {
      assert.deepEqual(Object.keys(manifest[field] ?? {}), [], field);
    }
    for (const script of ["preinstall", "install", "postinstall", "prepare"])
      assert.equal(manifest.scripts?.[script], undefined, script);
  });

  it("passes publint, strict", async () => {
    const { publint } = await import("publint");
    const { formatMessage } = await import("publint/utils");
    const { messages, pkg } = await publint({ pkgDir: installed, pack: false, strict: true, level: "suggestion" });
    assert.deepEqual(
      messages.map((message) => formatMessage(message, pkg)),
      [],
    );
  });

  it("passes attw, with no exception", () => {
    const { status, stdout, stderr } = spawnSync(bin("attw"), [tarball, "--no-color", "--format", "table-flipped"], {
      encoding: "utf8",
    });
    assert.equal(status, 0, stdout + stderr);
  });
});
