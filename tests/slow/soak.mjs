// `make soak`: 100,000 schedules of bulk runs (BULK_SCHEDULES; suite/bulk-random.js), and then calls without pause to the
// misbehaving server, for 30 minutes (SOAK_MINUTES) at full concurrency (SOAK_CALLS). Every outcome must be the one that the suite
// expects of that behaviour. Prints the outcomes. Exits with 1 if an outcome is unexpected or memory keeps growing.
import { pathToFileURL } from "node:url";
import { app } from "../harness/app.mjs";
import { startHostileServer } from "../harness/hostile-server.mjs";

// Read by the suite when it is loaded.
process.env.BULK_SCHEDULES ??= "100000";
const { endings, SLOW } = await import("../suite/hostile-servers.js");
const { namesFor, runByName } = await import("../suite/all.js");

const MINUTES = Number(process.env.SOAK_MINUTES ?? 30);
const CONCURRENCY = Number(process.env.SOAK_CALLS ?? 64);
const SAMPLES = 10;
/** MiB that the heap may have grown by from the first third of the run to the last. */
const GROWTH = 32;

const expected = endings("node");
for (const behaviour of SLOW) expected.set(behaviour, "RequestTimeoutError");
const behaviours = [...expected.keys()];

const sdk = await import(pathToFileURL(`${app}/import.mjs`));

const outcomes = new Map();
const unexplained = new Map();
const count = (map, key) => map.set(key, (map.get(key) ?? 0) + 1);

const schedules = namesFor("node").filter((name) => name.startsWith("bulk, any schedule"));
for (const name of schedules) {
  const failure = await runByName(name, { sdk, runtime: "node", engine: "node" });
  if (failure) count(unexplained, `${name}: ${failure}`);
}
console.log(`${process.env.BULK_SCHEDULES} schedules of bulk runs: ${unexplained.size} of ${schedules.length} parts failed`);

const server = await startHostileServer();
for (const event of ["uncaughtException", "unhandledRejection"]) {
  process.on(event, (error) => count(unexplained, `${event}: ${error?.stack ?? error}`));
}

const begun = performance.now();
const end = begun + MINUTES * 60_000;
let calls = 0;

async function caller(number) {
  for (let round = number; performance.now() < end; round++) {
    const behaviour = behaviours[round % behaviours.length];
    const client = new sdk.ConductoroneSDKTypescript({
      serverURL: `${server.url}/${behaviour}/soak-${number}`,
      security: { bearerAuth: "t" },
      // Only what never ends may run into it, however slow the machine is.
      timeoutMs: SLOW.includes(behaviour) ? 250 : 120_000,
    });
    const ids = { appId: "a", connectorId: "b", id: `c-${calls++}` };
    const { ok, value, error } = await sdk.connectorRevokeCredential(client, ids);
    const outcome = ok ? value.statusCode : error.name;
    count(outcomes, outcome);
    if (expected.get(behaviour) !== outcome) count(unexplained, `${behaviour}: ${error?.stack ?? outcome}`);
    // Half of them are left to the collector.
    if (round % 2) client.free();
  }
}

const memory = [];
function sample() {
  globalThis.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  const heap = Math.round(heapUsed / 2 ** 20);
  memory.push(heap);
  const seconds = Math.round((performance.now() - begun) / 1000);
  console.log(`${seconds} s: ${calls} calls, heap ${heap} MiB, rss ${Math.round(rss / 2 ** 20)} MiB`);
}
const timer = setInterval(sample, (MINUTES * 60_000) / SAMPLES);
await Promise.all(Array.from({ length: CONCURRENCY }, (_, number) => caller(number)));
clearInterval(timer);
sample();
server.stop();

const third = Math.ceil(memory.length / 3);
const growth = Math.min(...memory.slice(-third)) - Math.max(...memory.slice(0, third));
console.log(`${calls} calls in ${MINUTES} min, ${CONCURRENCY} at a time`);
for (const [outcome, number] of [...outcomes].sort(([, a], [, b]) => b - a)) console.log(`  ${outcome}: ${number}`);
console.log(`heap growth: ${growth} MiB (at most ${GROWTH})`);
console.log(`unexplained outcomes: ${[...unexplained.values()].reduce((sum, number) => sum + number, 0)}`);
for (const [what, number] of unexplained) console.log(`  ${number} × ${what}`);
process.exit(unexplained.size || growth > GROWTH || !calls ? 1 : 0);
