// The sandbox's API key and its token endpoint's checks: the client assertion of RFC 7523, signed by Ed25519, as the API wants it.

/** The one client ID that the sandbox knows. */
export const CLIENT_ID = "sandbox-demo-10001@sandbox.example/pcc";
const SECRET_PREFIX = "secret-token:conductorone.com:v1:";
const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/** The API refuses assertions that are good for longer. */
const LONGEST_LIFE_S = 300;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** base64url without padding, of text. */
function encode(text) {
  return btoa(String.fromCharCode(...encoder.encode(text)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");
}

/** The bytes of unpadded base64url. Throws when it is not. */
function decode(text) {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) throw new TypeError("not base64url");
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0));
}

/** A new key, as a JWK that holds its private part. */
export async function generateKey() {
  const { privateKey } = await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]);
  const { kty, crv, d, x } = await crypto.subtle.exportKey("jwk", privateKey);
  return { kty, crv, d, x };
}

/** The client secret that holds this key, in the form in which the API hands one out. */
export function secretOf(jwk) {
  return SECRET_PREFIX + encode(JSON.stringify(jwk));
}

/** Why a token request is refused, in OAuth's words (RFC 6749, 5.2). */
export class Refusal extends Error {
  constructor(error, description, status = 400) {
    super(description);
    this.error = error;
    this.status = status;
  }
}

/**
 * Checks a token request. Gives the assertion's `jti` and when it expires, so that the caller can refuse to see it twice.
 * Throws a `Refusal`.
 */
export async function checkTokenRequest(form, { jwk, host, now = Date.now() }) {
  if (form.get("grant_type") !== "client_credentials") {
    throw new Refusal("unsupported_grant_type", "the sandbox knows client_credentials only");
  }
  const unfit = (description) => new Refusal("invalid_client", description, 401);
  if (form.get("client_id") !== CLIENT_ID) throw unfit("unknown client");
  if (form.get("client_assertion_type") !== ASSERTION_TYPE) throw unfit("a client assertion is wanted");

  const { header, claims, verified } = await readJwt(form.get("client_assertion") ?? "", jwk).catch(() => ({}));
  if (header?.alg !== "EdDSA" || !verified) throw unfit("the client assertion is not signed by this client's key");
  const seconds = now / 1000;
  const { iss, sub, aud, nbf, exp, jti } = claims;
  if (iss !== CLIENT_ID || sub !== CLIENT_ID) throw unfit("iss and sub must be the client ID");
  const audience = [aud].flat();
  if (!audience.includes(host) && !audience.includes(CLIENT_ID.replace(/.*@|\/.*/g, ""))) throw unfit("the audience is another");
  if (!(exp > seconds)) throw unfit("the client assertion has expired");
  if (!(exp - seconds <= LONGEST_LIFE_S)) throw unfit("the client assertion is good for too long");
  if (nbf !== undefined && !(nbf <= seconds)) throw unfit("the client assertion is not good yet");
  if (typeof jti !== "string" || jti === "") throw unfit("jti is missing");
  return { jti, expiresAt: exp * 1000 };
}

async function readJwt(jwt, { kty, crv, x }) {
  const [header, claims, signature, ...more] = jwt.split(".");
  if (more.length > 0) throw new TypeError("not a JWT");
  const key = await crypto.subtle.importKey("jwk", { kty, crv, x }, "Ed25519", false, ["verify"]);
  return {
    verified: await crypto.subtle.verify("Ed25519", key, decode(signature), encoder.encode(`${header}.${claims}`)),
    header: JSON.parse(decoder.decode(decode(header))),
    claims: JSON.parse(decoder.decode(decode(claims))),
  };
}
