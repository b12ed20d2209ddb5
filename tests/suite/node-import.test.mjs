import { runSuite } from "../harness/run-suite.mjs";

runSuite("node-import");
