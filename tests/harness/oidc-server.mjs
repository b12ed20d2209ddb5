// The thread of oidc.mjs. Its port answers what a tenant's host does:
//   POST /auth/v1/token    oidc-provider
//   POST /api/v1/apps/…    revokes, for tokens that the provider has issued, that are not expired and were not taken back
// and what tests ask of it, from any runtime:
//   POST /keys { workload }  -> a new API key { number, clientID, clientSecret }; with `workload`, a client for token exchange
//   GET  /keys/<n>           -> { tokenRequests: [{ headers, body, status }], revoked: [path], unauthorized: count },
//                              which are tokens of its that the API did not take
//   POST /keys/<n>/forget              takes back every token that it was given
//   POST /keys/<n>/id-token { age }    -> what a platform would give its workload: a JWT, issued `age` seconds ago
//   POST /clock { ahead }    moves this thread's time, in milliseconds
import { generateKeyPairSync, sign, verify } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { parentPort } from "node:worker_threads";

const HOST = "127.0.0.1";
const EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";

const { now } = Date;

const keys = [];
const keyOf = (clientID) => keys.find((key) => key.clientID === clientID);

/** The provider's storage, by kind. Clients are the keys above. */
const stored = new Map();
const storage = (kind) => ({
  find: async (id) => (kind === "Client" ? keyOf(id)?.client : stored.get(`${kind} ${id}`)),
  upsert: async (id, payload) => void stored.set(`${kind} ${id}`, payload),
  destroy: async (id) => void stored.delete(`${kind} ${id}`),
});

/** The platform whose ID tokens are exchanged. */
const platform = generateKeyPairSync("ed25519");
const base64url = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

function idToken(subject, age) {
  const iat = Math.floor(Date.now() / 1000) - age;
  const input = `${base64url({ alg: "EdDSA" })}.${base64url({ sub: subject, iat, exp: iat + 300 })}`;
  return `${input}.${sign(null, Buffer.from(input), platform.privateKey).toString("base64url")}`;
}

/** The claims of an ID token, if it is one of the platform's and has not expired. */
function claimsOf(jwt) {
  const [header, payload, signature] = jwt.split(".");
  const good = verify(null, Buffer.from(`${header}.${payload}`), platform.publicKey, Buffer.from(signature ?? "", "base64url"));
  const claims = good && JSON.parse(Buffer.from(payload, "base64url"));
  return claims && claims.exp > Date.now() / 1000 ? claims : undefined;
}

async function createProvider() {
  // It says that it does not support this Node; it works.
  const { warn, info } = console;
  console.warn = console.info = () => {};
  const { Provider, errors } = await import("oidc-provider");
  const provider = new Provider(`http://${HOST}`, {
    adapter: storage,
    routes: { token: "/auth/v1/token" },
    ttl: { ClientCredentials: 600 },
    scopes: [],
    features: { clientCredentials: { enabled: true }, devInteractions: { enabled: false } },
    enabledJWA: { clientAuthSigningAlgValues: ["EdDSA"] },
    clientAuthMethods: ["private_key_jwt", "none"],
  });
  // The API wants the bare host, where oidc-provider by itself wants a URL.
  provider.OIDCContext.prototype.clientJwtAuthExpectedAudience = () => new Set([HOST]);
  const exchange = async (context) => {
    const { client, params } = context.oidc;
    if (claimsOf(params.subject_token)?.sub !== client.clientId) throw new errors.InvalidGrant("the subject token is not good");
    const token = new provider.ClientCredentials({ client });
    context.body = { access_token: await token.save(), expires_in: token.expiration, token_type: token.tokenType };
  };
  provider.registerGrantType(EXCHANGE, exchange, ["subject_token", "subject_token_type"]);
  Object.assign(console, { warn, info });
  provider.on("server_error", (_context, error) => console.error(error));
  return provider;
}

