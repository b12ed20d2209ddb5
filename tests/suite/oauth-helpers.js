// Keys, assertions and token answers for the tests of OAuth.
import { API_KEY } from "./credentials.js";
import { ids, json, response, revoked, stubClient } from "./helpers.js";
import { thenRestore, withReplaced } from "./registry.js";

export * from "./credentials.js";

export const bytesOf = (code) => Uint8Array.from(atob(code.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const jsonOf = (code) => JSON.parse(new TextDecoder().decode(bytesOf(code)));

/** A token endpoint's success. */
export function issued(token, more) {
  const body = JSON.stringify({ access_token: token, token_type: "Bearer", expires_in: 600, ...more });
  return { status: 200, headers: json, body };
}

/** Token endpoint that gives token-1, token-2, … */
export function numbered(more) {
  let count = 0;
  return () => response(issued(`token-${++count}`, more));
}

const isToken = ({ url }) => url.endsWith("/auth/v1/token");

/**
 * A client with an API key, or with `oidcToken` if that is given, whose token requests are answered by `tokens` and the others by `api` (the last ones repeat; see
 * `stubClient`), and what it sent.
 */
export function stubbedOAuth(sdk, { tokens = [numbered()], api = [revoked], ...props } = {}) {
  const left = { tokens: [...tokens], api: [...api] };
  const { httpClient, requests } = stubClient(sdk, (request) => {
    const answers = isToken(request) ? left.tokens : left.api;
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    return typeof answer === "function" ? answer(request) : response(answer);
  });
  const credentials = "oidcToken" in props ? { clientID: API_KEY.clientID } : API_KEY;
  const client = new sdk.ConductoroneSDKTypescript({ ...credentials, httpClient, ...props });
  return {
    client,
    revoke: (options) => client.connector.revokeCredential(ids, options),
    get tokenRequests() {
      return requests.filter(isToken);
    },
    get apiRequests() {
      return requests.filter((request) => !isToken(request));
    },
    /** The tokens that the API has seen. */
    get shown() {
      return this.apiRequests.map(({ headers }) => headers.authorization.replace(/^Bearer /, ""));
    },
  };
}

/** The assertion in the body of a token request, taken apart. */
export function assertionIn(body) {
  const jwt = new URLSearchParams(body).get("client_assertion");
  const [header, claims, signature] = jwt.split(".");
  return { jwt, input: `${header}.${claims}`, header: jsonOf(header), claims: jsonOf(claims), signature: bytesOf(signature) };
}

/** Whether the signature of an assertion is this key's. */
export async function isSignedBy({ kty, crv, x }, { input, signature }) {
  const key = await crypto.subtle.importKey("jwk", { kty, crv, x }, "Ed25519", false, ["verify"]);
  return crypto.subtle.verify("Ed25519", key, signature, new TextEncoder().encode(input));
}

async function post(url, value) {
  return (await fetch(url, { method: "POST", body: JSON.stringify(value) })).json();
}

/** A new API key at the provider (or with `workload`, a client for token exchange), and what can be done with it there. */
export async function newKey(oidc, options = {}) {
  const { number, clientID, clientSecret } = await post(`${oidc}/keys`, options);
  const at = (action) => `${oidc}/keys/${number}${action}`;
  return {
    clientID,
    clientSecret,
    record: async () => (await fetch(at(""))).json(),
    forget: () => post(at("/forget")),
    idToken: (age = 0) => post(at("/id-token"), { age }),
  };
}

/** Moves the time of this runtime and that of the provider ahead, in seconds, while `action` runs. */
export async function withTimeAhead(oidc, { here = 0, there = here }, action) {
  const { now } = Date;
  const setClock = (ahead) => post(`${oidc}/clock`, { ahead });
  await setClock(there * 1000);
  return thenRestore(
    () => withReplaced(Date, { now: () => now() + here * 1000 }, action),
    () => setClock(0),
  );
}
