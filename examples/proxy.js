const CREDENTIAL = /^\/api\/v1\/apps\/[^/]+\/connectors\/[^/]+\/credentials\/[^/]+$/;

export default {
  async fetch(request, env) {
    const { method, url } = request;
    const { pathname } = new URL(url);
    // POST revokes; GET tells a credential's state, for `confirm`.
    if (!["POST", "GET"].includes(method) || !CREDENTIAL.test(pathname)) return env.ASSETS.fetch(request);
    if (request.headers.get("sec-fetch-site") !== "same-origin") return new Response(null, { status: 403 });
    const headers = { "content-type": "application/json", authorization: request.headers.get("authorization") ?? "" };
    return fetch(env.C1_SERVER + pathname, { method, headers, redirect: "manual" });
  },
};
