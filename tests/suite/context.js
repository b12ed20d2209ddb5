// Each call runs in its caller's context: what AsyncLocalStorage, AsyncContext, zone.js, OpenTelemetry or Next.js's cookies() tell the
// caller's code (functions, hooks, loggers, iterators) is what they told where the call was made. Three users revoke at once, and
// whatever one of them waits for is settled in the context of another one, or of nobody.
import { finish } from "./bulk-server.js";
import { turn, until, withClock } from "./clock.js";
import { assert, json, rejection, response, revoked, throws, withGlobals } from "./helpers.js";
import { API_KEY, CLIENT_ID, issued } from "./oauth-helpers.js";
import { test } from "./registry.js";

const USERS = ["user-1", "user-2", "user-3"];
const unavailable = { status: 503, headers: json, body: "{}" };
const unauthorized = { status: 401, headers: json, body: "{}" };
const quickly = {
  strategy: "backoff",
  backoff: { initialInterval: 1, maxInterval: 1, exponent: 1, maxElapsedTime: 60_000 },
  retryConnectionErrors: true,
};
const CLIENTS = { "a client each": false, "one client for all": true };

const context = (name, run) => test(`context: ${name}`, run, { only: ["node", "workerd", "zone"] });

const request = (user, at = 0) => ({ appId: "a", connectorId: "b", id: `${user}.${at}` });
const isToken = (url) => url.endsWith("/auth/v1/token");
/** Whose credential this URL names. */
const userIn = (url) => /\/credentials\/(user-\d)/.exec(url)?.[1];

/** Resolves for each of `count` callers once all of them have called: the last one first, and all in that one's context. */
function meeting(count) {
  let arrived = [];
  return () =>
    new Promise((resolve) => {
      arrived.push(resolve);
      if (arrived.length < count) return;
      const all = arrived.reverse();
      arrived = [];
      for (const go of all) go();
    });
}

/** Remembers which code ran for which user, and in whose context. */
function witness({ current }) {
  const seen = new Set();
  const strays = new Set();
  return {
    /** Code of this place runs for a user. `context`: what it was told. */
    note(place, user, context = current()) {
      seen.add(`${place}, ${user}`);
      if (context !== user) strays.add(`${place} for ${user}, in the context of ${context}`);
    },
    /** Asserts that code of each of these places ran for each user, always in his context. */
    check(...places) {
      assert.deepEqual([...strays], []);
      for (const place of places) for (const user of USERS) assert.isTrue(seen.has(`${place}, ${user}`), `${place}, ${user}`);
    },
  };
}

/** Runs `action(user)` for all users at once, each in his context. */
function asUsers({ run }, action) {
  const meet = meeting(USERS.length);
  const begun = async (user) => {
    await meet();
    return action(user);
  };
  return Promise.all(USERS.map((user) => run(user, () => begun(user))));
}

/** A logger that knows of each line whose request it is about: groups lie in that of the request, whose title holds its URL. */
function loggerOf({ note }) {
  const groups = [];
  const call = (method) => groups.at(-1) && note(`debugLogger.${method}`, groups.at(-1));
  return {
    group(title) {
      groups.push(userIn(title) ?? groups.at(-1));
      call("group");
    },
    log: () => call("log"),
    groupEnd() {
      call("groupEnd");
      groups.pop();
    },
  };
}

/** The hooks of an HTTPClient. */
function withHooks(sdk, { note }, fetcher) {
  const client = new sdk.HTTPClient({ fetcher });
  for (const name of ["beforeRequest", "response", "requestError"]) {
    client.addHook(name, (...args) => {
      const { url } = args.at(-1);
      if (userIn(url)) note(name, userIn(url));
    });
  }
  return client;
}

