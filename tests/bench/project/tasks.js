// What the benchmark has a runtime do, in any runtime. Each task resolves to what it measured; times are in milliseconds, by this
// runtime's clock. (A Worker's clock stands still while it computes: there the caller measures.)

// First, that it sees the package's memory.
import "./wasm-memories.js";
import * as c1Revoke from "./contestants/c1-revoke.js";
import * as handWritten from "./contestants/hand-written.js";
import * as ky from "./contestants/ky.js";
import * as naive from "./contestants/naive.js";
import * as openapiFetch from "./contestants/openapi-fetch.js";
import { memories } from "./wasm-memories.js";

const contestants = { "hand-written": handWritten, "openapi-fetch": openapiFetch, ky, "c1-revoke": c1Revoke };

const answer = () => new Response("{}", { headers: { "content-type": "application/json" } });

/** Makes a Request of what it is given, as `fetch` does first, unless it is one already; answers as the API would. */
async function stub(input, init) {
  input instanceof Request || new Request(input, init);
  return answer();
}

/** Calls back in another turn of the event loop, without the least delay that a page's timers have. */
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

/** The same, a turn later: what is in flight at a time then matters. */
async function laterStub(input, init) {
  input instanceof Request || new Request(input, init);
  return new Promise((resolve) => nextTurn(() => resolve(answer())));
}

/** Where requests go: to a stub, or through `fetch` to the benchmark's server. */
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

// Clients live as long as the run, as a program's would.
const kept = new Map();
function once(key, create) {
  if (!kept.has(key)) kept.set(key, create());
  return kept.get(key);
}
const clientOf = (name, transport, base, fetch) =>
  once(`${name} ${transport} ${fetch.name}`, () => contestants[name].create(options(transport, base, fetch)));

/** Calls of one contestant, one after another. */
function calls({ contestant, transport, base, count }) {
  const revoke = clientOf(contestant, transport, base, stub);
  return timed(async () => {
    for (const item of items(count)) await revoke(item);
  });
}

/** The pool that one would write: as many workers as requests in flight. */
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

/** Many calls, several at a time: by a pool of one contestant's calls, or by a bulk run of the package. */
function bulk({ contestant, transport, base, count, concurrency }) {
  if (contestant !== "revokeCredentials") {
    const revoke = clientOf(contestant, transport, base, laterStub);
    return timed(() => pool(count, concurrency, revoke));
  }
  const sdk = sdkOf(transport, base, laterStub);
  return timed(() => bulkRun(sdk, count, concurrency));
}

/** Many calls to a server with a limit, until all are accepted: by a pool whose items retry by themselves, or by a bulk run. */
function limited({ contestant, base, count, concurrency }) {
  if (contestant === "naive pool") return timed(() => pool(count, concurrency, naive.create({ base })));
  return timed(() => bulkRun(c1Revoke.createSdk({ base }), count, concurrency));
}

/** Calls of one contestant, all at once. */
function parallel({ contestant, count }) {
  const revoke = clientOf(contestant, "stub", undefined, laterStub);
  return timed(() => Promise.all(Array.from(items(count), revoke)));
}

/** Nothing: what asking for a task costs. */
const nothing = () => timed(async () => {});

// Collects garbage for good: what finalizers let go is garbage only then.
async function settled() {
  for (let round = 0; round < 4; round++) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}

/** After garbage collection. The core's memory is the last one made. workerd does not tell its heap. */
const memory = () => ({
  heap: globalThis.process?.memoryUsage?.().heapUsed ?? globalThis.performance.memory?.usedJSHeapSize,
  wasm: memories.at(-1).buffer.byteLength,
});

/** Calls in blocks, by one client: each block's time, and the memory after it. */
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

/** One bulk run that keeps no results, looked at after every `count` items. */
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
