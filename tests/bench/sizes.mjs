// The download sizes that pkg/build/size.mjs measures, by client.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** How the names begin in pkg/build/size.mjs. */
const NAMES = {
  "hand-written": "hand-written fetch",
  "openapi-fetch": "openapi-fetch",
  ky: "ky",
  "c1-revoke": "browser bundle",
  "c1-revoke Worker": "Worker",
  "official function": "official SDK: a function",
  "official class": "official SDK: the class",
};

export function sizeOf(sizes, id) {
  const size = sizes.find(({ name }) => name.startsWith(NAMES[id]));
  if (!size) throw new Error(`pkg/build/size.mjs has no row that begins with "${NAMES[id]}"`);
  return size;
}

/** Measures all sizes. A size over its budget is no error here: the page shows it. */
export function measureSizes() {
  const script = fileURLToPath(new URL("../../pkg/build/size.mjs", import.meta.url));
  const { stdout, stderr } = spawnSync(process.execPath, [script, "--json"], { encoding: "utf8" });
  try {
    return JSON.parse(stdout);
  } catch {
    throw new Error(`pkg/build/size.mjs failed: ${stderr}`);
  }
}
