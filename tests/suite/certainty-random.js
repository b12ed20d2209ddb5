// Whatever a server does with requests and responses: no outcome is ever false, and with `confirm` none stays unknown.
import * as fc from "fast-check";
import { broken, bulkServer, finish, refused, requests, status } from "./bulk-server.js";
import { withClock } from "./clock.js";
import { assert } from "./helpers.js";
import { test } from "./registry.js";

const IDS = 5;
const HTML = { "content-type": "text/html" };
const json = (code, value) => ({ ...status(code), body: JSON.stringify(value) });
const never = { ...status(200), after: 1e7 };

/** What may be put in the place of the API's own answer. The request may have reached the API before. */
const UNCLEAR = {
  lost: broken,
  silent: () => never,
  502: () => status(502),
  "503 with Retry-After": () => status(503, { "retry-after": "2" }),
  408: () => status(408),
  499: () => json(499, { code: 1, message: "cancelled" }),
  204: () => status(204),
  "a page": () => ({ ...status(200, HTML), body: "<p>" }),
  "a broken body": () => ({ ...status(200), body: "{" }),
  "a gateway's error": () => json(200, { code: 14, message: "unavailable" }),
  "a redirect that was followed": () => ({ ...status(404), redirected: true }),
};
/** What is answered before the request reaches the API. */
const BLOCKED = {
  429: () => refused(),
  "429 with Retry-After": () => refused(3),
  403: () => json(403, { code: 7, message: "denied" }),
  "403 with a page": () => status(403, HTML),
  "404 with a page": () => status(404, HTML),
  421: () => status(421),
  "a redirect": () => status(302, { location: "/login" }),
};
const fault = fc.oneof(
  fc.record({ what: fc.constantFrom(...Object.keys(UNCLEAR)), arrives: fc.boolean() }),
  fc.record({ what: fc.constantFrom(...Object.keys(BLOCKED)), arrives: fc.constant(false) }),
  fc.constant({ what: "the API's own", arrives: true }),
);
/** What happens to the questions about an item that end with an answer, if they are retried. */
const passing = fc.record({
  what: fc.constantFrom("lost", "502", "503 with Retry-After", "429 with Retry-After"),
  arrives: fc.constant(false),
});
const perItem = (faults, maxLength) => fc.array(fc.array(faults, { maxLength }), { minLength: IDS, maxLength: IDS });

const world = (questions, options) =>
  fc.record({
    existed: fc.array(fc.boolean(), { minLength: IDS, maxLength: IDS }),
    // Whether the API still shows a credential that is revoked.
    remembers: fc.boolean(),
    posts: perItem(fault, 5),
    gets: questions,
    random: fc.double({ min: 0, max: 0.999, noNaN: true }),
    concurrency: fc.integer({ min: 1, max: 4 }),
    ...options,
  });

/** The API: it knows what is really revoked. */
function model(sdk, { existed, remembers, posts, gets }) {
  const alive = [...existed];
  const left = { POST: posts.map((faults) => [...faults]), GET: gets.map((faults) => [...faults]) };
  const sent = existed.map(() => 0);
  const own = (method, id) => {
    if (method === "POST" && alive[id]) {
      alive[id] = false;
      return json(200, {});
    }
    if (method === "GET" && (alive[id] || (existed[id] && remembers))) {
      const deletedAt = alive[id] ? null : "2026-08-01T12:00:00Z";
      return json(200, { credential: { id: String(id), deletedAt } });
    }
    return json(404, { code: 5, message: "not found" });
  };
  const server = bulkServer(sdk, async (id, _, { method }) => {
    if (method === "POST") sent[id]++;
    const { what, arrives } = left[method][id].shift() ?? { what: "the API's own", arrives: true };
    const answer = arrives ? own(method, id) : undefined;
    return (UNCLEAR[what] ?? BLOCKED[what])?.() ?? answer;
  });
  const holds = {
    notSent: (id) => sent[id] === 0,
    notRevoked: (id) => alive[id] === existed[id],
    absent: (id) => !alive[id],
    revoked: (id) => existed[id] && !alive[id],
    unknown: (id) => sent[id] > 0,
  };
  const check = (id, outcome) => assert.isTrue(holds[outcome](id), `${outcome} is false of ${id}`);
  return { server, check };
}

