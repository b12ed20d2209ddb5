// Credentials that open nothing: an API key, and the canaries that are looked for wherever they must not be.

/** The key of RFC 8037, appendix A.1. */
export const JWK = {
  kty: "OKP",
  crv: "Ed25519",
  d: "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
  x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
};
export const PREFIX = "secret-token:conductorone.com:v1:";
export const CLIENT_ID = "some-name-1@acme.conductor.one/pcc";

export function base64url(text) {
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** The client secret that holds this JWK. */
export const secretOf = (jwk) => PREFIX + base64url(JSON.stringify(jwk));
export const API_KEY = { clientID: CLIENT_ID, clientSecret: secretOf(JWK) };

export const CANARY_TOKEN = "canary-token-5b1f8c2e";
export const CANARY_ID_TOKEN = "canary-id.token-77aa.b1c2d3";
