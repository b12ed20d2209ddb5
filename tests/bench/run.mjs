// `make bench`: the package beside a hand-written fetch, openapi-fetch and ky. Prints tables, writes docs/benchmarks.md, and says
// whether the aims are met. Exits with 1 only when memory grows with the number of calls, which no noise explains.
//
// Contestants take turns in rounds, each round in another order, so that whatever else the machine does strikes all alike. A figure
// is the median of the rounds; a ratio is the median of the rounds' own ratios.
import { mkdirSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { isFlat, report } from "./report.mjs";
import { contestants, installProject, runtimes, startServer, versionOf } from "./runtimes.mjs";

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 15);
const CONCURRENCY = 6;
const BLOCKS = 10;
const BLOCK = 10_000;
const TRANSPORTS = ["stub", "loopback"];
/** What one turn of a contestant is. */
const CALLS = { stub: 500, loopback: 60 };
const BULK = { stub: 1000, loopback: 300 };
const BULK_CONTESTANTS = ["hand-written", "c1-revoke", "revokeCredentials"];

/** Every contestant's figures, one of each round. The rounds before the first are for warming up. */
async function inRounds(names, rounds, measure, warmUp = 0) {
  const figures = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = -warmUp; round < rounds; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(turn + round + names.length) % names.length];
      const figure = await measure(name);
      if (round >= 0) figures[name].push(figure);
    }
  }
  return figures;
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
      const count = CALLS[transport];
      const call = async (contestant) => ((await runtime.ask({ task: "calls", contestant, transport, count })) / count) * 1000;
      figures.call[transport] = await inRounds(contestants, ROUNDS, call, 3);
    }
    for (const transport of TRANSPORTS) {
      say(name, `bulk, ${transport}`);
      const count = BULK[transport];
      const task = { task: "bulk", transport, count, concurrency: CONCURRENCY };
      const bulk = async (contestant) => (count / (await runtime.ask({ ...task, contestant }))) * 1000;
      figures.bulk[transport] = await inRounds(BULK_CONTESTANTS, ROUNDS, bulk, 2);
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
    return await inRounds(contestants, ROUNDS, runtime.startUp, 1);
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

const text = report({
  results,
  load,
  rounds: ROUNDS,
  block: BLOCK,
  concurrency: CONCURRENCY,
  counts: { calls: CALLS, bulk: BULK },
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
