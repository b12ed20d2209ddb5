import { readFile, writeFile } from "node:fs/promises";
import { ConductoroneSDKTypescript } from "c1-revoke";

// A list of `app,connector,credential`, one on each line, and the file for the report.
const [list, file] = process.argv.slice(2);
const lines = (await readFile(list, "utf8")).split(/\r?\n/).filter((line) => line.trim());
const requests = lines.map((line) => {
  const [appId, connectorId, id] = line.split(",").map((field) => field.trim());
  return { appId, connectorId, id };
});

const sdk = new ConductoroneSDKTypescript({
  serverURL: process.env.C1_SERVER,
  security: { bearerAuth: process.env.C1_TOKEN },
});
const report = await sdk.connector.revokeCredentials(requests, {
  confirm: true,
  onProgress: ({ done, total, pausedUntil }) => console.error(`${done} of ${total}${pausedUntil ? ", pausing" : ""}`),
});

const rows = report.results.map(({ request, error, ...result }) => ({ ...request, ...result, error: error?.message }));
await writeFile(file, JSON.stringify(rows, null, 2));
console.log(`${report.revoked} revoked, ${report.failed} failed, ${report.remaining().length} worth another run`);
process.exitCode = report.failed ? 1 : 0;
