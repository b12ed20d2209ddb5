// The record of one job: its credentials, and the outcome of each. One Durable Object for each job, because counting must be atomic.
// Queues deliver a message at least once, so the same chunk may be revoked twice, even at the same time. KV is eventually consistent,
// and two consumers that add to a count together would lose one. A Durable Object is one thread over one SQLite database.
import { DurableObject } from "cloudflare:workers";

const DAY_MS = 24 * 60 * 60 * 1000;
/** How long a record is kept. */
const KEPT_DAYS = 30;
/** How many credentials that were not revoked the progress shows. The record has all. */
const FAILURES_SHOWN = 100;
/** How long a chunk waits when the Worker's API key is for another tenant than the job was made for. */
const OTHER_TENANT_WAIT_MS = 5 * 60_000;

/**
 * What is known about a credential:
 * - `pending`: nothing yet
 * - `revoked`: the API said so
 * - `failed`: the API refused, so it is not revoked
 * - `unknown`: a request was sent, and its answer was lost; it may be revoked
 * - `skipped`: no request was sent
 * @typedef {"pending" | "revoked" | "failed" | "unknown" | "skipped"} Status
 */

/**
 * What one delivery learned about a credential.
 * @typedef {object} Report
 * @property {number} n           the credential's number in the job
 * @property {"revoked" | "refused" | "lost" | "again"} result  refused: the API's final answer. lost: it may be revoked, and is to be
 *   tried again. again: it is not revoked, and is to be tried again
 * @property {number} attempts    requests sent
 * @property {number | null} statusCode
 * @property {string | null} requestId
 * @property {string | null} sentAt
 * @property {string | null} answeredAt
 * @property {string | null} reason
 */

export class Job extends DurableObject {
  #sql;
  /** False for an id without a job, and once the record was deleted. */
  #exists;

  constructor(ctx, env) {
    super(ctx, env);
    this.#sql = ctx.storage.sql;
    this.#exists = this.#sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'job'").toArray().length > 0;
  }

