// The tasks of the benchmark, for any runtime. Each resolves to what it measured. Times are in milliseconds, by the clock of this
// runtime. (The clock of a Worker does not advance while it computes: there the caller measures.)

// Imported first: it records the memory that the package creates.
import "./wasm-memories.js";
import * as c1Revoke from "./clients/c1-revoke.js";
import * as handWritten from "./clients/hand-written.js";
import * as ky from "./clients/ky.js";
import * as openapiFetch from "./clients/openapi-fetch.js";
import { memories } from "./wasm-memories.js";

const clients = { "hand-written": handWritten, "openapi-fetch": openapiFetch, ky, "c1-revoke": c1Revoke };

const success = () => new Response("{}", { headers: { "content-type": "application/json" } });
const asRequest = (input, init) => (input instanceof Request ? input : new Request(input, init));

/** Creates a Request from its arguments unless it gets one, as `fetch` does, and responds as the API would. */
async function stub(input, init) {
  asRequest(input, init);
  return success();
}

/** Calls back in another turn of the event loop. Not by a timer where possible: the timers of a page have a minimum delay. */
const nextTurn = globalThis.setImmediate ?? ((callback) => globalThis.scheduler?.postTask?.(callback) ?? setTimeout(callback, 0));

/** The same, one turn of the event loop later, so that several calls are in flight. */
async function laterStub(input, init) {
  asRequest(input, init);
  return new Promise((resolve) => nextTurn(() => resolve(success())));
}

/** Does not respond. Fails when the request is aborted, as `fetch` does. */
async function silentStub(input, init) {
  const { signal } = asRequest(input, init);
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
    silentStub.called();
  });
}

const ids = (i) => ({ appId: "app", connectorId: "connector", id: `credential-${i}` });

function* items(count, each = () => {}) {
  for (let i = 0; i < count; i++) {
    each(i);
    yield ids(i);
  }
}

/** Where it can be had, the processor time of this process: other programs do not disturb it. */
const processorTime = globalThis.process?.cpuUsage
  ? () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1000;
    }
  : () => performance.now();

async function timed(run, now = processorTime) {
  globalThis.gc?.();
  const begun = now();
  await run();
  return now() - begun;
}

const STUBBED = "https://acme.conductor.one";
// Clients live as long as the run, as in a program.
const kept = new Map();
function clientOf(name, base, fetch, create = clients[name].create) {
  const key = `${name} ${fetch?.name}`;
  if (!kept.has(key)) kept.set(key, create({ base, fetch }));
  return kept.get(key);
}
const sdk = () => clientOf("revokeCredentials", STUBBED, laterStub, c1Revoke.createSdk);

async function oneByOne(revoke, count) {
  for (const item of items(count)) await revoke(item);
}

/** Calls of one client, one after another: to a stub, or through `fetch` to the server of the benchmark. */
function calls({ client, transport, base, count }) {
  const revoke = transport === "stub" ? clientOf(client, STUBBED, stub) : clientOf(client, base);
  // The server takes part of the time.
  return timed(() => oneByOne(revoke, count), transport === "stub" ? undefined : () => performance.now());
}

const IN_FLIGHT = 6;

/** A usual hand-written pool: one worker for each request in flight. */
async function pool(revoke, count) {
  const work = items(count);
  const worker = async () => {
    for (const item of work) await revoke(item);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
}

async function bulkRun(count, each) {
  const options = { concurrency: IN_FLIGHT, collect: false };
  const { revoked } = await sdk().connector.revokeCredentials(items(count, each), options);
  if (revoked !== count) throw new Error(`revoked ${revoked} of ${count}`);
}

/** Many calls to a stub, several at a time: a pool that uses one client, or a bulk run of the package. */
function bulk({ client, count }) {
  if (client === "revokeCredentials") return timed(() => bulkRun(count));
  const revoke = clientOf(client, STUBBED, laterStub);
  return timed(() => pool(revoke, count));
}

/** Calls that are aborted when the request has been sent. */
async function aborted(count) {
  const client = clientOf("aborted", STUBBED, silentStub, c1Revoke.createSdk);
  for (const item of items(count)) {
    const controller = new AbortController();
    silentStub.called = () => controller.abort();
    const error = await client.connector.revokeCredential(item, { signal: controller.signal }).catch((e) => e);
    if (error.name !== "RequestAbortedError") throw new Error("the call was not aborted", { cause: error });
  }
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

const HALF = 50_000;

/** The memory after each half of 100,000 calls, aborted calls, or items of one bulk run that collects no results. */
async function memoryOf({ of }) {
  const samples = [];
  const sample = () => {
    globalThis.gc?.();
    samples.push(memory());
  };
  if (of === "items") {
    await bulkRun(2 * HALF + 1, (i) => i > 0 && i % HALF === 0 && sample());
    return samples;
  }
  const make = of === "calls" ? (count) => oneByOne(clientOf("c1-revoke", STUBBED, stub), count) : aborted;
  for (let half = 0; half < 2; half++) {
    await make(HALF);
    await settled();
    sample();
  }
  return samples;
}

const tasks = { calls, bulk, nothing, memoryOf };

export const ask = ({ task, ...details }) => tasks[task](details);
