// The Worker that serves the page, in workerd: who may call which route, what reaches the tenant, and what does not.
import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import { after, before, beforeEach, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { Miniflare, Response } from "miniflare";
import { bundle } from "../harness/runtimes.mjs";

const OPERATOR = "operator-token-of-32-characters-or-more";
const PATH = "/api/v1/apps/a/connectors/b/credentials/c";
const SANDBOX_PATH = "/sandbox/api/v1/apps/app-github/connectors/con-github-prod/credentials/cred-deploy-bot";
const TEAM = "https://acme.cloudflareaccess.com";
const AUDIENCE = "0123456789abcdef";
const WITH_OPERATOR = { C1_TENANT: "acme", OPERATOR_TOKEN: OPERATOR };
const WITH_ACCESS = { C1_TENANT: "acme", ACCESS_TEAM_DOMAIN: TEAM, ACCESS_AUD: AUDIENCE };

const rsa = () => generateKeyPairSync("rsa", { modulusLength: 2048 });
const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const inSeconds = (seconds) => Math.floor(Date.now() / 1000) + seconds;

describe("the page's Worker", { timeout: 600_000 }, () => {
  const key = rsa();
  /** What the Worker's own requests find: the tenant, and the team's public keys at Cloudflare Access. */
  let outside, miniflare, url;

  before(async () => {
    const entry = fileURLToPath(new URL("worker.js", import.meta.url));
    const script = await bundle(`export * from ${JSON.stringify(entry)}; export { default } from ${JSON.stringify(entry)};`, {
      conditions: ["workerd", "worker", "browser"],
      platform: "neutral",
      mainFields: ["module", "main"],
      external: ["cloudflare:workers"],
    });
    miniflare = new Miniflare({
      modules: [{ type: "ESModule", path: "worker.mjs", contents: script }],
      modulesRoot: ".",
      compatibilityDate: "2026-04-01",
      durableObjects: { SANDBOX_STATE: { className: "Sandbox", useSQLite: true } },
      async outboundService(request) {
        const { origin, pathname } = new URL(request.url);
        outside.requests.push({ request, body: await request.text() });
        if (`${origin}${pathname}` === `${TEAM}/cdn-cgi/access/certs`) return Response.json(...outside.keys);
        const { status = 200, headers = {}, text = "{}" } = outside.tenant;
        return new Response(text, { status, headers: { "content-type": "application/json", ...headers } });
      },
    });
    url = (await miniflare.ready).origin;
  });
  after(() => miniflare?.dispose());
  beforeEach(() => {
    const jwk = { ...key.publicKey.export({ format: "jwk" }), kid: "key-1", alg: "RS256" };
    outside = { requests: [], tenant: {}, keys: [{ keys: [jwk] }] };
  });

  /** A request as the page sends it, unless the test says otherwise. */
  const send = (path, { settings = WITH_OPERATOR, headers = {}, ...init } = {}) =>
    fetch(url + path, {
      method: "POST",
      redirect: "manual",
      ...init,
      headers: {
        "x-test-settings": JSON.stringify(settings),
        origin: url,
        authorization: "Bearer canary-token",
        ...headers,
      },
    });
  const asOperator = (path, init = {}) => send(path, { ...init, headers: { "operator-token": OPERATOR, ...init.headers } });
  const toTenant = () => outside.requests.filter(({ request }) => new URL(request.url).host === "acme.conductor.one");

  describe("without settings", () => {
    it("answers nothing but that", async () => {
      for (const path of [PATH, "/auth/v1/token", "/sandbox/state", SANDBOX_PATH, "/sandbox/reset", "/revoke", "/jobs", "/x"]) {
        for (const method of ["GET", "POST"]) {
          assert.equal((await send(path, { settings: {}, method, headers: { "operator-token": OPERATOR } })).status, 404, path);
        }
      }
      const config = await (await send("/config", { settings: {}, method: "GET" })).json();
      assert.deepEqual(config, { sandbox: false, tenant: null, signIn: null, problem: null });
      assert.deepEqual(outside.requests, []);
    });

    for (const [what, settings, problem] of [
      ["nobody who may use it", { C1_TENANT: "acme" }, /serves nobody/],
      ["a short operator token", { C1_TENANT: "acme", OPERATOR_TOKEN: "short" }, /shorter than 32/],
      ["no audience", { C1_TENANT: "acme", ACCESS_TEAM_DOMAIN: TEAM }, /ACCESS_AUD/],
      ["no team", { C1_TENANT: "acme", ACCESS_AUD: AUDIENCE }, /ACCESS_TEAM_DOMAIN/],
      ["a team that is no origin", { ...WITH_ACCESS, ACCESS_TEAM_DOMAIN: "acme" }, /ACCESS_TEAM_DOMAIN/],
      ["a tenant that is none", { ...WITH_OPERATOR, C1_TENANT: "evil.example#" }, /C1_TENANT/],
    ]) {
      it(`forwards nothing with ${what}, and says why`, async () => {
        for (const token of ["", "short", OPERATOR]) {
          const response = await send(PATH, { settings, headers: { "operator-token": token } });
          assert.equal(response.status, 503);
          assert.match((await response.json()).message, problem);
        }
        const config = await (await send("/config", { settings, method: "GET" })).json();
        assert.equal(config.tenant, null);
        assert.match(config.problem, problem);
        assert.deepEqual(outside.requests, []);
      });
    }
  });

  describe("the sandbox", () => {
    for (const SANDBOX of [undefined, "", "off", "false", "ON", "1"]) {
      it(`is off with SANDBOX=${SANDBOX}, also when a tenant's key or name is missing`, async () => {
        for (const settings of [{ SANDBOX }, { ...WITH_OPERATOR, SANDBOX }, { OPERATOR_TOKEN: OPERATOR, SANDBOX }]) {
          const response = await asOperator(SANDBOX_PATH, {
            settings,
            headers: { authorization: "Bearer sandbox-token-opens-nothing-real" },
          });
          assert.equal(response.status, 404);
          assert.equal(response.headers.get("x-c1-revoke-sandbox"), null);
        }
      });
    }

    it("says in every answer that it is the sandbox", async () => {
      const settings = { SANDBOX: "on" };
      const token = { authorization: "Bearer sandbox-token-opens-nothing-real" };
      const busy = SANDBOX_PATH.replace(/app-.*/, "app-snowflake/connectors/con-snowflake/credentials/cred-busy");
      for (const [path, init, status] of [
        [SANDBOX_PATH, { headers: token }, 200],
        [SANDBOX_PATH, {}, 401],
        [`${SANDBOX_PATH}-gone`, { headers: token }, 404],
        [busy, { headers: token }, 429],
        [SANDBOX_PATH, { method: "PUT" }, 405],
        ["/sandbox/state", { method: "GET" }, 200],
        ["/sandbox/reset", {}, 200],
        ["/sandbox/reset", { headers: { "sec-fetch-site": "cross-site" } }, 403],
        ["/sandbox/auth/v1/token", {}, 404],
      ]) {
        const response = await send(path, { settings, ...init });
        assert.equal(response.status, status, path);
        assert.equal(response.headers.get("x-c1-revoke-sandbox"), "on");
        const body = await response.json();
        assert.ok(status === 200 ? body.sandbox : body.message.startsWith("Sandbox: "), JSON.stringify(body));
      }
      assert.equal((await (await send("/config", { settings, method: "GET" })).json()).sandbox, true);
    });

    it("limits every route", async () => {
      const settings = { SANDBOX: "on", FROZEN_AT: Date.now() };
      const init = { "/sandbox/reset": {}, "/sandbox/state": { method: "GET" }, [SANDBOX_PATH]: {} };
      for (let i = 0; i < 200; i++) await send("/sandbox/state", { settings, method: "GET" });
      for (const path of Object.keys(init)) {
        const response = await send(path, { settings, ...init[path] });
        assert.equal(response.status, 429, path);
        assert.equal(response.headers.get("retry-after"), "1");
      }
      settings.FROZEN_AT += 1_000;
      assert.equal((await send("/sandbox/reset", { settings })).status, 200);
    });
  });

  describe("forwarding", () => {
    it("forwards the page's revocation with the page's token, and no more of it", async () => {
      outside.tenant = { headers: { "x-request-id": "req-7", "set-cookie": "a=b", "x-internal": "1" } };
      const response = await asOperator(PATH.replace("/b/", "/b%2F%C3%A9/"), { headers: { cookie: "a=b" }, body: "{}" });
      assert.equal(response.status, 200);
      const [{ request, body }] = toTenant();
      assert.equal(
        `${request.method} ${request.url}`,
        "POST https://acme.conductor.one/api/v1/apps/a/connectors/b%2F%C3%A9/credentials/c",
      );
      assert.equal(request.headers.get("authorization"), "Bearer canary-token");
      assert.equal(body, "");
      for (const name of ["operator-token", "cf-access-jwt-assertion", "origin", "referer", "cookie", "x-forwarded-for"]) {
        assert.equal(request.headers.get(name), null, name);
      }
      assert.equal(response.headers.get("x-request-id"), "req-7");
      for (const name of ["set-cookie", "x-internal"]) assert.equal(response.headers.get(name), null);
    });

    it("passes the API's errors on as they are", async () => {
      outside.tenant = { status: 429, headers: { "retry-after": "9" }, text: '{"code":8,"message":"slow down","details":[]}' };
      const response = await asOperator(PATH);
      assert.equal(response.status, 429);
      assert.equal(response.headers.get("retry-after"), "9");
      assert.deepEqual(await response.json(), { code: 8, message: "slow down", details: [] });
    });

    it("follows no redirect, and does not call it a success", async () => {
      for (const status of [301, 302, 303, 307, 308]) {
        outside.requests = [];
        outside.tenant = { status, headers: { location: `https://evil.example${PATH}` } };
        const response = await asOperator(PATH);
        assert.equal(response.status, 502, String(status));
        assert.equal(response.headers.get("location"), null);
        assert.equal(outside.requests.length, 1);
      }
    });

    it("is for holders of the operator's token", async () => {
      for (const token of ["", "x", `${OPERATOR}x`, OPERATOR.slice(1), OPERATOR.toUpperCase()]) {
        assert.equal((await send(PATH, { headers: { "operator-token": token } })).status, 401);
      }
      // The token for the API is no operator's token.
      assert.equal((await send(PATH, { headers: { authorization: `Bearer ${OPERATOR}` } })).status, 401);
      assert.deepEqual(outside.requests, []);
      assert.equal((await asOperator(PATH)).status, 200);
    });

    it("names the tenant to those only who may use it", async () => {
      const config = async (init) => (await send("/config", { method: "GET", ...init })).json();
      assert.deepEqual(await config({}), { sandbox: false, tenant: null, signIn: "operator token", problem: null });
      assert.deepEqual(await config({ settings: WITH_ACCESS }), {
        sandbox: false,
        tenant: null,
        signIn: "access",
        problem: null,
      });
      const { tenant } = await config({ headers: { "operator-token": OPERATOR } });
      assert.equal(tenant, "acme.conductor.one");
    });

    it("forwards no token request: its assertion would name this Worker, and the tenant would refuse it", async () => {
      const body = new URLSearchParams({ grant_type: "client_credentials", client_assertion: "a.b.c" });
      for (const path of ["/auth/v1/token", "/api/auth/v1/token"]) assert.equal((await asOperator(path, { body })).status, 404);
      assert.deepEqual(outside.requests, []);
    });

    for (const [what, path] of [
      ["another operation", "/api/v1/apps/a/connectors/b"],
      ["a longer path", `${PATH}/more`],
      ["a query", `${PATH}?x=1`],
      ["an empty id", "/api/v1/apps/a/connectors//credentials/c"],
      ["an id that climbs, encoded", "/api/v1/apps/a/connectors/%2e%2e/credentials/c"],
      ["an id that is not UTF-8", "/api/v1/apps/a/connectors/%ff/credentials/c"],
      ["a host in the path", `//127.0.0.1/${PATH}`],
      ["users", "/api/v1/users"],
    ]) {
      it(`forwards nothing for ${what}`, async () => {
        assert.equal((await asOperator(path)).status, 404);
        assert.deepEqual(outside.requests, []);
      });
    }

    for (const [what, status, init] of [
      ["another method", 405, { method: "PUT" }],
      ["another origin", 403, { headers: { origin: "https://evil.example" } }],
      ["no origin", 403, { headers: { origin: "" } }],
      ["a page of another site", 403, { headers: { "sec-fetch-site": "cross-site" } }],
      ["no token", 401, { headers: { authorization: "" } }],
      ["a password", 401, { headers: { authorization: "Basic YTpi" } }],
    ]) {
      it(`forwards nothing for ${what}, not even for the operator`, async () => {
        assert.equal((await asOperator(PATH, init)).status, status);
        assert.deepEqual(outside.requests, []);
      });
    }
  });

  describe("behind Cloudflare Access", () => {
    function jwt(change = {}, { signer = key.privateKey, header = { alg: "RS256", kid: "key-1" } } = {}) {
      const claims = {
        iss: TEAM,
        aud: [AUDIENCE],
        sub: "person",
        email: "a@acme.example",
        iat: inSeconds(0),
        exp: inSeconds(60),
      };
      const input = `${encode(header)}.${encode({ ...claims, ...change })}`;
      return `${input}.${sign("RSA-SHA256", Buffer.from(input), signer).toString("base64url")}`;
    }
    const sendJwt = (token) => send(PATH, { settings: WITH_ACCESS, headers: { "cf-access-jwt-assertion": token } });

    it("forwards for whoever Access let through", async () => {
      assert.equal((await sendJwt(jwt())).status, 200);
      assert.equal(toTenant().length, 1);
      const init = { settings: WITH_ACCESS, method: "GET", headers: { "cf-access-jwt-assertion": jwt() } };
      assert.equal((await (await send("/config", init)).json()).tenant, "acme.conductor.one");
    });

    it("fetches the team's keys once", async () => {
      const fetched = () => outside.requests.length - toTenant().length;
      for (let i = 0; i < 3; i++) assert.equal((await sendJwt(jwt())).status, 200);
      assert.ok(fetched() <= 1);
    });

    for (const [what, status, token] of [
      ["no JWT", 401, () => ""],
      ["text that is no JWT", 403, () => "x"],
      ["another application's audience", 403, () => jwt({ aud: ["another"] })],
      ["no audience", 403, () => jwt({ aud: undefined })],
      ["another team's JWT", 403, () => jwt({ iss: "https://evil.cloudflareaccess.com" })],
      ["a JWT that has expired", 403, () => jwt({ exp: inSeconds(-1) })],
      ["a JWT that never expires", 403, () => jwt({ exp: undefined })],
      ["a JWT that is not valid yet", 403, () => jwt({ nbf: inSeconds(60) })],
      ["another key's signature", 403, () => jwt({}, { signer: rsa().privateKey })],
      [
        "claims changed after signing",
        403,
        () => jwt({ sub: "x" }).replace(/\.[^.]+\./, `.${encode({ iss: TEAM, aud: [AUDIENCE] })}.`),
      ],
      ["no signature", 403, () => `${encode({ alg: "none" })}.${jwt().split(".")[1]}.`],
      ["another algorithm", 403, () => jwt({}, { header: { alg: "HS256", kid: "key-1" } })],
      ["a key that the team does not have", 403, () => jwt({}, { header: { alg: "RS256", kid: "key-9" } })],
    ]) {
      it(`forwards nothing with ${what}`, async () => {
        assert.equal((await sendJwt(token())).status, status);
        assert.deepEqual(toTenant(), []);
      });
    }

    it("forwards nothing while the team's keys cannot be fetched", async () => {
      for (const [name, keys] of [
        ["down", [{}, { status: 500 }]],
        ["no-keys", [{ keys: "x" }]],
      ]) {
        outside.keys = keys;
        // A team of its own, whose keys are in no cache.
        const settings = { ...WITH_ACCESS, ACCESS_TEAM_DOMAIN: `https://${name}.example` };
        outside.tenant = { status: 500 };
        const response = await send(PATH, { settings, headers: { "cf-access-jwt-assertion": jwt() } });
        assert.equal(response.status, 503);
        assert.deepEqual(toTenant(), []);
      }
    });
  });
});
