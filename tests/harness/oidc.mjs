// A real OAuth server (oidc-provider) and an API that takes its tokens only. It runs in a thread of its own, because tests move
// the time of theirs. What tests ask of it is described in oidc-server.mjs.
import { once } from "node:events";
import { Worker } from "node:worker_threads";

/** Starts both on one port of the system's choice. */
export async function startOidc() {
  const worker = new Worker(new URL("./oidc-server.mjs", import.meta.url));
  const [url] = await once(worker, "message");
  return { url, stop: () => worker.terminate() };
}
