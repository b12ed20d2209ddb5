// Duplicates in a bulk run, and dry runs, which find them.
import { assertCounts, bulk, bulkServer, column, finish, many, requests, status } from "./bulk-server.js";
import { elapsed } from "./clock.js";
import { assert, assertError } from "./helpers.js";

bulk("duplicates are sent once and reported for each", async ({ sdk }, clock) => {
  const server = bulkServer(sdk, (id) => ({
    ...status(id === "b" ? 404 : 200, { "x-request-id": id }),
    after: id === "a" ? 900 : 100,
  }));
  const known = [];
  const input = requests("a", "b", "a", "c", "b", "a", "d", "c");
  const report = await finish(clock, server.revoke(input, { onResult: ({ index }) => known.push(index), concurrency: 2 }));
  assert.deepEqual(server.ids(), ["a", "b", "c", "d"]);
  assertCounts(report, 6, 2, 0);
  assert.deepEqual(column(report, "duplicateOf"), [undefined, undefined, 0, undefined, 1, 0, undefined, 3]);
  for (const result of report.results.filter(({ duplicateOf }) => duplicateOf !== undefined)) {
    const { index, attempts, request, duplicateOf, ...rest } = result;
    const { index: first, attempts: _, request: same, ...original } = report.results[duplicateOf];
    assert.deepEqual(rest, original, `${index}`);
    assert.strictEqual(rest.error, original.error);
    assert.deepEqual([attempts, first], [0, duplicateOf]);
    assert.strictEqual(request, input[index]);
    assert.notStrictEqual(request, same);
    assert.isAbove(known.indexOf(index), known.indexOf(duplicateOf), "reported after its original");
  }
});

bulk("requests are duplicates by their three ids only", async ({ sdk }, clock) => {
  const server = bulkServer(sdk);
  const input = [
    ["a", "b", "c"],
    ["a", "b", "C"],
    ["a", "c", "b"],
    ["b", "a", "c"],
    ["a", "b?c", "c"],
    ["a?b", "c", "c"],
    ["a", "b", "c c"],
    ["a", "b%3Fc", "c"],
  ].map(([appId, connectorId, id]) => ({ appId, connectorId, id }));
  input.push({ ...input[0], connectorServiceRevokeCredentialRequest: {}, note: "the same" });
  const report = await finish(clock, server.revoke(input));
  assertCounts(report, 9, 0, 0);
  assert.lengthOf(server.sent, 8);
  assert.strictEqual(report.results[8].duplicateOf, 0);
});

bulk("endless duplicates of a request in flight do not fill memory", async ({ sdk }, clock) => {
  const server = bulkServer(sdk, () => ({ ...status(200), after: 10_000 }));
  let early = 0;
  function* same() {
    for (let i = 0; i < 5000; i++) {
      if (elapsed() < 10_000) early++;
      yield requests("a")[0];
    }
  }
  const report = await finish(clock, server.revoke(same()));
  assert.isAtMost(early, 1100);
  assert.lengthOf(server.sent, 1);
  assertCounts(report, 5000, 0, 0);
});

bulk("collect: false sends duplicates once too", async ({ sdk }, clock) => {
  const server = bulkServer(sdk);
  const known = [];
  const items = [...many(40), ...many(40), ...many(40)].values();
  const report = await finish(clock, server.revoke(items, { collect: false, onResult: (result) => known.push(result) }));
  assert.lengthOf(server.sent, 40);
  assert.deepEqual([report.revoked, report.failed, report.skipped], [120, 0, 0]);
  for (const { index, duplicateOf } of known) assert.strictEqual(duplicateOf, index < 40 ? undefined : index % 40);
});

bulk(
  "collect: false tells duplicates among the last 16,384 different items",
  async ({ sdk }, clock) => {
    const WINDOW = 16_384;
    const found = [];
    const again = requests("c0", "c9000", `c${WINDOW - 1}`);
    // Others, until the window has moved on.
    const items = [...many(WINDOW), ...again, ...many(2 * WINDOW, "other"), ...requests("c0")];
    // A dry run tells duplicates as any run does, and sends nothing, which would take long.
    const onResult = ({ index, duplicateOf }) => duplicateOf !== undefined && found.push([index, duplicateOf]);
    const report = await finish(clock, bulkServer(sdk).revoke(items.values(), { collect: false, dryRun: true, onResult }));
    assert.strictEqual(report.skipped, items.length);
    // The last one is not among them: what is long past is forgotten, so that memory does not grow with the input.
    assert.deepEqual(found, [
      [WINDOW, 0],
      [WINDOW + 1, 9000],
      [WINDOW + 2, WINDOW - 1],
    ]);
  },
  { only: ["node"] },
);

bulk("the duplicates of what was skipped are skipped, and remain once", async ({ sdk }, clock) => {
  const input = requests("a", "b", "a", "b", "c", "c");
  const options = { stopOnError: true, concurrency: 1 };
  const report = await finish(clock, bulkServer(sdk, () => status(404)).revoke(input, options));
  assertCounts(report, 0, 2, 4);
  assert.deepEqual(column(report, "status"), ["failed", "skipped", "failed", "skipped", "skipped", "skipped"]);
  assert.deepEqual(report.remaining(), requests("b", "c"));
});

bulk("a dry run sends nothing, and checks the whole input for bad items and duplicates", async ({ sdk }, clock) => {
  let asked = 0;
  const server = bulkServer(sdk, undefined, { security: () => ({ bearerAuth: `token-${++asked}` }) });
  const input = [...requests("a", "b", "a"), { appId: "app", id: "c" }, ...requests("", "d", "b")];
  const seen = [];
  const options = { dryRun: true, stopOnError: true, onProgress: (progress) => seen.push(progress) };
  const report = await finish(clock, server.revoke(input, options));
  assert.deepEqual([server.sent.length, asked], [0, 0]);
  assertCounts(report, 0, 2, 5);
  assert.deepEqual(column(report, "status"), ["skipped", "skipped", "skipped", "failed", "failed", "skipped", "skipped"]);
  assert.deepEqual(column(report, "duplicateOf"), [undefined, undefined, 0, undefined, undefined, undefined, 1]);
  for (const { status: word, error, attempts } of report.results) {
    assert.strictEqual(attempts, 0);
    if (word === "failed") assertError(sdk, error, "SDKValidationError");
    else assert.isUndefined(error);
  }
  assert.deepEqual(report.remaining(), requests("a", "b", "d"), "what a run would send");
  assert.deepEqual(seen.at(-1), { done: 7, total: 7, revoked: 0, failed: 2, inFlight: 0 });
});