/** The ways in which a client can be told how to send: properties for it, and globals. `fetcher` is the caller's code. */
const WAYS = {
  "HTTPClient with hooks": (sdk, seen, fetcher) => [{ httpClient: withHooks(sdk, seen, fetcher) }, {}],
  "an httpClient of the caller's": (_sdk, _seen, fetcher) => [{ httpClient: { request: fetcher } }, {}],
  "a fetch of the caller's": (_sdk, _seen, fetch) => [{}, { fetch }],
};

/** Gives the client for each user. `security` takes the user from the context. */
function clientsFor(sdk, contexts, seen, shared, props) {
  const create = () =>
    new sdk.ConductoroneSDKTypescript({
      tenantDomain: "acme",
      security: async () => {
        await undefined;
        return { bearerAuth: `token-of-${contexts.current()}` };
      },
      retryConfig: quickly,
      debugLogger: loggerOf(seen),
      ...props,
    });
  const one = create();
  return () => (shared ? one : create());
}

/** Notes that a request is sent, and in whose context `security` was asked for its token. */
function noteRequest({ note }, { url, headers }) {
  const user = userIn(url);
  note("fetch", user);
  note("security", user, headers.get("authorization").replace("Bearer token-of-", ""));
  return user;
}

/** What a server answers to each user's requests, one after another; the last answer repeats. */
function answering(...answers) {
  const counts = new Map();
  return (user) => {
    const count = counts.get(user) ?? 0;
    counts.set(user, count + 1);
    const answer = answers[Math.min(count, answers.length - 1)];
    return typeof answer === "function" ? answer() : response(answer);
  };
}

const broken = throws(new TypeError("fetch failed"));

/** A fetcher that answers nothing until its request is aborted. `sent` hears of each request. */
const hanging = (seen, sent) => (it) =>
  new Promise((_, reject) => {
    noteRequest(seen, it);
    it.signal.addEventListener("abort", () => reject(it.signal.reason));
    sent?.();
  });

