// One part of memory.test.mjs: `node memory-process.mjs <part> <project that has installed the package>`; prints JSON.
import assert from "node:assert/strict";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { pathToFileURL } from "node:url";
import { getHeapSnapshot } from "node:v8";
import { memories } from "../harness/wasm-memories.js";
import { CLIENT_ID, CANARY_ID_TOKEN as ID_TOKEN, JWK, secretOf, CANARY_TOKEN as TOKEN } from "../suite/credentials.js";

const [, , part, app] = process.argv;
const SECRET = secretOf(JWK);
const ids = { appId: "marker-app", connectorId: "c", id: "d" };
const json = { "content-type": "application/json" };

if (part === "frozen") freezeIntrinsics();
const sdk = await import(pathToFileURL(`${app}/import.mjs`));

const revoked = async () => new Response("{}", { headers: json });
const construct = (props) => new sdk.ConductoroneSDKTypescript(props);
/** A client with a token, whose calls succeed, unless the props say otherwise. */
const create = (props) =>
  construct({ tenantDomain: "acme", security: { bearerAuth: TOKEN }, httpClient: { request: revoked }, ...props });

function freezeIntrinsics() {
  for (const name of Object.getOwnPropertyNames(globalThis)) {
    const value = globalThis[name];
    if (typeof value !== "function" || !/^[A-Z]/.test(name)) continue;
    if (value.prototype) Object.freeze(value.prototype);
    if (name !== "WebAssembly") Object.freeze(value);
  }
  Object.freeze(Reflect);
  Object.freeze(JSON);
}

/** Where in all wasm memory these bytes are. */
const isIn = (bytes) => memories.some(({ buffer }) => Buffer.from(buffer).includes(bytes));

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Collects garbage, and lets what waits for that be told. */
async function collect() {
  for (let round = 0; round < 5; round++) {
    globalThis.gc();
    await turn();
  }
}

/** Bytes of all wasm memories. */
const wasmBytes = () => memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);

/** Bytes of the heap that are in use, and of wasm memories, after some rounds, which warm everything up, and after five times as many. */
async function compared(rounds, action) {
  const used = [];
  for (const count of [rounds, 5 * rounds]) {
    for (let round = 0; round < count; round++) await action();
    await collect();
    used.push({ heap: process.memoryUsage().heapUsed, wasm: wasmBytes() });
  }
  const { statusCode } = await create().connector.revokeCredential(ids);
  return { first: used[0], last: used[1], works: statusCode };
}

