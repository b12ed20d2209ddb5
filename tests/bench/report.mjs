// Writes results as Markdown: the whole page, or the sections of what was measured.

export function median(figures) {
  const sorted = [...figures].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Compares round by round, so that a disturbance affects both figures of a pair. */
const paired = (compare) => (figures, name, reference) =>
  median(figures[name].map((figure, round) => compare(figure, figures[reference][round])));
/** How many times as long `name` takes as `reference`. */
export const ratio = paired((a, b) => a / b);
const difference = paired((a, b) => a - b);

export const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} KB`;
const whole = (value) => Math.round(value).toLocaleString("en");
const signed = (value, digits) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(digits)}`;

/** A Markdown table that is also readable as text. The columns after the first `left` are aligned right. */
function table(head, rows, left = 1) {
  const cells = [head, ...rows];
  const widths = head.map((_, column) => Math.max(3, ...cells.map((row) => row[column].length)));
  const line = (row) => `| ${row.map((cell, i) => (i < left ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join(" | ")} |`;
  const rule = `| ${widths.map((width, i) => (i < left ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)).join(" | ")} |`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}

/** The clients, in the order of tables and pictures, and how their rows of pkg/size.mjs begin. */
export const CLIENTS = [
  { id: "c1-revoke", name: "c1-revoke", does: "retries, OAuth, bulk runs", size: "browser bundle" },
  { id: "ky", name: "ky", does: "retries", size: "ky" },
  { id: "openapi-fetch", name: "openapi-fetch", does: "no retries", size: "openapi-fetch" },
  { id: "hand-written", name: "hand-written fetch", does: "no retries", size: "hand-written fetch" },
];
const WORKER = { name: "c1-revoke in a Worker: module and wasm", does: CLIENTS[0].does, size: "Worker" };

export const sizeOf = (sizes, { size: beginning }) => sizes.find(({ name }) => name.startsWith(beginning));

function sizeTable(sizes) {
  const [own, ...others] = CLIENTS;
  const rows = [own, WORKER, ...others].map((client) => {
    const { gzip, brotli } = sizeOf(sizes, client);
    return [client.name, client.does, kilobytes(gzip), kilobytes(brotli)];
  });
  return table(["", "features", "gzip", "brotli"], rows, 2);
}

const RUNTIMES = { node: "Node", chromium: "Chromium", workerd: "workerd" };

/** The parts that were measured, of those whose name begins so, with the name of their column. */
const measured = (parts, kind) =>
  Object.entries(RUNTIMES)
    .filter(([runtime]) => parts[`${kind}-${runtime}`])
    .map(([runtime, name]) => ({ name, figures: parts[`${kind}-${runtime}`] }));

/** A row for each client, a column for each part: the median, and in parentheses the comparison. No line break between them. */
function timesTable(clients, columns) {
  const cell = (id, { figures, show, compare }) => `${show(median(figures[id]))}\u00a0(${compare(figures, id)})`;
  const head = ["", ...columns.map(({ name }) => name)];
  return table(
    head,
    clients.map(({ id, name }) => [name, ...columns.map((column) => cell(id, column))]),
  );
}

const microseconds = (milliseconds) => whole(milliseconds * 1000);
const times = (reference) => (figures, id) => ratio(figures, id, reference).toFixed(2);
const moreThan = (reference) => (figures, id) => signed(difference(figures, id, reference), 1);

function callTable(parts) {
  const columns = ["stub", "loopback"].flatMap((transport) =>
    measured(parts, transport).map(({ name, figures }) => ({ name: `${name}, ${transport}`, figures })),
  );
  return timesTable(
    CLIENTS,
    columns.map((column) => ({ ...column, show: microseconds, compare: times("hand-written") })),
  );
}

const BULK = [
  { id: "revokeCredentials", name: "`revokeCredentials`" },
  { id: "c1-revoke", name: "pool of `revokeCredential`" },
  { id: "hand-written", name: "pool of hand-written calls" },
];
const bulkTable = (parts) =>
  timesTable(
    BULK,
    measured(parts, "bulk").map((column) => ({ ...column, show: microseconds, compare: times("c1-revoke") })),
  );

function startTable(parts) {
  const columns = measured(parts, "start").map(({ name, figures }) => ({
    name: `${name}, ${figures.empty ? "client created" : "first response"}`,
    figures,
    show: (milliseconds) => milliseconds.toFixed(1),
    compare: moreThan(figures.empty ? "empty" : "hand-written"),
  }));
  return timesTable(CLIENTS, columns);
}

