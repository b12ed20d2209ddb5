// What stays in memory: no secret, and nothing of clients and calls that are gone. Each test runs in a Node of its own, with the
// collector at hand, and without the test runner, which keeps what it sees of promises and makes them slow.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { describe, it } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { getHeapSnapshot } from "node:v8";
import { app } from "../harness/app.mjs";
import { memories } from "../harness/wasm-memories.js";
import { CLIENT_ID, CANARY_ID_TOKEN as ID_TOKEN, JWK, secretOf, CANARY_TOKEN as TOKEN } from "../suite/credentials.js";

const sdk = await import(pathToFileURL(`${app}/import.mjs`));

const SECRET = secretOf(JWK);
const ids = { appId: "marker-app", connectorId: "c", id: "d" };
const json = { "content-type": "application/json" };
const revoked = async () => new Response("{}", { headers: json });
const construct = (props) => new sdk.ConductoroneSDKTypescript(props);
/** A client with a token that is no canary, whose calls succeed, unless the props say otherwise. */
const create = (props) =>
  construct({ tenantDomain: "acme", security: { bearerAuth: "any-token" }, httpClient: { request: revoked }, ...props });

/** Where in all wasm memory these bytes are. */
const isIn = (bytes) => memories.some(({ buffer }) => Buffer.from(buffer).includes(bytes));
/** Bytes of all wasm memories. */
const wasmBytes = () => memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);

/** Lets what waits for a turn of the event loop be done. */
async function turns() {
  for (let round = 0; round < 5; round++) await new Promise((resolve) => setImmediate(resolve));
}

/** Collects garbage, and lets what waits for that be told. */
async function collect() {
  for (let round = 0; round < 5; round++) {
    globalThis.gc();
    await turns();
  }
}

/** Bytes that a heap may vary by from one collection to the next. */
const NOISE = 1 << 20;

/** Asserts that memory is the same after some rounds, which warm everything up, and after five times as many. */
const staysFlat = (rounds, action, props) => async () => {
  const { connector } = create(props);
  const used = [];
  for (const count of [rounds, 5 * rounds]) {
    for (let round = 0; round < count; round++) await action(connector);
    await collect();
    used.push({ heap: process.memoryUsage().heapUsed, wasm: wasmBytes() });
  }
  const [first, last] = used;
  assert.equal(last.wasm, first.wasm, "wasm memory grows");
  assert.ok(last.heap - first.heap < NOISE, `the heap has grown by ${last.heap - first.heap} bytes`);
  assert.equal((await create().connector.revokeCredential(ids)).statusCode, 200);
};

