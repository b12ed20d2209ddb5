// SECURITY.md says what is: every test that it names exists, and the crates of the shipped wasm are those that it lists.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import ts from "typescript";
import { tests } from "../suite/registry.js";

const repository = fileURLToPath(new URL("../..", import.meta.url));
const text = readFileSync(join(repository, "SECURITY.md"), "utf8");

/** The names of the tests that run, of those that a file registers by calling `it` or `test`; of a template, what it begins with. */
function calledIn(source) {
  const names = [];
  const isOff = (node) =>
    ts.isObjectLiteralExpression(node) && node.properties.some(({ name }) => ["skip", "todo"].includes(name?.getText()));
  const visit = (node) => {
    if (ts.isCallExpression(node) && ["it", "test"].includes(node.expression.getText()) && !node.arguments.some(isOff)) {
      const [name] = node.arguments;
      if (name && ts.isStringLiteralLike(name)) names.push(name.text);
      else if (name && ts.isTemplateExpression(name)) names.push(name.head.text.trimEnd());
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile("tests.mjs", source, ts.ScriptTarget.Latest, true, ts.ScriptKind.JS));
  return names;
}

/** The names of a file's tests: the suite's are registered as the suite itself does it. */
async function testsIn(file) {
  const path = join(repository, file);
  assert.ok(existsSync(path), `${file} is not there`);
  const source = readFileSync(path, "utf8");
  if (file.endsWith(".rs")) return [...source.matchAll(/^#\[test\]\nfn (\w+)/gm)].map(([, name]) => name);
  if (!file.startsWith("tests/suite/")) return calledIn(source);
  if (!suiteTests.has(file)) {
    const before = tests.length;
    await import(pathToFileURL(path));
    suiteTests.set(
      file,
      tests.slice(before).map(({ name }) => name),
    );
  }
  return suiteTests.get(file);
}
/** The names of tests, by file of the suite: it registers them once, when it is imported first. */
const suiteTests = new Map();

describe("SECURITY.md", () => {
  it("names tests that exist, and run", async () => {
    const rows = [...text.matchAll(/\| `(tests\/[^`]+)`: ?(.*?) ?\|$/gm)];
    assert.ok(rows.length > 10);
    for (const [, file, name] of rows) {
      const names = await testsIn(file);
      // A test in several parts is named without their numbers.
      const found = name !== "" && names.some((other) => other === name || other.startsWith(`${name} (`));
      assert.ok(found, `${file} has no test "${name}"`);
    }
  });

  it("is not satisfied by comments, tests that are skipped, or parts of names", () => {
    const source = `
      // it("in a comment", () => {});
      /* it("in a block", () => {}); */
      const text = 'it("in a string", () => {})';
      it.skip("skipped", () => {});
      it.todo("to do");
      it("skipped by an option", { skip: true }, () => {});
      it("to do by an option", { todo: "later" }, () => {});
      it("there", () => {});
      it(\`there, too (\${part})\`, () => {});`;
    assert.deepEqual(calledIn(source), ["there", "there, too ("]);
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
