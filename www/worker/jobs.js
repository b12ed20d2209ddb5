// Bulk revocation at the edge. POST /jobs cuts a list into chunks and puts them on a queue; the consumer revokes each chunk with this
// package; a Durable Object (job.js) keeps count. A chunk that the API does not take now goes back to the queue with a delay, and what
// never succeeds ends in the dead-letter queue, whose consumer writes it down as failed: nothing is lost, nothing is counted twice.
import { readList } from "../public/list.js";
import { failure, json, readText } from "./answers.js";
import { ownClient, refuseStranger } from "./server.js";

/** Credentials in one message. A message may have 128 KB, and on the free plan an invocation 50 requests (set it to 40 there). */
const CHUNK = 100;
/** Messages sent to the queue at once: at most 100, and 256 KB together. */
const SEND_BYTES = 200_000;
const SEND_MESSAGES = 100;
/** Longest list. It is read whole before anything is queued, and takes up to ten times its length of a Worker's 128 MB. */
const LONGEST_LIST = 8_000_000;

/** Requests in flight: a Worker may have six that wait for the answer's headers. */
const CONCURRENCY = 6;
/** A pause up to this long is waited for; for a longer one the chunk goes back to the queue, where waiting costs nothing. */
const PATIENCE_MS = 5_000;
/** How long the whole job waits when the API does not take its key: until somebody has replaced that, perhaps. */
const REFUSED_PAUSE_MS = 5 * 60_000;
/** Delay of a chunk's second delivery, if nobody said how long: it doubles with each, up to the longest. */
const FIRST_DELAY_S = 10;
const LONGEST_DELAY_S = 900;

// --- the routes ---------------------------------------------------------------------------------------------------------------------

/** Answers everything below /jobs. */
export async function jobs(request, env) {
  const refusal = await refuseStranger(request, env);
  if (refusal) return refusal;
  const [, , id, part, ...more] = new URL(request.url).pathname.split("/");
  if (id === undefined) {
    return request.method === "POST" ? create(request, env) : failure(405, "a job is made by POST", { allow: "POST" });
  }
  const job = jobOf(env, id);
  const progress = job && (await job.progress());
  if (!progress || more.length > 0) return failure(404, "no such job");
  switch (`${request.method} ${part ?? ""}`) {
    case "GET ":
      return json({ id, ...progress });
    case "DELETE ":
      return json({ id, ...(await job.cancel()) });
    case "GET results":
      return results(job);
  }
  return failure(405, "GET tells a job's progress, DELETE cancels it, GET …/results gives its record");
}

function jobOf(env, id) {
  try {
    return env.JOB.get(env.JOB.idFromString(id));
  } catch {
    return null; // no id that was ever given out
  }
}

/** Reads the list to its end, and queues it only when every line is good. */
async function create(request, env) {
  const text = await readText(request, LONGEST_LIST);
  if (text === null) return failure(413, `a list may have ${LONGEST_LIST} bytes: send it in parts`);
  const { rows, errors } = readList(text);
  if (errors.length > 0) {
    const [{ line, message }] = errors;
    const also = errors.length > 1 ? ` (and ${errors.length - 1} more)` : "";
    return json({ code: 3, message: `line ${line}: ${message}${also}`, details: errors.slice(0, 100) }, { status: 400 });
  }
  if (rows.length === 0) return failure(400, "the list is empty");

  const requests = unique(rows);
  const chunks = [];
  const size = Number(env.JOBS_CHUNK) || CHUNK;
  for (let i = 0; i < requests.length; i += size) chunks.push(requests.slice(i, i + size));

  const id = env.JOB.newUniqueId();
  const job = env.JOB.get(id);
  await job.create(chunks.map((chunk) => chunk.length));
  try {
    await enqueue(env.JOBS, id.toString(), chunks);
  } catch (error) {
    await job.cancel();
    throw error;
  }
  const location = `/jobs/${id}`;
  const body = { id: id.toString(), total: requests.length, duplicates: rows.length - requests.length };
  return json(body, { status: 202, headers: { location } });
}

/** The rows of a list, each credential once. */
function unique(rows) {
  const seen = new Set();
  return rows.filter(({ appId, connectorId, id }) => {
    const key = JSON.stringify([appId, connectorId, id]);
    const isNew = !seen.has(key);
    seen.add(key);
    return isNew;
  });
}

async function enqueue(queue, job, chunks) {
  let messages = [];
  let bytes = 0;
  const send = async () => {
    if (messages.length > 0) await queue.sendBatch(messages);
    messages = [];
    bytes = 0;
  };
  for (const [n, rows] of chunks.entries()) {
    const body = { job, chunk: n, requests: rows.map(({ appId, connectorId, id }) => ({ appId, connectorId, id })) };
    const length = new TextEncoder().encode(JSON.stringify(body)).length;
    if (messages.length === SEND_MESSAGES || bytes + length > SEND_BYTES) await send();
    messages.push({ body, contentType: "json" });
    bytes += length;
  }
  await send();
}

