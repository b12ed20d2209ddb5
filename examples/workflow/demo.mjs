// `make demo-workflow`: the Worker in workerd on this machine, with a sandbox in place of the API. No account, no network.
import { spawn } from "node:child_process";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const repository = join(here, "..", "..");

/** The sandbox: an API key gets a token, and these ids show other outcomes than "revoked". */
const ANSWERS = {
  gone: [404, { code: 5, message: "no such credential", details: [] }],
  forbidden: [403, { code: 7, message: "not your connector", details: [] }],
  busy: [429, { code: 8, message: "too many requests", details: [] }, { "retry-after": "40" }],
};
const seen = new Set();
const sandbox = createServer((request, response) => {
  const id = request.url.split("/").at(-1);
  const isFirst = seen.size < seen.add(id).size;
  const token = { access_token: "sandbox-token", token_type: "Bearer", expires_in: 600 };
  const answer = id === "token" ? [200, token] : (ANSWERS[id] ?? [200, {}]);
  const [status, body, headers] = id === "busy" && !isFirst ? [200, {}] : answer;
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
});
await new Promise((resolve) => sandbox.listen(0, "127.0.0.1", resolve));

// As a user's project has it: the example's files, the package installed, and the secrets in .dev.vars.
const project = mkdtempSync(join(tmpdir(), "c1-revoke-workflow-"));
for (const file of ["worker.js", "revocation.js", "wrangler.jsonc"]) copyFileSync(join(here, file), join(project, file));
mkdirSync(join(project, "node_modules"));
symlinkSync(join(repository, "pkg"), join(project, "node_modules", "c1-revoke"), "dir");
const { kty, crv, d, x } = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
const jwk = Buffer.from(JSON.stringify({ kty, crv, d, x })).toString("base64url");
const operatorToken = randomBytes(32).toString("base64url");
const secrets = {
  C1_CLIENT_ID: `sandbox@127.0.0.1:${sandbox.address().port}/pcc`,
  C1_CLIENT_SECRET: `secret-token:conductorone.com:v1:${jwk}`,
  OPERATOR_TOKEN: operatorToken,
};
writeFileSync(
  join(project, ".dev.vars"),
  Object.entries(secrets)
    .map((pair) => pair.join("="))
    .join("\n"),
);

const wrangler = spawn(
  process.execPath,
  [
    join(repository, "www", "node_modules", "wrangler", "bin", "wrangler.js"),
    ...["dev", "--local", "--show-interactive-dev-session=false", ...process.argv.slice(2)],
  ],
  {
    cwd: project,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...process.env,
      WRANGLER_SEND_METRICS: "false",
      WRANGLER_SEND_ERROR_REPORTS: "false",
      WRANGLER_HIDE_BANNER: "true", // and with it the search for a newer version
      CLOUDFLARE_CF_FETCH_ENABLED: "false",
    },
  },
);
wrangler.stderr.pipe(process.stderr);
let output = "";
wrangler.stdout.setEncoding("utf8").on("data", function announce(text) {
  process.stdout.write(text);
  output += text;
  const [, url] = /Ready on (http:\/\/\S+)/.exec(output) ?? [];
  if (!url) return;
  wrangler.stdout.off("data", announce).pipe(process.stdout);
  console.log(`
  The Worker is at  ${url}  and revokes in a sandbox. Try it with:

  TOKEN=${operatorToken}
  node -p 'JSON.stringify([..."gone forbidden busy".split(" "), ...Array(250).keys()].map((id) => ({ appId: "app", connectorId: "con", id: String(id) })))' |
    curl -sS ${url}/revocations -H "Authorization: Bearer $TOKEN" --data-binary @-
  curl -sS ${url}/revocations/ID -H "Authorization: Bearer $TOKEN"

  Ctrl-C stops it.
`);
});
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => wrangler.kill(signal));
// When its helpers have ended, too: they watch the files.
wrangler.on("close", (code) => {
  rmSync(project, { recursive: true, force: true });
  process.exit(code ?? 0);
});
