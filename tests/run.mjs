// Runs every test and ends with the line `N passed, N failed`. With `--all` the suite runs in every runtime, not only in those that
// CI has time for.
//
// Each runner is a command; its own summary is read for the counts. One that fails, is cut short, or runs no test at all is a
// failure, whatever it says. Runners of one lane go one after another, the lanes side by side.
import { spawn } from "node:child_process";
import { mkdirSync, openSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { chromedriver } from "./harness/browsers.mjs";

const tests = fileURLToPath(new URL(".", import.meta.url));
const repository = join(tests, "..");
const logs = join(repository, "target", "logs");

/** Adds up `test result: ok. 3 passed; 0 failed; ...`, as cargo and wasm-bindgen-test print it for each test binary. */
function cargoCounts(output) {
  const results = [...output.matchAll(/^test result: .*?(\d+) passed; (\d+) failed/gm)];
  const sum = (group) => results.reduce((total, result) => total + Number(result[group]), 0);
  return { passed: sum(1), failed: sum(2) };
}

/** Reads the closing lines of node:test's spec reporter. A test that was skipped or cancelled did not pass. */
function nodeCounts(output) {
  const count = (name) => Number(new RegExp(`^ℹ ${name} (\\d+)$`, "m").exec(output)?.[1] ?? 0);
  return { passed: count("pass"), failed: count("fail") + count("cancelled") + count("skipped") + count("todo") };
}

const { values: options } = parseArgs({ options: { all: { type: "boolean" } } });

/** What `--all` has time for (suite/bulk-random.js). */
const thorough = options.all ? { BULK_SCHEDULES: "2000" } : {};

/** What takes longest, in that order: it is begun first, so that no core idles at the end. */
const LONGEST = ["slow/", "demo/page", "examples/workflow", "suite/chromium", "suite/", "bundlers/", "package/types", ""];
const rank = (file) => LONGEST.findIndex((beginning) => file.startsWith(beginning));

/** Test files of node:test, wherever they lie under tests/; those of `--all` are in a folder of their own. */
function testFiles() {
  return readdirSync(tests, { recursive: true })
    .filter((file) => /\.test\.m?js$/.test(file) && !/(^|\/)(node_modules|\.work)\//.test(file))
    .filter((file) => options.all || !file.startsWith("slow/"))
    .sort((a, b) => rank(a) - rank(b) || a.localeCompare(b))
    .map((file) => relative(repository, join(tests, file)));
}

const wasm = {
  command: ["cargo", "test", "--locked", "--target", "wasm32-unknown-unknown", "--test", "*"],
  counts: cargoCounts,
  environment: {
    CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER: join(repository, ".tools", "bin", "wasm-bindgen-test-runner"),
    WASM_BINDGEN_TEST_TIMEOUT: "120",
    // With debug info, wasm-bindgen would take seconds longer.
    CARGO_PROFILE_DEV_DEBUG: "0",
  },
};
const inChromium = { ...wasm.environment, WASM_BINDGEN_USE_BROWSER: "1", CHROMEDRIVER: chromedriver() };

const lanes = [
  [
    { name: "cargo", command: ["cargo", "test", "--locked"], counts: cargoCounts },
    { name: "wasm-node", ...wasm },
    { name: "wasm-chromium", ...wasm, environment: inChromium },
  ],
  [
    { name: "pack", command: ["node", "tests/harness/app.mjs"] },
    { name: "node", command: ["node", "tests/harness/run-files.mjs", ...testFiles()], counts: nodeCounts },
  ],
];

const running = new Set();

/** Runs one runner to its end; prints and resolves to its counts. */
async function run({ name, command: [program, ...args], environment, counts }) {
  const start = performance.now();
  running.add(name);
  const log = join(logs, `test-${name}.log`);
  const file = openSync(log, "w");
  const env = { ...thorough, ...process.env, NODE_NO_WARNINGS: "1", ...environment };
  const child = spawn(program, args, { cwd: repository, env, stdio: ["ignore", file, file] });
  const code = await new Promise((resolve) => child.once("error", resolve).once("close", resolve));
  running.delete(name);

  const output = readFileSync(log, "utf8");
  const { passed, failed } = counts ? counts(output) : { passed: 0, failed: 0 };
  // A runner that failed without a test that did, or that ran none, is a failure.
  const missing = (code !== 0 && !failed) || (counts && !passed && !failed) ? 1 : 0;
  if (failed || missing) {
    // node:test repeats what failed at the end; the tests that passed are in the log.
    const failures = output.slice(Math.max(0, output.indexOf("✖ failing tests:"))).trimEnd();
    console.log(`${failures}\n(all of it: ${relative(repository, log)}; exit status ${code})`);
  }
  const result = counts ? `${passed} passed, ${failed + missing} failed` : missing ? "failed" : "done";
  console.log(`${name}: ${result} in ${((performance.now() - start) / 1000).toFixed(0)} s`);
  return { passed, failed: failed + missing };
}

async function runLane(lane) {
  const results = [];
  for (const runner of lane) {
    results.push(await run(runner));
    // The tests after a step that failed would tell of its failure only.
    if (!runner.counts && results.at(-1).failed) break;
  }
  return results;
}

mkdirSync(logs, { recursive: true });
const heartbeat = setInterval(() => console.log(`... ${[...running].join(" and ")}`), 30_000);
const results = (await Promise.all(lanes.map(runLane))).flat();
clearInterval(heartbeat);
const total = (key) => results.reduce((sum, result) => sum + result[key], 0);
console.log(`${total("passed")} passed, ${total("failed")} failed`);
process.exitCode = total("failed") || !total("passed") ? 1 : 0;
