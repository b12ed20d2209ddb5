// Writes results as Markdown: docs/benchmarks.md and docs/bulk-rates.md.
import { aims, MEMORY, thirds } from "./aims.mjs";
import { CLIENTS, MEASURED, OFFICIAL_CALL_RATIO, OFFICIAL_VERSION } from "./clients.mjs";
import { CASES, LIMITED_CLIENTS } from "./limits.mjs";
import { BUSY } from "./load.mjs";
import { sizeOf } from "./sizes.mjs";
import { difference, kilobytes, mebibytes, median, one, percent, ratio, two, whole } from "./statistics.mjs";

const NONE = "–";
/** A figure and its comparison, without a line break between them. */
const compared = (figure, comparison) => `${figure}\u00a0(${comparison})`;
const microseconds = (milliseconds) => whole(milliseconds * 1000);
const entriesOf = ({ runtimes }) => Object.entries(runtimes);

/** A Markdown table that is also readable as text. The columns after the first `left` are aligned right. */
function table(head, rows, left = 1) {
  const cells = [head, ...rows];
  const widths = head.map((_, column) => Math.max(3, ...cells.map((row) => row[column].length)));
  const line = (row) => `| ${row.map((cell, i) => (i < left ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join(" | ")} |`;
  const rule = `| ${widths.map((width, i) => (i < left ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)).join(" | ")} |`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}

/** Aims with the same text and limit become one row. */
function aimRows(list) {
  const rows = new Map();
  for (const { what, runtime, limit, measured, reason } of list) {
    const row = rows.get(what) ?? { what, limit, reason, figures: [] };
    row.figures.push(runtime ? `${runtime} ${measured}` : measured);
    rows.set(what, row);
  }
  return [...rows.values()];
}

function aimsSection(data) {
  const all = aims(data);
  const met = aimRows(all.filter((aim) => aim.met));
  const missed = aimRows(all.filter((aim) => !aim.met));
  const metTable = table(
    ["Aim", "Limit", "Measured"],
    met.map(({ what, limit, figures }) => [what, limit, figures.join("; ")]),
    3,
  );
  if (missed.length === 0) return `All aims are met.\n\n${metTable}`;
  const items = missed.map(({ what, limit, figures, reason }) => `- **${what}** (${limit}): ${figures.join("; ")}.\n  ${reason}`);
  return `These are met:\n\n${metTable}\n\nThese are not:\n\n${items.join("\n")}`;
}

function sizeTable({ sizes }) {
  const rows = CLIENTS.map(({ id, name, does, recorded }) => {
    const { gzip, brotli } = sizeOf(sizes, id);
    return [recorded ? `${name} (recorded)` : name, does, kilobytes(gzip), brotli ? kilobytes(brotli) : NONE];
  });
  const worker = sizeOf(sizes, "c1-revoke Worker");
  const [{ does }] = CLIENTS;
  rows.splice(1, 0, ["c1-revoke in a Worker: module and wasm", does, kilobytes(worker.gzip), kilobytes(worker.brotli)]);
  return table(["", "features", "gzip", "brotli"], rows, 2);
}

const TRANSPORTS = ["stub", "loopback"];

function callTable(data) {
  const head = ["", ...entriesOf(data).flatMap(([runtime]) => TRANSPORTS.map((transport) => `${runtime}, ${transport}`))];
  const cell = (figures, name) => compared(microseconds(median(figures[name])), two(ratio(figures, name)));
  const rows = MEASURED.map(({ id, name }) => [
    name,
    ...entriesOf(data).flatMap(([, { call }]) => TRANSPORTS.map((transport) => cell(call[transport], id))),
  ]);
  const official = head.slice(1).map((column) => (column === "Node, stub" ? `(${OFFICIAL_CALL_RATIO})` : NONE));
  return table(head, [...rows, ["official SDK, function (recorded)", ...official]]);
}

function parallelTable(parallel) {
  const names = Object.keys(Object.values(parallel)[0]);
  return table(
    ["calls at once", ...names.map((name) => `${name}, µs per call`)],
    Object.entries(parallel).map(([count, figures]) => [
      whole(count),
      ...names.map((name) => compared(microseconds(median(figures[name])), two(ratio(figures, name)))),
    ]),
  );
}

