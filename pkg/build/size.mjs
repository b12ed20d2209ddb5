// Prints the sizes of what users download: `npm run size`, after a build. esbuild bundles and minifies each in this run. Exits
// with 1 if the package is over budget. `--json` prints the same as JSON, sizes in bytes.
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import * as esbuild from "esbuild";

const HERE = dirname(fileURLToPath(import.meta.url));
const PKG = dirname(HERE);

const CALL = `
  const sdk = new ConductoroneSDKTypescript({ tenantDomain: "acme", security: { bearerAuth: token } });
  await sdk.connector.revokeCredential({ appId, connectorId, id });
}`;
const SIGNATURE = "export async function revoke(token, appId, connectorId, id) {";
const PATH = "https://acme.conductor.one/api/v1/apps/";

const wasm = read("c1_revoke.wasm");
const rows = [
  row("wasm", wasm),
  row("glue", read("dist/glue.js")),
  row(
    "browser bundle: the class, wasm inlined",
    await bundle(`import { ConductoroneSDKTypescript } from "../index.js"; ${SIGNATURE}${CALL}`),
    67_500,
  ),
  row(
    "Worker: module + wasm",
    await bundle(`import { ConductoroneSDKTypescript } from "../edge/index-edge.js"; ${SIGNATURE}${CALL}`),
    64_750,
    wasm,
  ),
  row("cdn.js", read("cdn.js")),
  row("errors alone", await bundle(`export { SDKError } from "../errors.js";`)),
  row(
    "hand-written fetch (no retries, OAuth, bulk)",
    await bundle(`${SIGNATURE}
      const response = await fetch(${"`"}${PATH}\${encodeURIComponent(appId)}/connectors/\${encodeURIComponent(connectorId)}/credentials/\${encodeURIComponent(id)}${"`"}, {
        method: "POST",
        headers: { accept: "application/json", authorization: "Bearer " + token, "content-type": "application/json" },
      });
      if (!response.ok) throw new Error(await response.text());
      return response.json();
    }`),
  ),
  row(
    "openapi-fetch (no retries, OAuth, bulk)",
    await bundle(`import createClient from "openapi-fetch";
    ${SIGNATURE}
      const client = createClient({ baseUrl: "https://acme.conductor.one", headers: { authorization: "Bearer " + token } });
      const { data, error } = await client.POST("/api/v1/apps/{app_id}/connectors/{connector_id}/credentials/{id}", {
        params: { path: { app_id: appId, connector_id: connectorId, id } },
      });
      if (error) throw error;
      return data;
    }`),
  ),
  row(
    "ky (no OAuth, bulk)",
    await bundle(`import ky from "ky";
    ${SIGNATURE}
      return ky.post(${"`"}${PATH}\${encodeURIComponent(appId)}/connectors/\${encodeURIComponent(connectorId)}/credentials/\${encodeURIComponent(id)}${"`"}, {
        headers: { authorization: "Bearer " + token },
      }).json();
    }`),
  ),
];

// Measured once with the same bundler, not in this run. The class imports Node modules.
const recorded = [
  { name: "official SDK: a function without OAuth (recorded)", gzip: 21_200, brotli: 18_900 },
  { name: "official SDK: the class, for Node only (recorded)", gzip: 117_600 },
];

if (process.argv.includes("--json")) console.log(JSON.stringify([...rows, ...recorded]));
else printTable();
const over = rows.filter(({ gzip, budget }) => gzip > budget);
for (const { name, gzip, budget } of over) {
  console.error(`over budget: ${name}: ${gzip} bytes gzip, ${budget} allowed`);
}
process.exitCode = over.length > 0 ? 1 : 0;

/** The sizes of one file, or the sums for several, each compressed separately as it would be sent. */
function row(name, data, budget, ...more) {
  const files = [data, ...more];
  const sum = (size) => files.reduce((total, file) => total + size(file), 0);
  return {
    name,
    bytes: sum((file) => file.length),
    gzip: sum((file) => gzipSync(file, { level: 9 }).length),
    brotli: sum((file) => brotliCompressSync(file, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: file.length } }).length),
    budget,
  };
}

async function bundle(contents) {
  const { outputFiles } = await esbuild.build({
    stdin: { contents, resolveDir: HERE },
    bundle: true,
    external: ["*.wasm?module"],
    format: "esm",
    legalComments: "none",
    minify: true,
    target: "es2022",
    write: false,
  });
  return outputFiles[0].contents;
}

function read(file) {
  return readFileSync(`${PKG}/${file}`);
}

function printTable() {
  const widths = [50, 9, 9, 9, 9];
  const print = (cells) =>
    console.log(cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : String(cell ?? "").padStart(widths[i]))).join(""));
  print(["", "bytes", "gzip", "brotli", "budget"]);
  for (const { name, bytes, gzip, brotli, budget } of [...rows, ...recorded]) print([name, bytes, gzip, brotli, budget]);
}
