// The client that revokes, made of the Worker's API key. The key is in secrets (`wrangler secret put`), never in a page.
import { ConductoroneSDKTypescript } from "c1-revoke";

const TIMEOUT_MS = 20_000;

/**
 * A client, and the API that it calls, for the record. Throws an `Error` that says what to change when the secrets are missing or
 * not well-formed. The consumer makes one for each batch, whose requests share one token, and frees it at the end. A Worker that answers
 * single requests shares the token by a client in a variable of its module: see the package's README.
 */
export function connect(env) {
  for (const name of ["C1_CLIENT_ID", "C1_CLIENT_SECRET"]) {
    if (!env[name]) throw new TypeError(`${name} is not set. Set it with: wrangler secret put ${name}`);
  }
  const sdk = new ConductoroneSDKTypescript({
    clientID: env.C1_CLIENT_ID,
    clientSecret: env.C1_CLIENT_SECRET,
    timeoutMs: TIMEOUT_MS,
  });
  // strange-hydra-68836@acme.conductor.one/pcc: the client ID names the tenant.
  return { sdk, api: env.C1_CLIENT_ID.replace(/^[^@]*@|\/.*$/g, "") };
}
