// `make bench`: compares the package in pkg/ with a hand-written fetch, openapi-fetch and ky; prints the results and writes them to
// docs/benchmarks.md with its pictures. Exits with 1 only if memory grows with the number of calls: that does not depend on the
// machine.
//
// `node tests/bench/run.mjs --only stub-node,bulk --rounds 5` measures only the parts whose names begin so, and writes nothing.
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { arch, cpus, release, totalmem, type } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { picture, themes } from "./picture.mjs";
import { grown, page, sections } from "./report.mjs";
import { installProject, runtimes, startServer, versionOf } from "./runtimes.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const CLIENTS = ["hand-written", "openapi-fetch", "ky", "c1-revoke"];
const WARM_UP = 3;

const { values: options } = parseArgs({ options: { only: { type: "string" }, rounds: { type: "string", default: "15" } } });
const ROUNDS = Number(options.rounds);

/** The figures of each name, one for each round. Each round has another order, so that a disturbance affects all. */
async function inRounds(names, measure) {
  const figures = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(turn + round) % names.length];
      figures[name].push(await measure(name));
    }
  }
  return figures;
}

/** Milliseconds per call, for a task that makes `count` calls. The warm-up is for the engine's compilers. */
const perCall = (names, count, task) => async (runtime) => {
  const measure = async (client) => (await runtime.ask({ ...task, client, count })) / count;
  for (let turn = 0; turn < WARM_UP; turn++) for (const name of names) await measure(name);
  return inRounds(names, measure);
};

/** Milliseconds of a start, in a fresh process or page. */
const startUp = (names) => (runtime) => inRounds(names, runtime.startUp);

/** Memory in bytes after 50,000, and after 100,000. */
async function memory(runtime) {
  const samples = {};
  for (const task of ["calls", "aborted", "items"]) samples[task] = await runtime.ask({ task: "memoryOf", of: task });
  return samples;
}

function sizes() {
  // A size over its budget is an error of the script, but not here.
  const script = [join(root, "pkg", "build", "size.mjs"), "--json"];
  return JSON.parse(spawnSync(process.execPath, script, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }).stdout);
}

/** The first table that the example prints: the means over all servers. */
function simulatedLimits() {
  const cargo = ["run", "--quiet", "--release", "--locked", "--example", "bulk_rates"];
  return execFileSync("cargo", cargo, { cwd: root, encoding: "utf8" }).split("\n\n")[0].trim();
}

const stub = perCall(CLIENTS, 1000, { task: "calls", transport: "stub" });
const loopback = perCall(CLIENTS, 150, { task: "calls", transport: "loopback" });
const bulk = perCall(["hand-written", "c1-revoke", "revokeCredentials"], 1000, { task: "bulk" });
/** What is measured, by name: the runtime, and how. */
const PARTS = {
  size: [undefined, sizes],
  "stub-node": ["node", stub],
  "stub-chromium": ["chromium", stub],
  "stub-workerd": ["workerd", stub],
  "loopback-node": ["node", loopback],
  "loopback-chromium": ["chromium", loopback],
  "bulk-node": ["node", bulk],
  "bulk-chromium": ["chromium", bulk],
  "bulk-workerd": ["workerd", bulk],
  "start-node": ["node", startUp(["empty", ...CLIENTS])],
  "start-chromium": ["chromium", startUp(CLIENTS)],
  "memory-node": ["node", memory],
  "memory-chromium": ["chromium", memory],
  "memory-workerd": ["workerd", memory],
  limits: [undefined, simulatedLimits],
};

function machine() {
  const system = /^PRETTY_NAME="?(.*?)"?$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? type();
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  return `${cpus()[0].model.trim()}, ${cpus().length} cores; ${memory}; ${system} (${type()} ${release()}, ${arch()})`;
}

const wanted = options.only?.split(",") ?? [""];
const chosen = Object.keys(PARTS).filter((part) => wanted.some((beginning) => part.startsWith(beginning)));
if (chosen.length === 0) throw new Error(`--only: no part begins so; there are ${Object.keys(PARTS).join(", ")}`);

installProject();
const server = await startServer();
const results = { parts: {}, versions: new Set(), rounds: ROUNDS, machine: machine() };
const begun = performance.now();
for (const part of chosen) {
  console.error(`${((performance.now() - begun) / 1000).toFixed(0).padStart(4)} s  ${part}`);
  const [name, measure] = PARTS[part];
  const runtime = await runtimes[name]?.(server);
  results.parts[part] = await measure(runtime);
  if (runtime) results.versions.add(runtime.version);
  await runtime?.stop();
}
server.stop();
for (const name of ["c1-revoke", "openapi-fetch", "ky"]) results.versions.add(`${name} ${versionOf(name)}`);

if (options.only === undefined) {
  const docs = join(root, "docs");
  writeFileSync(join(docs, "benchmarks.md"), page(results));
  for (const theme of themes) writeFileSync(join(docs, `benchmarks-${theme}.svg`), picture(results, theme));
}
console.log(sections(results));
for (const { name } of grown(results)) {
  console.error(`Memory grows with the number of calls: ${name}.`);
  process.exitCode = 1;
}