  /**
   * Makes the record.
   * @param {string} api  the API that the job revokes at: a host, or "sandbox"
   * @param {[appId: string, connectorId: string, id: string][]} credentials
   * @param {number} chunkSize  credentials in one message of the queue
   */
  async create(api, credentials, chunkSize) {
    this.ctx.storage.transactionSync(() => {
      this.#sql.exec(`
        CREATE TABLE job (
          api TEXT NOT NULL, total INTEGER NOT NULL, chunk_size INTEGER NOT NULL, created_at INTEGER NOT NULL, finished_at INTEGER,
          paused_until INTEGER NOT NULL DEFAULT 0, cancelled INTEGER NOT NULL DEFAULT 0
        );
        CREATE TABLE credential (
          n INTEGER PRIMARY KEY, app_id TEXT NOT NULL, connector_id TEXT NOT NULL, id TEXT NOT NULL,
          status TEXT NOT NULL DEFAULT 'pending',
          lost INTEGER NOT NULL DEFAULT 0, -- whether the answer to an earlier request was lost
          attempts INTEGER NOT NULL DEFAULT 0, status_code INTEGER, request_id TEXT, sent_at TEXT, answered_at TEXT, reason TEXT
        );
        CREATE INDEX pending ON credential (n) WHERE status = 'pending';
        -- Deliveries that have not reported yet. One that never does was cut short, and may have revoked.
        CREATE TABLE delivery (id INTEGER PRIMARY KEY AUTOINCREMENT, chunk INTEGER NOT NULL);
      `);
      const columns = "INSERT INTO job (api, total, chunk_size, created_at) VALUES (?, ?, ?, ?)";
      this.#sql.exec(columns, api, credentials.length, chunkSize, Date.now());
      for (const [n, ids] of credentials.entries()) {
        this.#sql.exec("INSERT INTO credential (n, app_id, connector_id, id) VALUES (?, ?, ?, ?)", n, ...ids);
      }
    });
    this.#exists = true;
    await this.ctx.storage.setAlarm(Date.now() + KEPT_DAYS * DAY_MS);
  }

  /**
   * Begins a delivery of a chunk. Gives what to revoke (`go`), or when to deliver the chunk again (`wait`), or that there is nothing
   * left to do (`done`).
   */
  begin(chunk, api) {
    const job = this.#job();
    if (!job) return { verdict: "done" };
    if (job.cancelled) {
      this.#close(job, chunk, "The job was cancelled.");
      return { verdict: "done" };
    }
    if (job.api !== api) return { verdict: "wait", until: Date.now() + OTHER_TENANT_WAIT_MS };
    if (job.paused_until > Date.now()) return { verdict: "wait", until: job.paused_until };
    const pending = `SELECT n, app_id AS appId, connector_id AS connectorId, id FROM credential WHERE ${IN_CHUNK} AND status = 'pending'`;
    const credentials = this.#sql.exec(pending, ...rangeOf(job, chunk)).toArray();
    if (credentials.length === 0) return { verdict: "done" };
    const { id } = this.#sql.exec("INSERT INTO delivery (chunk) VALUES (?) RETURNING id", chunk).one();
    return { verdict: "go", delivery: id, credentials };
  }

  /**
   * Ends a delivery, and writes down what it learned. What is known already stays, except that a revocation always counts.
   * @param {{ delivery: number, chunk: number, reports: Report[], pauseUntil: number | null }} end  pauseUntil: the API asked for a
   *   pause, and no chunk is begun before that time
   */
  end({ delivery, chunk, reports, pauseUntil }) {
    this.ctx.storage.transactionSync(() => {
      const job = this.#job();
      if (!job) return;
      this.#sql.exec("DELETE FROM delivery WHERE id = ?", delivery);
      if (pauseUntil !== null) this.#sql.exec("UPDATE job SET paused_until = max(paused_until, ?)", pauseUntil);
      const othersOpen = this.#isOpen(chunk);
      for (const report of reports) this.#note(report, othersOpen);
      if (job.cancelled && !othersOpen) this.#close(job, chunk, "The job was cancelled.");
      this.#finishIfDone();
    });
  }

  /** The queue delivers this chunk no more: what is still pending gets its outcome. */
  giveUp(chunk) {
    const job = this.#job();
    if (job) this.#close(job, chunk, "Given up after all deliveries that the queue allows.");
  }

  /** Begins nothing more. Deliveries that are under way end, and are written down. */
  cancel() {
    const job = this.#job();
    if (!job) return null;
    if (job.finished_at === null) {
      this.#sql.exec("UPDATE job SET cancelled = 1");
      for (let chunk = 0; chunk * job.chunk_size < job.total; chunk++) {
        if (!this.#isOpen(chunk)) this.#close(job, chunk, "The job was cancelled.");
      }
    }
    return this.progress();
  }

  /** How far the job is. Null when there is none. */
  progress() {
    const job = this.#job();
    if (!job) return null;
    const counts = { revoked: 0, failed: 0, unknown: 0, skipped: 0, pending: 0 };
    for (const { status, n } of this.#sql.exec("SELECT status, count(*) AS n FROM credential GROUP BY status"))
      counts[status] = n;
    const paused = job.finished_at === null && job.paused_until > Date.now();
    const running = paused ? "paused" : "running";
    return {
      api: job.api,
      status: job.cancelled ? "cancelled" : job.finished_at === null ? running : "finished",
      total: job.total,
      done: job.total - counts.pending,
      ...counts,
      createdAt: iso(job.created_at),
      finishedAt: iso(job.finished_at),
      pausedUntil: paused ? iso(job.paused_until) : null,
      failures: this.#entries("status IN ('failed', 'unknown') ORDER BY n LIMIT ?", FAILURES_SHOWN),
    };
  }

  /** The record from credential `n` on, as lines of JSON, and where to go on (null at the end). */
  results(n, count = 1_000) {
    const entries = this.#exists ? this.#entries("n >= ? ORDER BY n LIMIT ?", n, count) : [];
    const api = this.#job()?.api;
    return {
      lines: entries.map((entry) => `${JSON.stringify({ api, ...entry })}\n`).join(""),
      next: entries.length < count ? null : n + count,
    };
  }

  /** The record was kept long enough. */
  async alarm() {
    this.#exists = false;
    await this.ctx.storage.deleteAll();
  }

  #job() {
    return this.#exists ? this.#sql.exec("SELECT * FROM job").one() : null;
  }

  /** Whether a delivery of this chunk has not reported: it is under way, or was cut short. */
  #isOpen(chunk) {
    return this.#sql.exec("SELECT 1 FROM delivery WHERE chunk = ? LIMIT 1", chunk).toArray().length > 0;
  }

  #note({ n, result, attempts, ...answer }, othersOpen) {
    const { status, lost } = this.#sql.exec("SELECT status, lost FROM credential WHERE n = ?", n).one();
    const known = status === "revoked" || (status !== "pending" && result !== "revoked");
    if (known) return this.#sql.exec("UPDATE credential SET attempts = attempts + ? WHERE n = ?", attempts, n);
    let next = { revoked: "revoked", refused: "failed", lost: "pending", again: "pending" }[result];
    let { reason } = answer;
    // A lost answer may have been a revocation, after which the API finds no such credential.
    if (next === "failed" && answer.statusCode === 404 && (lost || othersOpen)) {
      next = "unknown";
      reason = `${reason} An earlier request may have revoked it: its answer was lost.`;
    }
    this.#sql.exec(
      `UPDATE credential SET status = ?, lost = max(lost, ?), attempts = attempts + ?, status_code = ?, request_id = ?, sent_at = ?,
        answered_at = ?, reason = ? WHERE n = ?`,
      ...[next, result === "lost" ? 1 : 0, attempts],
      ...[answer.statusCode, answer.requestId, answer.sentAt, answer.answeredAt, reason, n],
    );
  }

  /** Gives each pending credential of a chunk its outcome: unknown if an answer was lost, else not revoked. */
  #close(job, chunk, why) {
    this.#sql.exec(
      `UPDATE credential
        SET status = CASE WHEN lost OR ? THEN 'unknown' WHEN attempts > 0 THEN 'failed' ELSE 'skipped' END,
          reason = ? || coalesce(' ' || reason, '')
        WHERE ${IN_CHUNK} AND status = 'pending'`,
      ...[this.#isOpen(chunk) ? 1 : 0, why, ...rangeOf(job, chunk)],
    );
    this.#finishIfDone();
  }

  #finishIfDone() {
    this.#sql.exec(
      `UPDATE job SET finished_at = ?
        WHERE finished_at IS NULL AND NOT EXISTS (SELECT 1 FROM credential WHERE status = 'pending')`,
      Date.now(),
    );
  }

  #entries(condition, ...values) {
    const columns = `app_id AS appId, connector_id AS connectorId, id, status, status_code AS statusCode, attempts,
      request_id AS requestId, sent_at AS sentAt, answered_at AS answeredAt, reason`;
    return this.#sql.exec(`SELECT ${columns} FROM credential WHERE ${condition}`, ...values).toArray();
  }
}

const IN_CHUNK = "n >= ? AND n < ?";
const rangeOf = (job, chunk) => [chunk * job.chunk_size, (chunk + 1) * job.chunk_size];
const iso = (time) => (time === null ? null : new Date(time).toISOString());
