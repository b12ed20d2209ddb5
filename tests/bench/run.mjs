// `make bench`: the package beside a hand-written fetch, openapi-fetch and ky. Prints tables, writes docs/benchmarks.md, and says
// whether the aims are met. Exits with 1 only when memory grows with the number of calls, which no noise explains.
//
// Contestants take turns in rounds, each round in another order, so that whatever else the machine does strikes all alike. A figure
// is the median of the rounds; a ratio is the median of the rounds' own ratios.
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { measureLimits } from "./limits.mjs";
import { isFlat, report } from "./report.mjs";
import { contestants, installProject, runtimes, startServer, versionOf } from "./runtimes.mjs";

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 15);
const CONCURRENCY = 6;
const BLOCKS = 10;
const BLOCK = 10_000;
const TRANSPORTS = ["stub", "loopback"];
/** How long one turn of a contestant is, about, in milliseconds, whatever it gets done in that time. */
const TURN = { calls: 80, bulk: 200 };
const WARM_UP = 3;
/** How many calls are made at once, and in how many rounds: only in Node, where the time for each must not grow with their number. */
const PARALLEL = { counts: [1_000, 10_000, 100_000], rounds: 3, contestants: ["hand-written", "c1-revoke"] };
const BULK_CONTESTANTS = ["hand-written", "c1-revoke", "revokeCredentials"];

/** Every contestant's figures, one of each round. */
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

/** The same for a task that is given a count, in milliseconds for each of them. Warming up tells how many make a turn. */
async function perCall(runtime, names, task) {
  const counts = new Map(names.map((name) => [name, 60]));
  const measure = async (contestant) => {
    const count = counts.get(contestant);
    return (await runtime.ask({ ...task, contestant, count })) / count;
  };
  for (let round = 0; round < WARM_UP; round++)
    for (const name of names) {
      const each = Math.max(await measure(name), 0.001);
      counts.set(name, Math.max(12, Math.round(TURN[task.task] / each)));
    }
  return inRounds(names, ROUNDS, measure);
}

const begun = performance.now();
const say = (runtime, what) =>
  console.error(`${((performance.now() - begun) / 1000).toFixed(0).padStart(4)} s  ${runtime}: ${what}`);

async function measureRuntime(name, server) {
  const runtime = await runtimes[name](server);
  const figures = { version: runtime.version, call: {}, bulk: {} };
  try {
    for (const transport of TRANSPORTS) {
      say(name, `calls, ${transport}`);
      figures.call[transport] = await perCall(runtime, contestants, { task: "calls", transport });
    }
    for (const transport of TRANSPORTS) {
      say(name, `bulk, ${transport}`);
      const task = { task: "bulk", transport, concurrency: CONCURRENCY };
      figures.bulk[transport] = await perCall(runtime, BULK_CONTESTANTS, task);
    }
    if (name !== "Chromium") figures.limits = await measureLimits(runtime, (what) => say(name, what));
    if (name === "Node") {
      figures.parallel = {};
      for (const count of PARALLEL.counts) {
        say(name, `${count} parallel calls`);
        figures.parallel[count] = await inRounds(PARALLEL.contestants, PARALLEL.rounds, async (contestant) => {
          return (await runtime.ask({ task: "parallel", contestant, count })) / count;
        });
      }
    }
    say(name, "100,000 calls, and items");
    figures.calls = await runtime.ask({ task: "manyCalls", blocks: BLOCKS, count: BLOCK });
    figures.items = await runtime.ask({ task: "manyItems", blocks: BLOCKS, count: BLOCK, concurrency: CONCURRENCY });
  } finally {
    await runtime.stop();
  }
  return figures;
}

/** After all else is over, that the machine be quiet. */
async function measureStartUp(name, server) {
  say(name, "start-up");
  const runtime = await runtimes[name](server);
  try {
    return await inRounds(contestants, ROUNDS, runtime.startUp);
  } finally {
    await runtime.stop();
  }
}

const [load] = loadavg();
installProject();
const server = await startServer();
const results = {};
for (const name of Object.keys(runtimes)) results[name] = await measureRuntime(name, server);
for (const name of Object.keys(runtimes)) results[name].startUp = await measureStartUp(name, server);
server.stop();
say("native", "simulated limits");
const root = fileURLToPath(new URL("../..", import.meta.url));
const simulated = execFileSync("cargo", ["run", "--quiet", "--release", "--locked", "--example", "bulk_rates"], {
  cwd: root,
  encoding: "utf8",
});

const text = report({
  results,
  simulated,
  load,
  rounds: ROUNDS,
  block: BLOCK,
  concurrency: CONCURRENCY,
  turn: TURN,
  versions: [
    ...Object.values(results).map(({ version }) => version),
    ...["c1-revoke", "openapi-fetch", "ky"].map((name) => `${name} ${versionOf(name)}`),
  ],
  minutes: (performance.now() - begun) / 60_000,
});
const docs = fileURLToPath(new URL("../../docs/", import.meta.url));
mkdirSync(docs, { recursive: true });
writeFileSync(`${docs}benchmarks.md`, text);
console.log(text);
if (!isFlat(results)) {
  console.error("memory grows with the number of calls");
  process.exitCode = 1;
}
