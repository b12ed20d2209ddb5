// Canaries: a token, a client secret, an assertion and an ID token are looked for wherever they must not be. They may be in the
// header or the body of their own request only. And requests go nowhere but to the host that was configured.
import { CLIENT_ID, CANARY_ID_TOKEN as ID_TOKEN, JWK, PREFIX, secretOf, CANARY_TOKEN as TOKEN } from "./credentials.js";
import { assert, ids, json, response, revoked, stubClient } from "./helpers.js";
import { ending, HOSTILE } from "./hostile.js";
import { issued } from "./oauth-helpers.js";
import { test, withReplaced } from "./registry.js";
import { generator, written } from "./written.js";

const SECRET = secretOf(JWK);

/** Everything that can be read of a value: strings, names, getters, prototypes, messages, stacks, causes. */
function everythingIn(value, seen = new Set()) {
  if (typeof value === "function" || (typeof value === "object" && value !== null)) {
    // A stream's inside can only be reached by reading it, and a request is the caller's own.
    if (seen.has(value) || value instanceof Request || value instanceof ReadableStream) return "";
    seen.add(value);
    if (value instanceof Promise) value.catch(() => {});
    const parts = [];
    for (let at = value; at && at !== Object.prototype && at !== Function.prototype; at = Object.getPrototypeOf(at)) {
      for (const key of Reflect.ownKeys(at)) {
        parts.push(String(key));
        try {
          parts.push(everythingIn(value[key], seen));
        } catch {
          // Getters of prototypes that want another `this`.
        }
      }
    }
    for (const show of [String, JSON.stringify, (it) => it.pretty?.()]) {
      try {
        parts.push(show(value));
      } catch {
        // Cyclic.
      }
    }
    return parts.join("\n");
  }
  return String(value);
}

function assertClean(value, secrets, label) {
  const text = everythingIn(value);
  for (const secret of secrets) assert.notInclude(text, secret, label);
}

/** A logger, and the console, that remember what they are given. */
function recorder() {
  const lines = [];
  const take = (...args) => lines.push(args.map((arg) => everythingIn(arg)).join(" "));
  return { lines, group: take, groupEnd: take, log: take };
}

const METHODS = ["log", "info", "warn", "error", "debug", "trace", "group", "dir", "table"];
async function withConsole(action) {
  const { lines, log } = recorder();
  await withReplaced(console, Object.fromEntries(METHODS.map((name) => [name, log])), action);
  return lines;
}

const cut = () => {
  throw new TypeError("fetch failed");
};
const cutBody = () =>
  new Response(
    new ReadableStream({
      pull(controller) {
        controller.error(new TypeError("terminated"));
      },
    }),
    { headers: json },
  );
/** Answers of all kinds, good and bad. */
const ANSWERS = {
  success: revoked,
  401: { status: 401, headers: json, body: '{"code":16,"message":"no"}' },
  500: { status: 500, headers: json, body: "{}" },
  "broken JSON": { status: 200, headers: json, body: "{" },
  "too long": { status: 200, headers: json, body: " ".repeat((1 << 20) + 1) },
  HTML: { status: 200, headers: { "content-type": "text/html" }, body: "<p>" },
  redirect: { status: 302, headers: { location: "https://evil.example/" } },
  "no connection": cut,
  "cut body": cutBody,
  "no Response": () => ({}),
  "a thrown Symbol": () => {
    throw Symbol("s");
  },
};

/** How clients come by their token, and the secrets of each. */
const CREDENTIALS = {
  bearerAuth: [{ security: { bearerAuth: TOKEN } }, [TOKEN]],
  function: [{ security: async () => ({ oauth: TOKEN }) }, [TOKEN]],
  "API key": [{ clientID: CLIENT_ID, clientSecret: SECRET }, [TOKEN, SECRET, SECRET.slice(PREFIX.length), JWK.d]],
  "ID token": [{ clientID: CLIENT_ID, oidcToken: ID_TOKEN }, [TOKEN, ID_TOKEN]],
};