function startUpTable(data) {
  const columns = entriesOf(data).flatMap(([runtime, { startUp }]) =>
    ["firstClient", "firstCall"]
      .filter((until) => startUp[until])
      .map((until) => ({
        head: `${runtime}, ${until === "firstClient" ? "client created" : "first response"}`,
        cell: (name) => {
          const figures = startUp[until];
          const over = difference(figures, name, until === "firstClient" ? "empty" : undefined);
          return compared(one(median(figures[name])), `${over < 0 ? "−" : "+"}${one(Math.abs(over))}`);
        },
      })),
  );
  return table(
    ["", ...columns.map(({ head }) => head)],
    MEASURED.map(({ id, name }) => [name, ...columns.map(({ cell }) => cell(id))]),
  );
}

const BULK_NAMES = {
  "hand-written": "pool of hand-written calls",
  "c1-revoke": "pool of `revokeCredential`",
  revokeCredentials: "`revokeCredentials`",
};

function bulkTable(data) {
  const head = ["", ...entriesOf(data).flatMap(([runtime]) => TRANSPORTS.map((transport) => `${runtime}, ${transport}`))];
  // A ratio of rates is the inverse of the ratio of times.
  const cell = (figures, name) => compared(whole(1000 / median(figures[name])), two(1 / ratio(figures, name)));
  const rows = Object.entries(BULK_NAMES).map(([id, name]) => [
    name,
    ...entriesOf(data).flatMap(([, { bulk }]) => TRANSPORTS.map((transport) => cell(bulk[transport], id))),
  ]);
  return table(head, rows);
}

function limitsTable(data) {
  const measured = entriesOf(data).filter(([, { limits }]) => limits);
  const columns = measured.flatMap(([runtime]) => [`${runtime}: items/s`, "limit used", "refused"]);
  const rows = Object.keys(CASES).flatMap((server) =>
    LIMITED_CLIENTS.map((client) => [
      server,
      BULK_NAMES[client] ?? client,
      ...measured.flatMap(([, { limits }]) => {
        const { rate, used, wasted } = limits[server][client];
        return [whole(rate), percent(used), percent(wasted)];
      }),
    ]),
  );
  return table(["server", "client", ...columns], rows, 2);
}

function memoryTable(data) {
  const { block } = data;
  const mib = (bytes) => (bytes === undefined || bytes === null ? NONE : two(mebibytes(bytes)));
  const row = (runtime, what, samples, early) => {
    const [from, to] = [samples[early], samples.at(-1)];
    const perCall = thirds(samples).map((milliseconds) => microseconds(milliseconds / block));
    const counts = `${whole(block * (early + 1))} and ${whole(block * samples.length)}`;
    const memory = ["heap", "wasm"].flatMap((kind) => [mib(from[kind]), mib(to[kind])]);
    return [`${runtime}: ${counts} ${what}`, ...memory, ...perCall];
  };
  return table(
    ["after", "heap, MiB", "then", "wasm, MiB", "then", "µs each, first 30,000", "last 30,000"],
    entriesOf(data).flatMap(([runtime, { calls, items }]) => [
      row(runtime, "calls", calls, MEMORY.calls.early),
      row(runtime, "items", items, MEMORY.items.early),
    ]),
  );
}

const busyNotice = ({ load }) =>
  load > BUSY
    ? `
> [!WARNING]
> Other programs used ${one(load)} processor cores when this run began. The times below are not reliable.
`
    : "";

/** The summary of the simulation, and its tables. */
function simulationParts({ simulation }) {
  const at = simulation.indexOf("\n## ");
  return { summary: simulation.slice(0, at).trim(), tables: simulation.slice(at).trim() };
}

