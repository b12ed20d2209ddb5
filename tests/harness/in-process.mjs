// Runs tests of the suite in whichever runtime runs this script: `<runtime> in-process.mjs <entry of the package>`.
// Reads a line { name, context } for each test and writes a line { failure }.
import { createRequire } from "node:module";
import process from "node:process";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { runByName } from "../suite/all.js";
import { contexts } from "./async-local.js";

const [entry] = process.argv.slice(2);
const sdk = entry.endsWith(".cjs") ? createRequire(entry)(entry) : await import(pathToFileURL(entry));

for await (const line of createInterface({ input: process.stdin })) {
  const { name, context } = JSON.parse(line);
  const failure = await runByName(name, { ...context, sdk, contexts });
  process.stdout.write(`${JSON.stringify({ failure: failure ?? null })}\n`);
}
process.exit();