const parts = {
  async secrets() {
    const secrets = new Map([
      ["token", TOKEN],
      ["secret", SECRET],
      ["secret's JWK", SECRET.slice(SECRET.lastIndexOf(":") + 1)],
      ["private key", JWK.d],
      ["ID token", ID_TOKEN],
    ]);
    const bytes = new Map([["seed", Buffer.from(JWK.d, "base64url")]]);
    const found = new Set();
    const search = (when) => {
      const forms = [...bytes];
      for (const [name, text] of secrets)
        forms.push([name, Buffer.from(text)], [`${name} in UTF-16`, Buffer.from(text, "utf16le")]);
      for (const [name, form] of forms) if (isIn(form)) found.add(`${name}, ${when}`);
      return forms.length;
    };
    let searched = 0;
    /** How the API and the token endpoint answer; what a server repeats of a secret passes through the package, too. */
    const WAYS = {
      success: {},
      "a refusal": { api: () => new Response(`{"code":7,"message":"not with ${TOKEN}"}`, { status: 403, headers: json }) },
      "broken JSON": { api: () => new Response(`{"code":"${TOKEN}`, { headers: json }) },
      "a 401 again and again": { api: () => new Response("{}", { status: 401, headers: json }) },
      "no connection": { api: () => Promise.reject(new TypeError("fetch failed")) },
      "a token refused": {
        token: (sent) => Response.json({ error: "invalid_client", error_description: sent }, { status: 401 }),
      },
      "a token of another type": { token: () => Response.json({ access_token: TOKEN, token_type: "mac" }) },
      "free() before the answer": { early: true },
    };
    let way;
    const request = async (it) => {
      if (!it.url.endsWith("/auth/v1/token")) return way.api?.() ?? new Response("{}", { headers: json });
      const form = new URLSearchParams(await it.text());
      const assertion = form.get("client_assertion");
      if (assertion) {
        secrets.set("assertion", assertion);
        secrets.set("signature", assertion.split(".")[2]);
        bytes.set("signature's bytes", Buffer.from(assertion.split(".")[2], "base64url"));
      }
      const sent = assertion ?? form.get("subject_token");
      return way.token?.(sent) ?? Response.json({ access_token: TOKEN, token_type: "Bearer", expires_in: 600 });
    };
    const logger = { group() {}, groupEnd() {}, log() {} };
    for (const [name, how] of Object.entries(WAYS)) {
      way = how;
      for (const props of [
        { security: { bearerAuth: TOKEN } },
        { security: async () => ({ oauth: TOKEN }) },
        { clientID: CLIENT_ID, clientSecret: SECRET },
        { clientID: CLIENT_ID, oidcToken: ID_TOKEN },
        { clientID: CLIENT_ID, oidcToken: async () => ID_TOKEN },
      ]) {
        // A client in use may hold its own secrets; one that was freed, and whose calls are over, may not.
        const client = construct({ tenantDomain: "acme", httpClient: { request }, debugLogger: logger, ...props });
        const calls = [
          client.connector.revokeCredential(ids),
          client.getValidToken(),
          client.connector.revokeCredentials([ids, { ...ids, id: "e" }], { retries: { strategy: "none" } }),
        ];
        if (how.early) client.free();
        await Promise.allSettled(calls);
        client.free();
        for (let round = 0; round < 5; round++) await turn();
        searched = Math.max(searched, search(`${Object.keys(props).join()}, ${name}`));
      }
    }
    // Freed without ever having been used, its key not yet handed to WebCrypto.
    construct({ clientID: CLIENT_ID, clientSecret: SECRET }).free();
    search("unused, after free()");
    for (const clientSecret of [`${SECRET}\n`, `${SECRET}A`]) {
      try {
        construct({ clientID: CLIENT_ID, clientSecret });
      } catch {
        // Refused.
      }
    }
    search("refused");
    // What is no secret is not wiped: the search does see this memory.
    const kept = construct({ serverURL: "https://marker.example/here" });
    const marker = isIn(Buffer.from("https://marker.example/here"));
    kept.free();
    return { searched, found: [...found], marker };
  },

  /** 500 calls in each round whose HTTP client never settles, each aborted. */
  async abandoned() {
    const { connector } = create({ httpClient: { request: () => new Promise(() => {}) } });
    return compared(4, async () => {
      const rejections = Array.from({ length: 500 }, async () => {
        const controller = new AbortController();
        const call = connector.revokeCredential(ids, { signal: controller.signal });
        await turn();
        controller.abort();
        await assert.rejects(call, { name: "RequestAbortedError" });
      });
      await Promise.all(rejections);
    });
  },

  /** Getters that throw, wherever a call or a constructor reads something of its caller's. */
  async getters() {
    const { connector } = create();
    const throwing = (target, name) =>
      Object.defineProperty({ ...target }, name, {
        enumerable: true,
        get() {
          throw new Error(`the caller's own ${name}`, { cause: new Array(100).fill(name) });
        },
      });
    return compared(200, async () => {
      const invalid = { name: "SDKValidationError" };
      for (const name of Object.keys(ids)) await assert.rejects(connector.revokeCredential(throwing(ids, name)), invalid);
      for (const name of ["headers", "retries", "serverURL"])
        await assert.rejects(connector.revokeCredential(ids, throwing({}, name)), invalid);
      for (const name of ["tenantDomain", "retryConfig"]) assert.throws(() => construct(throwing({}, name)), invalid);
    });
  },

  async growth() {
    // Its own function refers to it: no garbage collection frees it.
    const createCycle = () => {
      const client = create({ security: () => ({ bearerAuth: client && TOKEN }) });
      return client;
    };
    const many = async (free) => {
      const references = [];
      for (let round = 0; round < 300; round++) {
        const client = free ? createCycle() : create();
        if (round % 10 === 0) await client.connector.revokeCredential(ids);
        references.push(new WeakRef(client));
        if (free) client.free();
        // As the event loop of a page would.
        if (round % 100 === 0) await collect();
      }
      await collect();
      return references.filter((reference) => reference.deref()).length;
    };
    await many(true);
    const afterFirst = wasmBytes();
    const freed = await many(true);
    const afterFreed = wasmBytes();
    const dropped = await many(false);
    return { afterFirst, afterFreed, afterDropped: wasmBytes(), alive: { freed, dropped } };
  },

  async heap() {
    const canaries = new Map();
    // Made where they are used, and kept as bytes outside the heap: this process must hold none of them as a string itself.
    const plant = (name, text) => {
      canaries.set(name, Buffer.from(text));
      return text;
    };
    const random = () => randomBytes(24).toString("hex");
    const request = async (it) => {
      if (!it.url.endsWith("/auth/v1/token")) return new Response("{}", { headers: json });
      const assertion = new URLSearchParams(await it.text()).get("client_assertion");
      const [holder] = new URL(it.url).hostname.split(".");
      if (assertion) plant(`${holder}: assertion`, assertion);
      return Response.json({ access_token: plant(`${holder}: access token`, random()), token_type: "Bearer", expires_in: 600 });
    };
    const secretFor = (holder) => {
      const { kty, crv, d, x } = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
      plant(`${holder}: private key`, d);
      return plant(`${holder}: secret`, secretOf({ kty, crv, d, x }));
    };
    const WAYS = {
      token: () => ({ security: { bearerAuth: plant("token", random()) } }),
      function: () => ({ security: async () => ({ oauth: plant("function's token", random()) }) }),
      key: (holder) => ({ clientID: CLIENT_ID.replace("acme", holder), clientSecret: secretFor(holder) }),
      unused: (holder) => ({ clientID: CLIENT_ID.replace("acme", holder), clientSecret: secretFor(holder) }),
      workload: (holder) => ({ clientID: CLIENT_ID.replace("acme", holder), oidcToken: plant("ID token", random()) }),
    };
    const create = async (way) => {
      const client = construct({ httpClient: { request }, ...WAYS[way](way) });
      if (way !== "unused") await client.connector.revokeCredential(ids);
      return client;
    };
    const search = async () => {
      const chunks = [];
      for await (const chunk of getHeapSnapshot()) chunks.push(chunk);
      const snapshot = Buffer.concat(chunks);
      return [...canaries.keys()].filter((name) => snapshot.includes(canaries.get(name)));
    };
    // A string of the same kind that is kept: the search finds what is there.
    const kept = [plant("kept", random())];
    const searchable = (await search()).includes("kept");
    canaries.delete("kept");
    // Those that are freed stay referenced; the others are let go of, and never freed.
    const clients = [];
    for (const way of Object.keys(WAYS)) clients.push(await create(way));
    const living = await search();
    for (const client of clients) client.free();
    const freed = await search();
    canaries.clear();
    for (const way of Object.keys(WAYS)) await create(way);
    await collect();
    return {
      planted: [...canaries.keys()],
      living,
      freed,
      dropped: await search(),
      referenced: clients.length,
      searchable: searchable && kept.length === 1,
    };
  },

  async frozen() {
    let status = 200;
    const httpClient = new sdk.HTTPClient({ fetcher: async () => new Response("{}", { status, headers: json }) });
    const client = create({ httpClient });
    const revoke = (id) => client.connector.revokeCredential({ ...ids, id }, { headers: { "x-a": "1" }, timeoutMs: 60_000 });
    const revoked = (await revoke("a")).statusCode;
    const { revoked: bulk } = await client.connector.revokeCredentials([ids, { ...ids, id: "e" }]);
    status = 500;
    const name = (error) => error.name;
    return { revoked, failed: await revoke("a").catch(name), invalid: await revoke(null).catch(name), bulk };
  },
};

console.log(JSON.stringify(await parts[part]()));
