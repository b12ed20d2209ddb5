// The type definitions, by compiling use of them: strict, library files checked too, under every module resolution, with the
// oldest and the newest TypeScript that is supported.
import assert from "node:assert/strict";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { dropIn } from "../harness/app.mjs";
import { compile } from "../harness/tsc.mjs";

const tests = fileURLToPath(new URL("..", import.meta.url));
// Plain `typescript` is the oldest, which typedoc draws on.
const compilers = ["typescript", "typescript-latest"];
const resolutions = [
  { module: "node16", moduleResolution: "node16" },
  { module: "nodenext", moduleResolution: "nodenext" },
  { module: "esnext", moduleResolution: "bundler" },
];

for (const file of ["bulk.ts", "examples.ts", "wrong.ts", "required.cts", "platform.ts"])
  copyFileSync(join(tests, "package", "types", file), join(dropIn, file));

describe("types", () => {
  for (const compiler of compilers) {
    for (const resolution of resolutions) {
      const { moduleResolution } = resolution;
      it(`${compiler}, ${moduleResolution}: documented uses compile, wrong ones do not`, async () => {
        // A bundler's resolution knows no `require`.
        const required = moduleResolution === "bundler" ? [] : ["required.cts"];
        const files = ["bulk.ts", "examples.ts", "wrong.ts", "platform.ts", ...required];
        assert.equal(await compile(dropIn, `${compiler}-${moduleResolution}`, compiler, files, resolution), "");
      });
    }
  }

  const typeRoots = [join(tests, "node_modules", "@types")];
  for (const [platform, options] of Object.entries({
    "@types/node": { lib: ["es2022"], types: ["node"], typeRoots },
    "@cloudflare/workers-types": { lib: ["es2022"], types: [join(tests, "node_modules", "@cloudflare", "workers-types")] },
    none: { lib: ["es2022"] },
  })) {
    it(`with the platform's types from ${platform}`, async () => {
      const complaints = await compile(dropIn, platform.replace(/\W/g, "-"), "typescript-latest", ["platform.ts"], {
        ...resolutions[1],
        ...options,
      });
      assert.equal(complaints, "");
    });
  }
});
