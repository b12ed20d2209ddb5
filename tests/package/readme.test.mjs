// The code that readers copy: every block of JavaScript in the READMEs is one of the examples, which are run, or else compiles, as
// do the examples in doc comments. And the sizes in pkg/README.md are those that `make size` prints.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { app } from "../harness/app.mjs";
import { compile } from "../harness/tsc.mjs";

const repository = fileURLToPath(new URL("../..", import.meta.url));
const read = (file) => readFileSync(join(repository, file), "utf8");
const fragments = join(app, "fragments");

/** Blocks of code marked as JavaScript or TypeScript. */
const blocksOf = (text) => [...text.matchAll(/^```(?:js|ts|javascript|typescript)\n(.*?)^```$/gms)].map(([, code]) => code);
const withoutStars = (text) => text.replaceAll(/^ *\* ?/gm, "");

const shown = ["page/page.js", "proxy.js", "worker.js", "node.mjs", "oauth.mjs"];
const examples = new Set([...shown, "bulk.mjs"].map((file) => read(`examples/${file}`)));
const readmes = ["README.md", "pkg/README.md"];
const types = readdirSync(join(repository, "pkg"), { recursive: true })
  .filter((file) => file.endsWith(".d.ts") && !/^(build|cjs)\//.test(file))
  .map((file) => `pkg/${file}`);

describe("code in documentation", () => {
  it("pkg/README.md shows the examples of a page, a proxy, a Worker, Node and an API key as they are run", () => {
    const blocks = blocksOf(read("pkg/README.md"));
    for (const file of shown) assert.ok(blocks.includes(read(`examples/${file}`)), `${file} is not in it`);
  });

  it("every other block compiles against the package", async () => {
    mkdirSync(fragments, { recursive: true });
    copyFileSync(join(repository, "tests/package/types/fragments.d.ts"), join(fragments, "fragments.d.ts"));
    const files = ["fragments/fragments.d.ts"];
    for (const source of [...readmes, ...types]) {
      const text = source.endsWith(".ts") ? withoutStars(read(source)) : read(source);
      for (const [i, code] of blocksOf(text).entries()) {
        if (examples.has(code)) continue;
        const file = `${source.replaceAll(/\W/g, "-")}-${i}.ts`;
        // A module, whatever it imports, so that its names are its own.
        writeFileSync(join(fragments, file), `export {};\n${code}`);
        files.push(`fragments/${file}`);
      }
    }
    assert.ok(files.length > 5, "hardly any block was found");
    assert.equal(await compile(app, "fragments", "typescript-latest", files, { module: "nodenext" }), "");
  });
});

describe("sizes", () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["size.mjs"], {
    cwd: join(repository, "pkg", "build"),
    encoding: "utf8",
  });

  it("are within the budgets: 67.5 KB gzip as a browser bundle, 64.75 KB for a Worker", () => {
    assert.equal(status, 0, stderr);
    const budgets = [...stdout.matchAll(/^\S.*? {2,}\d+ +(\d+) +\d+ +(\d+)$/gm)].map(([, gzip, budget]) =>
      [gzip, budget].map(Number),
    );
    assert.deepEqual(
      budgets.map(([, budget]) => budget),
      [67_500, 64_750],
    );
    assert.ok(budgets.every(([gzip, budget]) => gzip <= budget));
  });

  it("in pkg/README.md are those of this build, in KB, give or take 0.3", () => {
    const measured = new Map([...stdout.matchAll(/^(\S.*?) {2,}\d+ +(\d+)/gm)].map(([, name, gzip]) => [name, gzip / 1000]));
    const section = /^## Sizes$(.*?)^## /ms.exec(read("pkg/README.md"))[1];
    const rows = [...section.matchAll(/^\| (\S.*?) \| ([\d.]+) \|$/gm)];
    assert.ok(rows.length >= 4);
    for (const [, name, stated] of rows) {
      const size = measured.get(name);
      assert.ok(Math.abs(stated - size) <= 0.3, `${name}: ${stated} KB in pkg/README.md, ${size} measured by \`make size\``);
    }
  });
});
