// The Worker in miniflare, the API that it calls, and a queue that delivers as queues do: at least once, in any order, late.
import { createPublicKey, generateKeyPairSync, randomUUID, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Miniflare, Response } from "miniflare";
import { compatibilityDate } from "../harness/compatibility-date.mjs";
import { bundle, wasmModules } from "../harness/runtimes.mjs";
import "../../www/build.mjs";

export const OPERATOR = "operator-token-of-32-characters-or-more";
const HOST = "acme.conductor.one";

const { kty, crv, d, x } = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
const PUBLIC_KEY = createPublicKey({ key: { kty, crv, x }, format: "jwk" });
const CLIENT_SECRET = `secret-token:conductorone.com:v1:${Buffer.from(JSON.stringify({ kty, crv, d, x })).toString("base64url")}`;

/** Whether a token request holds a client assertion for this host, as oidc-provider checks it: signature, and `aud`. */
function isForThisHost(body) {
  const [header, claims, signature] = new URLSearchParams(body).get("client_assertion").split(".");
  const isSigned = verify(null, Buffer.from(`${header}.${claims}`), PUBLIC_KEY, Buffer.from(signature, "base64url"));
  return isSigned && [JSON.parse(Buffer.from(claims, "base64url")).aud].flat().includes(HOST);
}

async function modules() {
  const { files, plugin } = wasmModules();
  const entry = fileURLToPath(new URL("worker.js", import.meta.url));
  const script = await bundle(`export * from ${JSON.stringify(entry)}; export { default } from ${JSON.stringify(entry)};`, {
    conditions: ["workerd", "worker", "browser"],
    platform: "neutral",
    mainFields: ["browser", "module", "main"],
    plugins: [plugin],
    external: ["cloudflare:workers"],
  });
  return [
    { type: "ESModule", path: "worker.mjs", contents: script },
    ...[...files].map(([file, name]) => ({ type: "CompiledWasm", path: name, contents: readFileSync(file) })),
  ];
}

/**
 * Starts it all. `api.answer(id, nth)` says what the API answers to the nth request for a credential: `{ status, headers, body }`, and
 * `lost` when the API revokes although the answer does not say so;
 * `api.requests` maps each credential to the number of requests for it, `api.revoked` holds those answered with 200.
 */
export async function startJobs(bindings = {}) {
  const api = {
    requests: new Map(),
    revoked: new Map(),
    tokens: 0,
    tokenStatus: 200,
    answer: () => ({ status: 200 }),
    /** Hosts that were called besides the API's. */
    strangers: [],
    /** The team's public keys at Cloudflare Access. */
    accessKeys: { keys: [] },
  };
  const orders = { forward: 0, crash: false, settings: {}, chunkSize: 10, queueFails: false };
  const sent = [];

  async function outbound(request) {
    const { host, pathname } = new URL(request.url);
    if (host === "acme.cloudflareaccess.com") return Response.json(api.accessKeys);
    if (host !== HOST) {
      api.strangers.push(host);
      throw new Error(`a request to ${host}`);
    }
    if (pathname === "/auth/v1/token") {
      api.tokens += 1;
      const status = isForThisHost(await request.text()) ? api.tokenStatus : 401;
      if (status !== 200) return Response.json({ error: "invalid_client", error_description: "no such client" }, { status });
      return Response.json({ access_token: "access-token", token_type: "Bearer", expires_in: 600 });
    }
    const id = decodeURIComponent(pathname.split("/").at(-1));
    const nth = (api.requests.get(id) ?? 0) + 1;
    api.requests.set(id, nth);
    const {
      status,
      headers = {},
      body = status === 200 ? {} : { code: 2, message: `answer ${status}`, details: [] },
      lost = false,
    } = api.answer(id, nth);
    if (status === 200 || lost) api.revoked.set(id, (api.revoked.get(id) ?? 0) + 1);
    return Response.json(body, { status, headers: { "x-request-id": `${id}/${nth}`, ...headers } });
  }

  const miniflare = new Miniflare({
    modules: await modules(),
    modulesRoot: ".",
    compatibilityDate,
    durableObjects: { JOB: { className: "Job", useSQLite: true } },
    bindings: {
      C1_CLIENT_ID: `name-1@${HOST}/pcc`,
      C1_CLIENT_SECRET: CLIENT_SECRET,
      OPERATOR_TOKEN: OPERATOR,
      ...bindings,
    },
    outboundService: outbound,
    serviceBindings: {
      async TEST(request) {
        if (new URL(request.url).pathname === "/orders") return Response.json(orders);
        sent.push(...(await request.json()));
        return new Response();
      },
    },
  });
  const url = await miniflare.ready;
  const worker = await miniflare.getWorker();

  async function ask(path, { token = OPERATOR, headers = {}, ...init } = {}) {
    const answer = await fetch(new URL(path, url), { ...init, headers: { authorization: `Bearer ${token}`, ...headers } });
    const text = await answer.text();
    return { status: answer.status, text, body: answer.headers.get("content-type")?.includes("/json") ? JSON.parse(text) : null };
  }

  return {
    api,
    orders,
    /** What the Worker put on the queue and no queue has taken yet. */
    sent,
    ask,
    /** Sends a list to POST /jobs; the answer's body, with the queue that holds the job. */
    async begin(ids, options) {
      const { status, body } = await ask("/jobs", { method: "POST", body: ids.map((id) => `app,con,${id}`).join("\n") });
      if (status !== 202) throw new Error(`POST /jobs: ${status} ${JSON.stringify(body)}`);
      return { ...body, queue: new Queue(worker, orders, sent.splice(0), options) };
    },
    async progress(id) {
      return (await ask(`/jobs/${id}`)).body;
    },
    async results(id) {
      const { text } = await ask(`/jobs/${id}/results`);
      return text
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line));
    },
    stop: () => miniflare.dispose(),
  };
}

