// Who may call a Worker. Nobody may until a setting says who: people whom Cloudflare Access let through, or holders of the operator's
// token. Access sits in front of the Worker, but a Worker may be reachable without it (another route, a preview URL). So the Worker
// verifies the JWT that Access adds to each request: https://developers.cloudflare.com/cloudflare-one/identity/authorization-cookie/
import { createRemoteJWKSet, errors, jwtVerify } from "jose";
import { failure } from "./answers.js";
import { originOf } from "./origin.js";

/** `openssl rand -base64 32` gives 44 characters. A short token could be guessed. */
const SHORTEST_OPERATOR_TOKEN = 32;

/** jose's codes for a key endpoint that does not answer as it should. All other codes are about the JWT. */
const KEYS_UNAVAILABLE = new Set(["ERR_JOSE_GENERIC", "ERR_JWKS_INVALID", "ERR_JWKS_TIMEOUT"]);

/** The team's public keys, by team. jose caches them and fetches them again when a JWT names a key that is not among them. */
const keySets = new Map();

/**
 * What the settings say about who may call. Throws a `TypeError` when they make no sense.
 * @returns {{ access: { issuer: string, audience: string } | null, operatorToken: string | null }}
 */
export function identitySettings(env) {
  const { ACCESS_TEAM_DOMAIN, ACCESS_AUD, OPERATOR_TOKEN } = env;
  if (Boolean(ACCESS_TEAM_DOMAIN) !== Boolean(ACCESS_AUD)) {
    throw new TypeError("Set both ACCESS_TEAM_DOMAIN and ACCESS_AUD, or neither.");
  }
  if (OPERATOR_TOKEN && OPERATOR_TOKEN.length < SHORTEST_OPERATOR_TOKEN) {
    throw new TypeError(
      `OPERATOR_TOKEN is shorter than ${SHORTEST_OPERATOR_TOKEN} characters. Make one with: openssl rand -base64 32`,
    );
  }
  const issuer = originOf("ACCESS_TEAM_DOMAIN", ACCESS_TEAM_DOMAIN);
  return { access: issuer && { issuer, audience: ACCESS_AUD }, operatorToken: OPERATOR_TOKEN || null };
}

/**
 * Null when the caller may go on, else the response that refuses the request.
 * @param {Request} request
 * @param {object} env
 * @param {string} shownToken  what the request shows as the operator's token, or an empty string
 */
export async function refuseStranger(request, env, shownToken) {
  let settings;
  try {
    settings = identitySettings(env);
  } catch (error) {
    return failure(503, error.message);
  }
  const { access, operatorToken } = settings;
  if (!access && !operatorToken) {
    return failure(503, "This Worker serves nobody yet. Set OPERATOR_TOKEN, or ACCESS_TEAM_DOMAIN and ACCESS_AUD.");
  }
  if (operatorToken && (await isEqual(shownToken, operatorToken))) return null;
  const jwt = request.headers.get("cf-access-jwt-assertion");
  if (access && jwt) return refuseJwt(jwt, access);
  return failure(401, access ? "Sign in through Cloudflare Access." : "The operator token is missing or wrong.");
}

async function refuseJwt(jwt, { issuer, audience }) {
  const keys = keySets.get(issuer) ?? createRemoteJWKSet(new URL("/cdn-cgi/access/certs", issuer));
  keySets.set(issuer, keys);
  try {
    await jwtVerify(jwt, keys, { issuer, audience, algorithms: ["RS256"], requiredClaims: ["exp"] });
    return null;
  } catch (error) {
    if (!(error instanceof errors.JOSEError) || KEYS_UNAVAILABLE.has(error.code)) {
      return failure(503, "Cloudflare Access's public keys could not be fetched. Try again, or check ACCESS_TEAM_DOMAIN.");
    }
    return failure(403, `The Cloudflare Access JWT is not valid for this Worker (${error.code}).`);
  }
}

const digest = (text) => crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));

/** Compares in constant time. Digests have the same length, so the length of the token does not show either. */
async function isEqual(shown, expected) {
  const [a, b] = await Promise.all([digest(shown), digest(expected)]);
  return crypto.subtle.timingSafeEqual(a, b);
}
