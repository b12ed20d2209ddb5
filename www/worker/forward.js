// The way to a real tenant. The API need not allow calls from other origins, so the Worker passes the page's revocations on: to the
// one tenant that the setting C1_TENANT names, with the token that the page sent. Token requests, which an API key signs in the page,
// go there too: the signature is good for two minutes, and the secret stays in the page. Nothing else passes, nothing is kept or logged.
import { failure, fromOwnPage, passOn, readText, revocationIn, revocationPath } from "./answers.js";

const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const DEADLINE_MS = 30_000;

const TOKEN_PATH = "/auth/v1/token";
/** What a token request holds (RFC 7523). No more of it is passed on, so that no secret can be by mistake. */
const TOKEN_FIELDS = ["grant_type", "client_id", "client_assertion_type", "client_assertion"];
const LONGEST_TOKEN_REQUEST = 8192;

/** What of the tenant's answer the page may see. */
const ANSWER_HEADERS = ["content-type", "retry-after", "x-request-id"];

/**
 * The origin that a setting names: `acme`, `acme.conductor.one`, `https://acme.conductor.one`, or any https origin written in full
 * (http on loopback, for tests). Null when it is not set.
 */
export function tenantOrigin(setting) {
  const text = String(setting ?? "")
    .trim()
    .toLowerCase();
  if (text === "") return null;
  const label = text.replace(/\.conductor\.one$/, "");
  if (LABEL.test(label)) return `https://${label}.conductor.one`;
  const url = URL.canParse(text) ? new URL(text) : null;
  const secure = url?.protocol === "https:" || (url?.protocol === "http:" && LOOPBACK.has(url.hostname));
  if (secure && (url.origin === text || `${url.origin}/` === text)) return url.origin;
  throw new TypeError("C1_TENANT is neither a tenant's name nor an https origin");
}

/** Passes a revocation, or a token request, on to the tenant. */
export async function forward(request, tenant) {
  const url = new URL(request.url);
  const ids = revocationIn(url.pathname);
  if (!(ids || url.pathname === TOKEN_PATH) || url.search !== "") {
    return failure(404, "this Worker forwards revocations of credentials, and nothing else");
  }
  if (request.method !== "POST") return failure(405, "a revocation is a POST", { allow: "POST" });
  if (!fromOwnPage(request)) return failure(403, "only this Worker's own page may have revocations forwarded");
  return ids ? forwardRevocation(request, ids, tenant) : forwardTokenRequest(request, tenant);
}

function forwardRevocation(request, ids, tenant) {
  const authorization = request.headers.get("authorization") ?? "";
  if (!/^Bearer [\x21-\x7e]+$/i.test(authorization)) return failure(401, "no bearer token was sent");

  return send(new URL(revocationPath(ids), tenant), {
    method: "POST",
    headers: { accept: "application/json", "content-type": "application/json", authorization },
  });
}

async function forwardTokenRequest(request, tenant) {
  const text = await readText(request, LONGEST_TOKEN_REQUEST);
  if (text === null) return failure(413, "the token request is too long");
  const asked = new URLSearchParams(text);
  const body = new URLSearchParams(TOKEN_FIELDS.filter((name) => asked.has(name)).map((name) => [name, asked.get(name)]));
  if (!TOKEN_FIELDS.every((name) => body.has(name))) return failure(400, "only a signed token request is forwarded");
  return send(new URL(TOKEN_PATH, tenant), { method: "POST", headers: { accept: "application/json" }, body });
}

async function send(target, init) {
  let answer;
  try {
    answer = await fetch(target, { ...init, redirect: "manual", signal: AbortSignal.timeout(DEADLINE_MS) });
  } catch (error) {
    return error?.name === "TimeoutError"
      ? failure(504, `${target.host} did not answer in time; whether the credential was revoked is not known`)
      : failure(502, `${target.host} could not be reached`);
  }
  if (answer.status >= 300 && answer.status < 400) {
    await answer.body?.cancel();
    return failure(502, `${target.host} answered with a redirect (${answer.status}), which is not followed`);
  }
  return passOn(answer, ANSWER_HEADERS);
}
