// `node registered.mjs <file>...` prints as JSON, by file, the names of the tests that files of the suite or of node:test register. It
// runs none: in node:test's place is a module that only notes names, without those that are skipped or to do.
import { register } from "node:module";
import { pathToFileURL } from "node:url";
import { tests } from "../suite/registry.js";

const asUrl = (source) => `data:text/javascript,${encodeURIComponent(source)}`;

const recorder = asUrl(`
  const none = () => {};
  const isOff = (options) => options?.skip || options?.todo;
  const note = (name, ...rest) => rest.some(isOff) || globalThis.registered.push(name);
  const open = (name, ...rest) => rest.some(isOff) || rest.at(-1)();
  export const test = Object.assign(note, { skip: none, todo: none });
  export const describe = Object.assign(open, { skip: none, todo: none });
  export { test as it, test as default, none as before, none as after, none as beforeEach, none as afterEach };`);

register(
  asUrl(`export const resolve = (specifier, context, next) =>
    specifier === "node:test" ? { url: ${JSON.stringify(recorder)}, shortCircuit: true } : next(specifier, context);`),
);

const names = {};
for (const file of process.argv.slice(2)) {
  globalThis.registered = [];
  const before = tests.length;
  await import(pathToFileURL(file));
  names[file] = [...globalThis.registered, ...tests.slice(before).map(({ name }) => name)];
}
process.stdout.write(JSON.stringify(names), () => process.exit());
