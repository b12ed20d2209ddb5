// A client that lives as long as the Worker does, shared by its invocations. workerd ends what an invocation began when that invocation
// is over; a token request among it must not keep the others waiting for ever.
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { Miniflare, Response } from "miniflare";
import { compatibilityDate } from "../harness/compatibility-date.mjs";
import { bundle, wasmModules } from "../harness/runtimes.mjs";

/** Waits are a hundredth of what they are: nothing here waits for seconds. */
const WORKER = `
  const later = globalThis.setTimeout.bind(globalThis);
  globalThis.setTimeout = (callback, ms, ...rest) => later(callback, ms / 100, ...rest);
  const { ConductoroneSDKTypescript } = await import("c1-revoke");
  let sdk;
  export default {
    async fetch(request, { SECRET }) {
      sdk ??= new ConductoroneSDKTypescript({ clientID: "name-1@acme.conductor.one/pcc", clientSecret: SECRET });
      const [, way, id] = new URL(request.url).pathname.split("/");
      const call = sdk.connector.revokeCredential({ appId: "a", connectorId: "b", id });
      if (way === "leave") {
        call.catch(() => {});
        return new Response("left");
      }
      // By now this call waits for a token.
      await fetch("https://acme.conductor.one/waits/" + id);
      const { rawResponse } = await call;
      return new Response(rawResponse.headers.get("x-request-id"));
    },
  };`;

function clientSecret() {
  const { kty, crv, d, x } = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
  return `secret-token:conductorone.com:v1:${Buffer.from(JSON.stringify({ kty, crv, d, x })).toString("base64url")}`;
}

describe("a client shared by a Worker's invocations", { timeout: 60_000 }, () => {
  let miniflare, url, tokens;
  /** What the token endpoint waits for before it answers. */
  let answer = Promise.resolve();
  /** Called with the id of each call that stays and waits. */
  let waits = () => {};
  before(async () => {
    const { files, plugin } = wasmModules();
    const options = {
      conditions: ["workerd", "worker", "browser"],
      platform: "neutral",
      mainFields: ["module"],
      plugins: [plugin],
    };
    const script = await bundle(WORKER, options);
    miniflare = new Miniflare({
      modules: [
        { type: "ESModule", path: "worker.mjs", contents: script },
        ...[...files].map(([file, path]) => ({ type: "CompiledWasm", path, contents: readFileSync(file) })),
      ],
      modulesRoot: ".",
      compatibilityDate,
      bindings: { SECRET: clientSecret() },
      async outboundService(request) {
        const { pathname } = new URL(request.url);
        if (pathname.startsWith("/waits/")) {
          waits(pathname.split("/").at(-1));
          return new Response();
        }
        if (pathname !== "/auth/v1/token") return Response.json({}, { headers: { "x-request-id": pathname.split("/").at(-1) } });
        tokens += 1;
        await answer;
        // Short-lived: each test asks anew.
        return Response.json({ access_token: "token", token_type: "Bearer", expires_in: 0 });
      },
    });
    url = await miniflare.ready;
  });
  after(() => miniflare?.dispose());
  const ask = async (path) => (await fetch(new URL(path, url))).text();

  it("asks for one token for all that wait", async () => {
    tokens = 0;
    const ids = ["1", "2", "3", "4"];
    let release;
    answer = new Promise((resolve) => {
      release = resolve;
    });
    const waiting = new Set();
    const all = new Promise((resolve) => {
      waits = (id) => waiting.add(id).size === ids.length && resolve();
    });
    const answers = Promise.all(ids.map((id) => ask(`/stay/${id}`)));
    await all;
    release();
    assert.deepEqual(await answers, ids);
    assert.equal(tokens, 1);
  });

  it("answers all the same when the invocation that asked for the token is over", async () => {
    tokens = 0;
    answer = new Promise(() => {});
    assert.equal(await ask("/leave/0"), "left");
    answer = Promise.resolve();
    assert.deepEqual(await Promise.all(["1", "2", "3"].map((id) => ask(`/stay/${id}`))), ["1", "2", "3"]);
    assert.ok(tokens >= 2);
  });
});