/** docs/benchmarks.md. */
export function benchmarksPage(data) {
  const { machine, versions, rounds, concurrency, turn, minutes, load, commit } = data;
  return `# Benchmarks

\`make bench\` writes this page. Do not edit it.
${busyNotice(data)}
<picture>
  <source media="(prefers-color-scheme: dark)" srcset="benchmarks-dark.svg">
  <img alt="Bars: download size, and time of a call, of c1-revoke and other clients. The tables below have the same figures." src="benchmarks-light.svg">
</picture>

c1-revoke compared with a hand-written \`fetch\`, openapi-fetch, ky and the official SDK. They do not all do the same: see
[Size](#size). The figures of the official SDK are recorded: they were measured once, with version ${OFFICIAL_VERSION}, and not in this
run.

## Aims

${aimsSection(data)}

## Size

Minified. A browser bundle, unless the table says otherwise. 1 KB is 1,000 bytes.

${sizeTable(data)}

## A call

Microseconds; in parentheses, times hand-written. The stub creates a \`Request\`, as \`fetch\` does, and responds at once. Loopback is
the runtime's own \`fetch\` and an HTTP server on the same machine.

${callTable(data)}

Many calls at once, in Node, over a stub that responds in the next turn of the event loop:

${parallelTable(data.runtimes.Node.parallel)}

## Start-up

Milliseconds from the import until a client is created (in parentheses: more than an empty module), and until the response of the first
call over loopback (in parentheses: more than hand-written). Node: a new process each time. workerd: a new process too, whose own start
takes most of the time. Chromium: a new page with empty caches.

${startUpTable(data)}

## Bulk runs

Items per second, ${concurrency} in flight; in parentheses, relative to a pool of hand-written calls. The stub responds in the next turn
of the event loop.

${bulkTable(data)}

## Bulk runs against a rate limit

Servers on loopback that take 25 ms to respond, and 2,000 items. The limit of 200/s is a token bucket with a burst of 20; a 429 has
\`Retry-After: 1\`. "Limit used" is the shortest possible time divided by the time of the run. The items of the naive pool each wait for
their own \`Retry-After\`.

${limitsTable(data)}

The same for more kinds of servers, simulated in virtual time ([all results](bulk-rates.md)):

${simulationParts(data).summary}

## Memory

One client makes 100,000 calls over the stub; one bulk run with \`collect: false\` revokes 100,000 items. Measured after garbage
collection. workerd does not expose the size of its heap. A bulk run remembers the last 32,768 items to find duplicates.

${memoryTable(data)}

## Method

The clients take turns in ${rounds} rounds, and each round has another order, so that disturbances affect all of them. A figure is the
median over the rounds. A ratio or difference is the median of those of each round. One turn takes about ${turn.calls} ms, for bulk runs
${turn.bulk} ms. [CONTRIBUTING.md](../CONTRIBUTING.md) explains the design; the code is in \`tests/bench\`.

- Machine: ${machine}.
- Versions: ${versions.join(", ")}.
- Other programs used ${two(load)} processor cores when the run began.
- \`make bench\` took ${one(minutes)} minutes with \`BENCH_ROUNDS=${rounds}\`, at commit ${commit}.
`;
}

/** docs/bulk-rates.md. */
export function bulkRatesPage(data) {
  const { summary, tables } = simulationParts(data);
  return `# Bulk runs against simulated rate limits

\`make bench\` writes this page. Do not edit it. Time is virtual, so the figures do not depend on the machine.
\`cargo run --release --example bulk_rates\` prints them; an argument selects servers by name.

| client | how it sends |
| --- | --- |
| c1-revoke | learns the rate, as \`src/bulk/pace.rs\` describes |
| halving | pauses for each \`Retry-After\` and halves the number in flight, then adds one after each round of successes |
| naive pool | each item retries by itself, after its own \`Retry-After\` or a backoff |
| AWS adaptive | the pool, with the rate limiter of the AWS SDKs' adaptive retry mode |

Only c1-revoke reads rate-limit headers.

${summary}

In the tables below, each cell has three figures: the share of the limit used (the shortest possible time divided by the time of the
run), the share of requests refused, and the longest time without an accepted request. The shortest time is that of a greedy client;
where latency grows with load, another client can be faster, so the share can exceed 100 %.

${tables}
`;
}
