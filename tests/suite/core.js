// What every way of loading the package must show: each feature, each class of error, a revoke against the contract. The other
// files put questions to the engine, which need one answer for each engine.
import "./revoke.js";
import "./errors.js";
import "./options.js";
import "./retries.js";
import "./oauth.js";
import "./life-cycle.js";
import "./bulk-duplicates.js";
import "./bulk-input.js";
import "./bulk-order.js";
import "./bulk-report.js";
import "./bulk-stops.js";
import "./contract.js";
import { namesFor } from "./registry.js";

// The tests that are registered by now. This module must be imported before any file of tests that it does not name.
const core = new Set(namesFor());

/** The names of these tests, of those to run in a runtime. */
export const coreNamesFor = (runtime) => namesFor(runtime).filter((name) => core.has(name));
