// Revokes lists of credentials with Cloudflare Workflows: the routes. README.md says how to use and deploy it.
//   POST   /revocations       takes a list, and starts a workflow that revokes it
//   GET    /revocations/{id}  its state, and when it has ended, its report
//   DELETE /revocations/{id}  stops it
import { connect } from "./revocation.js";

export { Revocation } from "./revocation.js";

/** The longest list in bytes. A workflow's parameters and its output are limited to 1 MiB; both are shorter than the list. */
const LONGEST_LIST = 2 ** 20;
/** States from which nothing follows. */
const ENDED = ["complete", "errored", "terminated"];

export default {
  async fetch(request, env) {
    const refusal = await refuseStranger(request, env);
    if (refusal) return refusal;
    const [, name, id, ...more] = new URL(request.url).pathname.split("/");
    if (name !== "revocations" || more.length > 0) return failure(404, "There is nothing at this path.");
    if (id === undefined) return request.method === "POST" ? start(request, env) : failure(405, "A list is sent by POST.");
    let instance;
    try {
      instance = await env.REVOCATIONS.get(id);
    } catch (error) {
      return failure(404, `There is no such revocation: ${error.message}`);
    }
    if (request.method === "DELETE") await stop(instance);
    else if (request.method !== "GET") return failure(405, "GET shows a revocation, DELETE stops it.");
    return show(instance);
  },
};

/** Checks the whole list as the client would check each item. The workflow starts only if every item is valid. */
async function start(request, env) {
  const text = await readText(request, LONGEST_LIST);
  if (text === null) return failure(413, "A list may have 1 MiB. Split it, and send each part by itself.");
  let list;
  try {
    list = JSON.parse(text);
  } catch {}
  if (!Array.isArray(list) || list.length === 0)
    return failure(400, "The body must be a JSON array of { appId, connectorId, id }.");
  let check;
  try {
    using sdk = connect(env);
    check = await sdk.connector.revokeCredentials(list, { dryRun: true });
  } catch (error) {
    return failure(503, `C1_CLIENT_ID or C1_CLIENT_SECRET is not valid: ${error.message}`);
  }
  const errors = check.results.filter(({ error }) => error).map(({ index, error }) => `Item ${index}: ${error.message}`);
  if (errors.length > 0) return failure(400, "Nothing was revoked: the list has errors.", { errors: errors.slice(0, 100) });
  const unique = check.results.filter(({ duplicateOf }) => duplicateOf === undefined);
  const credentials = unique.map(({ request: { appId, connectorId, id } }) => [appId, connectorId, id]);
  const { id } = await env.REVOCATIONS.create({ params: { credentials } });
  const body = { id, credentials: credentials.length, duplicates: list.length - credentials.length };
  return Response.json(body, { status: 202, headers: { location: `/revocations/${id}` } });
}

async function show(instance) {
  const { status, error, output } = await instance.status();
  const report = output?.map(([appId, connectorId, id, outcome, statusCode]) => {
    return { appId, connectorId, id, outcome, statusCode };
  });
  const counts = {};
  for (const { outcome } of report ?? []) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return Response.json({ id: instance.id, status, error, counts, report });
}

/** Stops it by an event, not by `terminate()`: the workflow then ends by itself, and there is a report. */
async function stop(instance) {
  const { status } = await instance.status();
  if (!ENDED.includes(status)) await instance.sendEvent({ type: "stop", payload: null });
}

/** Null when the caller has the operator's token, and no other site makes the browser send it. Else the response that says no. */
async function refuseStranger(request, { OPERATOR_TOKEN = "" }) {
  const { headers, url } = request;
  const isOtherSite = (headers.get("sec-fetch-site") ?? "same-origin") !== "same-origin";
  const isOtherOrigin = (headers.get("origin") ?? new URL(url).origin) !== new URL(url).origin;
  if (isOtherSite || isOtherOrigin) return failure(403, "A request from another site.");
  if (OPERATOR_TOKEN.length < 32) return failure(503, "OPERATOR_TOKEN is not set, or has fewer than 32 characters.");
  const [, shown = ""] = /^Bearer (\S+)$/i.exec(headers.get("authorization") ?? "") ?? [];
  return (await isEqual(shown, OPERATOR_TOKEN)) ? null : failure(401, "The operator's token is missing or wrong.");
}

/** Compares in constant time. Digests have one length, so the length of the token does not show either. */
async function isEqual(shown, expected) {
  const digest = (text) => crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return crypto.subtle.timingSafeEqual(await digest(shown), await digest(expected));
}

/** The body as text, or null if it is longer than `most` bytes. */
async function readText(request, most) {
  const chunks = [];
  let length = 0;
  for await (const chunk of request.body ?? []) {
    length += chunk.byteLength;
    if (length > most) return null;
    chunks.push(chunk);
  }
  return new Blob(chunks).text();
}

const failure = (status, message, more) => Response.json({ message, ...more }, { status });
