// The Worker behind the page. Cloudflare serves the files of public/. Other requests come here:
//   GET /config                the host where the page revokes, and whether it is the sandbox
//   POST, GET /api/v1/apps/…   one credential: revoke it, or tell its state. C1_TENANT: forwarded to the tenant. SANDBOX "on": played
// Without settings, it answers 404. It keeps and logs nothing. Its own failures are plain text, and so not the API's.
import { flawIn, idsIn, pathOf } from "./public/credential.js";

const RESPONSE_HEADERS = ["content-type", "retry-after", "x-request-id"]; // what the page gets of the tenant's
const refused = new Set(); // what the sandbox has refused once, and accepts the next time
const failure = (status, message) => new Response(message, { status });

export default {
  async fetch(request, { SANDBOX, C1_TENANT }) {
    const sandbox = SANDBOX === "on";
    const response = await answer(request, sandbox, C1_TENANT);
    response.headers.set("cache-control", "no-store");
    if (sandbox) response.headers.set("x-c1-revoke-sandbox", "on");
    return response;
  },
};

function answer(request, sandbox, setting) {
  const { origin, host: ownHost, pathname, search } = new URL(request.url);
  const [, tenant] = /^(?:https:\/\/)?([a-z0-9](?:[a-z0-9-]*[a-z0-9])?)(?:\.conductor\.one)?\/?$/i.exec(setting ?? "") ?? [];
  if (!sandbox && !tenant) return failure(setting ? 503 : 404, 'Set C1_TENANT: "acme" or "https://acme.conductor.one".');
  const host = sandbox ? ownHost : `${tenant.toLowerCase()}.conductor.one`;
  if (pathname === "/config") return Response.json({ host, sandbox });

  const { method, headers } = request;
  const ids = idsIn(pathname);
  if (!ids || flawIn(ids) || search !== "") return failure(404, "This is not the path of a credential.");
  if (method !== "POST" && method !== "GET") return failure(405, "Only POST and GET are allowed.");
  // Browsers set these two, and scripts cannot change them. A GET to a page's own origin has no Origin.
  const from = headers.get("origin") ?? (method === "GET" ? origin : null);
  if (from !== origin || headers.get("sec-fetch-site") !== "same-origin")
    return failure(403, "Only this Worker’s page may send this.");
  const authorization = headers.get("authorization") ?? "";
  if (!/^Bearer [\x21-\x7e]+$/i.test(authorization)) return failure(401, "The request has no bearer token.");
  return sandbox ? play(method, ids) : forward(method, `https://${host}${pathOf(ids)}`, authorization);
}

async function forward(method, target, authorization) {
  const body = method === "POST" ? "{}" : undefined;
  const headers = { accept: "application/json", authorization, ...(body && { "content-type": "application/json" }) };
  try {
    const response = await fetch(target, { method, headers, body, redirect: "manual", signal: AbortSignal.timeout(30_000) });
    if (response.status >= 300 && response.status < 400) return failure(502, "The tenant redirects, which is not followed.");
    const passed = [...response.headers].filter(([name]) => RESPONSE_HEADERS.includes(name));
    return new Response(response.body, { status: response.status, headers: passed });
  } catch {
    return failure(502, "No response from the tenant.");
  }
}

/** The sandbox. How the credential's id ends decides what happens. */
function play(method, ids) {
  const reply = (status, body, headers) =>
    Response.json(body, { status, headers: { "x-request-id": crypto.randomUUID(), ...headers } });
  const [, kind] = /-(busy|denied|lost|missing|silent)$/.exec(ids.id) ?? [];
  if (kind === "missing") return reply(404, { code: 5, message: "Sandbox: no such credential.", details: [] });
  if (kind === "denied") return reply(403, { code: 7, message: "Sandbox: not allowed.", details: [] });
  if (kind === "silent" || (kind === "lost" && method === "POST")) return failure(502, "Sandbox: the response is lost.");
  if (kind === "busy" && !refused.delete(ids.id)) {
    refused.add(ids.id);
    return reply(429, { code: 8, message: "Sandbox: too many requests.", details: [] }, { "retry-after": "5" });
  }
  return reply(200, method === "POST" ? {} : { credential: { ...ids, deletedAt: new Date().toISOString() } });
}
