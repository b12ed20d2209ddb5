import { runSuite } from "../harness/run-suite.mjs";

runSuite("node-require", { core: true });