/** Revokes each item, in a run or one after the other; resolves to their outcomes. */
async function outcomesOf(sdk, world, { confirm, retries, abortAt, single }) {
  return withClock(
    async (clock) => {
      const { server, check } = model(sdk, world);
      const controller = new AbortController();
      const options = { confirm, retries, timeoutMs: 5000, signal: controller.signal };
      if (abortAt !== undefined) setTimeout(() => controller.abort(), abortAt);
      const items = requests(...world.existed.map((_, at) => String(at)));
      const outcomes = [];
      if (single) {
        for (const item of items) {
          const call = server.client.connector.revokeCredential(item, options).then(
            () => "revoked",
            (error) => error.outcome,
          );
          outcomes.push(await finish(clock, call));
        }
      } else {
        const { concurrency } = world;
        const report = await finish(clock, server.revoke([...items, items[0]], { ...options, concurrency }));
        for (const { outcome, error } of report.results) {
          if (error) assert.strictEqual(error.outcome, outcome);
          outcomes.push(outcome);
        }
        assert.strictEqual(outcomes.pop(), outcomes[0], "a duplicate ends as its original");
        assert.strictEqual(report.unknown, report.results.filter(({ outcome }) => outcome === "unknown").length);
        for (const [at, outcome] of outcomes.entries()) {
          if (outcome === "unknown" || outcome === "notSent") assert.deepInclude(report.remaining(), items[at]);
          if (outcome === "revoked" || outcome === "absent") assert.notDeepInclude(report.remaining(), items[at]);
        }
      }
      for (const [id, outcome] of outcomes.entries()) check(id, outcome);
      if (!confirm) assert.isTrue(server.sent.every(({ request }) => request.method === "POST"));
      server.client.free();
      return outcomes;
    },
    { random: world.random },
  );
}

const backoff = { initialInterval: 500, maxInterval: 5000, exponent: 2, maxElapsedTime: 3_600_000 };
const RETRIES = { strategy: "backoff", backoff, retryConnectionErrors: true };
const strategies = fc.constantFrom(undefined, { strategy: "none" }, { strategy: "backoff", backoff }, RETRIES);

const { versions } = globalThis.process ?? {};
const PARAMETERS = {
  numRuns: typeof versions?.node === "string" ? 60 : 8,
  includeErrorInReport: true,
  interruptAfterTimeLimit: 13_000,
};

for (const single of [true, false]) {
  const which = single ? "a call" : "a bulk run";
  test(`certainty, any server: no outcome of ${which} is false`, ({ sdk }) => {
    const options = {
      abortAt: fc.option(fc.integer({ min: 0, max: 20_000 }), { nil: undefined }),
      confirm: fc.boolean(),
      retries: strategies,
    };
    return fc.assert(
      fc.asyncProperty(world(perItem(fault, 4), options), (world) => outcomesOf(sdk, world, { ...world, single }).then(() => {})),
      { seed: 20261128, ...PARAMETERS },
    );
  });

  test(`certainty, any server: with confirm and an API that answers questions in the end, nothing in ${which} stays unknown`, ({
    sdk,
  }) => {
    const options = { retries: single ? strategies : fc.constantFrom(undefined, { strategy: "none" }, RETRIES) };
    return fc.assert(
      fc.asyncProperty(world(perItem(passing, 2), options), async (world) => {
        // A question that fails is repeated by these retries alone.
        const gets = world.retries === RETRIES ? world.gets : world.gets.map(() => []);
        assert.notInclude(await outcomesOf(sdk, { ...world, gets }, { ...world, confirm: true, single }), "unknown");
      }),
      { seed: 20261129, ...PARAMETERS, numRuns: 2 * PARAMETERS.numRuns },
    );
  });
}
