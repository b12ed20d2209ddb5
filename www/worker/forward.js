// Forwards the page's revocations to the tenant. A page cannot call the API itself unless the API allows the page's origin.
// Revocations go to the one tenant that C1_TENANT names, with the bearer token that the page sent. Nothing else is forwarded, and
// nothing is kept or logged. API keys are not forwarded: a client assertion names the host that it was signed for (`aud`), which would
// be this Worker's, and the tenant's token endpoint refuses it.
import { failure, passOn } from "../lib/answers.js";
import { refuseStranger } from "../lib/identity.js";
import { revocationIn, revocationPath } from "./revocation.js";

const TIMEOUT_MS = 30_000;

/** The headers of the tenant's response that the page may see. */
const RESPONSE_HEADERS = ["content-type", "retry-after", "x-request-id"];

/** What the request shows as the operator's token. `Authorization` carries the token for the API. */
export const operatorTokenIn = (request) => request.headers.get("operator-token") ?? "";

/** Forwards a revocation to the tenant. */
export async function forward(request, env, tenant) {
  const url = new URL(request.url);
  const ids = revocationIn(url.pathname);
  if (!ids || url.search !== "") return failure(404, "This Worker forwards revocations of credentials, and nothing else.");
  if (request.method !== "POST") return failure(405, "A revocation is a POST.", { headers: { allow: "POST" } });
  const refusal = await refuseStranger(request, env, operatorTokenIn(request));
  if (refusal) return refusal;
  if (!isFromOwnPage(request)) return failure(403, "This Worker forwards requests of its own page only.");
  const authorization = request.headers.get("authorization") ?? "";
  if (!/^Bearer [\x21-\x7e]+$/i.test(authorization)) return failure(401, "The request has no bearer token for the API.");

  const headers = { accept: "application/json", "content-type": "application/json", authorization };
  return send(new URL(revocationPath(ids), tenant), headers);
}

/** Whether this Worker's own page sent the request. Browsers set both headers, and no script of another site can change them. */
function isFromOwnPage(request) {
  const site = request.headers.get("sec-fetch-site");
  return request.headers.get("origin") === new URL(request.url).origin && (site === null || site === "same-origin");
}

async function send(target, headers) {
  let response;
  try {
    response = await fetch(target, { method: "POST", headers, redirect: "manual", signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch (error) {
    return error?.name === "TimeoutError"
      ? failure(504, `${target.host} did not answer in time. It is not known whether the credential was revoked.`)
      : failure(502, `No connection to ${target.host}. It is not known whether the credential was revoked.`);
  }
  if (response.status >= 300 && response.status < 400) {
    await response.body?.cancel();
    return failure(502, `${target.host} answered with a redirect (${response.status}), which is not followed.`);
  }
  return passOn(response, RESPONSE_HEADERS);
}
