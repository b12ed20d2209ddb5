const REVOCATION = /^\/api\/v1\/apps\/[^/]+\/connectors\/[^/]+\/credentials\/[^/]+$/;

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (request.method !== "POST" || !REVOCATION.test(pathname)) return env.ASSETS.fetch(request);
    if (request.headers.get("sec-fetch-site") !== "same-origin") return new Response(null, { status: 403 });
    const headers = { "content-type": "application/json", authorization: request.headers.get("authorization") ?? "" };
    return fetch(env.C1_SERVER + pathname, { method: "POST", headers, redirect: "manual" });
  },
};
