// The Worker that serves the page. Cloudflare serves the files of page/public; all other requests come here:
//   GET  /config        what the page needs to know about this Worker
//   *    /sandbox/…     the sandbox of the API, when SANDBOX is "on" (sandbox.js)
//   POST /api/v1/apps/… a revocation, forwarded to the tenant in C1_TENANT (forward.js)
// Without settings, it answers 404 to everything but /config.
import { failure, json } from "../lib/answers.js";
import { identitySettings, refuseStranger } from "../lib/identity.js";
import { tenantOrigin } from "../lib/origin.js";
import { forward, operatorTokenIn } from "./forward.js";
import { sandboxOf } from "./sandbox.js";

export { Sandbox } from "./sandbox.js";

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (pathname === "/config") return json(await configuration(request, env));
    if (pathname.startsWith("/sandbox/")) {
      return isSandboxOn(env)
        ? sandboxOf(env).fetch(request)
        : failure(404, 'The sandbox is off. To turn it on, set SANDBOX to "on".');
    }
    if (pathname.startsWith("/api/")) {
      try {
        const tenant = tenantOrigin(env.C1_TENANT);
        return tenant ? await forward(request, env, tenant) : failure(404, "C1_TENANT is not set: nothing is forwarded.");
      } catch (error) {
        return failure(503, error.message);
      }
    }
    return failure(404, "There is nothing at this path.");
  },
};

const isSandboxOn = (env) => env.SANDBOX === "on";

/**
 * What the page shows. The tenant's name is for those only who may use it.
 * @returns {Promise<{ sandbox: boolean, tenant: string | null, signIn: "access" | "operator token" | null, problem: string | null }>}
 */
async function configuration(request, env) {
  const sandbox = isSandboxOn(env);
  try {
    const tenant = tenantOrigin(env.C1_TENANT);
    if (!tenant) return { sandbox, tenant: null, signIn: null, problem: null };
    const refusal = await refuseStranger(request, env, operatorTokenIn(request));
    if (!refusal) return { sandbox, tenant: new URL(tenant).host, signIn: null, problem: null };
    if (refusal.status === 503) return { sandbox, tenant: null, signIn: null, problem: (await refusal.json()).message };
    return { sandbox, tenant: null, signIn: identitySettings(env).operatorToken ? "operator token" : "access", problem: null };
  } catch (error) {
    return { sandbox, tenant: null, signIn: null, problem: error.message };
  }
}
