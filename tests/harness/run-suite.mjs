// Registers the suite with node:test, for one runtime.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { coreNamesFor, namesFor } from "../suite/all.js";
import { startHostileServer } from "./hostile-server.mjs";
import { startOidc } from "./oidc.mjs";
import { startPrism } from "./prism.mjs";
import { runtimes } from "./runtimes.mjs";
import { startServer } from "./server.mjs";

/** The whole suite, or with `core` those tests that suite/core.js names. */
export function runSuite(runtimeName, { core = false } = {}) {
  const { family, engine, start } = runtimes[runtimeName];
  describe(runtimeName, () => {
    let runtime, server, prism, oidc, hostile;
    before(async () => {
      [server, prism, oidc, hostile, runtime] = await Promise.all([
        startServer(),
        startPrism(),
        startOidc(),
        startHostileServer(),
        start(),
      ]);
    });
    after(async () => {
      server?.stop();
      prism?.stop();
      oidc?.stop();
      hostile?.stop();
      await runtime?.stop();
    });
    for (const name of core ? coreNamesFor(family) : namesFor(family)) {
      it(name, { timeout: 60_000 }, async () => {
        const addresses = { server: server.url, prism: prism.url, oidc: oidc.url, hostile: hostile.url };
        const failure = await runtime.run(name, { ...addresses, runtime: family, engine });
        if (failure) assert.fail(failure);
      });
    }
  });
}
