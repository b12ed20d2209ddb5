// The queue Worker, with what a test controls: the clock, the settings, what is put on the queue, and when a consumer dies.
import { connect } from "../../www/jobs/client.js";
import { Job as RealJob } from "../../www/jobs/job.js";
import { createWorker } from "../../www/jobs/worker.js";

/** The job, with a way to its alarm, for which no test can wait. */
export class Job extends RealJob {
  ring() {
    return this.alarm();
  }
}

/** The test's clock: the machine's, put forward. The Worker and its Durable Objects share one isolate, and so this clock. */
let forward = 0;
const now = Date.now.bind(Date);
Date.now = () => now() + forward;

const workers = new Map();
function workerOf(chunkSize) {
  if (!workers.has(chunkSize)) workers.set(chunkSize, createWorker(connect, { chunkSize }));
  return workers.get(chunkSize);
}

/** What the test wants: `{ forward, crash, killAfterMs, settings, chunkSize, queueFails }`. */
async function orders(env) {
  const answer = await (await env.TEST.fetch("http://test/orders")).json();
  forward = answer.forward;
  return answer;
}

/** The jobs, for a consumer that dies when it has revoked and is about to write that down. */
function deadly(namespace, die) {
  const get = (id) => {
    const stub = namespace.get(id);
    return {
      begin: (...values) => stub.begin(...values),
      end: () => {
        die();
        return new Promise(() => {});
      },
    };
  };
  return { get, idFromString: (id) => namespace.idFromString(id) };
}

export default {
  async fetch(request, env) {
    const { settings, chunkSize, queueFails } = await orders(env);
    const { pathname } = new URL(request.url);
    if (pathname.startsWith("/test/alarm/")) {
      await env.JOB.get(env.JOB.idFromString(pathname.split("/").at(-1))).ring();
      return new Response();
    }
    let batches = 0;
    const queue = {
      sendBatch(messages) {
        batches += 1;
        if (queueFails && batches > 1) throw new Error("the queue is unavailable");
        return env.TEST.fetch("http://test/sent", { method: "POST", body: JSON.stringify(messages) });
      },
    };
    return workerOf(chunkSize).fetch(request, { ...env, ...settings, JOBS: queue });
  },

  async queue(batch, env) {
    const { crash, killAfterMs, settings, chunkSize } = await orders(env);
    const worker = workerOf(chunkSize);
    const wired = { ...env, ...settings };
    const death = Promise.withResolvers();
    if (killAfterMs !== undefined) {
      setTimeout(() => death.reject(new Error("the consumer was killed")), killAfterMs);
      return Promise.race([worker.queue(batch, wired), death.promise]);
    }
    if (!crash) return worker.queue(batch, wired);
    const dying = { ...wired, JOB: deadly(env.JOB, () => death.reject(new Error("the consumer died"))) };
    return Promise.race([worker.queue(batch, dying), death.promise]);
  },
};
