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
const resolutions = {
  node16: { module: "node16", moduleResolution: "node16" },
  nodenext: { module: "nodenext", moduleResolution: "nodenext" },
  bundler: { module: "esnext", moduleResolution: "bundler" },
};
/** Plain `typescript` is the oldest, which typedoc draws on. In it, "nodenext" is "node16". */
const compilers = { typescript: ["node16", "bundler"], "typescript-latest": Object.keys(resolutions) };

for (const file of ["examples.ts", "wrong.ts", "required.cts", "platform.ts"])
  copyFileSync(join(tests, "package", "types", file), join(dropIn, file));

describe("types", () => {
  for (const [compiler, names] of Object.entries(compilers)) {
    for (const name of names) {
      it(`${compiler}, ${name}: documented uses compile, wrong ones do not`, async () => {
        // A bundler's resolution knows no `require`.
        const files = ["examples.ts", "wrong.ts", "platform.ts", ...(name === "bundler" ? [] : ["required.cts"])];
        assert.equal(await compile(dropIn, `${compiler}-${name}`, compiler, files, resolutions[name]), "");
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
        ...resolutions.nodenext,
        ...options,
      });
      assert.equal(complaints, "");
    });
  }
});
