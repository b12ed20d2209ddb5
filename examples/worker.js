import { ConductoroneSDKTypescript } from "c1-revoke";

export default {
  async fetch(request, env) {
    try {
      // The caller's own token, passed on.
      const security = { bearerAuth: request.headers.get("authorization") ?? "" };
      using sdk = new ConductoroneSDKTypescript({ serverURL: env.C1_SERVER, security });
      await sdk.connector.revokeCredential(await request.json(), { confirm: true });
      return Response.json({ outcome: "revoked" });
    } catch (error) {
      return Response.json({ outcome: error.outcome, error: `${error.name}: ${error.message}` }, { status: 502 });
    }
  },
};
