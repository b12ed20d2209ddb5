// `make bench`: compares the package with a hand-written fetch, openapi-fetch and ky. Stores the results in target/bench.json, writes
// docs/benchmarks.md with its pictures and docs/bulk-rates.md, and prints the page. Exits with 1 only if memory grows with the number
// of calls: that does not depend on the machine.
//
// `node tests/bench/run.mjs --report` writes the documents again from target/bench.json, without measuring.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { arch, cpus, release, totalmem, type } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { memoryIsFlat } from "./aims.mjs";
import { measureLimits } from "./limits.mjs";
import { BUSY, otherLoad } from "./load.mjs";
import { picture, themes } from "./picture.mjs";
import { benchmarksPage, bulkRatesPage } from "./report.mjs";
import { clients, installProject, runtimes, startServer, versionOf } from "./runtimes.mjs";
import { measureSizes } from "./sizes.mjs";
import { one } from "./statistics.mjs";

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 15);
const CONCURRENCY = 6;
const BLOCKS = 10;
const BLOCK = 10_000;
const TRANSPORTS = ["stub", "loopback"];
/** About how long one turn of a client takes, in milliseconds, however many calls that is. */
const TURN = { calls: 80, bulk: 200 };
const WARM_UP = 3;
/** The numbers of parallel calls, measured in Node. A larger number needs fewer rounds. */
const PARALLEL = [
  { count: 1_000, rounds: 9 },
  { count: 10_000, rounds: 3 },
  { count: 100_000, rounds: 1 },
];
const PARALLEL_CLIENTS = ["hand-written", "c1-revoke"];
const BULK_CLIENTS = ["hand-written", "c1-revoke", "revokeCredentials"];

const root = fileURLToPath(new URL("../..", import.meta.url));
const RESULTS = join(root, "target", "bench.json");

const begun = performance.now();
const say = (runtime, what) =>
  console.error(`${((performance.now() - begun) / 1000).toFixed(0).padStart(4)} s  ${runtime}: ${what}`);

/** The figures of each client, one for each round. */
async function inRounds(names, rounds, measure) {
  const figures = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(turn + round) % names.length];
      figures[name].push(await measure(name));
    }
  }
  return figures;
}

/** The same for a task that gets a count, in milliseconds per call. The warm-up finds out how many calls make a turn. */
async function perCall(runtime, names, task) {
  const counts = new Map(names.map((name) => [name, 60]));
  const measure = async (client) => {
    const count = counts.get(client);
    return (await runtime.ask({ ...task, client, count })) / count;
  };
  for (let round = 0; round < WARM_UP; round++)
    for (const name of names) {
      const each = Math.max(await measure(name), 0.001);
      counts.set(name, Math.max(12, Math.round(TURN[task.task] / each)));
    }
  return inRounds(names, ROUNDS, measure);
}

async function measureRuntime(name, server) {
  const runtime = await runtimes[name](server);
  const figures = { version: runtime.version, call: {}, bulk: {} };
  try {
    for (const transport of TRANSPORTS) {
      say(name, `calls, ${transport}`);
      figures.call[transport] = await perCall(runtime, clients, { task: "calls", transport });
    }
    for (const transport of TRANSPORTS) {
      say(name, `bulk runs, ${transport}`);
      const task = { task: "bulk", transport, concurrency: CONCURRENCY };
      figures.bulk[transport] = await perCall(runtime, BULK_CLIENTS, task);
    }
    if (name !== "Chromium") figures.limits = await measureLimits(runtime, (what) => say(name, what));
    say(name, "memory over 100,000 calls and items");
    figures.calls = await runtime.ask({ task: "manyCalls", blocks: BLOCKS, count: BLOCK });
    figures.items = await runtime.ask({ task: "manyItems", blocks: BLOCKS, count: BLOCK, concurrency: CONCURRENCY });
    // After the memory: many calls at once leave the wasm memory large.
    if (name === "Node") {
      figures.parallel = {};
      for (const { count, rounds } of PARALLEL) {
        say(name, `${count.toLocaleString("en")} parallel calls`);
        figures.parallel[count] = await inRounds(PARALLEL_CLIENTS, rounds, async (client) => {
          return (await runtime.ask({ task: "parallel", client, count })) / count;
        });
      }
    }
  } finally {
    await runtime.stop();
  }
  return figures;
}

