// The tarball installs with each of the package managers, and works from where they put it.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { tarball, work } from "../harness/app.mjs";

const bin = (name) => fileURLToPath(new URL(`../runtimes/node_modules/.bin/${name}`, import.meta.url));
const INSTALLERS = {
  npm: ["npm", ["install", "--offline", "--no-audit", "--no-fund"]],
  pnpm: [bin("pnpm"), ["install", "--offline", "--store-dir", join(work, "pnpm-store")]],
  yarn: [bin("yarn"), ["install", "--offline", "--cache-folder", join(work, "yarn-cache")]],
  bun: [bin("bun"), ["install"]],
};

const REVOKE = `
  import { createRequire } from "node:module";
  import { ConductoroneSDKTypescript, HTTPClient } from "c1-revoke";
  const fetcher = async () => new Response("{}", { headers: { "content-type": "application/json" } });
  const sdk = new ConductoroneSDKTypescript({ security: { bearerAuth: "t" }, httpClient: new HTTPClient({ fetcher }) });
  const { statusCode } = await sdk.connector.revokeCredential({ appId: "a", connectorId: "c", id: "i" });
  console.log(statusCode, createRequire(import.meta.url)("c1-revoke").HTTPClient === HTTPClient);
`;

describe("installers", () => {
  for (const [name, [program, args]] of Object.entries(INSTALLERS)) {
    it(name, () => {
      const project = join(work, `installed-by-${name}`);
      rmSync(project, { recursive: true, force: true });
      mkdirSync(project, { recursive: true });
      const manifest = { name: "project", version: "1.0.0", private: true, dependencies: { "c1-revoke": `file:${tarball}` } };
      writeFileSync(join(project, "package.json"), JSON.stringify(manifest));
      writeFileSync(join(project, "revoke.mjs"), REVOKE);
      execFileSync(program, args, { cwd: project, stdio: "pipe" });
      const output = execFileSync(process.execPath, ["revoke.mjs"], { cwd: project, encoding: "utf8" });
      assert.equal(output.trim(), "200 true");
    });
  }
});
