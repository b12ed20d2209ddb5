// Canaries: a token, a client secret, an assertion and an ID token are looked for wherever they must not be. They may be in the
// header or the body of their own request only. And requests go nowhere but to the host that was configured.
import { assertClean, everythingIn, recorder } from "./canaries.js";
import { CLIENT_ID, CANARY_ID_TOKEN as ID_TOKEN, JWK, PREFIX, secretOf, CANARY_TOKEN as TOKEN } from "./credentials.js";
import { assert, ids, json, rejection, response, revoked, stubbed, stubClient, thrown, throws } from "./helpers.js";
import { ending, HOSTILE } from "./hostile.js";
import { issued } from "./oauth-helpers.js";
import { test, withReplaced } from "./registry.js";
import { generator, written } from "./written.js";

const SECRET = secretOf(JWK);

const METHODS = ["log", "info", "warn", "error", "debug", "trace", "group", "dir", "table"];
async function withConsole(action) {
  const { lines, log } = recorder();
  await withReplaced(console, Object.fromEntries(METHODS.map((name) => [name, log])), action);
  return lines;
}

const cut = throws(new TypeError("fetch failed"));
const cutBody = () => new Response(new ReadableStream({ pull: throws(new TypeError("terminated")) }), { headers: json });
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
  "a thrown Symbol": throws(Symbol("s")),
};

/** The server's own objects, which errors hand on as they are. */
const ITS_OWN = ["rawResponse", "headers"];

/** What a token endpoint answers, where it is asked at all. */
const TOKEN_ANSWERS = {
  "a token": issued(TOKEN),
  "a token of another type": issued(TOKEN, { token_type: "mac" }),
  "a refusal": { status: 401, headers: json, body: '{"error":"invalid_client","error_description":"who are you?"}' },
  "no connection": cut,
  "a redirect": { status: 302, headers: { location: "https://elsewhere.example/" } },
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
  runtime,
}) => {
  // By a name that bundlers do not read.
  const { inspect } = runtime === "node" ? await import(/* @vite-ignore */ ["node", "util"].join(":")) : {};
  for (const [how, [credentials, secrets]] of Object.entries(CREDENTIALS)) {
    const tokens = "clientID" in credentials ? Object.entries(TOKEN_ANSWERS) : [["", undefined]];
    for (const [which, tokenAnswer] of tokens) {
      const hasToken = ["", "a token"].includes(which);
      for (const [what, answer] of Object.entries(hasToken ? ANSWERS : { revoked })) {
        const label = `${how}, ${which}, ${what}`;
        const logger = recorder();
        const { httpClient, requests } = stubClient(sdk, ({ url }) => {
          const it = url.endsWith("/auth/v1/token") ? tokenAnswer : answer;
          return typeof it === "function" ? it() : response(it);
        });
        const lines = await withConsole(async () => {
          const props = { ...credentials, tenantDomain: "acme", httpClient, debugLogger: logger };
          const client = new sdk.ConductoroneSDKTypescript(props);
          const end = await ending(() => client.connector.revokeCredential(ids), label);
          const report = await ending(() => client.connector.revokeCredentials([ids], { retries: { strategy: "none" } }), label);
          const assertions = requests.flatMap(({ body }) => new URLSearchParams(body).get("client_assertion") ?? []);
          if (how === "API key") assert.isNotEmpty(assertions, label);
          const all = [...secrets, ...assertions, ...assertions.map((jwt) => jwt.split(".")[2])];
          // What the token endpoint sent is in its own response, which the error hands on.
          const except = hasToken ? [] : ITS_OWN;
          for (const value of [end, report, client, client.connector]) {
            assertClean(value, all, label, except);
            if (inspect) assertClean(inspect(value, { depth: 9 }), all, label);
          }
          if (inspect) assertClean(inspect(client, { depth: 9, showHidden: true }), all, label);
          for (const line of logger.lines) for (const secret of all) assert.notInclude(line, secret, label);
          for (const { url, method, request } of requests) assertClean([url, method, request.referrer], all, label);
          client.free();
          assertClean(client, all, label);
        });
        assert.deepEqual(lines, [], label);
        // The canaries do arrive where they belong: the test looks at the right thing.
        const call = requests.find(({ url }) => url.includes("/api/v1/"));
        assert.strictEqual(call?.headers.authorization, hasToken ? `Bearer ${TOKEN}` : undefined, label);
        assert.strictEqual(call !== undefined, hasToken, label);
        assert.isNotEmpty(logger.lines, label);
        if (which !== "") assert.isTrue(logger.lines.includes("***"), `${label}: a token request's body is not masked`);
      }
    }
  }
});

// --- What a server repeats of a secret ---

