// A sandbox of the endpoint, so that the console needs no tenant: it holds a few credentials and answers as the API would. One Durable
// Object keeps it, because its state must be one and the same for every request, whichever machine the Worker runs on.
import { DurableObject } from "cloudflare:workers";
import { failure, json, readText, revocationIn } from "./answers.js";
import { CLIENT_ID, checkTokenRequest, generateKey, Refusal, secretOf } from "./sandbox-key.js";

/** A token that the sandbox always takes. It opens nothing but the sandbox, so it is no secret. */
export const TOKEN = "sandbox-token-opens-nothing-real";

const CREDENTIALS = [
  { appId: "app-github", connectorId: "con-github-prod", id: "cred-deploy-bot", label: "GitHub · deploy bot" },
  { appId: "app-github", connectorId: "con-github-prod", id: "cred-ci-runner", label: "GitHub · CI runner" },
  { appId: "app-okta", connectorId: "con-okta-sync", id: "cred-directory-sync", label: "Okta · directory sync" },
  { appId: "app-aws", connectorId: "con-aws-root", id: "cred-break-glass", label: "AWS · break-glass" },
];

/** Revoking this one is always refused with a 429, to show what that looks like. */
const BUSY = { appId: "app-snowflake", connectorId: "con-snowflake", id: "cred-busy", label: "Snowflake · always rate limited" };
const BUSY_RETRY_AFTER_S = 30;

/** `cred-00001` to `cred-10000` of this connector exist too: a list long enough to try bulk revocation on. */
const LOAD = { appId: "app-load", connectorId: "con-load", count: 10_000 };

/** Requests that may come at once, and then in each second. Beyond that the answer is 429, as from any API. */
const BURST = 200;
const PER_SECOND = 150;

const LONGEST_TOKEN_REQUEST = 8192;

/** How long a token that the sandbox hands out is good, as the API's. */
const TOKEN_LIFE_S = 600;

const keyOf = ({ appId, connectorId, id }) => JSON.stringify([appId, connectorId, id]);
const KNOWN = new Set([...CREDENTIALS, BUSY].map(keyOf));

function isKnown(ids) {
  if (KNOWN.has(keyOf(ids))) return true;
  const number = /^cred-(\d{5})$/.exec(ids.id)?.[1];
  return ids.appId === LOAD.appId && ids.connectorId === LOAD.connectorId && number >= 1 && number <= LOAD.count;
}

/** The one sandbox of this Worker. */
export const sandboxOf = (env) => env.SANDBOX.get(env.SANDBOX.idFromName("sandbox"));

export class Sandbox extends DurableObject {
  #allowance = BURST;
  #filledAt = Date.now();
  /** The private key of the sandbox's API key. */
  #jwk;

  constructor(ctx, env) {
    super(ctx, env);
    ctx.storage.sql.exec(`
      CREATE TABLE IF NOT EXISTS revoked (key TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS tokens (token TEXT PRIMARY KEY, expires_at INTEGER NOT NULL) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS seen (jti TEXT PRIMARY KEY, expires_at INTEGER NOT NULL) WITHOUT ROWID;
    `);
    ctx.blockConcurrencyWhile(async () => {
      this.#jwk = (await ctx.storage.get("jwk")) ?? (await generateKey());
      await ctx.storage.put("jwk", this.#jwk);
    });
  }

  fetch(request) {
    const pathname = new URL(request.url).pathname.slice("/sandbox".length);
    switch (`${request.method} ${pathname}`) {
      case "GET /state":
        return json(this.#state());
      case "POST /reset":
        return this.#reset(request);
      case "POST /auth/v1/token":
        return this.#issueToken(request);
    }
    const ids = revocationIn(pathname);
    if (!ids) return failure(404, "no such method in the sandbox");
    if (request.method !== "POST") return failure(405, "a revocation is a POST", { allow: "POST" });
    return this.#revoke(ids, request.headers.get("authorization") ?? "");
  }

  #revoke(ids, authorization) {
    const requestId = { "x-request-id": crypto.randomUUID() };
    if (!this.#isGood(authorization.replace(/^bearer /i, ""))) {
      return failure(401, "the bearer token is missing or not valid", requestId);
    }
    const wait = keyOf(ids) === keyOf(BUSY) ? BUSY_RETRY_AFTER_S : this.#wait();
    if (wait > 0) return failure(429, "too many requests", { ...requestId, "retry-after": String(wait) });
    if (!isKnown(ids))
      return failure(404, `no credential ${ids.id} on connector ${ids.connectorId} of app ${ids.appId}`, requestId);
    this.ctx.storage.sql.exec("INSERT OR IGNORE INTO revoked VALUES (?, ?)", keyOf(ids), Date.now());
    return json({}, { headers: requestId });
  }

  #isGood(token) {
    const good = "SELECT 1 FROM tokens WHERE token = ? AND expires_at > ?";
    return token === TOKEN || this.ctx.storage.sql.exec(good, token, Date.now()).toArray().length > 0;
  }

  async #issueToken(request) {
    const sql = this.ctx.storage.sql;
    try {
      const form = new URLSearchParams((await readText(request, LONGEST_TOKEN_REQUEST)) ?? "");
      const { jti, expiresAt } = await checkTokenRequest(form, { jwk: this.#jwk, host: new URL(request.url).hostname });
      const now = Date.now();
      sql.exec("DELETE FROM seen WHERE expires_at <= ?1", now);
      sql.exec("DELETE FROM tokens WHERE expires_at <= ?1", now);
      if (sql.exec("INSERT OR IGNORE INTO seen VALUES (?, ?) RETURNING jti", jti, expiresAt).toArray().length === 0) {
        throw new Refusal("invalid_client", "the client assertion was used before", 401);
      }
      const token = `sandbox-${crypto.randomUUID()}`;
      sql.exec("INSERT INTO tokens VALUES (?, ?)", token, now + TOKEN_LIFE_S * 1000);
      return json({ access_token: token, token_type: "Bearer", expires_in: TOKEN_LIFE_S });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return json({ error: error.error, error_description: error.message }, { status: error.status });
    }
  }

  /** Takes one request out of the allowance (a token bucket): 0, or the seconds after which to come again. */
  #wait() {
    const now = Date.now();
    this.#allowance = Math.min(BURST, this.#allowance + ((now - this.#filledAt) / 1000) * PER_SECOND);
    this.#filledAt = now;
    if (this.#allowance < 1) return 1;
    this.#allowance -= 1;
    return 0;
  }

  #state() {
    const rows = this.ctx.storage.sql;
    const revokedAt = (credential) => {
      const [row] = rows.exec("SELECT at FROM revoked WHERE key = ?", keyOf(credential)).toArray();
      return row ? new Date(row.at).toISOString() : null;
    };
    return {
      token: TOKEN,
      apiKey: { clientID: CLIENT_ID, clientSecret: secretOf(this.#jwk) },
      credentials: [...CREDENTIALS, BUSY].map((credential) => ({ ...credential, revokedAt: revokedAt(credential) })),
      revoked: rows.exec("SELECT count(*) AS n FROM revoked").one().n,
      load: LOAD,
    };
  }

  #reset(request) {
    const site = request.headers.get("sec-fetch-site");
    if (site !== null && site !== "same-origin") return failure(403, "only this Worker's own page may reset the sandbox");
    this.ctx.storage.sql.exec("DELETE FROM revoked");
    this.#allowance = BURST;
    return json(this.#state());
  }
}
