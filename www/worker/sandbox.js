// A sandbox of the API, so that the page can be tried without a tenant. It holds a few made-up credentials and answers as the API does.
// One Durable Object holds its state. Each response says that it comes from the sandbox.
import { DurableObject } from "cloudflare:workers";
import { failure, json } from "../lib/answers.js";
import { revocationIn } from "./revocation.js";

/** The token that the sandbox accepts. It is no secret: it opens nothing but the sandbox. */
export const TOKEN = "sandbox-token-opens-nothing-real";

const CREDENTIALS = [
  { appId: "app-github", connectorId: "con-github-prod", id: "cred-deploy-bot", label: "GitHub · deploy bot" },
  { appId: "app-github", connectorId: "con-github-prod", id: "cred-ci-runner", label: "GitHub · CI runner" },
  { appId: "app-okta", connectorId: "con-okta-sync", id: "cred-directory-sync", label: "Okta · directory sync" },
  { appId: "app-aws", connectorId: "con-aws-root", id: "cred-break-glass", label: "AWS · break-glass" },
];

/** A revocation of this credential always gets a 429. */
const BUSY = { appId: "app-snowflake", connectorId: "con-snowflake", id: "cred-busy", label: "Snowflake · always rate limited" };
const BUSY_RETRY_AFTER_S = 30;

/** `cred-00001` to `cred-10000` of this connector exist too, for trying a long list. */
const LOAD = { appId: "app-load", connectorId: "con-load", count: 10_000 };

/** Requests of any kind that may come at once, and then in each second. More get a 429. */
const BURST = 200;
const PER_SECOND = 150;

const keyOf = ({ appId, connectorId, id }) => JSON.stringify([appId, connectorId, id]);
const KNOWN = new Set([...CREDENTIALS, BUSY].map(keyOf));

function isKnown(ids) {
  if (KNOWN.has(keyOf(ids))) return true;
  const number = /^cred-(\d{5})$/.exec(ids.id)?.[1];
  return ids.appId === LOAD.appId && ids.connectorId === LOAD.connectorId && number >= 1 && number <= LOAD.count;
}

/** This Worker's sandbox. */
export const sandboxOf = (env) => env.SANDBOX_STATE.get(env.SANDBOX_STATE.idFromName("sandbox"));

export class Sandbox extends DurableObject {
  #allowance = BURST;
  #filledAt = Date.now();

  constructor(ctx, env) {
    super(ctx, env);
    ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS revoked (key TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID");
  }

  fetch(request) {
    const response = this.#answer(request);
    response.headers.set("x-c1-revoke-sandbox", "on");
    response.headers.set("x-request-id", `sandbox-${crypto.randomUUID()}`);
    return response;
  }

  #answer(request) {
    const wait = this.#wait();
    if (wait > 0) return tooMany(wait);
    const pathname = new URL(request.url).pathname.slice("/sandbox".length);
    switch (`${request.method} ${pathname}`) {
      case "GET /state":
        return json(this.#state());
      case "POST /reset":
        return this.#reset(request);
    }
    const ids = revocationIn(pathname);
    if (!ids) return failure(404, "Sandbox: there is no such operation.");
    if (request.method !== "POST") return failure(405, "Sandbox: a revocation is a POST.", { headers: { allow: "POST" } });
    return this.#revoke(ids, request.headers.get("authorization") ?? "");
  }

  #revoke(ids, authorization) {
    if (authorization.replace(/^bearer /i, "") !== TOKEN)
      return failure(401, "Sandbox: the bearer token is missing or not valid.");
    if (keyOf(ids) === keyOf(BUSY)) return tooMany(BUSY_RETRY_AFTER_S);
    if (!isKnown(ids)) {
      return failure(404, `Sandbox: there is no credential ${ids.id} on connector ${ids.connectorId} of app ${ids.appId}.`);
    }
    this.ctx.storage.sql.exec("INSERT OR IGNORE INTO revoked VALUES (?, ?)", keyOf(ids), Date.now());
    return json({ sandbox: true });
  }

  /** Takes one request out of the allowance (a token bucket). Gives 0, or after how many seconds to try again. */
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
      sandbox: true,
      token: TOKEN,
      credentials: [...CREDENTIALS, BUSY].map((credential) => ({ ...credential, revokedAt: revokedAt(credential) })),
      revoked: rows.exec("SELECT count(*) AS n FROM revoked").one().n,
      load: LOAD,
    };
  }

  #reset(request) {
    const site = request.headers.get("sec-fetch-site");
    if (site !== null && site !== "same-origin") return failure(403, "Sandbox: only this Worker's own page may reset it.");
    this.ctx.storage.sql.exec("DELETE FROM revoked");
    return json(this.#state());
  }
}

function tooMany(seconds) {
  return failure(429, "Sandbox: too many requests.", { headers: { "retry-after": String(seconds) } });
}
