// What the benchmark has measured, as text: tables of medians and ratios, the aims, the machine.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { arch, cpus, release, totalmem, type } from "node:os";
import { CASES } from "./limits.mjs";

const REFERENCE = "hand-written";
/** MiB that the heap may grow by over 90,000 calls, or 60,000 items: collecting results, or a leak, would take tens. */
const GROWTH = 1;
const AIMS = { call: { stub: 2.5, loopback: 1.15 }, startUp: 10, bulk: 0.95, linear: 1.1, parallel: 2 };
/** More than this runs beside the benchmark (1 is one core), and nothing can be told from its figures. */
const BUSY = 0.5;

export function median(figures) {
  const sorted = [...figures].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** One contestant's figures against another's, round by round: their ratios, or differences. */
const paired = (figures, name, reference, compare) =>
  median(figures[name].map((figure, i) => compare(figure, figures[reference][i])));
const ratio = (figures, name, reference = REFERENCE) => paired(figures, name, reference, (a, b) => a / b);
const throughput = (figures, name) => 1 / ratio(figures, name);
const difference = (figures, name, reference = REFERENCE) => paired(figures, name, reference, (a, b) => a - b);

const fixed = (digits) => (value) => (value === undefined ? "–" : value.toFixed(digits));
const one = fixed(1);
const two = fixed(2);
const percent = (share) => `${one(share * 100)} %`;
const whole = (value) => Math.round(value).toLocaleString("en");
const mib = (bytes) => (bytes === undefined || bytes === null ? undefined : bytes / 2 ** 20);

/** A Markdown table that can be read as it is, too. */
function table(head, rows) {
  const cells = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  const line = (row) => `| ${row.map((cell, i) => (i > 1 ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))).join(" | ")} |`;
  const rule = `|${widths.map((width, i) => (i > 1 ? `${"-".repeat(width + 1)}:` : "-".repeat(width + 2))).join("|")}|`;
  return [line(head), rule, ...rows.map((row) => line(row))].join("\n");
}

const eachRuntime = (results, rows) =>
  Object.entries(results).flatMap(([runtime, result]) => rows(result).map((row) => [runtime, ...row]));

const callTable = (results) =>
  table(
    ["runtime", "", "stub, µs", "ratio", "loopback, µs", "ratio"],
    eachRuntime(results, ({ call }) =>
      Object.keys(call.stub).map((name) => [
        name,
        ...[call.stub, call.loopback].flatMap((figures) => [one(median(figures[name]) * 1000), two(ratio(figures, name))]),
      ]),
    ),
  );

const startUpTable = (results) =>
  table(
    ["runtime", "", "ms", "over hand-written, ms"],
    eachRuntime(results, ({ startUp }) =>
      Object.keys(startUp).map((name) => [name, one(median(startUp[name])), one(difference(startUp, name))]),
    ),
  );

const BULK_NAMES = {
  "hand-written": "pool of hand-written calls",
  "c1-revoke": "pool of `revokeCredential`",
  revokeCredentials: "`revokeCredentials`",
};
const bulkTable = (results) =>
  table(
    ["runtime", "", "stub, items/s", "ratio", "loopback, items/s", "ratio"],
    eachRuntime(results, ({ bulk }) =>
      Object.keys(bulk.stub).map((name) => [
        BULK_NAMES[name],
        ...[bulk.stub, bulk.loopback].flatMap((figures) => [whole(1000 / median(figures[name])), two(throughput(figures, name))]),
      ]),
    ),
  );

const limitsTable = (results) =>
  table(
    ["runtime", "server", "in flight", "", "items/s", "share of the limit used", "requests wasted"],
    eachRuntime(results, ({ limits = {} }) =>
      Object.entries(limits).flatMap(([server, contestants]) =>
        Object.entries(contestants).map(([name, { rate, used, wasted }]) => [
          server,
          String(CASES[server].concurrency),
          BULK_NAMES[name] ?? name,
          whole(rate),
          percent(used),
          percent(wasted),
        ]),
      ),
    ),
  );

const parallelTable = ({ parallel }) =>
  table(
    ["parallel calls", "", "µs each", "times hand-written"],
    Object.entries(parallel).flatMap(([count, figures]) =>
      Object.keys(figures).map((name) => [whole(count), name, one(median(figures[name]) * 1000), two(ratio(figures, name))]),
    ),
  );

/** How much longer a call takes when a hundred times as many run in parallel. */
function parallelGrowth({ parallel }) {
  const each = Object.values(parallel).map((figures) => median(figures["c1-revoke"]));
  return each.at(-1) / each[0];
}

/** What is looked at of a long run: its calls after 10,000, and a bulk run's items from where the memory of duplicates is full. */
const EARLY = { calls: 0, items: 3 };
// The quickest block of each third: what else the machine does can only make one slower.
const time = (samples) => Math.min(...samples.map((sample) => sample.time));
const thirds = (samples) => [time(samples.slice(0, 3)), time(samples.slice(-3))];

function manyTable(results, block) {
  const perCall = (milliseconds) => one((milliseconds / block) * 1000);
  const row = (what, samples, early) => {
    const seen = [samples[early], samples.at(-1)];
    const memory = ["heap", "wasm"].flatMap((kind) => seen.map((sample) => two(mib(sample[kind]))));
    return [
      `${what}: ${whole(block * (early + 1))} and ${whole(block * samples.length)}`,
      ...memory,
      ...thirds(samples).map(perCall),
    ];
  };
  return table(
    ["runtime", "after", "heap, MiB", "then", "wasm, MiB", "then", "µs each, first 30,000", "last 30,000"],
    eachRuntime(results, ({ calls, items }) => [
      row("calls", calls, EARLY.calls),
      row("items of a bulk run", items, EARLY.items),
    ]),
  );
}

/** Whether memory stays where it is, in every runtime. */
export const isFlat = (results) =>
  Object.values(results).every((result) =>
    Object.entries(EARLY).every(([kind, early]) => {
      const [from, to] = [result[kind][early], result[kind].at(-1)];
      return to.wasm === from.wasm && !(mib(to.heap) - mib(from.heap) > GROWTH);
    }),
  );

function aimsTable(results) {
  const rows = [];
  const aim = (what, limit, figure, met) => rows.push([what, limit, figure, met ? "yes" : "**no**"]);
  for (const [runtime, { call, bulk }] of Object.entries(results)) {
    for (const transport of Object.keys(call)) {
      const factor = ratio(call[transport], "c1-revoke");
      const limit = AIMS.call[transport];
      aim(`a call in ${runtime}, ${transport}: times hand-written`, `≤ ${limit}`, two(factor), factor <= limit);
    }
    for (const transport of Object.keys(bulk)) {
      const factor = throughput(bulk[transport], "revokeCredentials");
      aim(
        `bulk in ${runtime}, ${transport}: throughput to a hand-written pool's`,
        `≥ ${AIMS.bulk}`,
        two(factor),
        factor >= AIMS.bulk,
      );
    }
  }
  for (const [runtime, { limits = {} }] of Object.entries(results)) {
    for (const [server, contestants] of Object.entries(limits)) {
      const { aim: limit } = CASES[server];
      const { rate, used, wasted } = contestants.revokeCredentials;
      if (limit.throughput !== undefined) {
        const factor = rate / contestants["naive pool"].rate;
        const what = `bulk in ${runtime}, ${server}: throughput to the naive pool's`;
        aim(what, `≥ ${limit.throughput}`, two(factor), factor >= limit.throughput);
        continue;
      }
      aim(
        `bulk in ${runtime}, ${server}: used, wasted`,
        `≥ ${percent(limit.used)}, ≤ ${percent(limit.wasted)}`,
        `${percent(used)}, ${percent(wasted)}`,
        used >= limit.used && wasted <= limit.wasted,
      );
    }
  }
  if (results.Node) {
    const over = difference(results.Node.startUp, "c1-revoke");
    const growth = parallelGrowth(results.Node);
    aim(
      "a call in Node: time of one among 100,000 parallel calls to one among 1,000",
      `≤ ${AIMS.parallel}`,
      two(growth),
      growth <= AIMS.parallel,
    );
    aim("start-up in Node: ms over hand-written", `≤ ${AIMS.startUp}`, one(over), over <= AIMS.startUp);
  }
  const growths = Object.values(results)
    .flatMap((result) => Object.keys(EARLY).map((kind) => thirds(result[kind])))
    .map(([from, to]) => to / from);
  const growth = Math.max(...growths);
  aim(
    "100,000 calls, and items: time of the last 30,000 to the first 30,000",
    `≤ ${AIMS.linear}`,
    two(growth),
    growth <= AIMS.linear,
  );
  const flat = isFlat(results);
  aim("100,000 calls, and items: memory grown", `heap ≤ ${GROWTH} MiB, wasm 0`, flat ? "flat" : "grows", flat);
  return table(["aim", "", "measured", "met"], rows);
}

function system() {
  try {
    return /^PRETTY_NAME="?(.*?)"?$/m.exec(readFileSync("/etc/os-release", "utf8"))[1];
  } catch {
    return type();
  }
}

function commit() {
  try {
    return execFileSync("git", ["describe", "--always", "--dirty"], { encoding: "utf8", cwd: import.meta.dirname }).trim();
  } catch {
    return "unknown";
  }
}

/** Load of the machine before the run, when it was too high. */
const busy = (load) =>
  load > BUSY ? `\n**The machine was busy (load ${one(load)} before the run): these figures tell little.**\n` : "";

export function report({ results, simulated, load, rounds, block, concurrency, turn, versions, minutes }) {
  const [cpu] = cpus();
  return `# Benchmarks

Written by \`make bench\`, which measures everything anew; not to be edited.
${busy(load)}
${aimsTable(results)}

Contestants take turns, in ${rounds} rounds. A figure is the median of the rounds; a ratio or a difference is the median of the
rounds' own. Peers do less: openapi-fetch and ky have no OAuth and no bulk runs, and of what a server may answer they check little.

## A call

One after another, for some ${turn.calls} ms in each turn. The stub makes a \`Request\` of what it is given, as \`fetch\` does, unless it is
one already, and answers at once. Loopback is \`fetch\` and an HTTP server on the same machine.

${callTable(results)}

## Parallel calls

In Node, over a stub that answers a turn of the event loop later. The time for each must not grow with their number.

${parallelTable(results.Node)}

## Start-up

From the import to the answer of the first call, over loopback. Node: a new process each time. Chromium: a new page with empty caches.
workerd: a new process each time, its own start included, which takes most of the time and varies more than the differences.

${startUpTable(results)}

## Bulk

${concurrency} in flight, for some ${turn.bulk} ms in each turn. Here the stub answers a turn of the event loop later.

${bulkTable(results)}

## Bulk against a rate limit

Servers on loopback whose answers take 25 ms. The naive pool's items retry by themselves, each after its own \`Retry-After\`. The share of
the limit used is the shortest time in which the server accepts all items, divided by the time taken. What a run leaves unused it spends in
pauses: without headers only a 429 tells where the limit is, and each costs the time that \`Retry-After\` asks for. In a short list the first
ones weigh more. Six requests in flight hardly exceed 200 a second; with 20, the naive pool's waste shows.

${limitsTable(results)}

## Bulk against simulated servers

The schedule of a bulk run, in virtual time (\`cargo run --release --example bulk_rates\`), beside the schedule before it (a pause for each
\`Retry-After\`, and half as many in flight), the naive pool, and a pool with the rate limiter of the AWS SDKs' adaptive mode.

${simulated.trim()}

## 100,000 calls

By one client over the stub, after garbage collection; and one bulk run with \`collect: false\`, whose memory of duplicates is full after
32,768 items. workerd does not tell its heap. Times are those of the quickest 10,000.

${manyTable(results, block)}

## Machine

${cpu.model.trim()}, ${cpus().length} cores, ${whole(totalmem() / 2 ** 30)} GiB; ${system()} (${type()} ${release()}, ${arch()}).
${versions.join(", ")}. Load before the run ${one(load)}; the run took ${one(minutes)} minutes.

\`\`\`sh
make bench      # BENCH_ROUNDS=${rounds}; at commit ${commit()}
\`\`\`
`;
}
