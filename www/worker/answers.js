// What the Worker's own answers have in common: the API's error form, and headers that keep them out of caches and frames.

const COMMON = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

/** The gRPC codes that the API's errors carry, by HTTP status. */
const GRPC_CODE = { 400: 3, 401: 16, 403: 7, 404: 5, 405: 12, 413: 3, 429: 8, 500: 13, 502: 14, 503: 14, 504: 4 };

export function json(value, { status = 200, headers = {} } = {}) {
  return new Response(JSON.stringify(value), { status, headers: { ...COMMON, "content-type": "application/json", ...headers } });
}

/** An error as the API words it: `{"code": 5, "message": "…", "details": []}`. */
export function failure(status, message, headers = {}) {
  return json({ code: GRPC_CODE[status] ?? 2, message, details: [] }, { status, headers });
}

/** The same answer with the common headers, and of the others only those named. */
export function passOn(response, names) {
  const headers = new Headers(COMMON);
  for (const name of names) {
    const value = response.headers.get(name);
    if (value !== null) headers.set(name, value);
  }
  return new Response(response.body, { status: response.status, headers });
}

/**
 * The request's body as text; null when it is longer than `longest` bytes. What is too much is read and dropped: a connection whose
 * body is left unread is good for no other request.
 */
export async function readText(request, longest) {
  let parts = [];
  let length = 0;
  for await (const part of request.body ?? []) {
    length += part.length;
    if (length > longest) parts = [];
    else parts.push(part);
  }
  return length > longest ? null : new Blob(parts).text();
}

const CREDENTIAL = /^\/api\/v1\/apps\/([^/]+)\/connectors\/([^/]+)\/credentials\/([^/]+)$/;

/** The three ids in the path of a revocation, decoded; null when it is any other path. */
export function revocationIn(pathname) {
  const match = CREDENTIAL.exec(pathname);
  if (!match) return null;
  try {
    const [appId, connectorId, id] = match.slice(1).map(decodeURIComponent);
    if ([appId, connectorId, id].some((segment) => segment === "." || segment === "..")) return null;
    return { appId, connectorId, id };
  } catch {
    return null; // not percent-encoded UTF-8
  }
}

/** The path of a revocation, each id encoded as one segment. */
export function revocationPath({ appId, connectorId, id }) {
  const [app, connector, credential] = [appId, connectorId, id].map(encodeURIComponent);
  return `/api/v1/apps/${app}/connectors/${connector}/credentials/${credential}`;
}

/** True when a page of this very origin sent the request: browsers set both headers, and no script can change them. */
export function fromOwnPage(request) {
  const site = request.headers.get("sec-fetch-site");
  return request.headers.get("origin") === new URL(request.url).origin && (site === null || site === "same-origin");
}
