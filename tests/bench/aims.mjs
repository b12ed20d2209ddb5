// The aims of the project for size, speed and memory, and whether the results meet them.
import { CASES } from "./limits.mjs";
import { sizeOf } from "./sizes.mjs";
import { difference, kilobytes, mebibytes, median, one, percent, ratio, signed, two } from "./statistics.mjs";

/** Bytes, gzip. */
const SIZE = { bundle: 48_000, worker: 46_000 };
/** Times a hand-written call. */
const CALL = { stub: 2.5, loopback: 1.15 };
/** Milliseconds to import the package and create a client in Node, more than an empty module takes. */
const FIRST_CLIENT = 10;
/** The time of a bulk run, relative to a pool of `revokeCredential`. */
const BULK = 1.6;
/** The time of one call among 100,000 in parallel, relative to one among 1,000. */
const PARALLEL = 2;
/** The time of the last 30,000 of 100,000 calls, relative to the first 30,000. */
const LINEAR = 1.1;
/**
 * How the last sample of memory may differ from an early one, in MiB: for calls, from that after 10,000; for items, from that after
 * 40,000, when the bulk run's list of recent items is full. That list is in wasm memory, where small items leave gaps. A leak, or
 * collected results, would take tens of MiB.
 */
export const MEMORY = { calls: { early: 0, heap: 1, wasm: 0 }, items: { early: 3, heap: 1, wasm: 1 } };

/** The fastest of some blocks: other programs on the machine can only slow a block down. */
const fastest = (samples) => Math.min(...samples.map(({ time }) => time));
/** The times of the first and the last three blocks. */
export const thirds = (samples) => [fastest(samples.slice(0, 3)), fastest(samples.slice(-3))];

/** How much heap and wasm memory grow, in MiB. A runtime may not expose the size of its heap. */
function growth(samples, early) {
  const [from, to] = [samples[early], samples.at(-1)];
  const grown = (kind) => (typeof to[kind] === "number" ? mebibytes(to[kind] - from[kind]) : undefined);
  return { heap: grown("heap"), wasm: grown("wasm") };
}

/** Why an aim may be missed, as far as it is known. */
const REASONS = {
  size: "It contains OAuth, bulk runs and redaction, built on general crates. Clear code came before size.",
  stub:
    "The core reads and sets each value of a request and a response by a call from wasm to JavaScript, about 200 for each revocation. " +
    "Where the runtime's own `Request` and `Response` are fast, these calls weigh more.",
  loopback:
    "The same extra time as over the stub, relative to a server on the same machine. A real network takes many times as long.",
  firstClient: "The first client decodes and compiles the wasm. `ready()` does it earlier.",
  bulk: "A bulk run also checks for duplicates, measures the rate, and counts results.",
  limit:
    "Without rate-limit headers, only a 429 shows where the limit is, and each costs a pause. In a list of 2,000 items the first " +
    "pauses weigh much.",
  noise: "No reason is known. It varies from run to run: repeat the benchmark.",
  memory: "No reason is known: look for a leak.",
};

function sizeAims({ sizes }) {
  const aim = (what, id, limit) => {
    const { gzip } = sizeOf(sizes, id);
    return { what, limit: `≤ ${kilobytes(limit)}`, measured: kilobytes(gzip), met: gzip <= limit, reason: REASONS.size };
  };
  return [
    aim("Browser bundle, gzip", "c1-revoke", SIZE.bundle),
    aim("Worker module and wasm, gzip", "c1-revoke Worker", SIZE.worker),
  ];
}

function callAims(runtime, { call }) {
  return Object.entries(CALL).map(([transport, limit]) => {
    const factor = ratio(call[transport], "c1-revoke");
    return {
      what: `A call over ${transport === "stub" ? "a stub" : transport}, times hand-written`,
      runtime,
      limit: `≤ ${limit}`,
      measured: two(factor),
      met: factor <= limit,
      reason: REASONS[transport],
    };
  });
}

