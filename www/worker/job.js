// How far a bulk job is. One Durable Object for each job, because counting needs what no key-value store gives: queues deliver a
// message at least once, so every outcome is written in one transaction with the question whether it was known before. KV is
// eventually consistent, takes one write a second to a key, and would lose one of two counts that arrive together.
import { DurableObject } from "cloudflare:workers";

const DAY_MS = 24 * 60 * 60 * 1000;
/** How long a job's record is kept. */
const KEPT_DAYS = 30;
/** How many failures the progress tells; the record has all. */
const FAILURES_SHOWN = 100;

/**
 * @typedef {object} Outcome  what became of one credential
 * @property {number} index   its place in the chunk
 * @property {"revoked" | "failed"} status
 */

export class Job extends DurableObject {
  #sql;

  constructor(ctx, env) {
    super(ctx, env);
    this.#sql = ctx.storage.sql;
    this.#sql.exec(`
      CREATE TABLE IF NOT EXISTS job (
        total INTEGER NOT NULL, created_at INTEGER NOT NULL, finished_at INTEGER, paused_until INTEGER NOT NULL DEFAULT 0,
        cancelled INTEGER NOT NULL DEFAULT 0
      );
      CREATE TABLE IF NOT EXISTS chunk (
        n INTEGER PRIMARY KEY, size INTEGER NOT NULL, begun INTEGER NOT NULL DEFAULT 0,
        revoked INTEGER NOT NULL DEFAULT 0, failed INTEGER NOT NULL DEFAULT 0,
        outcomes TEXT NOT NULL DEFAULT '[]' -- last, so that counting does not read it
      );
    `);
  }

  /** Begins the record of a job whose chunks have these sizes. */
  async create(sizes) {
    this.ctx.storage.transactionSync(() => {
      const total = sizes.reduce((sum, size) => sum + size, 0);
      this.#sql.exec("INSERT INTO job (total, created_at) VALUES (?, ?)", total, Date.now());
      for (const [n, size] of sizes.entries()) this.#sql.exec("INSERT INTO chunk (n, size) VALUES (?, ?)", n, size);
    });
    await this.ctx.storage.setAlarm(Date.now() + KEPT_DAYS * DAY_MS);
  }

  /**
   * What to do with a chunk that the queue delivered: `drop` it (the job was cancelled or forgotten), `wait` until a time, or `go` on
   * with all but those whose outcome is known. `begunBefore` tells of an earlier delivery that may have been cut short.
   */
  claim(n) {
    const job = this.#job();
    const chunk = this.#chunk(n);
    if (!job || !chunk || job.cancelled) return { verdict: "drop" };
    if (job.paused_until > Date.now()) return { verdict: "wait", until: job.paused_until };
    this.#sql.exec("UPDATE chunk SET begun = 1 WHERE n = ?", n);
    return { verdict: "go", known: chunk.outcomes.map(({ index }) => index), begunBefore: chunk.begun === 1 };
  }

  /** Writes outcomes down. One that is known already is not counted again, and does not change. */
  settle(n, outcomes) {
    this.ctx.storage.transactionSync(() => {
      const chunk = this.#chunk(n);
      if (!chunk) return;
      const known = new Map(chunk.outcomes.map((outcome) => [outcome.index, outcome]));
      for (const outcome of outcomes) {
        if (!known.has(outcome.index)) known.set(outcome.index, outcome);
      }
      const all = [...known.values()];
      const count = (status) => all.filter((outcome) => outcome.status === status).length;
      this.#sql.exec(
        "UPDATE chunk SET outcomes = ?, revoked = ?, failed = ? WHERE n = ?",
        ...[JSON.stringify(all), count("revoked"), count("failed"), n],
      );
      const finished = all.length === chunk.size && this.#counts().pending === 0;
      if (finished) this.#sql.exec("UPDATE job SET finished_at = ? WHERE finished_at IS NULL", Date.now());
    });
  }

  /** The API asked for a pause: no chunk is begun before it is over. */
  pause(until) {
    this.#sql.exec("UPDATE job SET paused_until = max(paused_until, ?)", until);
  }

  /** Nothing more is begun. What is under way ends, and is written down. */
  cancel() {
    this.#sql.exec("UPDATE job SET cancelled = 1 WHERE finished_at IS NULL");
    return this.progress();
  }

  /** How far the job is; null when there is none. */
  progress() {
    const job = this.#job();
    if (!job) return null;
    const { pending, ...counts } = this.#counts();
    const iso = (time) => new Date(time).toISOString();
    const paused = !job.finished_at && job.paused_until > Date.now();
    const running = paused ? "paused" : "running";
    return {
      status: job.finished_at ? "finished" : job.cancelled ? "cancelled" : running,
      total: job.total,
      done: job.total - pending,
      ...counts,
      pending,
      createdAt: iso(job.created_at),
      finishedAt: job.finished_at ? iso(job.finished_at) : null,
      pausedUntil: paused ? iso(job.paused_until) : null,
      failures: this.#failures(),
    };
  }

  /** The outcomes of the chunks from `n` on, and where to go on; for the record of a job. */
  outcomes(n, chunks = 100) {
    const rows = this.#sql.exec("SELECT outcomes FROM chunk WHERE n >= ? ORDER BY n LIMIT ?", n, chunks).toArray();
    return { outcomes: rows.flatMap((row) => JSON.parse(row.outcomes)), next: rows.length < chunks ? null : n + chunks };
  }

  /** The record has been kept long enough. */
  async alarm() {
    await this.ctx.storage.deleteAll();
  }

  #job() {
    return this.#sql.exec("SELECT * FROM job").toArray()[0];
  }

  #chunk(n) {
    const [chunk] = this.#sql.exec("SELECT * FROM chunk WHERE n = ?", n).toArray();
    return chunk && { ...chunk, outcomes: JSON.parse(chunk.outcomes) };
  }

  #counts() {
    const sums = "SELECT sum(revoked) AS revoked, sum(failed) AS failed, sum(size) AS size FROM chunk";
    const { revoked, failed, size } = this.#sql.exec(sums).one();
    return { revoked, failed, pending: size - revoked - failed };
  }

  #failures() {
    const rows = this.#sql.exec("SELECT outcomes FROM chunk WHERE failed > 0 ORDER BY n LIMIT ?", FAILURES_SHOWN).toArray();
    return rows
      .flatMap((row) => JSON.parse(row.outcomes))
      .filter(({ status }) => status === "failed")
      .slice(0, FAILURES_SHOWN);
  }
}
