// A bulk run of 100,000 items with `collect: false`: its memory, and its throughput beside pools written by hand, all in this run.
// `make bench`. Exits with 1 when memory grows with the input; of throughput it only tells.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { ConductoroneSDKTypescript } from "../../pkg/index.js";
import { HTTPClient } from "../../pkg/lib/http.js";

const ITEMS = 100_000;
const SAMPLE = 10_000;
const CONCURRENCY = 6;
// Of what one run keeps there is nothing that grows; collecting results would take 30 MB or more.
const MAX_GROWTH = 4 * 2 ** 20;

setFlagsFromString("--expose-gc");
const gc = runInNewContext("gc");

// The package keeps its memory to itself: it is seen as it is made. The core's instance is the last one.
let wasmMemory;
WebAssembly.Instance = class extends WebAssembly.Instance {
  constructor(...args) {
    super(...args);
    wasmMemory = Object.values(this.exports).find((value) => value instanceof WebAssembly.Memory);
  }
};

/** Answers as the API does, a turn of the event loop later. */
const answer = () =>
  new Promise((resolve) => {
    setImmediate(() => resolve(new Response("{}", { headers: { "content-type": "application/json" } })));
  });

const sdk = new ConductoroneSDKTypescript({
  tenantDomain: "acme",
  security: { bearerAuth: "token" },
  httpClient: new HTTPClient({ fetcher: answer }),
});

function* items(count, each = () => {}) {
  for (let i = 0; i < count; i++) {
    each(i);
    yield { appId: "app", connectorId: "connector", id: `credential-${i}` };
  }
}

/** The pool that one would write without this package: as many workers as requests in flight. */
async function pool(count, revoke) {
  const work = items(count);
  const worker = async () => {
    for (const item of work) await revoke(item);
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
}

async function plainRevoke({ appId, connectorId, id }) {
  const path = [appId, connectorId, id].map(encodeURIComponent);
  const url = `https://acme.conductor.one/api/v1/apps/${path[0]}/connectors/${path[1]}/credentials/${path[2]}`;
  const headers = { authorization: "Bearer token", "content-type": "application/json", accept: "application/json" };
  const response = await answer(new Request(url, { method: "POST", headers }));
  await response.json();
  if (!response.ok) throw new Error(`status ${response.status}`);
}

async function bulk(count, each) {
  const { revoked } = await sdk.connector.revokeCredentials(items(count, each), { concurrency: CONCURRENCY, collect: false });
  if (revoked !== count) throw new Error(`revoked ${revoked} of ${count}`);
}

const megabytes = (bytes) => (bytes / 2 ** 20).toFixed(2).padStart(9);

function memory() {
  gc();
  return { heap: process.memoryUsage().heapUsed, wasm: wasmMemory.buffer.byteLength };
}

async function memoryTable() {
  const samples = [];
  console.log(`revokeCredentials, ${ITEMS.toLocaleString("en")} items, collect: false\n\n    items   heap MB   wasm MB`);
  const sample = (i) => {
    if (i === 0 || i % SAMPLE !== 0) return;
    const { heap, wasm } = memory();
    samples.push({ heap, wasm });
    console.log(`${String(i).padStart(9)} ${megabytes(heap)} ${megabytes(wasm)}`);
  };
  await bulk(ITEMS + 1, sample);
  // What is remembered to tell duplicates is full after 32,768 items.
  const [settled] = samples.slice(3);
  const last = samples.at(-1);
  const growth = { heap: last.heap - settled.heap, wasm: last.wasm - settled.wasm };
  console.log(
    `\ngrown from item ${4 * SAMPLE} on: heap ${megabytes(growth.heap).trim()} MB, wasm ${megabytes(growth.wasm).trim()} MB`,
  );
  return growth.heap <= MAX_GROWTH && growth.wasm === 0;
}

async function throughputTable() {
  const count = ITEMS / 5;
  const contestants = {
    "pool of bare requests": () => pool(count, plainRevoke),
    "pool of revokeCredential": () => pool(count, (item) => sdk.connector.revokeCredential(item)),
    revokeCredentials: () => bulk(count),
  };
  const best = {};
  // Interleaved, the best of three: what else the machine does then strikes all alike.
  for (let round = 0; round < 3; round++) {
    for (const [name, run] of Object.entries(contestants)) {
      const start = performance.now();
      await run();
      best[name] = Math.max(best[name] ?? 0, (count / (performance.now() - start)) * 1000);
    }
  }
  const [reference] = Object.values(best);
  console.log(`\n${count.toLocaleString("en")} items, ${CONCURRENCY} in flight, answers of a stub   items/s   ratio`);
  for (const [name, rate] of Object.entries(best)) {
    console.log(`${name.padEnd(46)} ${Math.round(rate).toString().padStart(7)} ${(rate / reference).toFixed(2).padStart(7)}`);
  }
}

const flat = await memoryTable();
await throughputTable();
if (!flat) {
  console.error(`memory grows with the input: more than ${MAX_GROWTH / 2 ** 20} MB`);
  process.exitCode = 1;
}
