// Registers the suite with node:test, for one runtime.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { coreNamesFor, namesFor } from "../suite/all.js";
import { startHostileServer } from "./hostile-server.mjs";
import { startOidc } from "./oidc.mjs";
import { startPrism } from "./prism.mjs";
import { runtimes } from "./runtimes.mjs";
import { startServer } from "./server.mjs";

const servers = { server: startServer, prism: startPrism, oidc: startOidc, hostile: startHostileServer };

/** The whole suite, or with `core` those tests that suite/core.js names. */
export function runSuite(runtimeName, { core = false } = {}) {
  const { family, engine, start } = runtimes[runtimeName];
  describe(runtimeName, () => {
    let runtime;
    const started = {};
    before(async () => {
      const starting = Object.entries(servers).map(async ([name, start]) => {
        started[name] = await start();
      });
      [runtime] = await Promise.all([start(), ...starting]);
    });
    after(() => Promise.all([runtime, ...Object.values(started)].map((it) => it?.stop())));
    for (const name of core ? coreNamesFor(family) : namesFor(family)) {
      it(name, { timeout: 60_000 }, async () => {
        const addresses = Object.fromEntries(Object.entries(started).map(([server, { url }]) => [server, url]));
        const failure = await runtime.run(name, { ...addresses, runtime: family, engine });
        if (failure) assert.fail(failure);
      });
    }
  });
}