function bulkAim(runtime, { bulk }) {
  const factor = ratio(bulk.stub, "revokeCredentials", "c1-revoke");
  return {
    what: "A bulk run over a stub, times a pool of `revokeCredential`",
    runtime,
    limit: `≤ ${BULK}`,
    measured: two(factor),
    met: factor <= BULK,
    reason: REASONS.bulk,
  };
}

function limitAims(runtime, { limits = {} }) {
  return Object.entries(limits).map(([server, clients]) => {
    const { aim, limit } = CASES[server];
    const { rate, used, wasted } = clients.revokeCredentials;
    const what = `A bulk run against ${server}`;
    if (aim.throughput !== undefined) {
      const factor = rate / clients["naive pool"].rate;
      return {
        what: `${what}: throughput, times a naive pool`,
        runtime,
        limit: `≥ ${aim.throughput}`,
        measured: two(factor),
        met: factor >= aim.throughput,
        reason: REASONS.noise,
      };
    }
    return {
      what: `${what}: limit used, requests refused`,
      runtime,
      limit: `≥ ${aim.used * 100} %, ≤ ${aim.wasted * 100} %`,
      measured: `${percent(used)}, ${percent(wasted)}`,
      met: used >= aim.used && wasted <= aim.wasted,
      reason: limit.headers ? REASONS.noise : REASONS.limit,
    };
  });
}

function firstClientAim(runtime, { startUp: { firstClient } }) {
  if (!firstClient) return [];
  const over = difference(firstClient, "c1-revoke", "empty");
  return {
    what: "Import and first client, ms more than an empty module",
    runtime,
    limit: `≤ ${FIRST_CLIENT}`,
    measured: one(over),
    met: over <= FIRST_CLIENT,
    reason: REASONS.firstClient,
  };
}

function parallelAim(runtime, { parallel }) {
  if (!parallel) return [];
  const each = Object.values(parallel).map((figures) => median(figures["c1-revoke"]));
  const growth = each.at(-1) / each[0];
  return {
    what: "One of 100,000 parallel calls, times one of 1,000",
    runtime,
    limit: `≤ ${PARALLEL}`,
    measured: two(growth),
    met: growth <= PARALLEL,
    reason: REASONS.noise,
  };
}

function linearAim(runtime, result) {
  const factors = Object.keys(MEMORY).map((kind) => {
    const [first, last] = thirds(result[kind]);
    return last / first;
  });
  const factor = Math.max(...factors);
  return {
    what: "100,000 calls and items: time of the last 30,000, times the first",
    runtime,
    limit: `≤ ${LINEAR}`,
    measured: two(factor),
    met: factor <= LINEAR,
    reason: REASONS.noise,
  };
}

function memoryAims(runtime, result) {
  return Object.entries(MEMORY).map(([kind, { early, heap, wasm }]) => {
    const grown = growth(result[kind], early);
    const show = (name) => (grown[name] === undefined ? `${name} unknown` : `${name} ${signed(grown[name])}`);
    const from = `${early + 1}0,000`;
    return {
      what: `Memory after 100,000 ${kind === "calls" ? "calls" : "items of a bulk run"}, MiB more than after ${from}`,
      runtime,
      limit: `heap ≤ ${heap}, wasm ${wasm === 0 ? 0 : `≤ ${wasm}`}`,
      measured: `${show("heap")}, ${show("wasm")}`,
      met: !(grown.heap > heap) && grown.wasm <= wasm,
      reason: REASONS.memory,
    };
  });
}

/** Whether memory stays constant in all runtimes. */
export const memoryIsFlat = ({ runtimes }) =>
  Object.entries(runtimes).every(([runtime, result]) => memoryAims(runtime, result).every(({ met }) => met));

/** All aims. Those of several runtimes have the same `what`. */
export function aims(data) {
  const each = (aimsOf) => Object.entries(data.runtimes).flatMap(([runtime, result]) => aimsOf(runtime, result));
  return [
    ...sizeAims(data),
    ...each(callAims),
    ...each(firstClientAim),
    ...each(bulkAim),
    ...each(limitAims),
    ...each(parallelAim),
    ...each(linearAim),
    ...each(memoryAims),
  ];
}