const TESTS = {
  "holds no token, secret, seed, assertion or ID token after free() and the end of the client's calls (wasm)": async () => {
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
      const texts = [...secrets].flatMap(([name, text]) => [
        [name, Buffer.from(text)],
        [`${name} in UTF-16`, Buffer.from(text, "utf16le")],
      ]);
      for (const [name, form] of [...bytes, ...texts]) if (isIn(form)) found.add(`${name}, ${when}`);
    };
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
    const debugLogger = { group() {}, groupEnd() {}, log() {} };
    for (const [name, { api = revoked, token, early }] of Object.entries(WAYS)) {
      const request = async (it) => {
        if (!it.url.endsWith("/auth/v1/token")) return api();
        const form = new URLSearchParams(await it.text());
        const assertion = form.get("client_assertion");
        if (assertion) {
          const [, , signature] = assertion.split(".");
          secrets.set("assertion", assertion).set("signature", signature);
          bytes.set("signature's bytes", Buffer.from(signature, "base64url"));
        }
        const sent = assertion ?? form.get("subject_token");
        return token?.(sent) ?? Response.json({ access_token: TOKEN, token_type: "Bearer", expires_in: 600 });
      };
      for (const props of [
        { security: { bearerAuth: TOKEN } },
        { security: async () => ({ oauth: TOKEN }) },
        { clientID: CLIENT_ID, clientSecret: SECRET },
        { clientID: CLIENT_ID, oidcToken: ID_TOKEN },
        { clientID: CLIENT_ID, oidcToken: async () => ID_TOKEN },
      ]) {
        // A client in use may hold its own secrets; one that was freed, and whose calls are over, may not.
        const client = construct({ tenantDomain: "acme", httpClient: { request }, debugLogger, ...props });
        const calls = [
          client.connector.revokeCredential(ids),
          client.getValidToken(),
          client.connector.revokeCredentials([ids, { ...ids, id: "e" }], { retries: { strategy: "none" } }),
        ];
        if (early) client.free();
        await Promise.allSettled(calls);
        client.free();
        await turns();
        search(`${Object.keys(props).join()}, ${name}`);
      }
    }
    assert.deepEqual([secrets.size, bytes.size], [7, 2], "all secrets were looked for");
    // Freed without ever having been used, its key not yet handed to WebCrypto.
    construct({ clientID: CLIENT_ID, clientSecret: SECRET }).free();
    search("unused, after free()");
    for (const clientSecret of [`${SECRET}\n`, `${SECRET}A`])
      assert.throws(() => construct({ clientID: CLIENT_ID, clientSecret }));
    search("refused");
    assert.deepEqual([...found], []);
    // What is no secret is not wiped: the search does see this memory.
    const kept = construct({ serverURL: "https://marker.example/here" });
    assert.ok(isIn(Buffer.from("https://marker.example/here")));
    kept.free();
  },

  "does not grow with clients created and dropped, freed or not (wasm)": async () => {
    // Its own function refers to it: no garbage collection frees it.
    const createCycle = () => {
      const client = create({ security: () => ({ bearerAuth: client && TOKEN }) });
      return client;
    };
    const sizes = [];
    for (const free of [true, true, false]) {
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
      sizes.push(wasmBytes());
      const alive = references.filter((reference) => reference.deref()).length;
      assert.ok(alive <= 10, `${alive} of 300 clients are still alive, ${free ? "freed" : "dropped"}`);
    }
    assert.deepEqual(sizes, Array(3).fill(sizes[0]));
  },
  "stays flat over 30,000 successful calls": staysFlat(5, async (connector) => {
    for (let call = 0; call < 1000; call++) await connector.revokeCredential(ids);
  }),
  "stays flat over 12,000 calls to an HTTP client that never settles, each aborted": staysFlat(
    4,
    async (connector) => {
      const rejections = Array.from({ length: 500 }, async () => {
        const controller = new AbortController();
        const call = connector.revokeCredential(ids, { signal: controller.signal });
        await turns();
        controller.abort();
        await assert.rejects(call, { name: "RequestAbortedError" });
      });
      await Promise.all(rejections);
    },
    { httpClient: { request: () => new Promise(() => {}) } },
  ),
  // Wherever a call or a constructor reads something of its caller's.
  "stays flat over 9,600 getters that throw": staysFlat(200, async (connector) => {
    const throwing = (target, name) =>
      Object.defineProperty({ ...target }, name, {
        enumerable: true,
        get() {
          throw new Error(`the caller's own ${name}`, { cause: new Array(100).fill(name) });
        },
      });
    const invalid = { name: "SDKValidationError" };
    for (const name of Object.keys(ids)) await assert.rejects(connector.revokeCredential(throwing(ids, name)), invalid);
    for (const name of ["headers", "retries", "serverURL"])
      await assert.rejects(connector.revokeCredential(ids, throwing({}, name)), invalid);
    for (const name of ["tenantDomain", "retryConfig"]) assert.throws(() => construct(throwing({}, name)), invalid);
  }),
  "holds no string with a token, secret, key, assertion or ID token of a client that was freed or let go (heap)": async () => {
    const canaries = new Map();
    // Made where they are used, and kept as bytes outside the heap: this process must hold none of them as a string itself.
    const plant = (name, text) => {
      canaries.set(name, Buffer.from(text));
      return text;
    };
    const random = () => randomBytes(24).toString("hex");
    const request = async (it) => {
      if (!it.url.endsWith("/auth/v1/token")) return revoked();
      const assertion = new URLSearchParams(await it.text()).get("client_assertion");
      const [holder] = new URL(it.url).hostname.split(".");
      if (assertion) plant(`${holder}: assertion`, assertion);
      return Response.json({ access_token: plant(`${holder}: access token`, random()), token_type: "Bearer", expires_in: 600 });
    };
    const withSecret = (holder) => {
      const { kty, crv, d, x } = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
      plant(`${holder}: private key`, d);
      const clientSecret = plant(`${holder}: secret`, secretOf({ kty, crv, d, x }));
      return { clientID: CLIENT_ID.replace("acme", holder), clientSecret };
    };
    const WAYS = {
      token: () => ({ security: { bearerAuth: plant("token", random()) } }),
      function: () => ({ security: async () => ({ oauth: plant("function's token", random()) }) }),
      key: withSecret,
      unused: withSecret,
      workload: (holder) => ({ clientID: CLIENT_ID.replace("acme", holder), oidcToken: plant("ID token", random()) }),
    };
    const createEach = async () => {
      const clients = [];
      for (const [way, props] of Object.entries(WAYS)) {
        const client = construct({ httpClient: { request }, ...props(way) });
        if (way !== "unused") await client.connector.revokeCredential(ids);
        clients.push(client);
      }
      return clients;
    };
    const search = async () => {
      const chunks = [];
      for await (const chunk of getHeapSnapshot()) chunks.push(chunk);
      const snapshot = Buffer.concat(chunks);
      return [...canaries.keys()].filter((name) => snapshot.includes(canaries.get(name)));
    };
    // Those that are freed stay referenced; the others are let go of, and never freed.
    const clients = await createEach();
    assert.deepEqual([...canaries.keys()].sort(), [
      "ID token",
      "function's token",
      "key: access token",
      "key: assertion",
      "key: private key",
      "key: secret",
      "token",
      "unused: private key",
      "unused: secret",
      "workload: access token",
    ]);
    // A string of the same kind that is kept: the search finds what is there.
    const kept = [plant("kept", random())];
    const living = await search();
    assert.ok(living.includes("kept") && kept.length === 1);
    canaries.delete("kept");
    // Of clients in use, what they are going to send again may be there, and nothing else.
    const resent = ["kept", "ID token", "key: access token", "token", "workload: access token"];
    for (const name of living) assert.ok(resent.includes(name), name);
    for (const client of clients) client.free();
    assert.deepEqual(await search(), []);
    assert.equal(clients.length, 5);
    canaries.clear();
    await createEach();
    await collect();
    assert.deepEqual(await search(), []);
  },
  "a realm whose intrinsics are frozen runs the package as any other": async () => {
    for (const name of Object.getOwnPropertyNames(globalThis)) {
      const value = globalThis[name];
      if (typeof value !== "function" || !/^[A-Z]/.test(name)) continue;
      if (value.prototype) Object.freeze(value.prototype);
      if (name !== "WebAssembly") Object.freeze(value);
    }
    Object.freeze(Reflect);
    Object.freeze(JSON);
    const frozen = await import(`${pathToFileURL(app)}/node_modules/c1-revoke/cdn.js`);
    let status = 200;
    const httpClient = new frozen.HTTPClient({ fetcher: async () => new Response("{}", { status, headers: json }) });
    const client = new frozen.ConductoroneSDKTypescript({ tenantDomain: "acme", security: { bearerAuth: "t" }, httpClient });
    const revoke = (id) => client.connector.revokeCredential({ ...ids, id }, { headers: { "x-a": "1" }, timeoutMs: 60_000 });
    assert.equal((await revoke("a")).statusCode, 200);
    assert.equal((await client.connector.revokeCredentials([ids, { ...ids, id: "e" }])).revoked, 2);
    status = 500;
    await assert.rejects(revoke("a"), { name: "SDKError" });
    await assert.rejects(revoke(null), { name: "SDKValidationError" });
  },
};

const script = fileURLToPath(import.meta.url);
const flags = ["--expose-gc", "--heap-snapshot-string-limit=100000"];
const [, , name] = process.argv;
if (name in TESTS) await TESTS[name]();
else
  describe("memory", () => {
    for (const name of Object.keys(TESTS)) it(name, () => promisify(execFile)(process.execPath, [...flags, script, name]));
  });
