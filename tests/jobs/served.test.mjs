// A job from end to end as `make demo` serves it: wrangler's own queue, the sandbox for an API.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { startConsole } from "../console/harness.mjs";

const TOKEN = "sandbox-token-opens-nothing-real";

describe("a job in the served console", { timeout: 600_000 }, () => {
  let served;
  before(async () => {
    served = await startConsole();
  });
  after(() => served?.stop());
  const ask = async (path, init) => {
    const answer = await fetch(served.url + path, { ...init, headers: { authorization: `Bearer ${TOKEN}` } });
    return { status: answer.status, body: await answer.json() };
  };

  it("runs through the queue to its end", async () => {
    const ids = Array.from({ length: 130 }, (_, i) => `cred-${String(i + 1).padStart(5, "0")}`);
    const list = ["appId,connectorId,id", ...[...ids, "gone"].map((id) => `app-load,con-load,${id}`)].join("\n");
    const { status, body: job } = await ask("/jobs", { method: "POST", body: list });
    assert.equal(status, 202);
    let progress;
    do progress = (await ask(`/jobs/${job.id}`)).body;
    while (progress.status !== "finished");
    assert.deepEqual([progress.total, progress.revoked, progress.failed, progress.pending], [131, 130, 1, 0]);
    assert.equal(progress.failures[0].id, "gone");
    const sandbox = await (await fetch(`${served.url}/sandbox/state`)).json();
    assert.equal(sandbox.revoked, 130);
  });

  it("revokes one at POST /revoke", async () => {
    const body = JSON.stringify({ appId: "app-okta", connectorId: "con-okta-sync", id: "cred-directory-sync" });
    const { status, body: answer } = await ask("/revoke", { method: "POST", body });
    assert.deepEqual([status, answer.revoked], [200, true]);
    const sandbox = await (await fetch(`${served.url}/sandbox/state`)).json();
    assert.ok(sandbox.credentials.find(({ id }) => id === "cred-directory-sync").revokedAt);
  });
});
