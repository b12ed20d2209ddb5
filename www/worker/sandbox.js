// A sandbox of the endpoint, so that the console needs no tenant: it holds a few credentials and answers as the API would. One Durable
// Object keeps it, because its state must be one and the same for every request, whichever machine the Worker runs on.
import { DurableObject } from "cloudflare:workers";
import { failure, json, revocationIn } from "./answers.js";

/** The only token that the sandbox takes. It opens nothing but the sandbox, so it is no secret. */
const TOKEN = "sandbox-token-opens-nothing-real";

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

const keyOf = ({ appId, connectorId, id }) => JSON.stringify([appId, connectorId, id]);
const KNOWN = new Set([...CREDENTIALS, BUSY].map(keyOf));

function isKnown(ids) {
  if (KNOWN.has(keyOf(ids))) return true;
  const number = /^cred-(\d{5})$/.exec(ids.id)?.[1];
  return ids.appId === LOAD.appId && ids.connectorId === LOAD.connectorId && number >= 1 && number <= LOAD.count;
}

export class Sandbox extends DurableObject {
  #allowance = BURST;
  #filledAt = Date.now();

  constructor(ctx, env) {
    super(ctx, env);
    ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS revoked (key TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID");
  }

  fetch(request) {
    const pathname = new URL(request.url).pathname.slice("/sandbox".length);
    switch (`${request.method} ${pathname}`) {
      case "GET /state":
        return json(this.#state());
      case "POST /reset":
        return this.#reset(request);
    }
    const ids = revocationIn(pathname);
    if (!ids) return failure(404, "no such method in the sandbox");
    if (request.method !== "POST") return failure(405, "a revocation is a POST", { allow: "POST" });
    return this.#revoke(ids, request.headers.get("authorization") ?? "");
  }

  #revoke(ids, authorization) {
    const requestId = { "x-request-id": crypto.randomUUID() };
    if (authorization.replace(/^bearer /i, "") !== TOKEN)
      return failure(401, "the bearer token is missing or not valid", requestId);
    const wait = keyOf(ids) === keyOf(BUSY) ? BUSY_RETRY_AFTER_S : this.#wait();
    if (wait > 0) return failure(429, "too many requests", { ...requestId, "retry-after": String(wait) });
    if (!isKnown(ids))
      return failure(404, `no credential ${ids.id} on connector ${ids.connectorId} of app ${ids.appId}`, requestId);
    this.ctx.storage.sql.exec("INSERT OR IGNORE INTO revoked VALUES (?, ?)", keyOf(ids), Date.now());
    return json({}, { headers: requestId });
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