/** A token of visible ASCII, with all that JSON, addresses and HTML escape. */
const AWKWARD = "canary/5b\"1f\\8c+2e=&7a<9d>%41~'`!";
const AWKWARD_ID_TOKEN = "canary-id/77\"aa\\b1+c2=&d3<e4>%41~'`!";

const hex = (character) => character.charCodeAt(0).toString(16).padStart(2, "0");
const code = (character) => `\\u00${hex(character)}`;
const upperCode = (character) => `\\u00${hex(character).toUpperCase()}`;
const each = (text, spell) => Array.from(text, spell).join("");
const lower = (text) => text.replace(/%[0-9A-F]{2}/g, (percent) => percent.toLowerCase());
const escaped = (secret) => JSON.stringify(secret).slice(1, -1);
/** The forms in which a server may repeat a secret. */
const FORMS = {
  "as it is": (secret) => secret,
  "JSON-escaped": escaped,
  "JSON-escaped, slashes too": (secret) => escaped(secret).replaceAll("/", "\\/"),
  "JSON-escaped as Go does": (secret) => escaped(secret).replace(/[<>&]/g, code),
  "JSON-escaped as Gson does": (secret) => escaped(secret).replace(/[<>&'=]/g, code),
  "JSON-escaped as .NET does": (secret) => secret.replaceAll("\\", "\\\\").replace(/["<>&'+`]/g, upperCode),
  "JSON-escaped by code": (secret) => each(secret, code),
  "JSON-escaped by code, upper-case": (secret) => each(secret, upperCode),
  "percent-encoded": encodeURIComponent,
  "percent-encoded, lower-case": (secret) => lower(encodeURIComponent(secret)),
  "percent-encoded as in a form": (secret) => new URLSearchParams({ secret }).toString().slice(7),
  "all percent-encoded": (secret) => each(secret, (character) => `%${hex(character).toUpperCase()}`),
  "all percent-encoded, lower-case": (secret) => each(secret, (character) => `%${hex(character)}`),
};

/** A JSON string of what was repeated, which may be escaped already. */
function quoted(echo) {
  try {
    JSON.parse(`"${echo}"`);
    return `"${echo}"`;
  } catch {
    return JSON.stringify(echo);
  }
}

const ok = (body, type = "application/json") => ({ status: 200, headers: { "content-type": type }, body });
/** Where a server may repeat it: the answer that holds `echo`, which is one of the forms above, or `text`, the JSON string of it. */
const ECHOES = {
  "an error's message": (echo) => ({ status: 403, headers: json, body: `{"code":7,"message":"token ${echo} may not"}` }),
  "an error's text": (echo) => ({ status: 500, headers: { "content-type": "text/plain" }, body: `${echo}${echo} ${echo}` }),
  "an error's content type": (echo) => ({ status: 500, headers: { "content-type": `text/x-${echo}; a=${echo}` }, body: "x" }),
  "a success's content type": (echo) => ok("x", `text/html; a=${echo}`),
  "broken JSON": (echo) => ok(`{"a":"${echo}`),
  "no JSON at all": (echo) => ok(echo),
  "broken JSON's content type": (echo) => ok("{", `application/json; a=${echo}`),
  "an array": (_, text) => ok(`[${text},{"a":[${text}]},{${text}:{"x${text.slice(1)}:${text}}}]`),
  "a gateway's error": (_, text) => ok(`{"error":{"message":${text},${text}:[{"echo":${text}}]}}`),
  "a gRPC status": (_, text) => ok(`{"code":16,"message":${text},"details":[{${text}:1}]}`),
  "a redirect": (echo) => ({ status: 302, headers: { location: `https://elsewhere.example/?token=${echo}` } }),
};

/** All forms of a secret, and the pieces of it that an engine's own message may quote. */
function tracesOf(secret) {
  const pieces = Array.from({ length: secret.length - 8 }, (_, at) => secret.slice(at, at + 9));
  return [...Object.values(FORMS).map((form) => form(secret)), ...pieces];
}

const TOKENS = {
  bearerAuth: { security: { bearerAuth: AWKWARD } },
  "bearerAuth with its prefix": { security: { bearerAuth: `Bearer ${AWKWARD}` } },
  "a function": { security: async () => ({ oauth: AWKWARD }) },
  "an API key": { clientID: CLIENT_ID, clientSecret: SECRET },
};
for (const [place, answer] of Object.entries(ECHOES)) {
  test(`what an API repeats of the token in ${place} is masked in errors and log lines`, async ({ sdk }) => {
    for (const [how, credentials] of Object.entries(TOKENS)) {
      for (const [form, write] of Object.entries(FORMS)) {
        const label = `${how}, ${form}`;
        const echo = write(AWKWARD);
        const described = answer(echo, quoted(echo));
        const { httpClient, requests } = stubClient(sdk, ({ url }) => {
          if (url.endsWith("/auth/v1/token")) return response(issued(AWKWARD));
          return response({
            ...described,
            headers: { ...described.headers, "x-echo": echo, "www-authenticate": `Bearer t="${echo}"` },
          });
        });
        const debugLogger = recorder();
        const client = new sdk.ConductoroneSDKTypescript({ ...credentials, tenantDomain: "acme", httpClient, debugLogger });
        const { error } = await ending(() => client.connector.revokeCredential(ids), label);
        const { results } = await client.connector.revokeCredentials([ids], { retries: { strategy: "none" } });
        for (const shown of [error, results[0].error, debugLogger.lines]) {
          assert.isOk(shown, label);
          assertClean(shown, tracesOf(AWKWARD), label, ITS_OWN);
          if (place !== "a redirect" || shown === debugLogger.lines) assert.include(everythingIn(shown, ITS_OWN), "***", label);
        }
        // The caller gets the server's own answer as it is.
        assert.strictEqual(error.rawResponse.status, described.status, label);
        assert.strictEqual(error.headers.get("x-echo"), echo, label);
        assert.isTrue(
          requests.some(({ headers }) => headers.authorization === `Bearer ${AWKWARD}`),
          label,
        );
      }
    }
  });
}

test("what is masked of an answer leaves the rest as it is", async ({ sdk }) => {
  const token = "tok-1f0c7d5e9a8b4c6d";
  const errorOf = ({ body, headers }) =>
    rejection(stubbed(sdk, { security: { bearerAuth: token } }, { status: 200, headers, body }).revoke());
  const list = await errorOf(ok(JSON.stringify(["a", { b: [token, 1, null, true] }])));
  assert.deepEqual(list.rawValue, ["a", { b: ["***", 1, null, true] }]);
  const page = await errorOf(ok("", `text/html; a=${token}; b=c`));
  assert.strictEqual(page.contentType, "text/html; a=***; b=c");
});

/** Visible ASCII at random. */
const tokenOf = (random, length) => Array.from({ length }, () => String.fromCharCode(33 + random(94))).join("");
test("masking: of any token, in any form, nothing is left, and the text around it is as it was", async ({ sdk }) => {
  const random = generator(14);
  for (let round = 0; round < 4; round++) {
    const secret = tokenOf(random, [12, 40, 1000, 8000][round]);
    for (const [form, write] of Object.entries(FORMS)) {
      const label = `${form} of ${secret.length} characters: ${secret.slice(0, 40)}`;
      const echo = write(secret);
      const around = ["locked by job 17 \\ %41 ", ` \\" ${" stack".repeat(20)}`];
      const { client, revoke } = stubbed(
        sdk,
        { security: { bearerAuth: secret } },
        { status: 400, headers: json, body: around.join(`${echo} and ${echo}`) },
      );
      const { error } = await ending(revoke, label);
      client.free();
      assert.strictEqual(error.body, around.join("*** and ***"), label);
      assert.isTrue(error.message.endsWith(`Body: ${error.body}`), label);
    }
  }
});

test("masking: the work for many short texts does not grow with the token", async ({ sdk }) => {
  // With a pattern of the whole token for each text, this took more than a minute.
  const body = JSON.stringify({ error: Array(220_000).fill("%") });
  for (const secret of ["aB3_".repeat(250), "aB3_".repeat(8000)]) {
    const { revoke } = stubbed(sdk, { security: { bearerAuth: secret } }, { status: 200, headers: json, body });
    const { error } = await ending(revoke, "long");
    assert.strictEqual(error.name, "ResponseValidationError");
    assert.lengthOf(error.rawValue.error, 220_000);
    assert.strictEqual(error.body, body);
  }
});

const TOKEN_ECHOES = {
  "a refusal": (_, text) => {
    const inner = text.slice(1, -1);
    const body = `{"error":"bad ${inner}","error_description":"${inner} and ${inner}",${text}:[${text}]}`;
    return { status: 400, body };
  },
  "a text": (echo) => ({ status: 502, headers: { "content-type": "text/plain" }, body: `no: ${echo}` }),
  "a content type": (echo) => ({ status: 502, headers: { "content-type": `text/x-${echo}` }, body: "x" }),
  "a success of another type": (_, text) => ok(`{"access_token":${text},"token_type":${text}}`),
  "broken JSON": (echo) => ok(`{"access_token":"${echo}`),
};
for (const [place, answer] of Object.entries(TOKEN_ECHOES)) {
  test(`what a token endpoint repeats of an assertion or ID token is masked in errors and log lines (${place})`, async ({
    sdk,
  }) => {
    for (const [how, credentials] of [
      ["an API key", CREDENTIALS["API key"][0]],
      ["an ID token", { clientID: CLIENT_ID, oidcToken: AWKWARD_ID_TOKEN }],
      ["a function", { clientID: CLIENT_ID, oidcToken: async () => AWKWARD_ID_TOKEN }],
    ]) {
      for (const [form, write] of Object.entries(FORMS)) {
        const label = `${how}, ${form}`;
        const secrets = [];
        const { httpClient } = stubClient(sdk, async (request) => {
          const fields = new URLSearchParams(await request.clone().text());
          const secret = fields.get("client_assertion") ?? fields.get("subject_token");
          secrets.push(secret);
          const echo = write(secret);
          const { headers, ...rest } = answer(echo, quoted(echo));
          return response({ ...rest, headers: { ...json, ...headers, "x-echo": echo } });
        });
        const debugLogger = recorder();
        const client = new sdk.ConductoroneSDKTypescript({ ...credentials, httpClient, debugLogger });
        const { error } = await ending(() => client.connector.revokeCredential(ids), label);
        assert.strictEqual(error.name, "TokenRequestError", label);
        assert.lengthOf(secrets, 1, label);
        const traces = Object.values(FORMS).map((spell) => spell(secrets[0]));
        for (const shown of [error, debugLogger.lines]) {
          assertClean(shown, traces, label, ITS_OWN);
          assert.include(everythingIn(shown, ITS_OWN), "***", label);
        }
        if (place === "a refusal") assert.deepEqual([error.error, error.errorDescription], ["bad ***", "*** and ***"], label);
        if (how !== "an API key") assert.strictEqual(secrets[0], AWKWARD_ID_TOKEN, label);
      }
    }
  });
}

test("the standalone function keeps nothing of what it was given in place of a client", async ({ sdk }) => {
  for (const wrongThing of [
    { security: { bearerAuth: TOKEN }, tenantDomain: "acme" },
    { clientID: CLIENT_ID, clientSecret: SECRET },
    [TOKEN],
    TOKEN,
    () => TOKEN,
    new Map([[TOKEN, TOKEN]]),
  ]) {
    const { ok, error } = await sdk.connectorRevokeCredential(wrongThing, ids);
    assert.isFalse(ok);
    assert.strictEqual(error.name, "SDKValidationError");
    assert.isUndefined(error.rawValue);
    assertClean(error, [TOKEN, SECRET], "wrong client");
  }
});

test("secrets that are refused are not shown", async ({ sdk }) => {
  const assertUnseen = (error, label) => assertClean(error, [TOKEN, SECRET, JWK.d, ID_TOKEN], label);
  /** With a fault somewhere: the error tells of the fault and shows nothing of the rest. */
  const faulty = (text) => [`${text}\n`, `${text} x`, `\ud800${text}`, `${text}\0`, ` ${text}`, `"${text}é"`];
  for (const [at, props] of [
    ...faulty(TOKEN).flatMap((token) => [{ security: { bearerAuth: token } }, { security: { oauth: token } }]),
    ...faulty(SECRET).map((clientSecret) => ({ clientID: CLIENT_ID, clientSecret })),
    { security: TOKEN },
    { security: { bearerAuth: [TOKEN] } },
    { clientID: CLIENT_ID, clientSecret: [SECRET] },
    { clientID: CLIENT_ID, clientSecret: SECRET, oidcToken: ID_TOKEN },
    { clientSecret: SECRET },
    { serverURL: `https://${TOKEN}@api.example` },
    { tenantDomain: `acme#${TOKEN}` },
  ].entries()) {
    const error = thrown(() => new sdk.ConductoroneSDKTypescript(props));
    assert.strictEqual(error.name, "SDKValidationError", `props ${at}`);
    assertUnseen(error, `props ${at}`);
  }
  const { httpClient, requests } = stubClient(sdk, revoked);
  const errorOf = (props, options) =>
    rejection(new sdk.ConductoroneSDKTypescript({ httpClient, ...props }).connector.revokeCredential(ids, options));
  for (const oidcToken of faulty(ID_TOKEN)) {
    assertUnseen(await errorOf({ clientID: CLIENT_ID, oidcToken: async () => oidcToken }), oidcToken);
  }
  for (const headers of [{ authorization: `Bearer ${TOKEN}\nx` }, [["authorization", `${TOKEN}\0`]]]) {
    const error = await errorOf({}, { headers });
    assert.strictEqual(error.name, "InvalidRequestError");
    assertUnseen(error, "headers");
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

test("what callers throw is theirs to see, and shows nothing of ours", async ({ sdk }) => {
  for (const [kind, make] of Object.entries(HOSTILE)) {
    const request = throws(make());
    const { revoke } = stubbed(sdk, { security: { bearerAuth: TOKEN }, httpClient: { request } });
    const { error } = await ending(revoke, kind);
    assert.notInclude(`${error.message}${error.stack}`, TOKEN, kind);
  }
});
