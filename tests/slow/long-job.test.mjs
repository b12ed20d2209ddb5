// A job as long as one may be, in workerd: consumers are killed at random, messages come twice and in any order, and the API
// misbehaves. The record is complete in the end, and says nothing that the API did not. Prints how long it took, and workerd's memory.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { generator, startJobs } from "../jobs/harness.mjs";

const LINES = Number(process.env.JOB_LINES ?? 95_000);
const SEED = Number(process.env.JOB_SEED ?? 1);
/** Consumers at a time, and messages for each, as in www/jobs/wrangler.jsonc. */
const CONSUMERS = 2;
const BATCH = 5;

/** The most memory that workerd has used so far, and its time on the CPU; where the system has /proc. */
function workerdUse() {
  for (const pid of existsSync("/proc") ? readdirSync("/proc").filter((name) => /^\d+$/.test(name)) : []) {
    try {
      const status = readFileSync(`/proc/${pid}/status`, "utf8");
      if (!/^Name:\s+workerd$/m.test(status) || !new RegExp(`^PPid:\\s+${process.pid}$`, "m").test(status)) continue;
      const [user, system] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ").slice(11, 13).map(Number);
      return `${Math.round(Number(/^VmHWM:\s+(\d+)/m.exec(status)[1]) / 1024)} MB, ${(user + system) / 100} s of CPU`;
    } catch {
      // The process has ended meanwhile.
    }
  }
  return "not known";
}

describe(`a job of ${LINES} lines`, { timeout: 3_600_000 }, () => {
  let edge;
  before(async () => {
    edge = await startJobs();
  });
  after(() => edge?.stop());

  it("ends with one outcome for each credential, and claims nothing that the API did not say", async (context) => {
    const random = generator(SEED);
    const { api, orders } = edge;
    orders.chunkSize = 100;
    const ids = Array.from({ length: LINES }, (_, i) => `cred-${i}-${"x".repeat(60)}`);
    const gone = new Set(ids.filter(() => random() < 0.01));
    const forbidden = new Set(ids.filter((id) => !gone.has(id) && random() < 0.005));
    const confirmed = new Set();
    api.answer = (id) => {
      const chance = random();
      if (chance < 0.0002) return { status: 429, headers: { "retry-after": String(6 + Math.floor(random() * 60)) } };
      if (forbidden.has(id)) return { status: 403 };
      // As an API may: what is revoked is not found any more.
      if (gone.has(id) || api.revoked.has(id)) return { status: 404 };
      if (chance < 0.01) return { status: 503, lost: random() < 0.5 };
      confirmed.add(id);
      return { status: 200 };
    };

    const began = performance.now();
    const { id, total, queue } = await edge.begin(ids);
    assert.equal(total, LINES);
    const accepted = performance.now();
    const useWhenAccepted = workerdUse();
    const count = { deliveries: 0, killed: 0, doubled: 0 };
    const consumer = async () => {
      while (queue.waiting.length > 0) {
        queue.waiting.sort(() => random() - 0.5);
        const messages = queue.take(BATCH);
        count.deliveries += 1;
        orders.killAfterMs = random() < 0.1 ? Math.floor(random() * 2_000) : undefined;
        if (orders.killAfterMs !== undefined) count.killed += 1;
        const deliveries = [queue.deliver(messages)];
        if (random() < 0.05) {
          count.doubled += 1;
          deliveries.push(queue.deliver(messages));
        }
        await Promise.all(deliveries);
      }
    };
    await Promise.all(Array.from({ length: CONSUMERS }, consumer));
    orders.killAfterMs = undefined;
    await queue.drain();
    const ended = performance.now();

    const progress = await edge.progress(id);
    const results = await edge.results(id);
    const seconds = (from, to) => ((to - from) / 1000).toFixed(1);
    const { revoked, failed, unknown, skipped, pending } = progress;
    context.diagnostic(`accepted in ${seconds(began, accepted)} s (workerd: ${useWhenAccepted})`);
    context.diagnostic(`ended after ${seconds(accepted, ended)} s (workerd: ${workerdUse()})`);
    const requests = [...api.requests.values()].reduce((sum, n) => sum + n, 0);
    context.diagnostic(JSON.stringify({ revoked, failed, unknown, requests, ...count }));
    assert.deepEqual([progress.status, skipped, pending], ["finished", 0, 0]);
    assert.deepEqual(
      results.map((result) => result.id),
      ids,
    );
    for (const result of results) {
      if (result.status === "revoked") assert.ok(confirmed.has(result.id), result.id);
      else if (result.status === "failed") assert.ok(!api.revoked.has(result.id), result.id);
      else assert.equal(result.status, "unknown");
    }
    assert.equal(revoked + failed + unknown, LINES);
    assert.ok(count.killed > 0 && count.doubled > 0 && unknown < LINES / 10);
  });
});
