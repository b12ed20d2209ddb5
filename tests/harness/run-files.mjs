// `node run-files.mjs <file>...`: runs test files in the order given, which `node --test` would sort by name.
import { run } from "node:test";
import { spec } from "node:test/reporters";

// More than this takes longer on two cores: each file has servers, and often a browser, of its own.
const concurrency = 2;

// A file that runs the suite in nine runtimes needs more than ten minutes on a slow machine.
const results = run({ files: process.argv.slice(2), concurrency, timeout: 1_800_000 });
results.on("test:fail", () => {
  process.exitCode = 1;
});
results.compose(new spec()).pipe(process.stdout);