function createKey({ workload = false }) {
  const number = keys.length;
  const { privateKey } = generateKeyPairSync("ed25519");
  const { d, ...publicKey } = privateKey.export({ format: "jwk" });
  const clientID = `key-${number}@${HOST}:${front.address().port}/${workload ? "wfe" : "pcc"}`;
  keys.push({
    clientID,
    client: {
      client_id: clientID,
      redirect_uris: [],
      response_types: [],
      grant_types: [workload ? EXCHANGE : "client_credentials"],
      token_endpoint_auth_method: workload ? "none" : "private_key_jwt",
      ...(!workload && { jwks: { keys: [{ ...publicKey, alg: "EdDSA" }] } }),
    },
    tokens: [],
    record: { tokenRequests: [], revoked: [], unauthorized: 0 },
  });
  return { number, clientID, clientSecret: `secret-token:conductorone.com:v1:${base64url({ ...publicKey, d })}` };
}

const json = (status, value) => ({ status, headers: { "content-type": "application/json" }, body: JSON.stringify(value) });

/** What tests ask for. */
async function control([collection, number, action], method, body) {
  if (collection === "clock") {
    const { ahead } = JSON.parse(body);
    Date.now = () => now() + ahead;
    return json(200, {});
  }
  if (number === undefined) return json(200, createKey(JSON.parse(body)));
  const key = keys[number];
  if (method === "GET") return json(200, key.record);
  switch (action) {
    case "forget":
      for (const token of key.tokens) await (await provider.ClientCredentials.find(token))?.destroy();
      break;
    case "id-token":
      return json(200, idToken(key.clientID, JSON.parse(body).age));
  }
  return json(200, {});
}
/** What the provider answers. */
async function token(headers, body) {
  const key = keyOf(new URLSearchParams(body).get("client_id"));
  const request = { headers, body };
  key?.record.tokenRequests.push(request);
  const { "content-type": type } = headers;
  const url = `http://${HOST}:${back.address().port}/auth/v1/token`;
  const answer = await fetch(url, { method: "POST", headers: { "content-type": type }, body });
  const text = await answer.text();
  request.status = answer.status;
  if (answer.ok) key.tokens.push(JSON.parse(text).access_token);
  return { status: answer.status, headers: { "content-type": answer.headers.get("content-type") }, body: text };
}

async function api(path, { authorization = "" }) {
  const [, given] = /^Bearer (\S+)$/.exec(authorization) ?? [];
  const found = given && (await provider.ClientCredentials.find(given));
  if (found?.isValid) {
    keyOf(found.clientId).record.revoked.push(path);
    return json(200, {});
  }
  const owner = keys.find(({ tokens }) => tokens.includes(given));
  if (owner) owner.record.unauthorized += 1;
  return json(401, { code: 16, message: "the token is missing or not valid", details: [] });
}

/** Everything is allowed, so that what a test sees in a browser is the package's doing, not CORS's. */
const cors = (headers) => ({
  "access-control-allow-origin": "*",
  "access-control-allow-headers": headers["access-control-request-headers"] ?? "*",
  "access-control-allow-methods": "*",
  "access-control-expose-headers": "*",
  "access-control-max-age": "600",
});

async function answerTo({ method, url, headers }, body) {
  if (method === "OPTIONS") return { status: 204 };
  const [, ...path] = url.split("/");
  if (method === "POST" && url === "/auth/v1/token") return token(headers, body);
  if (method === "POST" && url.startsWith("/api/v1/apps/")) return api(url, headers);
  return ["keys", "clock"].includes(path[0]) ? control(path, method, body) : json(404, {});
}

const front = createServer(async (request, response) => {
  try {
    const chunks = await request.toArray();
    const answer = await answerTo(request, Buffer.concat(chunks).toString());
    response.writeHead(answer.status, { ...answer.headers, ...cors(request.headers) }).end(answer.body);
  } catch (error) {
    console.error(error);
    response.destroy();
  }
});
const provider = await createProvider();
const back = createServer(provider.callback());
await Promise.all([once(back.listen(0, HOST), "listening"), once(front.listen(0), "listening")]);
parentPort.postMessage(`http://${HOST}:${front.address().port}`);