test("secrets are in no error, result, log line, console output, URL or referrer, nor in what shows of a client", async ({
  sdk,
}) => {
  for (const [how, [credentials, secrets]] of Object.entries(CREDENTIALS)) {
    for (const [what, answer] of Object.entries(ANSWERS)) {
      const label = `${how}, ${what}`;
      const logger = recorder();
      let assertion = "";
      const { httpClient, requests } = stubClient(sdk, async (request) => {
        if (!request.url.endsWith("/auth/v1/token")) return typeof answer === "function" ? answer() : response(answer);
        assertion = new URLSearchParams(await request.clone().text()).get("client_assertion") ?? "";
        return response(issued(TOKEN));
      });
      const lines = await withConsole(async () => {
        const client = new sdk.ConductoroneSDKTypescript({
          ...credentials,
          tenantDomain: "acme",
          httpClient,
          debugLogger: logger,
        });
        const end = await ending(() => client.connector.revokeCredential(ids), label);
        const report = await ending(() => client.connector.revokeCredentials([ids], { retries: { strategy: "none" } }), label);
        const all = assertion ? [...secrets, assertion, assertion.split(".")[2]] : secrets;
        for (const value of [end, report, client, client.connector]) assertClean(value, all, label);
        for (const line of logger.lines) for (const secret of all) assert.notInclude(line, secret, label);
        for (const { url, request } of requests) assertClean([url, request.referrer], all, label);
        client.free();
        assertClean(client, all, label);
      });
      assert.deepEqual(lines, [], label);
      // The canary does arrive where it belongs: the test looks at the right thing.
      const [call] = requests.filter(({ url }) => url.includes("/api/v1/"));
      assert.strictEqual(call.headers.authorization, `Bearer ${TOKEN}`, label);
      assert.isNotEmpty(logger.lines, label);
    }
  }
});

test("what a token endpoint repeats of an assertion or ID token is masked in errors", async ({ sdk }) => {
  for (const [credentials] of [CREDENTIALS["API key"], CREDENTIALS["ID token"]]) {
    const sent = [];
    const { httpClient } = stubClient(sdk, async (request) => {
      const form = new URLSearchParams(await request.clone().text());
      sent.push(form.get("client_assertion") ?? form.get("subject_token"));
      const body = JSON.stringify({ error: "invalid_grant", error_description: `no: ${sent[0]}`, sent: sent[0] });
      return response({ status: 400, headers: json, body });
    });
    const client = new sdk.ConductoroneSDKTypescript({ ...credentials, httpClient });
    const { error } = await ending(() => client.connector.revokeCredential(ids), "echo");
    assert.strictEqual(error.name, "TokenRequestError");
    assert.include(error.errorDescription, "***");
    assertClean({ error: { ...error, rawResponse: undefined }, message: error.message, stack: error.stack }, sent, "echo");
  }
});

/** Tokens and secrets with a fault somewhere: the error tells of the fault and shows nothing of the rest. */
test("secrets that are refused are not shown", async ({ sdk }) => {
  const faulty = (text) => [`${text}\n`, `${text} x`, `\ud800${text}`, `${text}\0`, ` ${text}`, `"${text}é"`];
  const props = [
    ...faulty(TOKEN).map((bearerAuth) => ({ security: { bearerAuth } })),
    ...faulty(TOKEN).map((oauth) => ({ security: { oauth } })),
    ...faulty(SECRET).map((clientSecret) => ({ clientID: CLIENT_ID, clientSecret })),
    { security: TOKEN },
    { security: { bearerAuth: [TOKEN] } },
    { clientID: CLIENT_ID, clientSecret: [SECRET] },
    { clientID: CLIENT_ID, clientSecret: SECRET, oidcToken: ID_TOKEN },
    { clientSecret: SECRET },
    { serverURL: `https://${TOKEN}@api.example` },
    { tenantDomain: `acme#${TOKEN}` },
  ];
  for (const [at, prop] of props.entries()) {
    try {
      new sdk.ConductoroneSDKTypescript(prop);
      assert.fail(`props ${at} should have been refused`);
    } catch (error) {
      assert.strictEqual(error.name, "SDKValidationError", `props ${at}`);
      assertClean(error, [TOKEN, SECRET, JWK.d, ID_TOKEN], `props ${at}`);
    }
  }
  for (const oidcToken of faulty(ID_TOKEN)) {
    const { httpClient, requests } = stubClient(sdk, revoked);
    const client = new sdk.ConductoroneSDKTypescript({ clientID: CLIENT_ID, oidcToken: async () => oidcToken, httpClient });
    const { error } = await ending(() => client.connector.revokeCredential(ids), oidcToken);
    assert.lengthOf(requests, 0);
    assertClean(error, [ID_TOKEN], "oidcToken");
  }
  const { httpClient, requests } = stubClient(sdk, revoked);
  const client = new sdk.ConductoroneSDKTypescript({ tenantDomain: "acme", httpClient });
  for (const headers of [{ authorization: `Bearer ${TOKEN}\nx` }, [["authorization", `${TOKEN}\0`]]]) {
    const { error } = await ending(() => client.connector.revokeCredential(ids, { headers }), "headers");
    assert.strictEqual(error.name, "InvalidRequestError");
    assertClean(error, [TOKEN], "headers");
  }
  assert.lengthOf(requests, 0);
});

