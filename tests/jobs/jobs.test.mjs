// Bulk revocation at the edge, in workerd: nothing is lost, and nothing is counted twice, whatever the queue and the API do.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { credentials, OPERATOR, startJobs } from "./harness.mjs";

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
    api.tokenRefused = false;
    edge.orders.crash = false;
  });

  const post = (body, init) => edge.ask("/jobs", { method: "POST", body, ...init });
  async function assertFinished(id, expected) {
    const { status, total, done, revoked, failed, pending } = await edge.progress(id);
    const counts = { total, done: total, failed: 0, pending: 0, ...expected };
    assert.deepEqual(
      { status, total, done, revoked, failed, pending },
      { status: "finished", revoked: total - counts.failed, ...counts },
    );
  }

  describe("POST /jobs", () => {
    it("is for the operator only", async () => {
      for (const token of ["", "wrong", `${OPERATOR}x`]) assert.equal((await post("app,con,cred-1", { token })).status, 401);
      for (const path of ["/jobs/x", "/jobs/x/results"]) assert.equal((await edge.ask(path, { token: "" })).status, 401);
      assert.equal((await edge.ask("/revoke", { method: "POST", token: "wrong", body: "{}" })).status, 401);
      assert.deepEqual(edge.sent, []);
    });

    it("queues nothing of a list with a bad line, and tells which", async () => {
      const { status, body } = await post("appId,connectorId,id\na,c,1\na,,2\na,c\n");
      assert.equal(status, 400);
      assert.match(body.message, /^line 3: the connectorId is missing.*and 1 more/);
      assert.deepEqual(
        body.details.map(({ line }) => line),
        [3, 4],
      );
      assert.equal((await post(" \n")).status, 400);
      assert.deepEqual(edge.sent, []);
    });

    it("queues a list in chunks, each credential once", async () => {
      const list = ["appId,connectorId,id", ...credentials(25).map((id) => `app,con,${id}`), "app,con,cred-3"].join("\r\n");
      const { status, body } = await post(list);
      assert.equal(status, 202);
      assert.deepEqual({ total: body.total, duplicates: body.duplicates }, { total: 25, duplicates: 1 });
      const sent = edge.sent.splice(0);
      assert.deepEqual(
        sent.map(({ body }) => body.requests.length),
        [10, 10, 5],
      );
      assert.deepEqual(
        sent.flatMap(({ body }) => body.requests.map(({ id }) => id)),
        credentials(25),
      );
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

  it("tells what failed and why, and tries the rest", async () => {
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

  it("does not claim that a credential was revoked which a dead consumer may have revoked", async () => {
    api.answer = (_, nth) => ({ status: nth === 1 ? 200 : 404 });
    const { id, queue } = await edge.begin(credentials(5));
    edge.orders.crash = true;
    await queue.deliver(queue.take(1));
    edge.orders.crash = false;
    await queue.drain();
    await assertFinished(id, { total: 5, failed: 5 });
    for (const { note } of (await edge.progress(id)).failures) assert.match(note, /may have revoked it/);
  });

  it("puts back what a 429 stopped, waits as long as it asks, and sends nothing meanwhile", async () => {
    api.answer = (id, nth) =>
      id === "cred-13" && nth === 1 ? { status: 429, headers: { "retry-after": "60" } } : { status: 200 };
    const { id, queue } = await edge.begin(credentials(40));
    const start = edge.orders.forward;
    await queue.deliver(queue.take(2));
    const sentBefore = [...api.requests.values()].reduce((sum, n) => sum + n, 0);
    assert.ok(sentBefore < 20);
    const { status, pausedUntil } = await edge.progress(id);
    assert.equal(status, "paused");
    assert.ok(Date.parse(pausedUntil) >= Date.now() + start + 50_000);

    // The other chunks, delivered meanwhile, are told to wait too.
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
    ["the key", (on) => (api.tokenRefused = on)],
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

  it("writes down as failed what never succeeds", async () => {
    api.answer = (id) => ({ status: id === "cred-7" ? 500 : 200 });
    const { id, queue } = await edge.begin(credentials(20), { maxRetries: 2 });
    await queue.drain();
    await assertFinished(id, { total: 20, failed: 1 });
    const [{ id: failed, reason }] = (await edge.progress(id)).failures;
    assert.equal(failed, "cred-7");
    assert.match(reason, /did not succeed/);
    assert.equal(api.revoked.size, 19);
  });

  it("stops when it is cancelled", async () => {
    const { id, queue } = await edge.begin(credentials(30));
    await queue.deliver(queue.take(1));
    const cancelled = await edge.ask(`/jobs/${id}`, { method: "DELETE" });
    assert.equal(cancelled.body.status, "cancelled");
    await queue.drain();
    const { status, revoked, pending } = await edge.progress(id);
    assert.deepEqual({ status, revoked, pending }, { status: "cancelled", revoked: 10, pending: 20 });
    assert.equal(api.requests.size, 10);
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
        const { total, done, revoked, failed, pending } = await edge.progress(id);
        assert.equal(done + pending, total);
        assert.equal(revoked + failed, done);
        assert.ok(revoked <= api.revoked.size);
      }
      await assertFinished(id, { total: 60, failed: bad.size });
      const results = await edge.results(id);
      assert.equal(new Set(results.map((result) => result.id)).size, 60);
      for (const result of results) assert.equal(result.status === "revoked", api.revoked.has(result.id) && !bad.has(result.id));
    });
  }
});

describe("POST /revoke", { timeout: 600_000 }, () => {
  let edge;
  before(async () => {
    edge = await startJobs();
  });
  after(() => edge?.stop());
  const revoke = (body) => edge.ask("/revoke", { method: "POST", body: JSON.stringify(body) });

  it("revokes with the Worker's own key", async () => {
    const { status, body } = await revoke({ appId: "a", connectorId: "b", id: "cred-1" });
    assert.equal(status, 200);
    assert.equal(body.revoked, true);
    assert.equal(body.requestId, "cred-1/1");
    assert.equal(edge.api.revoked.get("cred-1"), 1);
  });

  it("passes the API's refusals on, and tells its own troubles apart", async () => {
    edge.api.answer = (id) => ({ status: Number(id), headers: { "retry-after": "7" } });
    for (const status of [403, 404, 429])
      assert.equal((await revoke({ appId: "a", connectorId: "b", id: String(status) })).status, status);
    // The caller's own token is good: that the key's was refused is this Worker's affair.
    for (const status of [401, 500])
      assert.equal((await revoke({ appId: "a", connectorId: "b", id: String(status) })).status, 502);
    assert.equal((await revoke({ appId: "a", connectorId: "..", id: "1" })).status, 400);
    assert.equal((await edge.ask("/revoke", { method: "POST", body: "{" })).status, 400);
  });
});

describe("a Worker whose secret is no secret", { timeout: 600_000 }, () => {
  it("keeps what is queued until it is put right", async () => {
    const edge = await startJobs({ C1_CLIENT_SECRET: "canary-not-a-secret" });
    const { id, queue } = await edge.begin(credentials(20));
    await queue.deliver(queue.take(2));
    assert.equal(queue.waiting.length, 2);
    assert.ok(queue.waiting.every(({ due }) => due >= 900_000));
    assert.equal((await edge.progress(id)).pending, 20);
    await edge.stop();
  });
});

describe("a Worker with a key and no operator", { timeout: 600_000 }, () => {
  it("lets nobody use it", async () => {
    const edge = await startJobs({ OPERATOR_TOKEN: "" });
    for (const token of ["", "x", "sandbox-token-opens-nothing-real"]) {
      assert.equal((await edge.ask("/jobs", { method: "POST", body: "a,b,c", token })).status, 503);
      assert.equal((await edge.ask("/revoke", { method: "POST", body: "{}", token })).status, 503);
    }
    await edge.stop();
  });
});

/** A small generator of random numbers (mulberry32), so that what a seed shows can be seen again. */
function generator(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
