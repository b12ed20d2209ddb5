// The whole suite where CI's time does not allow it; `make test-all` has installed the runtimes.
import { runSuite } from "../harness/run-suite.mjs";
import { runtimes } from "../harness/runtimes.mjs";

const inCI = ["node-import", "workerd", "chromium"];
for (const name of Object.keys(runtimes)) {
  if (!inCI.includes(name)) runSuite(name);
}
