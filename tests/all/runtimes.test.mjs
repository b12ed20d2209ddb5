// The suite in the runtimes that CI's time does not allow; `make test-all` has installed them.
import { runSuite } from "../harness/run-suite.mjs";
import { runtimes } from "../harness/runtimes.mjs";

const inCI = ["node-import", "node-require", "workerd", "chromium", "chromium-worker"];
for (const name of Object.keys(runtimes)) {
  if (!inCI.includes(name)) runSuite(name);
}
