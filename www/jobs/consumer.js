// The consumer of the queue: revokes a chunk, and writes down what it learned. A chunk that the API does not take now goes back to the
// queue with a delay. What never succeeds reaches the dead-letter queue, and gets its outcome there. So every job ends.

/** Requests in flight: a Worker may have six that wait for the response's headers. */
const CONCURRENCY = 6;
/** A pause up to this long is waited for. For a longer one the chunk goes back to the queue, where waiting costs nothing. */
const LONGEST_WAIT_MS = 5_000;
/** How long the whole job waits when the API does not accept the key, or something else than the API answers. */
const REFUSED_PAUSE_MS = 5 * 60_000;
/** The delay of a chunk's second delivery. It doubles with each delivery, up to the longest. */
const FIRST_DELAY_S = 10;
const LONGEST_DELAY_S = 900;
/** The longest text of a server that is kept, in characters. A record is read by people, and a row of SQLite is limited to 2 MB. */
const LONGEST_REASON = 500;
const LONGEST_REQUEST_ID = 200;

/** The Durable Object of a job, or null when there can be none of this id. */
export function jobOf(env, id) {
  try {
    return env.JOB.get(env.JOB.idFromString(id));
  } catch {
    return null;
  }
}

/** Handles a batch of the queue, or of the dead-letter queue. `connect` is that of client.js. */
export async function consume(batch, env, connect) {
  if (batch.queue.endsWith("-dead")) return eachOf(batch, (message) => giveUp(message, env));
  let client;
  try {
    client = connect(env);
  } catch (error) {
    // The secrets are missing or wrong. The chunks wait until they are right.
    console.error(error.message);
    return batch.retryAll({ delaySeconds: LONGEST_DELAY_S });
  }
  try {
    await eachOf(batch, (message) => work(message, env, client));
  } finally {
    client.sdk.free();
  }
}

/** Handles messages one by one: a message that fails does not fail the others. `handle` gives null, or the delay in seconds. */
async function eachOf(batch, handle) {
  for (const message of batch.messages) {
    let delaySeconds;
    try {
      delaySeconds = await handle(message);
    } catch (error) {
      console.error(`chunk ${message.body?.chunk} of job ${message.body?.job}: ${error}`);
      delaySeconds = delayAfter(message.attempts);
    }
    if (delaySeconds === null) message.ack();
    else message.retry({ delaySeconds });
  }
}

/** Revokes what is left of a chunk. */
async function work(message, env, { sdk, api }) {
  const { job: id, chunk } = message.body;
  const job = jobOf(env, id);
  if (!job) return null;
  const { verdict, until, delivery, credentials } = await job.begin(chunk, api);
  if (verdict === "done") return null;
  if (verdict === "wait") return delayUntil(until);

  const { results, pauseUntil } = await revoke(sdk, credentials);
  const reports = results.map(reportOf);
  await job.end({ delivery, chunk, reports, pauseUntil });
  if (pauseUntil !== null) return delayUntil(pauseUntil);
  return reports.every(({ result }) => result === "revoked" || result === "refused") ? null : delayAfter(message.attempts);
}

/** Revokes. When the API asks for a long pause, nothing more is sent, and what is in flight gets its answer. */
async function revoke(sdk, credentials) {
  const stop = new AbortController();
  let pauseUntil = null;
  const { results } = await sdk.connector.revokeCredentials(credentials, {
    concurrency: CONCURRENCY,
    retries: { strategy: "none" }, // the queue tries again
    signal: stop.signal,
    onProgress({ inFlight, pausedUntil }) {
      if (inFlight > 0 || pausedUntil === undefined || pausedUntil - Date.now() <= LONGEST_WAIT_MS) return;
      pauseUntil = pausedUntil;
      stop.abort();
    },
  });
  if (results.some(isMisconfigured)) pauseUntil = Date.now() + REFUSED_PAUSE_MS;
  return { results, pauseUntil };
}

/** Whether the key or its token was refused, or a redirect answered. One chunk tries that, not each of a job. */
function isMisconfigured({ error, statusCode }) {
  return statusCode === 401 || error?.name === "TokenRequestError" || (statusCode >= 300 && statusCode < 400);
}

/** Statuses with which the API refuses for now: another request may succeed. All other 4xx are final. */
const NOT_NOW = new Set([401, 408, 425, 429]);

/** @returns {import("./job.js").Report} */
function reportOf({ request, status, attempts, statusCode = null, error, requestId = null, sentAt = null, answeredAt = null }) {
  return {
    n: request.n,
    result: resultOf({ status, attempts, statusCode, error }),
    attempts,
    statusCode,
    requestId: requestId?.slice(0, LONGEST_REQUEST_ID) ?? null,
    sentAt,
    answeredAt,
    reason: error ? error.message.slice(0, LONGEST_REASON) : null,
  };
}

function resultOf({ status, attempts, statusCode, error }) {
  if (status === "revoked") return "revoked";
  // A token endpoint's status says nothing about a credential: no revocation was sent.
  if (attempts === 0 || error?.name === "TokenRequestError") return error?.name === "SDKValidationError" ? "refused" : "again";
  if (statusCode >= 400 && statusCode < 500) return NOT_NOW.has(statusCode) ? "again" : "refused";
  return "lost";
}

/** The queue will not deliver this chunk again. */
async function giveUp({ body: { job: id, chunk } }, env) {
  await jobOf(env, id)?.giveUp(chunk);
  return null;
}

/** Chunks that wait together do not come back together. */
const spread = (seconds) => Math.ceil(seconds * (1 + Math.random() / 4));

function delayAfter(attempts) {
  return spread(Math.min(FIRST_DELAY_S * 2 ** (attempts - 1), LONGEST_DELAY_S));
}

function delayUntil(time) {
  return Math.max(1, spread((time - Date.now()) / 1000));
}