/** A queue as Cloudflare's, with the delays run through in the test's own time. */
class Queue {
  #worker;
  #orders;
  #maxRetries;
  /** What waits for its delivery: `{ message, due }`. */
  waiting;
  dead = [];

  constructor(worker, orders, sent, { maxRetries = 100 } = {}) {
    this.#worker = worker;
    this.#orders = orders;
    this.#maxRetries = maxRetries;
    const message = ({ body }) => ({ id: randomUUID(), timestamp: new Date(), body, attempts: 1 });
    this.waiting = sent.map((one) => ({ message: message(one), due: 0 }));
  }

  /** Delivers messages, and takes back what the consumer wants again. Gives workerd's report of the invocation. */
  async deliver(messages) {
    const result = await this.#worker
      .queue("c1-revoke-jobs", structuredClone(messages))
      .catch((error) => ({ outcome: "exception", error }));
    if (result.outcome === "ok") {
      for (const message of messages) {
        const retry = (result.retryMessages ?? []).find(({ msgId }) => msgId === message.id);
        if (retry || result.retryBatch?.retry) this.#again(message, (retry ?? result.retryBatch).delaySeconds ?? 0);
        else if (!result.ackAll && !(result.explicitAcks ?? []).includes(message.id)) this.#again(message, 0);
      }
    } else {
      for (const message of messages) {
        if (!(result.explicitAcks ?? []).includes(message.id)) this.#again(message, 0);
      }
    }
    return result;
  }

  #again(message, delaySeconds) {
    if (message.attempts > this.#maxRetries) this.dead.push(message);
    else
      this.waiting.push({
        message: { ...message, attempts: message.attempts + 1 },
        due: this.#orders.forward + delaySeconds * 1000,
      });
  }

  /** Takes up to `size` messages that are due; where none is, time goes on until one is. */
  take(size) {
    const due = Math.min(...this.waiting.map((one) => one.due));
    this.#orders.forward = Math.max(this.#orders.forward, due);
    const ready = this.waiting.filter((one) => one.due <= this.#orders.forward).slice(0, size);
    this.waiting = this.waiting.filter((one) => !ready.includes(one));
    return ready.map(({ message }) => message);
  }

  /** Delivers until nothing is left, batch by batch; then what is dead to the dead letters' consumer. */
  async drain(size = 3) {
    while (this.waiting.length > 0) await this.deliver(this.take(size));
    if (this.dead.length > 0) await this.#worker.queue("c1-revoke-jobs-dead", this.dead);
  }
}

/** A small generator of random numbers (mulberry32), so that what a seed shows can be seen again. */
export function generator(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** `cred-0`, `cred-1`, … */
export const credentials = (count) => Array.from({ length: count }, (_, i) => `cred-${i}`);
