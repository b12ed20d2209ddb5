// Every file of the suite.
import "./core.js";
import "./answers.js";
import "./certainty.js";
import "./certainty-random.js";
import "./callbacks.js";
import "./clocks.js";
import "./context.js";
import "./tokens.js";
import "./fake-timers.js";
import "./hostile-inputs.js";
import "./hostile-servers.js";
import "./secrets.js";
import "./stacks.js";
import "./bulk-limits.js";
import "./bulk-random.js";
import "./vectors.js";

export { coreNamesFor } from "./core.js";
export { namesFor, runByName } from "./registry.js";
