// The console's Worker, with what a test needs to hold in its hands: the clock, what is put on the queue, and when a consumer dies.
import worker, { Job, Sandbox } from "../../www/worker/index.js";

export { Job, Sandbox };

/** The test's clock: the machine's, put forward. The Worker and its Durable Objects share one isolate, and so this clock. */
let forward = 0;
const now = Date.now.bind(Date);
Date.now = () => now() + forward;

/** What the test wants: `{ forward, crash }`. */
async function orders(env) {
  const answer = await (await env.TEST.fetch("http://test/orders")).json();
  forward = answer.forward;
  return answer;
}

/** A namespace of jobs in which a consumer that is to die does so when it goes to write down what it did. */
function deadly(namespace, die) {
  const get = (id) => {
    const stub = namespace.get(id);
    return {
      claim: (n) => stub.claim(n),
      pause: (until) => stub.pause(until),
      settle: () => {
        die();
        return new Promise(() => {});
      },
    };
  };
  return { get, idFromString: (id) => namespace.idFromString(id) };
}

export default {
  async fetch(request, env, context) {
    await orders(env);
    const queue = {
      sendBatch: (messages) => env.TEST.fetch("http://test/sent", { method: "POST", body: JSON.stringify(messages) }),
    };
    return worker.fetch(request, { ...env, JOBS: queue }, context);
  },

  async queue(batch, env, context) {
    const { crash } = await orders(env);
    if (!crash) return worker.queue(batch, env, context);
    const death = Promise.withResolvers();
    const wired = { ...env, JOB: deadly(env.JOB, () => death.reject(new Error("the consumer died"))) };
    return Promise.race([worker.queue(batch, wired, context), death.promise]);
  },
};