/** The record of a job: a line of JSON for each credential whose outcome is known. */
function results(job) {
  let next = 0;
  const encoder = new TextEncoder();
  const stream = new ReadableStream({
    async pull(controller) {
      const page = await job.outcomes(next);
      next = page.next;
      controller.enqueue(encoder.encode(page.outcomes.map(({ index, ...outcome }) => `${JSON.stringify(outcome)}\n`).join("")));
      if (next === null) controller.close();
    },
  });
  return new Response(stream, { headers: { "content-type": "application/x-ndjson", "cache-control": "no-store" } });
}

// --- the consumers ------------------------------------------------------------------------------------------------------------------

/** Takes what the queue delivers. */
export async function consume(batch, env) {
  if (batch.queue.endsWith("-dead")) return giveUp(batch, env);
  let sdk;
  try {
    sdk = ownClient(env);
  } catch (error) {
    // The secrets are not what they should be. Nothing is lost while they are put right.
    console.error(error.message);
    return batch.retryAll({ delaySeconds: LONGEST_DELAY_S });
  }
  try {
    for (const message of batch.messages) {
      // One chunk's trouble is not the others'.
      const delay = await work(message, env, sdk).catch(() => delayAfter(message.attempts));
      if (delay === null) message.ack();
      else message.retry({ delaySeconds: delay });
    }
  } finally {
    sdk.free();
  }
}

/** Revokes what is left of a chunk. Null when that is all; else the seconds after which to deliver it again. */
async function work(message, env, sdk) {
  const { job: id, chunk, requests } = message.body;
  const job = jobOf(env, id);
  const claim = await job.claim(chunk);
  if (claim.verdict === "drop") return null;
  if (claim.verdict === "wait") return delayUntil(claim.until);

  const known = new Set(claim.known);
  const left = requests.map((request, index) => ({ ...request, index })).filter(({ index }) => !known.has(index));
  if (left.length === 0) return null;

  const { results, pausedUntil } = await revoke(sdk, left);
  const settled = results.filter(isFinal).map((result) => outcomeOf(result, claim.begunBefore));
  await job.settle(chunk, settled);
  if (settled.length === left.length) return null;
  if (pausedUntil === null) return delayAfter(message.attempts);
  await job.pause(pausedUntil);
  return delayUntil(pausedUntil);
}

/** Revokes; ends early when the API asks for a long pause, as soon as what is in flight has been answered. */
async function revoke(sdk, requests) {
  const stop = new AbortController();
  let until = null;
  const report = await sdk.connector.revokeCredentials(requests, {
    concurrency: CONCURRENCY,
    retries: { strategy: "none" }, // the queue tries again
    signal: stop.signal,
    onProgress({ inFlight, pausedUntil }) {
      if (inFlight > 0 || pausedUntil === undefined || pausedUntil - Date.now() <= PATIENCE_MS) return;
      until = pausedUntil;
      stop.abort();
    },
  });
  if (report.results.some(isRefused)) until = Date.now() + REFUSED_PAUSE_MS;
  return { results: report.results, pausedUntil: until };
}

/** Whether the API did not take the key, or the token that it gave for it. A dead key is not tried with every chunk of a job. */
function isRefused({ error }) {
  return error?.statusCode === 401 || error?.name === "TokenRequestError";
}

/** Whether another try could not end otherwise. */
function isFinal(result) {
  const { status, error, statusCode } = result;
  if (status === "revoked") return true;
  if (status === "skipped" || isRefused(result)) return false;
  return error.name === "SDKValidationError" || (statusCode >= 300 && statusCode < 500 && ![408, 425, 429].includes(statusCode));
}

function outcomeOf({ request, status, statusCode, error, requestId, sentAt, answeredAt }, begunBefore) {
  const { index, ...ids } = request;
  const outcome = { index, ...ids, status, statusCode, requestId, sentAt, answeredAt };
  if (error) outcome.reason = error.message;
  if (statusCode === 404 && begunBefore) outcome.note = "an earlier delivery was cut short, and may have revoked it";
  return outcome;
}

/** What never succeeded: written down as failed, so that the job ends and the record tells. */
async function giveUp(batch, env) {
  for (const message of batch.messages) {
    const { job: id, chunk, requests } = message.body;
    const reason = "it did not succeed in all the deliveries that the queue allows";
    await jobOf(env, id).settle(
      chunk,
      requests.map((request, index) => ({ index, ...request, status: "failed", reason })),
    );
    message.ack();
  }
}

/** Chunks that were told to wait together do not come back together. */
const spread = (seconds) => Math.ceil(seconds * (1 + Math.random() / 4));

function delayAfter(attempts) {
  return spread(Math.min(FIRST_DELAY_S * 2 ** (attempts - 1), LONGEST_DELAY_S));
}

function delayUntil(time) {
  return Math.max(1, spread((time - Date.now()) / 1000));
}
