// Serves the page (`node start.mjs worker`) or the queue Worker (`node start.mjs jobs`) on this machine, in workerd, with the sandbox.
// No account is needed. More arguments go to `wrangler dev`.
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import "./build.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const [demo, ...options] = process.argv.slice(2);

/** The operator's token, as given, or a new one for this run. */
const given = options.find((option) => option.startsWith("OPERATOR_TOKEN:"));
const operatorToken = given?.slice("OPERATOR_TOKEN:".length) ?? randomBytes(32).toString("base64url");

const DEMOS = {
  worker: {
    config: "worker/wrangler.jsonc",
    settings: ["SANDBOX:on"],
    say: (url) =>
      options.some((option) => option.startsWith("C1_TENANT:"))
        ? `The page is at  ${url}\n  The operator token is  ${operatorToken}`
        : `The page is at  ${url}`,
  },
  jobs: {
    config: "jobs/demo/wrangler.jsonc",
    settings: [],
    say: (url) => `The queue Worker is at  ${url}  and revokes in a sandbox. Try it with:

  TOKEN=${operatorToken}
  seq -f 'app-load,con-load,cred-%05g' 1000 | curl -sS ${url}/jobs -H "Authorization: Bearer $TOKEN" --data-binary @-
  curl -sS ${url}/jobs/ID -H "Authorization: Bearer $TOKEN"`,
  },
};
const { config, settings, say } = DEMOS[demo];
const vars = [...settings, ...(given ? [] : [`OPERATOR_TOKEN:${operatorToken}`])].flatMap((setting) => ["--var", setting]);

const wrangler = spawn(
  process.execPath,
  [
    "node_modules/wrangler/bin/wrangler.js",
    ...["dev", "--local", "--show-interactive-dev-session=false", "--config", config, ...vars, ...options],
  ],
  {
    cwd: here,
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      ...process.env,
      WRANGLER_SEND_METRICS: "false",
      WRANGLER_SEND_ERROR_REPORTS: "false",
      WRANGLER_HIDE_BANNER: "true", // and with it the search for a newer version
      CLOUDFLARE_CF_FETCH_ENABLED: "false",
    },
  },
);

let seen = "";
wrangler.stdout.setEncoding("utf8").on("data", (text) => {
  process.stdout.write(text);
  if (seen === null) return;
  seen += text;
  const address = /Ready on (http:\/\/\S+)/.exec(seen)?.[1];
  if (address) {
    seen = null;
    console.log(`\n  ${say(address)}\n\n  Ctrl-C stops it.\n`);
  }
});
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => wrangler.kill(signal));
wrangler.on("exit", (code) => process.exit(code ?? 0));