test("requests go nowhere but to the configured tenant or server, whatever these look like", async ({ sdk }) => {
  const random = generator(7);
  let accepted = 0;
  for (let round = 0; round < 4000; round++) {
    const text = written(random);
    const prop = round % 2 ? "tenantDomain" : "serverURL";
    const { httpClient, requests } = stubClient(sdk, revoked);
    let client;
    try {
      client = new sdk.ConductoroneSDKTypescript({ security: { bearerAuth: TOKEN }, [prop]: text, httpClient });
    } catch (error) {
      assert.strictEqual(error.name, "SDKValidationError", JSON.stringify(text));
      continue;
    }
    accepted++;
    await client.connector.revokeCredential(ids);
    client.free();
    const { hostname, protocol, username, password, pathname } = new URL(requests[0].url);
    const label = `${prop} ${JSON.stringify(text)} → ${requests[0].url}`;
    assert.strictEqual(username + password, "", label);
    assert.match(pathname, /\/api\/v1\/apps\/app-1\/connectors\/connector-2\/credentials\/credential-3$/, label);
    const loopback = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
    assert.isTrue(protocol === "https:" || loopback, label);
    if (prop === "tenantDomain") {
      assert.match(hostname, /^[a-z0-9-]+\.conductor\.one$/, label);
      const [tenant] = hostname.split(".");
      assert.include(text.toLowerCase(), tenant, label);
    } else {
      // The platform's own reading of the address, which must be the author's plain one as well.
      assert.strictEqual(hostname, new URL(text).hostname, label);
      assert.match(text.toLowerCase(), new RegExp(`^https?://${hostname.replace(/[.[\]]/g, "\\$&")}(:\\d+)?(/|$)`), label);
    }
  }
  assert.isAbove(accepted, 20);
});

test("a redirect sends nothing on, wherever it points", async ({ sdk }) => {
  const random = generator(11);
  for (let round = 0; round < 200; round++) {
    const status = [301, 302, 303, 307, 308][random(5)];
    const { httpClient, requests } = stubClient(sdk, {
      status,
      headers: { location: encodeURI(`https://evil.example/${random(1e6)}`) },
    });
    const client = new sdk.ConductoroneSDKTypescript({ security: { bearerAuth: TOKEN }, tenantDomain: "acme", httpClient });
    const { error } = await ending(() => client.connector.revokeCredential(ids), `round ${round}`);
    assert.strictEqual(error.name, "SDKError");
    assert.lengthOf(requests, 1);
    assert.strictEqual(requests[0].request.redirect, "manual");
  }
});

test("what callers throw is theirs to see, and shows nothing of ours", async ({ sdk }) => {
  for (const [kind, make] of Object.entries(HOSTILE)) {
    const request = () => {
      throw make();
    };
    const client = new sdk.ConductoroneSDKTypescript({ security: { bearerAuth: TOKEN }, httpClient: { request } });
    const { error } = await ending(() => client.connector.revokeCredential(ids), kind);
    assert.notInclude(`${error.message}${error.stack}`, TOKEN, kind);
  }
});
