// Bulk revocation at the edge, in workerd: nothing is lost, and nothing is counted twice, whatever the queue and the API do.
import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import { after, before, beforeEach, describe, it } from "node:test";
import { credentials, generator, OPERATOR, startJobs } from "./harness.mjs";

describe("jobs", { timeout: 600_000 }, () => {
  let edge, api;
  before(async () => {
    edge = await startJobs();
    api = edge.api;
  });
  after(() => edge?.stop());
  beforeEach(() => {
    api.requests.clear();
    api.revoked.clear();
    api.answer = () => ({ status: 200 });
    api.tokenStatus = 200;
    Object.assign(edge.orders, { crash: false, settings: {}, chunkSize: 10, queueFails: false });
  });

  const post = (body, init) => edge.ask("/jobs", { method: "POST", body, ...init });
  async function assertFinished(id, expected) {
    const { status, total, done, revoked, failed, unknown, skipped, pending } = await edge.progress(id);
    const counts = { total, done: total, failed: 0, unknown: 0, skipped: 0, pending: 0, ...expected };
    assert.deepEqual(
      { status, total, done, revoked, failed, unknown, skipped, pending },
      { status: "finished", revoked: total - counts.failed - counts.unknown - counts.skipped, ...counts },
    );
  }

  describe("POST /jobs", () => {
    it("is for the operator only", async () => {
      for (const token of ["", "wrong", `${OPERATOR}x`]) assert.equal((await post("app,con,cred-1", { token })).status, 401);
      const { id } = await edge.begin(["cred-1"]);
      for (const path of ["/jobs/x", `/jobs/${id}`, `/jobs/${id}/results`]) {
        assert.equal((await edge.ask(path, { token: "" })).status, 401);
        assert.equal((await edge.ask(path, { token: "", method: "DELETE" })).status, 401);
      }
      assert.equal((await edge.progress(id)).status, "running");
      assert.deepEqual(edge.sent, []);
    });

    it("is also for whoever Cloudflare Access let through, if it is set up", async () => {
      const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
      api.accessKeys = { keys: [{ ...publicKey.export({ format: "jwk" }), kid: "k", alg: "RS256" }] };
      const jwt = (aud) => {
        const claims = {
          iss: "https://acme.cloudflareaccess.com",
          aud,
          exp: Math.floor((Date.now() + edge.orders.forward) / 1000) + 60,
        };
        const input = [{ alg: "RS256", kid: "k" }, claims]
          .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
          .join(".");
        return `${input}.${sign("RSA-SHA256", Buffer.from(input), privateKey).toString("base64url")}`;
      };
      const show = (token) => post("app,con,cred-1", { token: "", headers: { "cf-access-jwt-assertion": token } });
      assert.equal((await show(jwt("tag"))).status, 401);
      edge.orders.settings = { ACCESS_TEAM_DOMAIN: "https://acme.cloudflareaccess.com", ACCESS_AUD: "tag", OPERATOR_TOKEN: "" };
      assert.equal((await show(jwt("another"))).status, 403);
      assert.equal((await post("app,con,cred-1")).status, 401);
      assert.deepEqual(edge.sent, []);
      assert.equal((await show(jwt("tag"))).status, 202);
      edge.sent.splice(0);
    });

    it("has no other route", async () => {
      for (const path of ["/", "/revoke", "/config", "/sandbox/state", "/jobs/x/results/y", "/api/v1/users"]) {
        assert.equal((await edge.ask(path, { method: "POST", body: "{}" })).status, 404, path);
      }
    });

    for (const [what, settings, message] of [
      ["no client ID", { C1_CLIENT_ID: "" }, /C1_CLIENT_ID is not set/],
      ["no client secret", { C1_CLIENT_SECRET: "" }, /C1_CLIENT_SECRET is not set/],
      ["a client ID that is mistyped", { C1_CLIENT_ID: "canary-id" }, /clientID/],
      ["a client secret that is none", { C1_CLIENT_SECRET: "canary-secret" }, /clientSecret/],
    ]) {
      it(`takes no list with ${what}, and says why`, async () => {
        edge.orders.settings = settings;
        const { status, body, text } = await post("app,con,cred-1");
        assert.equal(status, 503);
        assert.match(body.message, message);
        assert.ok(!text.includes("canary"), text);
        assert.deepEqual(edge.sent, []);
      });
    }

    it("queues nothing of a list with a bad line, and says which", async () => {
      const { status, body } = await post("appId,connectorId,id\na,c,1\na,,2\na,c\na,c,..\n");
      assert.equal(status, 400);
      assert.match(body.message, /^Line 3: The connectorId is missing\..* 2 more lines cannot be read\.$/);
      assert.deepEqual(
        body.details.map(({ line }) => line),
        [3, 4, 5],
      );
      for (const list of [" \n", "", "null", "{}", `a,c,${"x".repeat(200_000)}`]) assert.equal((await post(list)).status, 400);
      assert.deepEqual(edge.sent, []);
    });

    it("queues a list in chunks, each credential once", async () => {
      const list = ["appId,connectorId,id", ...credentials(25).map((id) => `app,con,${id}`), "app,con,cred-3"].join("\r\n");
      const { status, body } = await post(list);
      assert.equal(status, 202);
      assert.deepEqual({ total: body.total, duplicates: body.duplicates }, { total: 25, duplicates: 1 });
      const sent = edge.sent.splice(0);
      assert.deepEqual(
        sent.map(({ body: message }) => message),
        [0, 1, 2].map((chunk) => ({ job: body.id, chunk })),
      );
      const results = await edge.results(body.id);
      assert.deepEqual(
        results.map(({ api, id, status }) => ({ api, id, status })),
        credentials(25).map((id) => ({ api: "acme.conductor.one", id, status: "pending" })),
      );
    });

    it("queues ids that are long: a message does not grow with them", async () => {
      const { status } = await post(
        credentials(10)
          .map((id) => `app,con,${id}${"長".repeat(480)}`)
          .join("\n"),
      );
      assert.equal(status, 202);
      assert.ok(JSON.stringify(edge.sent.splice(0)).length < 500);
    });

    it("cancels a job that could not be queued", async () => {
      Object.assign(edge.orders, { chunkSize: 1, queueFails: true });
      assert.equal(
        (
          await post(
            credentials(150)
              .map((id) => `app,con,${id}`)
              .join("\n"),
          )
        ).status,
        500,
      );
      const [{ body }] = edge.sent.splice(0);
      const { status, skipped } = await edge.progress(body.job);
      assert.deepEqual({ status, skipped }, { status: "cancelled", skipped: 150 });
    });

    it("takes no list without end", async () => {
      assert.equal((await post("x".repeat(8_000_001))).status, 413);
    });
  });

  it("revokes everything, and keeps a record", async () => {
    const { id, queue } = await edge.begin(credentials(35));
    assert.equal((await edge.progress(id)).status, "running");
    await queue.drain();
    await assertFinished(id, { total: 35 });
    assert.deepEqual([...api.requests.values()], Array(35).fill(1));

    const results = await edge.results(id);
    assert.deepEqual(results.map((result) => result.id).sort(), credentials(35).sort());
    for (const result of results) {
      assert.equal(result.status, "revoked");
      assert.equal(result.statusCode, 200);
      assert.equal(result.requestId, `${result.id}/1`);
      assert.ok(Date.parse(result.sentAt) <= Date.parse(result.answeredAt));
    }
  });

  it("gets one token for each delivery, not for each credential", async () => {
    const { queue } = await edge.begin(credentials(30));
    api.tokens = 0;
    await queue.deliver(queue.take(3));
    assert.equal(api.tokens, 1);
  });

  it("shows what failed and why, and tries the rest", async () => {
    api.answer = (id) => ({ status: { "cred-3": 404, "cred-12": 403 }[id] ?? 200 });
    const { id, queue } = await edge.begin(credentials(20));
    await queue.drain();
    await assertFinished(id, { total: 20, failed: 2 });
    const { failures } = await edge.progress(id);
    assert.deepEqual(
      failures.map((one) => [one.id, one.statusCode]),
      [
        ["cred-3", 404],
        ["cred-12", 403],
      ],
    );
    assert.match(failures[0].reason, /404/);
    assert.equal(failures[0].note, undefined);
  });

  it("does not revoke again, nor count, what is delivered twice", async () => {
    const { id, queue } = await edge.begin(credentials(20));
    const messages = queue.take(2);
    await queue.deliver(messages);
    await queue.deliver(messages);
    await queue.drain();
    await assertFinished(id, { total: 20 });
    assert.deepEqual([...api.requests.values()], Array(20).fill(1));
  });

  it("counts once what two consumers do at the same time", async () => {
    const { id, queue } = await edge.begin(credentials(20));
    const messages = queue.take(2);
    await Promise.all([queue.deliver(messages), queue.deliver(messages), queue.deliver(messages)]);
    await queue.drain();
    await assertFinished(id, { total: 20 });
  });

  it("loses nothing when a consumer dies after revoking, before it has written that down", async () => {
    const { id, queue } = await edge.begin(credentials(25));
    edge.orders.crash = true;
    const { outcome } = await queue.deliver(queue.take(3));
    assert.equal(outcome, "exception");
    assert.equal(api.revoked.size, 10);
    assert.equal((await edge.progress(id)).revoked, 0);
    edge.orders.crash = false;
    await queue.drain();
    await assertFinished(id, { total: 25 });
    assert.equal((await edge.results(id)).length, 25);
  });

  it("says neither revoked nor failed of what a dead consumer may have revoked", async () => {
    api.answer = (_, nth) => ({ status: nth === 1 ? 200 : 404 });
    const { id, queue } = await edge.begin(credentials(5));
    edge.orders.crash = true;
    await queue.deliver(queue.take(1));
    edge.orders.crash = false;
    await queue.drain();
    await assertFinished(id, { total: 5, unknown: 5 });
    for (const { status, reason } of (await edge.progress(id)).failures) {
      assert.equal(status, "unknown");
      assert.match(reason, /404.*may have revoked it/);
    }
  });

  it("says neither revoked nor failed of a 404 after an answer that was lost", async () => {
    api.answer = (id, nth) =>
      nth === 1 && id === "cred-2" ? { status: 503, lost: true } : { status: id === "cred-2" ? 404 : 200 };
    const { id, queue } = await edge.begin(credentials(5));
    await queue.drain();
    await assertFinished(id, { total: 5, unknown: 1 });
    const [{ attempts, statusCode, reason }] = (await edge.progress(id)).failures;
    assert.deepEqual({ attempts, statusCode }, { attempts: 2, statusCode: 404 });
    assert.match(reason, /may have revoked it/);
  });

  it("calls a 404 after an ordinary 429 what it is: not revoked", async () => {
    api.answer = (_, nth) => (nth === 1 ? { status: 429, headers: { "retry-after": "60" } } : { status: 404 });
    const { id, queue } = await edge.begin(credentials(3));
    await queue.drain();
    await assertFinished(id, { total: 3, failed: 3 });
    for (const { reason } of (await edge.progress(id)).failures) assert.doesNotMatch(reason, /may have/);
  });

  it("counts a revocation that another delivery's 404 had put in doubt", async () => {
    api.answer = (_, nth) => ({ status: nth === 1 ? 200 : 404 });
    const { id, queue } = await edge.begin(credentials(10));
    const messages = queue.take(1);
    await Promise.all([queue.deliver(messages), queue.deliver(messages)]);
    await queue.drain();
    await assertFinished(id, { total: 10 });
  });

  it("takes no token endpoint's status for the API's", async () => {
    api.tokenStatus = 404;
    const { id, queue } = await edge.begin(credentials(5));
    await queue.deliver(queue.take(1));
    assert.equal((await edge.progress(id)).pending, 5);
    api.tokenStatus = 200;
    // No request was lost while there was no token: so a 404 is the API's own.
    api.answer = (id) => ({ status: id === "cred-2" ? 404 : 200 });
    await queue.drain();
    await assertFinished(id, { total: 5, failed: 1 });
  });

  it("pauses when something else than the API answers", async () => {
    api.answer = (_, nth) => (nth === 1 ? { status: 302, headers: { location: "https://sign-in.example/" } } : { status: 200 });
    const { id, queue } = await edge.begin(credentials(5));
    await queue.deliver(queue.take(1));
    const { status, failed } = await edge.progress(id);
    assert.deepEqual({ status, failed }, { status: "paused", failed: 0 });
    await queue.drain();
    await assertFinished(id, { total: 5 });
  });

  it("keeps the record, however much the API writes", async () => {
    api.answer = () => ({
      status: 400,
      body: { code: 3, message: "長".repeat(12_000), details: [] },
      headers: { "x-request-id": "r".repeat(9_000) },
    });
    edge.orders.chunkSize = 100;
    const { id, queue } = await edge.begin(credentials(100));
    await queue.deliver(queue.take(1));
    await assertFinished(id, { total: 100, failed: 100 });
    for (const result of await edge.results(id)) assert.ok(JSON.stringify(result).length < 1_500);
    assert.equal(queue.waiting.length, 0);
  });

  it("keeps what is queued when its key vanishes, is replaced by no key, or by another tenant's", async () => {
    const { id, queue } = await edge.begin(credentials(20));
    for (const settings of [
      { C1_CLIENT_ID: "" },
      { C1_CLIENT_SECRET: "canary-not-a-secret" },
      { C1_CLIENT_ID: "name-1@other.conductor.one/pcc" },
    ]) {
      edge.orders.settings = settings;
      await queue.deliver(queue.take(2));
      assert.equal(queue.waiting.length, 2);
      assert.ok(queue.waiting.every(({ due }) => due >= edge.orders.forward + 250_000));
      assert.equal((await edge.progress(id)).pending, 20);
    }
    assert.deepEqual([api.requests.size, api.strangers], [0, []]);
    edge.orders.settings = {};
    await queue.drain();
    await assertFinished(id, { total: 20 });
  });

  it("forgets its record in the end, and then knows of no such job", async () => {
    const { id, queue } = await edge.begin(credentials(5));
    const late = queue.take(1);
    await edge.ask(`/test/alarm/${id}`);
    for (const [path, method] of [
      ["", "GET"],
      ["", "DELETE"],
      ["/results", "GET"],
    ]) {
      assert.equal((await edge.ask(`/jobs/${id}${path}`, { method })).status, 404);
    }
    assert.equal((await queue.deliver(late)).outcome, "ok");
    assert.deepEqual([queue.waiting.length, api.requests.size], [0, 0]);
  });

  it("puts back what a 429 stopped, waits as long as it asks, and sends nothing meanwhile", async () => {
    api.answer = (id, nth) =>
      id === "cred-11" && nth === 1 ? { status: 429, headers: { "retry-after": "60" } } : { status: 200 };
    const { id, queue } = await edge.begin(credentials(40));
    const start = edge.orders.forward;
    await queue.deliver(queue.take(2));
    const sentBefore = [...api.requests.values()].reduce((sum, n) => sum + n, 0);
    assert.ok(sentBefore < 20);
    const { status, pausedUntil } = await edge.progress(id);
    assert.equal(status, "paused");
    assert.ok(Date.parse(pausedUntil) >= Date.now() + start + 50_000);

    // The other chunks, delivered meanwhile, have to wait too.
    await queue.deliver(queue.take(2));
    assert.equal(
      [...api.requests.values()].reduce((sum, n) => sum + n, 0),
      sentBefore,
    );
    assert.ok(queue.waiting.every(({ due }) => due >= start + 50_000));

    await queue.drain();
    await assertFinished(id, { total: 40 });
    assert.ok(edge.orders.forward >= start + 50_000);
    assert.deepEqual([...new Set(api.revoked.values())], [1]);
  });

  it("comes through a storm of 429s", async () => {
    const random = generator(7);
    const calm = edge.orders.forward + 30 * 60_000;
    api.answer = () =>
      edge.orders.forward < calm && random() < 0.7
        ? { status: 429, headers: { "retry-after": String(10 + Math.floor(random() * 120)) } }
        : { status: 200 };
    const { id, queue } = await edge.begin(credentials(60));
    await queue.drain();
    await assertFinished(id, { total: 60 });
    assert.deepEqual(queue.dead, []);
    assert.deepEqual([...api.revoked.values()], Array(60).fill(1));
  });

  for (const [what, refuse] of [
    ["the token", (on) => (api.answer = () => ({ status: on ? 401 : 200 }))],
    ["the key", (on) => (api.tokenStatus = on ? 400 : 200)],
  ]) {
    it(`has the job wait when ${what} is refused, for it may be replaced, and tries a dead one with one chunk only`, async () => {
      const sentBefore = () => [...api.requests.values()].reduce((sum, n) => sum + n, 0) + api.tokens;
      refuse(true);
      const { id, queue } = await edge.begin(credentials(100));
      api.tokens = 0;
      await queue.deliver(queue.take(1));
      const tried = sentBefore();
      assert.ok(tried <= 16, `${tried}`);
      await queue.deliver(queue.take(9));
      assert.equal(sentBefore(), tried);
      const { status, failed, pending } = await edge.progress(id);
      assert.deepEqual({ status, failed, pending }, { status: "paused", failed: 0, pending: 100 });
      refuse(false);
      await queue.drain();
      await assertFinished(id, { total: 100 });
    });
  }

  it("writes down what never succeeds: unknown when an answer was lost, failed when the API refused, skipped when nothing was sent", async () => {
    api.answer = (id) => ({ status: { "cred-3": 500, "cred-7": 425 }[id] ?? 200 });
    const { id, queue } = await edge.begin(credentials(10), { maxRetries: 2 });
    await queue.drain();
    await assertFinished(id, { total: 10, failed: 1, unknown: 1 });
    assert.deepEqual(
      (await edge.progress(id)).failures.map(({ id, status, reason }) => [id, status, /^Given up .*(500|425)/.test(reason)]),
      [
        ["cred-3", "unknown", true],
        ["cred-7", "failed", true],
      ],
    );
    api.tokenStatus = 400;
    const second = await edge.begin(credentials(10), { maxRetries: 2 });
    await second.queue.drain();
    await assertFinished(second.id, { total: 10, skipped: 10 });
  });

  it("writes down as unknown what a consumer may have revoked that died in the last delivery", async () => {
    const { id, queue } = await edge.begin(credentials(10), { maxRetries: 0 });
    edge.orders.crash = true;
    await queue.deliver(queue.take(1));
    edge.orders.crash = false;
    await queue.drain();
    await assertFinished(id, { total: 10, unknown: 10 });
  });

  it("stops when it is cancelled", async () => {
    const { id, queue } = await edge.begin(credentials(30));
    await queue.deliver(queue.take(1));
    const cancelled = await edge.ask(`/jobs/${id}`, { method: "DELETE" });
    assert.equal(cancelled.body.status, "cancelled");
    await queue.drain();
    const { status, revoked, skipped, pending } = await edge.progress(id);
    assert.deepEqual({ status, revoked, skipped, pending }, { status: "cancelled", revoked: 10, skipped: 20, pending: 0 });
    assert.equal(api.requests.size, 10);
    assert.equal((await edge.results(id)).filter(({ reason }) => reason === "The job was cancelled.").length, 20);
  });

  it("knows only its own jobs", async () => {
    for (const id of ["x", "0".repeat(64), "%ff"]) assert.equal((await edge.ask(`/jobs/${id}`)).status, 404);
  });

  for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
    it(`loses nothing and counts nothing twice, whatever happens (${seed})`, async () => {
      const random = generator(seed);
      const bad = new Set(credentials(60).filter(() => random() < 0.1));
      api.answer = (id) => {
        const chance = random();
        if (bad.has(id)) return { status: 404 };
        if (chance < 0.1) return { status: 429, headers: { "retry-after": String(6 + Math.floor(random() * 60)) } };
        return { status: chance < 0.15 ? 503 : chance < 0.17 ? 401 : 200 };
      };
      const { id, queue } = await edge.begin(credentials(60));
      while (queue.waiting.length > 0) {
        queue.waiting.sort(() => random() - 0.5);
        const messages = queue.take(1 + Math.floor(random() * 3));
        edge.orders.crash = random() < 0.15;
        const deliveries = [queue.deliver(messages)];
        if (random() < 0.2) deliveries.push(queue.deliver(messages));
        await Promise.all(deliveries);
        const { total, done, revoked, failed, unknown, pending } = await edge.progress(id);
        assert.equal(done + pending, total);
        assert.equal(revoked + failed + unknown, done);
        assert.ok(revoked <= api.revoked.size);
      }
      const { status, revoked, failed, unknown } = await edge.progress(id);
      assert.deepEqual(
        { status, revoked, refused: failed + unknown },
        { status: "finished", revoked: 60 - bad.size, refused: bad.size },
      );
      const results = await edge.results(id);
      assert.equal(new Set(results.map((result) => result.id)).size, 60);
      for (const result of results) assert.equal(result.status === "revoked", api.revoked.has(result.id) && !bad.has(result.id));
    });
  }
});

describe("a queue Worker without settings", { timeout: 600_000 }, () => {
  it("serves nobody", async () => {
    const edge = await startJobs({ OPERATOR_TOKEN: "" });
    for (const [settings, message] of [
      [{}, /serves nobody/],
      [{ OPERATOR_TOKEN: "short" }, /OPERATOR_TOKEN is shorter/],
      [{ ACCESS_AUD: "aud" }, /ACCESS_TEAM_DOMAIN/],
      [{ ACCESS_TEAM_DOMAIN: "https://acme.cloudflareaccess.com" }, /ACCESS_AUD/],
    ]) {
      edge.orders.settings = settings;
      for (const token of ["", "x", "short", "sandbox-token-opens-nothing-real"]) {
        const { status, body } = await edge.ask("/jobs", { method: "POST", body: "a,b,c", token });
        assert.equal(status, 503);
        assert.match(body.message, message);
      }
    }
    assert.deepEqual(edge.sent, []);
    await edge.stop();
  });
});
