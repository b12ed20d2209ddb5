import { runSuite } from "../harness/run-suite.mjs";

runSuite("chromium-zone");
