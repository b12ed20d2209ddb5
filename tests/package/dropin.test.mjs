// Installed in the official SDK's place, every import path that existing code uses gives what it should, by import and by require.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { describe, it } from "node:test";
import { app, dropIn } from "../harness/app.mjs";
import { withoutRequireOfModules } from "../harness/runtimes.mjs";

const NAME = "conductorone-sdk-typescript";
const ERRORS = [
  "ConductoroneSDKTypescriptError",
  "SDKError",
  "ResponseValidationError",
  "SDKValidationError",
  "HTTPClientError",
  "ConnectionError",
  "RequestTimeoutError",
  "RequestAbortedError",
  "InvalidRequestError",
  "UnexpectedClientError",
];

/** These paths, and the same with this end. */
const alsoWith = (end, paths) =>
  Object.entries(paths).flatMap(([path, names]) => [path, path + end].map((each) => [each, names]));
/** Each path, and the names with a value at run time that it gives (types have none). */
const PATHS = Object.fromEntries([
  [".", ["ConductoroneSDKTypescript", "ServerList"]],
  ...alsoWith(".js", {
    "./core": ["ConductoroneSDKTypescriptCore"],
    "./funcs/connectorRevokeCredential": ["connectorRevokeCredential"],
    "./lib/http": ["HTTPClient"],
    "./lib/config": ["ServerList"],
    "./lib/retries": [],
    "./lib/sdks": [],
  }),
  ...alsoWith("/index.js", {
    "./sdk/models/errors": ERRORS,
    "./sdk/models/operations": [],
    "./sdk/models/shared": [],
    "./sdk/types": [],
  }),
]);

/** What a module prints in a project. */
const printed = (project, script, flags = []) =>
  execFileSync(process.execPath, [...flags, "--input-type=module", "--eval", script], { cwd: project, encoding: "utf8" }).trim();

const REQUIRE = 'import { createRequire } from "node:module"; const require = createRequire(process.cwd() + "/x.js");';

/** What each path gives, as Node sees it from a project: `{ path: [names] }`. */
function inNode(project, name, kind, flags) {
  const specifiers = Object.keys(PATHS).map((path) => path.replace(".", name));
  const script = `${REQUIRE}
    const given = {};
    for (const s of ${JSON.stringify(specifiers)}) given[s] = Object.keys(${kind === "import" ? "await import(s)" : "require(s)"});
    console.log(JSON.stringify(given));`;
  return JSON.parse(printed(project, script, flags));
}

describe("drop-in", () => {
  for (const [project, name] of [
    [dropIn, NAME],
    [app, "c1-revoke"],
  ]) {
    for (const [how, kind, flags] of [
      ["import", "import"],
      ["require", "require"],
      ["require, as CommonJS", "require", withoutRequireOfModules()],
    ]) {
      it(`every path of ${name} resolves by ${how}`, () => {
        const given = inNode(project, name, kind, flags);
        for (const [path, names] of Object.entries(PATHS)) {
          const found = given[path.replace(".", name)];
          for (const expected of names) assert.ok(found.includes(expected), `${path} lacks ${expected}: ${found}`);
        }
      });
    }
  }

  it("import and require give the same classes", () => {
    const script = `${REQUIRE}
      for (const [path, name] of [["", "ConductoroneSDKTypescript"], ["/sdk/models/errors", "SDKError"]])
        console.log((await import("${NAME}" + path))[name] === require("${NAME}" + path)[name]);`;
    assert.equal(printed(dropIn, script), "true\ntrue");
  });

  it("nothing happens on import: wasm is compiled for the first client, and only for the first", () => {
    const script = `
      const calls = [];
      for (const name of ["compile", "instantiate", "Module", "Instance"]) {
        const original = WebAssembly[name];
        WebAssembly[name] = new Proxy(original, {
          apply: (f, self, args) => (calls.push(name), Reflect.apply(f, self, args)),
          construct: (f, args) => (calls.push(name), Reflect.construct(f, args)),
        });
      }
      const { ConductoroneSDKTypescript } = await import("${NAME}");
      const counts = [calls.length];
      new ConductoroneSDKTypescript();
      counts.push(calls.length > 0);
      const first = calls.length;
      new ConductoroneSDKTypescript();
      console.log(...counts, calls.length - first);`;
    assert.equal(printed(dropIn, script), "0 true 0");
  });

  it("where only CommonJS can be required, cjs/ is", () => {
    const output = printed(dropIn, `${REQUIRE} console.log(require.resolve("${NAME}"));`, withoutRequireOfModules());
    assert.equal(output, join(dropIn, "node_modules", NAME, "cjs", "index.js"));
  });

  it("what is not a path of the package does not resolve", () => {
    const { resolve } = createRequire(join(dropIn, "x.js"));
    for (const path of ["./dist/glue.js", "./runtime.js", "./nothing"]) {
      assert.throws(() => resolve(path.replace(".", NAME)), { code: "ERR_PACKAGE_PATH_NOT_EXPORTED" });
    }
  });
});
