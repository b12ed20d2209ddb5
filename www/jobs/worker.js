// The routes of the queue Worker. It revokes lists with the Worker's own API key, so each route wants an identity (lib/identity.js).
//   POST   /jobs              takes a list, and puts it on the queue
//   GET    /jobs/{id}         how far the job is
//   GET    /jobs/{id}/results the record: a line of JSON for each credential
//   DELETE /jobs/{id}         cancels the job
import { failure, json, readText } from "../lib/answers.js";
import { refuseStranger } from "../lib/identity.js";
import { readList } from "../lib/list.js";
import { consume, jobOf } from "./consumer.js";

/** Credentials in one message, and so in one delivery. The free plan allows 50 requests for an invocation: make it 40 there. */
const CHUNK_SIZE = 100;
/** The longest list, in bytes: about 95,000 lines. It is read to its end before anything is queued, in the 128 MB of a Worker. */
const LONGEST_LIST = 8_000_000;
/** Messages that a queue takes at once. */
const MESSAGES_AT_ONCE = 100;
/** Bad lines that a response shows. */
const ERRORS_SHOWN = 100;

/**
 * The Worker.
 * @param {(env: object) => { sdk: object, api: string }} connect  makes the client (client.js)
 * @param {{ chunkSize?: number }} [options]
 */
export function createWorker(connect, { chunkSize = CHUNK_SIZE } = {}) {
  return {
    async fetch(request, env) {
      try {
        return await route(request, env, connect, chunkSize);
      } catch (error) {
        console.error(error);
        return failure(500, "The Worker failed. Its log says why.");
      }
    },
    queue: (batch, env) => consume(batch, env, connect),
  };
}

async function route(request, env, connect, chunkSize) {
  const [, jobs, id, part, ...more] = new URL(request.url).pathname.split("/");
  if (jobs !== "jobs" || more.length > 0) return failure(404, "There is nothing at this path.");
  const [, bearer = ""] = /^Bearer (\S+)$/i.exec(request.headers.get("authorization") ?? "") ?? [];
  const refusal = await refuseStranger(request, env, bearer);
  if (refusal) return refusal;

  if (id === undefined) {
    if (request.method !== "POST") return failure(405, "A job is made by POST.", { headers: { allow: "POST" } });
    return create(request, env, connect, chunkSize);
  }
  const job = jobOf(env, id);
  const progress = await job?.progress();
  if (!progress) return failure(404, "There is no such job.");
  switch (`${request.method} ${part ?? ""}`) {
    case "GET ":
      return json({ id, ...progress });
    case "GET results":
      return results(job);
    case "DELETE ":
      return json({ id, ...(await job.cancel()) });
  }
  return failure(405, "GET shows a job, GET …/results its record, and DELETE cancels it.", { headers: { allow: "GET, DELETE" } });
}

/** Reads and checks the list to its end. It is queued only when every line is good. */
async function create(request, env, connect, chunkSize) {
  let client;
  try {
    client = connect(env);
  } catch (error) {
    return failure(503, error.message);
  }
  const { sdk, api } = client;
  try {
    const text = await readText(request, LONGEST_LIST);
    if (text === null) return failure(413, `A list may have ${LONGEST_LIST} bytes. Send it in parts.`);
    const { rows, errors } = readList(text);
    const { bad, first } = await check(sdk, rows);
    errors.push(...bad);
    if (errors.length > 0) return refuseList(errors);
    if (first.length === 0) return failure(400, "The list is empty.");
    return await enqueue(env, api, first, rows.length - first.length, chunkSize);
  } finally {
    sdk.free();
  }
}

/** Checks each row as the client would before sending it. Gives the bad ones, and each other credential once. */
async function check(sdk, rows) {
  const bad = [];
  const { results } = await sdk.connector.revokeCredentials(rows, { dryRun: true });
  const first = results.filter(({ duplicateOf }) => duplicateOf === undefined);
  for (const { request, error } of first) {
    if (error) bad.push({ line: request.line, message: error.cause?.message ?? error.message });
  }
  return { bad, first: first.map(({ request: { appId, connectorId, id } }) => [appId, connectorId, id]) };
}

function refuseList(errors) {
  errors.sort((a, b) => a.line - b.line);
  const [{ line, message }] = errors;
  const more = errors.length - 1;
  const also = more > 0 ? ` ${more} more ${more === 1 ? "line" : "lines"} cannot be read.` : "";
  return failure(400, `Line ${line}: ${message}${also}`, { details: errors.slice(0, ERRORS_SHOWN) });
}

async function enqueue(env, api, credentials, duplicates, chunkSize) {
  const id = env.JOB.newUniqueId();
  const job = env.JOB.get(id);
  await job.create(api, credentials, chunkSize);
  const chunks = Array.from({ length: Math.ceil(credentials.length / chunkSize) }, (_, chunk) => chunk);
  const messages = chunks.map((chunk) => ({ body: { job: id.toString(), chunk }, contentType: "json" }));
  try {
    for (let at = 0; at < messages.length; at += MESSAGES_AT_ONCE) {
      await env.JOBS.sendBatch(messages.slice(at, at + MESSAGES_AT_ONCE));
    }
  } catch (error) {
    // The job would never end. What is on the queue already finds it cancelled.
    await job.cancel();
    throw error;
  }
  const headers = { location: `/jobs/${id}` };
  return json({ id: id.toString(), api, total: credentials.length, duplicates }, { status: 202, headers });
}

/** The record of a job, streamed. */
function results(job) {
  let next = 0;
  const encoder = new TextEncoder();
  const stream = new ReadableStream({
    async pull(controller) {
      const page = await job.results(next);
      next = page.next;
      controller.enqueue(encoder.encode(page.lines));
      if (next === null) controller.close();
    },
  });
  const headers = { "content-type": "application/x-ndjson", "cache-control": "no-store", "x-content-type-options": "nosniff" };
  return new Response(stream, { headers });
}
