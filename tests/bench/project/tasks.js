// The tasks of the benchmark, for any runtime. Each resolves to what it measured. Times are in milliseconds, by the clock of this
// runtime. (The clock of a Worker does not advance while it computes: there the caller measures.)

// Imported first: it records the memory that the package creates.
import "./wasm-memories.js";
import * as c1Revoke from "./clients/c1-revoke.js";
import * as handWritten from "./clients/hand-written.js";
import * as ky from "./clients/ky.js";
import * as naive from "./clients/naive.js";
import * as openapiFetch from "./clients/openapi-fetch.js";
import { memories } from "./wasm-memories.js";

const clients = { "hand-written": handWritten, "openapi-fetch": openapiFetch, ky, "c1-revoke": c1Revoke };

const success = () => new Response("{}", { headers: { "content-type": "application/json" } });

/** Creates a Request from its arguments unless it gets one, as `fetch` does, and responds as the API would. */
async function stub(input, init) {
  input instanceof Request || new Request(input, init);
  return success();
}

/** Calls back in another turn of the event loop. Not by a timer where possible: the timers of a page have a minimum delay. */
const nextTurn = (() => {
  if (globalThis.setImmediate) return setImmediate;
  if (!globalThis.document) return (callback) => setTimeout(callback, 0);
  const { port1, port2 } = new MessageChannel();
  const waiting = [];
  port1.onmessage = () => waiting.shift()();
  return (callback) => {
    waiting.push(callback);
    port2.postMessage(undefined);
  };
})();

/** The same, one turn of the event loop later, so that several calls are in flight. */
async function laterStub(input, init) {
  input instanceof Request || new Request(input, init);
  return new Promise((resolve) => nextTurn(() => resolve(success())));
}

/** Requests go to a stub, or through `fetch` to the server of the benchmark. */
const options = (transport, base, fetch) => (transport === "stub" ? { base: "https://acme.conductor.one", fetch } : { base });

const ids = (i) => ({ appId: "app", connectorId: "connector", id: `credential-${i}` });

function* items(count, each = () => {}) {
  for (let i = 0; i < count; i++) {
    each(i);
    yield ids(i);
  }
}

async function timed(run) {
  globalThis.gc?.();
  const begun = performance.now();
  await run();
  return performance.now() - begun;
}

// Clients live as long as the run, as in a program.
const kept = new Map();
function once(key, create) {
  if (!kept.has(key)) kept.set(key, create());
  return kept.get(key);
}
const clientOf = (name, transport, base, fetch) =>
  once(`${name} ${transport} ${fetch.name}`, () => clients[name].create(options(transport, base, fetch)));

/** Calls of one client, one after another. */
function calls({ client, transport, base, count }) {
  const revoke = clientOf(client, transport, base, stub);
  return timed(async () => {
    for (const item of items(count)) await revoke(item);
  });
}

/** A usual hand-written pool: one worker for each request in flight. */
async function pool(count, concurrency, revoke) {
  const work = items(count);
  const worker = async () => {
    for (const item of work) await revoke(item);
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
}

async function bulkRun(sdk, count, concurrency, each) {
  const { revoked } = await sdk.connector.revokeCredentials(items(count, each), { concurrency, collect: false });
  if (revoked !== count) throw new Error(`revoked ${revoked} of ${count}`);
}

const sdkOf = (transport, base, fetch) =>
  once(`sdk ${transport} ${fetch.name}`, () => c1Revoke.createSdk(options(transport, base, fetch)));

/** Many calls, several at a time: a pool that uses one client, or a bulk run of the package. */
function bulk({ client, transport, base, count, concurrency }) {
  if (client !== "revokeCredentials") {
    const revoke = clientOf(client, transport, base, laterStub);
    return timed(() => pool(count, concurrency, revoke));
  }
  const sdk = sdkOf(transport, base, laterStub);
  return timed(() => bulkRun(sdk, count, concurrency));
}

/** Many calls to a server with a limit, until all are accepted: a pool in which each item retries by itself, or a bulk run. */
function limited({ client, base, count, concurrency }) {
  if (client === "naive pool") return timed(() => pool(count, concurrency, naive.create({ base })));
  return timed(() => bulkRun(c1Revoke.createSdk({ base }), count, concurrency));
}

/** Calls of one client, all at once. */
function parallel({ client, count }) {
  const revoke = clientOf(client, "stub", undefined, laterStub);
  return timed(() => Promise.all(Array.from(items(count), revoke)));
}

/** Does nothing, to measure what asking for a task takes. */
const nothing = () => timed(async () => {});

// Several rounds: what a finalizer releases becomes garbage only after it has run.
async function settled() {
  for (let round = 0; round < 4; round++) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}

/** Call it after garbage collection. The last memory created is that of the core. workerd does not expose the size of its heap. */
const memory = () => ({
  heap: globalThis.process?.memoryUsage?.().heapUsed ?? globalThis.performance.memory?.usedJSHeapSize,
  wasm: memories.at(-1).buffer.byteLength,
});

/** Calls of one client in blocks: the time of each block and the memory after it. */
async function manyCalls({ blocks, count }) {
  const revoke = clientOf("c1-revoke", "stub", undefined, stub);
  const samples = [];
  for (let block = 0; block < blocks; block++) {
    const time = await timed(async () => {
      for (const item of items(count)) await revoke(item);
    });
    await settled();
    samples.push({ time, ...memory() });
  }
  return samples;
}

/** One bulk run without collected results: the time of every `count` items and the memory after them. */
async function manyItems({ blocks, count, concurrency }) {
  const sdk = sdkOf("stub", undefined, laterStub);
  const samples = [];
  let begun = performance.now();
  const each = (i) => {
    if (i === 0 || i % count !== 0) return;
    const time = performance.now() - begun;
    globalThis.gc?.();
    samples.push({ time, ...memory() });
    begun = performance.now();
  };
  await bulkRun(sdk, blocks * count + 1, concurrency, each);
  return samples;
}

const tasks = { calls, bulk, limited, parallel, nothing, manyCalls, manyItems };

export const ask = ({ task, ...details }) => tasks[task](details);
