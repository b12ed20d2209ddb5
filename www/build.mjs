// Copies the built package into the page's assets, where the page imports it as ./c1-revoke/cdn.js, its form in one file: without a
// bundler, each module more would be a round trip more. Written only when it differs, so that a console which is being served does
// not notice a second build. And links the package into node_modules, where the Worker finds it as any Worker would that has
// installed it.
import { mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const FILE = "cdn.js";
const FROM = fileURLToPath(new URL("../pkg", import.meta.url));
const TO = fileURLToPath(new URL("public/c1-revoke", import.meta.url));

const content = await readFile(join(FROM, FILE), "utf8").catch((error) => {
  if (error.code !== "ENOENT") throw error;
  console.error("The package is not built yet. Run `make build` first.");
  process.exit(1);
});
// What earlier builds left.
for (const name of await readdir(TO).catch(() => [])) {
  if (name !== FILE) await rm(join(TO, name), { recursive: true });
}
if ((await readFile(join(TO, FILE), "utf8").catch(() => null)) !== content) {
  await mkdir(TO, { recursive: true });
  await writeFile(join(TO, FILE), content);
}

const LINK = fileURLToPath(new URL("node_modules/c1-revoke", import.meta.url));
await symlink(join("..", "..", "pkg"), LINK, "dir").catch((error) => {
  if (error.code !== "EEXIST") throw error;
});
