// Revoking with the Worker's own API key: the way recommended for servers. The key lives in secrets (`wrangler secret put`), never in
// a page, and whoever may use it shows the operator's token. Without a key, all of this works on the sandbox.
import { ConductoroneSDKTypescript } from "c1-revoke";
import { failure, json, readText } from "./answers.js";
import { tenantOrigin } from "./forward.js";
import { sandboxOf, TOKEN } from "./sandbox.js";

const TIMEOUT_MS = 20_000;
const LONGEST_REQUEST = 8192;

/**
 * A client with the Worker's own API key. One for each invocation: a Worker may not wait in one invocation for what another began,
 * and two that shared a client could be waiting for the same token. Free it at the end.
 */
export function ownClient(env) {
  if (!env.C1_CLIENT_ID) {
    return new ConductoroneSDKTypescript({
      security: { bearerAuth: TOKEN },
      serverURL: "https://sandbox.example/sandbox",
      httpClient: { request: (request) => sandboxOf(env).fetch(request) },
      timeoutMs: TIMEOUT_MS,
    });
  }
  return new ConductoroneSDKTypescript({
    clientID: env.C1_CLIENT_ID,
    clientSecret: env.C1_CLIENT_SECRET,
    serverURL: tenantOrigin(env.C1_TENANT) ?? undefined,
    timeoutMs: TIMEOUT_MS,
  });
}

const digest = (text) => crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));

/** Null when the request shows the operator's token; else the answer that refuses it. */
export async function refuseStranger(request, env) {
  const expected = env.OPERATOR_TOKEN || (env.C1_CLIENT_ID ? "" : TOKEN);
  if (expected === "") return failure(503, "OPERATOR_TOKEN is not set: nobody may use this Worker's API key");
  const shown = (request.headers.get("authorization") ?? "").replace(/^bearer /i, "");
  // Digests are of one length, so comparing takes the same time whatever was shown.
  const [a, b] = await Promise.all([digest(shown), digest(expected)]);
  return crypto.subtle.timingSafeEqual(a, b) ? null : failure(401, "the operator's token is missing or wrong");
}

/** POST /revoke: revokes the one credential that the body names, `{"appId": "…", "connectorId": "…", "id": "…"}`. */
export async function revokeOne(request, env) {
  const refusal = await refuseStranger(request, env);
  if (refusal) return refusal;
  const sdk = ownClient(env);
  try {
    const { appId, connectorId, id } = JSON.parse((await readText(request, LONGEST_REQUEST)) ?? "");
    const { rawResponse } = await sdk.connector.revokeCredential({ appId, connectorId, id });
    return json({ revoked: true, at: new Date().toISOString(), requestId: rawResponse.headers.get("x-request-id") });
  } catch (error) {
    return explainFailure(error);
  } finally {
    sdk.free();
  }
}

/** The API's own refusals go to the caller as they are; what is this Worker's affair does not look like one of them. */
function explainFailure(error) {
  if (error instanceof SyntaxError || error.name === "SDKValidationError") return failure(400, error.message);
  if ([403, 404, 429].includes(error.statusCode)) {
    const wait = error.headers.get("retry-after");
    return failure(error.statusCode, error.message, wait ? { "retry-after": wait } : {});
  }
  return failure(502, error.message);
}
