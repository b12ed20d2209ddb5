import { runSuite } from "../harness/run-suite.mjs";

runSuite("chromium-worker", { core: true });