/** The times until a client exists, where the runtime measures that, and until the response of its first call. */
async function measureStartUp(name, server) {
  say(name, "start-up");
  const runtime = await runtimes[name](server);
  try {
    // What an empty module takes is the reference for the time until a client exists, in Node.
    const names = name === "Node" ? ["empty", ...clients] : clients;
    const starts = await inRounds(names, ROUNDS, runtime.startUp);
    const times = (until, of) => Object.fromEntries(of.map((client) => [client, starts[client].map((start) => start[until])]));
    return { ...(name === "Node" ? { firstClient: times("firstClient", names) } : {}), firstCall: times("firstCall", clients) };
  } finally {
    await runtime.stop();
  }
}

function simulate() {
  say("native", "simulated rate limits");
  const args = ["run", "--quiet", "--release", "--locked", "--example", "bulk_rates"];
  return execFileSync("cargo", args, { cwd: root, encoding: "utf8" });
}

function machine() {
  const [cpu] = cpus();
  let system = type();
  try {
    system = /^PRETTY_NAME="?(.*?)"?$/m.exec(readFileSync("/etc/os-release", "utf8"))[1];
  } catch {
    // Only Linux has this file.
  }
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  return `${cpu.model.trim()}, ${cpus().length} cores; ${memory}; ${system} (${type()} ${release()}, ${arch()})`;
}

function commit() {
  try {
    return execFileSync("git", ["describe", "--always", "--dirty"], { encoding: "utf8", cwd: root }).trim();
  } catch {
    return "unknown";
  }
}

/** Starts each runtime once, so that one that does not work fails the benchmark before minutes of measuring. */
async function checkRuntimes(server) {
  for (const [name, start] of Object.entries(runtimes)) {
    say(name, "starts");
    const runtime = await start(server);
    try {
      await runtime.ask({ task: "nothing" });
    } finally {
      await runtime.stop();
    }
  }
}

async function measure() {
  // First what can fail, and what does not depend on the load of the machine.
  installProject();
  const sizes = measureSizes();
  const simulation = simulate();
  const server = await startServer();
  await checkRuntimes(server);
  const load = await otherLoad(3000);
  if (load > BUSY) {
    console.error(
      `WARNING: other programs use ${one(load)} processor cores. The times will not be reliable, and the page will say so.`,
    );
  }
  const measured = {};
  for (const name of Object.keys(runtimes)) measured[name] = await measureRuntime(name, server);
  // Last, when no other process of the benchmark is left.
  for (const name of Object.keys(runtimes)) measured[name].startUp = await measureStartUp(name, server);
  server.stop();
  const versions = [
    ...Object.values(measured).map(({ version }) => version),
    ...["c1-revoke", "openapi-fetch", "ky"].map((name) => `${name} ${versionOf(name)}`),
  ];
  const minutes = (performance.now() - begun) / 60_000;
  const settings = { rounds: ROUNDS, block: BLOCK, concurrency: CONCURRENCY, turn: TURN };
  const conditions = { commit: commit(), machine: machine(), versions, load, minutes };
  return { ...conditions, ...settings, sizes, runtimes: measured, simulation };
}

function writeDocuments(results) {
  const docs = join(root, "docs");
  const page = benchmarksPage(results);
  writeFileSync(join(docs, "benchmarks.md"), page);
  writeFileSync(join(docs, "bulk-rates.md"), bulkRatesPage(results));
  for (const theme of themes) writeFileSync(join(docs, `benchmarks-${theme}.svg`), picture(results, theme));
  return page;
}

const { values: options } = parseArgs({ options: { report: { type: "boolean" } } });
if (!options.report) {
  mkdirSync(join(root, "target"), { recursive: true });
  writeFileSync(RESULTS, JSON.stringify(await measure(), null, 1));
}
// Read again, so that `--report` gives the same documents.
const results = JSON.parse(readFileSync(RESULTS, "utf8"));
console.log(writeDocuments(results));
if (!memoryIsFlat(results)) {
  console.error("Memory grows with the number of calls.");
  process.exitCode = 1;
}
