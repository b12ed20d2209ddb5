// Puts into page/public/vendor what the page needs besides its own files: the built package in one file (without a bundler, each module
// would be one more round trip), and lib/list.js and lib/report.js with Papa Parse in one file. And links the package into node_modules, where the
// Workers find it as if it were installed.
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));
const vendor = join(here, "page", "public", "vendor");

const [c1Revoke, licence] = await Promise.all([
  readFile(join(here, "..", "pkg", "cdn.js"), "utf8").catch((error) => {
    if (error.code !== "ENOENT") throw error;
    console.error("The package is not built yet. Run `make build` first.");
    process.exit(1);
  }),
  readFile(join(here, "node_modules", "papaparse", "LICENSE"), "utf8"),
]);
const { outputFiles } = await build({
  stdin: {
    contents: 'export { readList } from "./lib/list.js"; export { toCsv, toJsonLines } from "./lib/report.js";',
    resolveDir: here,
  },
  bundle: true,
  write: false,
  format: "esm",
  target: "es2022",
  minify: true,
  legalComments: "none",
  banner: { js: `/* With Papa Parse:\n${licence}*/` },
});

await mkdir(vendor, { recursive: true });
for (const [name, content] of [
  ["c1-revoke.js", c1Revoke],
  ["lists.js", outputFiles[0].text],
]) {
  const file = join(vendor, name);
  // A page that is being served does not notice a build that changes nothing.
  if ((await readFile(file, "utf8").catch(() => null)) !== content) await writeFile(file, content);
}

const link = join(here, "node_modules", "c1-revoke");
await symlink(join("..", "..", "pkg"), link, "dir").catch((error) => {
  if (error.code !== "EEXIST") throw error;
});
