// A job from end to end as `make demo-jobs` serves it: wrangler's own queue, and the sandbox for an API.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { startConsole } from "../console/harness.mjs";

const OPERATOR = "operator-token-of-32-characters-or-more";

describe("the queue Worker's demo", { timeout: 600_000 }, () => {
  let served;
  before(async () => {
    served = await startConsole({ OPERATOR_TOKEN: OPERATOR }, "jobs");
  });
  after(() => served?.stop());
  const ask = async (path, { token = OPERATOR, ...init } = {}) => {
    const response = await fetch(served.url + path, { ...init, headers: { authorization: `Bearer ${token}` } });
    assert.equal(response.headers.get("x-c1-revoke-sandbox"), "on");
    return { status: response.status, text: await response.text() };
  };

  it("runs a job through the queue to its end, and says that it is the sandbox", async () => {
    assert.equal((await ask("/jobs", { method: "POST", body: "a,c,1", token: "sandbox-token-opens-nothing-real" })).status, 401);
    const ids = Array.from({ length: 130 }, (_, i) => `cred-${String(i + 1).padStart(5, "0")}`);
    const list = ["appId,connectorId,id", ...[...ids, "gone"].map((id) => `app-load,con-load,${id}`)].join("\n");
    const { status, text } = await ask("/jobs", { method: "POST", body: list });
    assert.equal(status, 202);
    const job = JSON.parse(text);
    assert.equal(job.api, "sandbox");
    let progress;
    do progress = JSON.parse((await ask(`/jobs/${job.id}`)).text);
    while (progress.status !== "finished");
    const { api, total, revoked, failed, pending } = progress;
    assert.deepEqual(
      { api, total, revoked, failed, pending },
      { api: "sandbox", total: 131, revoked: 130, failed: 1, pending: 0 },
    );
    assert.equal(progress.failures[0].id, "gone");
    const results = (await ask(`/jobs/${job.id}/results`)).text.trim().split("\n");
    assert.equal(results.length, 131);
    for (const line of results) assert.equal(JSON.parse(line).api, "sandbox");
  });
});
