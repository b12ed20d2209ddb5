// Revokes with the token of the signed-in user, which is read from the request's cookies when the client asks for it: by a client of
// the request's own, and by one for all users. Calls begin once three requests have come.
import { ConductoroneSDKTypescript } from "c1-revoke";
import { cookies } from "next/headers";

const security = async () => ({ bearerAuth: (await cookies()).get("token").value });
const create = (serverURL) => new ConductoroneSDKTypescript({ serverURL, security });

let shared;
let waiting = [];
const three = () =>
  new Promise((resolve) => {
    waiting.push(resolve);
    if (waiting.length < 3) return;
    for (const go of waiting) go();
    waiting = [];
  });

export async function POST(request) {
  const { serverURL, id } = await request.json();
  shared ??= create(serverURL);
  await three();
  for (const { connector } of [create(serverURL), shared]) await connector.revokeCredential({ appId: "a", connectorId: "b", id });
  return new Response();
}
