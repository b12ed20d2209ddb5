// Serves the console on this machine: real workerd, local mode, no account, nothing sent anywhere. Arguments go to `wrangler dev`.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

import "./build.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const wrangler = spawn(
  process.execPath,
  ["node_modules/wrangler/bin/wrangler.js", "dev", "--local", "--show-interactive-dev-session=false", ...process.argv.slice(2)],
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
    console.log(`\n  The console is at  ${address}\n  Ctrl-C stops it.\n`);
  }
});
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => wrangler.kill(signal));
wrangler.on("exit", (code) => process.exit(code ?? 0));