for (const [clients, shared] of Object.entries(CLIENTS)) {
  for (const [way, how] of Object.entries(WAYS)) {
    context(`calls of three users with retries and a confirmation, ${clients}, ${way}`, async ({ sdk, contexts }) => {
      const seen = witness(contexts);
      const failed = { status: 500, headers: json, body: "{}" };
      const [answer, meet] = [answering(unavailable, broken, revoked, unavailable, revoked, failed), meeting(USERS.length)];
      const fetcher = async (it) => {
        const user = noteRequest(seen, it);
        await meet();
        if (it.method === "POST") return answer(user);
        return Response.json({ credential: { id: request(user).id, deletedAt: "2026-01-02T03:04:05Z" } });
      };
      const [props, globals] = how(sdk, seen, fetcher);
      const clientOf = clientsFor(sdk, contexts, seen, shared, props);
      await withGlobals(globals, () =>
        asUsers(contexts, async (user) => {
          const client = clientOf();
          assert.strictEqual((await client.connector.revokeCredential(request(user))).statusCode, 200);
          seen.note("the caller", user);
          assert.isTrue((await sdk.connectorRevokeCredential(client, request(user, 1))).ok);
          seen.note("the caller", user);
          const { confirmation } = await client.connector.revokeCredential(request(user), { confirm: true });
          assert.deepEqual(confirmation, { deletedAt: "2026-01-02T03:04:05Z" });
          seen.note("the caller", user);
        }),
      );
      seen.check("fetch", "debugLogger.group", "debugLogger.log", "debugLogger.groupEnd", "the caller");
      if (props.httpClient instanceof sdk.HTTPClient) seen.check("beforeRequest", "response", "requestError");
    });
  }

  context(`calls that end by a time limit or an abort, ${clients}`, async ({ sdk, contexts }) => {
    const seen = witness(contexts);
    let sent = () => {};
    const fetcher = hanging(seen, () => sent());
    const clientOf = clientsFor(sdk, contexts, seen, shared, { httpClient: withHooks(sdk, seen, fetcher) });
    const fail = (name, options) =>
      asUsers(contexts, async (user) => {
        const call = clientOf().connector.revokeCredential(request(user), options(user));
        assert.strictEqual((await rejection(call)).name, name);
        seen.note("the caller", user);
      });
    await fail("RequestTimeoutError", () => ({ timeoutMs: 5 }));
    const common = new AbortController();
    const own = new Map(USERS.map((user) => [user, new AbortController()]));
    for (const controllerOf of [() => common, (user) => own.get(user)]) {
      let count = 0;
      sent = () => {
        if (++count < USERS.length) return;
        contexts.run("another", () => {
          for (const user of USERS) controllerOf(user).abort();
        });
      };
      await fail("RequestAbortedError", (user) => ({ signal: controllerOf(user).signal, timeoutMs: 60_000 }));
    }
    seen.check("fetch", "requestError", "the caller");
  });

  for (const kind of ["an API key", "an ID token"]) {
    context(`OAuth of three users, ${clients}, ${kind}`, async ({ sdk, contexts }) => {
      const seen = witness(contexts);
      const api = answering(unauthorized, revoked);
      const [meet, first] = [meeting(USERS.length), []];
      // Of each attempt to get a token: who began it.
      const attempts = [];
      /** A client; its owner's token requests run in his context, those of a client for all in that of whoever began them. */
      const create = (owner) => {
        const token = answering(unavailable, issued("token-1"), unavailable, issued("token-2"));
        let user;
        const begin = () => {
          user = owner ?? contexts.current();
          attempts.push(user);
        };
        const fetcher = async (it) => {
          if (isToken(it.url)) {
            seen.note("token request", user);
            await undefined;
            return token();
          }
          seen.note("fetch", userIn(it.url));
          const { authorization } = Object.fromEntries(it.headers);
          await meet();
          const answer = api(userIn(it.url));
          assert.strictEqual(authorization, answer.status === 401 ? "Bearer token-1" : "Bearer token-2");
          return answer;
        };
        const httpClient = withHooks(sdk, seen, fetcher);
        const oidcToken = async () => {
          begin();
          await undefined;
          return "id.token.here";
        };
        if (kind === "an API key") httpClient.addHook("beforeRequest", ({ url }) => void (isToken(url) && begin()));
        httpClient.addHook("response", (_, { url }) => isToken(url) && seen.note("response of the token endpoint", user));
        const credentials = kind === "an API key" ? API_KEY : { clientID: CLIENT_ID, oidcToken };
        return new sdk.ConductoroneSDKTypescript({ ...credentials, httpClient, retryConfig: quickly });
      };
      const one = create();
      await asUsers(contexts, async (user) => {
        first.push(user);
        const client = shared ? one : create(user);
        assert.strictEqual((await client.connector.revokeCredential(request(user))).statusCode, 200);
        const onResult = () => seen.note("onResult", user);
        const report = await client.connector.revokeCredentials([request(user, 1)], { onResult });
        assert.strictEqual(report.revoked, 1);
      });
      seen.check("fetch", "beforeRequest", "response", "onResult");
      if (shared) {
        const [renewing] = attempts.slice(2);
        assert.include(USERS, renewing);
        assert.deepEqual(attempts, [first[0], first[0], renewing, renewing]);
      } else {
        seen.check("token request", "response of the token endpoint");
        assert.lengthOf(attempts, 4 * USERS.length);
      }
    });
  }
}

context("a token request goes on in the context of the call that began it, even if aborted", async ({ sdk, contexts }) => {
  const seen = witness(contexts);
  const [beginner] = USERS;
  let answer;
  const fetcher = async (it) => {
    seen.note("fetch", isToken(it.url) ? beginner : userIn(it.url));
    if (!isToken(it.url)) return response(revoked);
    await new Promise((resolve) => (answer = resolve));
    return response(issued("token"));
  };
  const httpClient = withHooks(sdk, seen, fetcher);
  httpClient.addHook("response", (_, { url }) => isToken(url) && seen.note("response", beginner));
  const client = new sdk.ConductoroneSDKTypescript({ ...API_KEY, httpClient });
  const controller = new AbortController();
  const call = (user, options) => contexts.run(user, () => client.connector.revokeCredential(request(user), options));
  const end = rejection(call(beginner, { signal: controller.signal }));
  const waiting = USERS.slice(1).map((user) => call(user));
  await until(() => answer);
  // By the next turn, the other calls wait for the token.
  await turn();
  contexts.run("another", () => controller.abort());
  assert.strictEqual((await end).name, "RequestAbortedError");
  contexts.run("another", answer);
  for (const { statusCode } of await Promise.all(waiting)) assert.strictEqual(statusCode, 200);
  seen.check("fetch", "response");
});

