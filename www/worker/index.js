// The Worker behind the console. The platform serves the files of public/; what is left comes here:
//   GET  /config               what the page needs to know of this Worker
//   *    /sandbox/…            the sandbox of the endpoint (sandbox.js)
//   POST /api/v1/apps/…        a revocation, passed on to the tenant that C1_TENANT names (forward.js)
//   POST /auth/v1/token        a token request, likewise
//   POST /revoke               a revocation with the Worker's own API key (server.js)
//   *    /jobs…                bulk revocation with it, through a queue (jobs.js)
import { failure, json } from "./answers.js";
import { forward, tenantOrigin } from "./forward.js";
import { consume, jobs } from "./jobs.js";
import { sandboxOf } from "./sandbox.js";
import { revokeOne } from "./server.js";

export { Job } from "./job.js";
export { Sandbox } from "./sandbox.js";

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (pathname.startsWith("/sandbox/")) return sandboxOf(env).fetch(request);
    if (/^\/jobs(\/|$)/.test(pathname)) return jobs(request, env);
    if (pathname === "/revoke" && request.method === "POST") return revokeOne(request, env);

    let tenant;
    try {
      tenant = tenantOrigin(env.C1_TENANT);
    } catch (error) {
      return failure(500, error.message);
    }
    if (pathname === "/config") return json({ tenant: tenant && new URL(tenant).host });
    if (/^\/(api|auth)\//.test(pathname)) {
      return tenant ? forward(request, tenant) : failure(404, "this Worker forwards to no tenant: C1_TENANT is not set");
    }
    return failure(404, "nothing is served here");
  },

  queue: consume,
};
