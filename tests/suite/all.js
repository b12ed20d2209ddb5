// Every file of the suite, in the order in which it reads best.
import "./revoke.js";
import "./errors.js";
import "./options.js";
import "./retries.js";
import "./oauth.js";
import "./tokens.js";
import "./hostile-inputs.js";
import "./hostile-servers.js";
import "./secrets.js";
import "./life-cycle.js";
import "./bulk.js";
import "./bulk-random.js";
import "./vectors.js";
import "./contract.js";

export { namesFor, runByName } from "./registry.js";
