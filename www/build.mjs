// Copies the built package into the page's assets, where the page imports it as ./c1-revoke/index.js: that module and what it
// imports, as they ship. Only what differs is written, so that a console which is being served does not notice a second build.
// And links the package into node_modules, where the Worker finds it as any Worker would that has installed it.
import { mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const FROM = fileURLToPath(new URL("../pkg", import.meta.url));
const TO = fileURLToPath(new URL("public/c1-revoke", import.meta.url));
const IMPORT = /\b(?:from|import)\s*"(\.[^"]+)"/g;

/** Reads a module, and all that it imports, into `modules`: paths in the package and their contents. */
async function collect(path, modules = new Map()) {
  if (modules.has(path)) return modules;
  const content = await readFile(join(FROM, path), "utf8");
  modules.set(path, content);
  for (const [, target] of content.matchAll(IMPORT)) await collect(normalize(join(dirname(path), target)), modules);
  return modules;
}

const modules = await collect("index.js").catch((error) => {
  if (error.code !== "ENOENT") throw error;
  console.error("The package is not built yet. Run `make build` first.");
  process.exit(1);
});

const there = await readdir(TO, { recursive: true }).catch(() => []);
for (const path of there) {
  if (path.endsWith(".js") && !modules.has(path)) await rm(join(TO, path));
}
for (const [path, content] of modules) {
  const target = join(TO, path);
  if ((await readFile(target, "utf8").catch(() => null)) === content) continue;
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, content);
}

const LINK = fileURLToPath(new URL("node_modules/c1-revoke", import.meta.url));
await symlink(join("..", "..", "pkg"), LINK, "dir").catch((error) => {
  if (error.code !== "EEXIST") throw error;
});
