// What the Workers' own responses have in common: the API's error form, and headers that keep them out of caches and frames.

const COMMON = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

/** The gRPC codes that the API's errors carry, by HTTP status. */
const GRPC_CODE = { 400: 3, 401: 16, 403: 7, 404: 5, 405: 12, 413: 3, 429: 8, 500: 13, 502: 14, 503: 14, 504: 4 };

/** A response that holds this value as JSON. */
export function json(value, { status = 200, headers = {} } = {}) {
  return new Response(JSON.stringify(value), { status, headers: { ...COMMON, "content-type": "application/json", ...headers } });
}

/** An error in the API's form: `{"code": 5, "message": "…", "details": []}`. */
export function failure(status, message, { headers = {}, details = [] } = {}) {
  return json({ code: GRPC_CODE[status] ?? 2, message, details }, { status, headers });
}

/** The response with the common headers, and only the named ones of its own. */
export function passOn(response, names) {
  const headers = new Headers(COMMON);
  for (const name of names) {
    const value = response.headers.get(name);
    if (value !== null) headers.set(name, value);
  }
  return new Response(response.body, { status: response.status, headers });
}

/**
 * The request's body as text, or null when it is longer than `longest` bytes. The rest of a long body is read and dropped, because
 * a connection with an unread body cannot carry another request.
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