/** What is repeated, and by how many bytes the wasm's memory may then grow. The heap may vary by a MiB from one collection to the next. */
const REPEATED = [
  { id: "calls", name: "calls", wasm: 0 },
  { id: "aborted", name: "aborted calls", wasm: 0 },
  { id: "items", name: "items of a bulk run", wasm: 2 ** 20 },
];
const memoryRows = (parts) =>
  measured(parts, "memory").flatMap(({ name: runtime, figures }) =>
    REPEATED.map(({ id, name, wasm }) => ({ name: `${runtime}, ${name}`, wasm, first: figures[id][0], last: figures[id][1] })),
  );

function memoryTable(parts) {
  const mebibytes = (bytes) => (typeof bytes === "number" ? (bytes / 2 ** 20).toFixed(2) : "–");
  const rows = memoryRows(parts).map(({ name, first, last }) => [
    name,
    ...[first.heap, last.heap, first.wasm, last.wasm].map(mebibytes),
  ]);
  return table(["", "heap, MiB", "at the end", "wasm, MiB", "at the end"], rows);
}

/** Where memory grew. */
export const grown = ({ parts }) =>
  memoryRows(parts).filter(({ wasm, first, last }) => last.heap - first.heap > 2 ** 20 || last.wasm - first.wasm > wasm);

const SECTIONS = [
  {
    title: "Size",
    parts: ["size"],
    text: "Minified. A browser bundle, unless the table says otherwise. 1 KB is 1,000 bytes.",
    table: (parts) => sizeTable(parts.size),
  },
  {
    title: "A call",
    parts: ["stub", "loopback"],
    text: `Microseconds; in parentheses, times hand-written. The stub creates a \`Request\`, as \`fetch\` does, and responds at once (in Node:
processor time). Loopback is the runtime's own \`fetch\` and an HTTP server on the same machine.`,
    table: callTable,
  },
  {
    title: "Bulk runs",
    parts: ["bulk"],
    text: `Microseconds per item, 6 in flight; in parentheses, times a pool that calls \`revokeCredential\`. The stub responds in the next turn of
the event loop (in Node: processor time).`,
    table: bulkTable,
  },
  {
    title: "Bulk runs against a rate limit",
    parts: ["limits"],
    text: `Simulated in virtual time: the share of the limit used, and the share of requests refused, over many kinds of servers.
\`cargo run --release --example bulk_rates\` prints the figures of each.`,
    table: (parts) => parts.limits,
  },
  {
    title: "Start-up",
    parts: ["start"],
    text: `Milliseconds. Node: a new process, from the import until a client is created; in parentheses, more than an empty module. Chromium: a
new page with empty caches, until the response of the first call over loopback; in parentheses, more than hand-written.`,
    table: startTable,
  },
  {
    title: "Memory",
    parts: ["memory"],
    text: `Over the stub, after garbage collection: after 50,000 calls or items, and at the end of 100,000. workerd does not expose the size of its
heap. A bulk run with \`collect: false\` remembers recent items to find duplicates.`,
    table: memoryTable,
  },
];

/** The sections for which there are results. */
export const sections = ({ parts }) =>
  SECTIONS.filter((section) => Object.keys(parts).some((part) => section.parts.includes(part.split("-")[0])))
    .map(({ title, text, table }) => `## ${title}\n\n${text}\n\n${table(parts)}\n`)
    .join("\n");

/** docs/benchmarks.md. */
export const page = (results) => `# Benchmarks

\`make bench\` writes this page. Do not edit it.

<picture>
  <source media="(prefers-color-scheme: dark)" srcset="benchmarks-dark.svg">
  <img alt="Bars: download size, and time of a call, of c1-revoke and other clients. The tables below have the same figures." src="benchmarks-light.svg">
</picture>

c1-revoke compared with a hand-written \`fetch\`, openapi-fetch and ky. They do not all do the same: see [Size](#size).

${sections(results)}
## Method

The clients take turns in ${results.rounds} rounds, and each round has another order, so that disturbances affect all of them. A figure is the
median over the rounds. A ratio or difference is the median of those of each round. The code is in \`tests/bench\`.

- Machine: ${results.machine}.
- Versions: ${[...results.versions].join(", ")}.
`;