function* itemsOf(user, { note }) {
  try {
    for (let at = 0; at < 50; at++) {
      note("next", user);
      yield request(user, at);
    }
  } finally {
    note("return", user);
  }
}
const INPUTS = {
  "a generator": itemsOf,
  "an async generator": async function* (user, seen) {
    yield* itemsOf(user, seen);
  },
};

/** How often each item's request is refused before it is accepted, and how: item 0, item 1, and so on. */
const REFUSALS = [unavailable, { status: 429, headers: { ...json, "retry-after": "1" }, body: "{}" }, broken];

for (const [clients, shared] of Object.entries(CLIENTS)) {
  for (const [input, create] of Object.entries(INPUTS)) {
    context(`bulk runs of three users with retries, pauses and an abort, ${clients}, ${input}`, ({ sdk, contexts }) =>
      withClock(async (clock) => {
        const seen = witness(contexts);
        const answers = new Map();
        // Answers come when time is moved: in nobody's context.
        const fetcher = async (it) => {
          const at = Number(it.url.split(".").at(-1));
          if (!answers.has(it.url)) answers.set(it.url, answering(...[REFUSALS[at] ?? []].flat(), revoked));
          const user = noteRequest(seen, it);
          await new Promise((resolve) => setTimeout(resolve, 10));
          return answers.get(it.url)(user);
        };
        const props = { httpClient: withHooks(sdk, seen, fetcher) };
        const clientOf = clientsFor(sdk, contexts, seen, shared, props);
        const reports = asUsers(contexts, async (user) => {
          const controller = new AbortController();
          let revokedOnes = 0;
          const options = {
            concurrency: 2,
            signal: controller.signal,
            onProgress: () => seen.note("onProgress", user),
            onResult: ({ status }) => {
              seen.note(`onResult: ${status}`, user);
              if (status === "revoked" && ++revokedOnes === 5)
                setTimeout(() => contexts.run("another", () => controller.abort()), 5);
            },
          };
          const report = await clientOf().connector.revokeCredentials(create(user, seen), options);
          seen.note("the caller", user);
          return report;
        });
        for (const report of await finish(clock, reports)) assert.isAtLeast(report.revoked, 5);
        const hooks = ["beforeRequest", "response", "requestError", "debugLogger.log"];
        seen.check("next", "return", "fetch", ...hooks, "onProgress", "onResult: revoked", "the caller");
      }),
    );
  }

  context(`bulk runs of three users whose requests time out, ${clients}`, ({ sdk, contexts }) =>
    withClock(async (clock) => {
      const seen = witness(contexts);
      const clientOf = clientsFor(sdk, contexts, seen, shared, { httpClient: withHooks(sdk, seen, hanging(seen)) });
      const reports = asUsers(contexts, (user) => {
        const options = {
          timeoutMs: 50,
          stopOnError: true,
          retries: { strategy: "none" },
          onResult: ({ status }) => seen.note(`onResult: ${status}`, user),
        };
        const requests = Array.from({ length: 9 }, (_, at) => request(user, at));
        return clientOf().connector.revokeCredentials(requests, options);
      });
      for (const report of await finish(clock, reports)) assert.strictEqual(report.revoked, 0);
      seen.check("fetch", "requestError", "onResult: failed", "onResult: skipped");
    }),
  );
}
