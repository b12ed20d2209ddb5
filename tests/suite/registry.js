// The behavioural suite: tests that any JavaScript runtime can run. Each file registers its tests here by importing `test`;
// a test gets { sdk, server, prism, oidc, hostile, runtime, engine }: the package under test, addresses of the loopback servers, the
// family of runtimes ("node", "workerd", "browser", "zone"), and the engine whose fetch it is (harness/runtimes.mjs lists them). Where
// the platform has contexts, it also gets `contexts` (harness/async-local.js).
import { AssertionError } from "chai";

/** @type {{ name: string, run: (context: object) => Promise<void> | void, only?: string[] }[]} */
export const tests = [];

/** Registers a test. `only` lists the runtimes that it makes sense in, when it is not all of them. */
export function test(name, run, { only } = {}) {
  if (tests.some((other) => other.name === name)) throw new Error(`two tests are named ${name}`);
  tests.push({ name, run, only });
}

/** The names of the tests to run in a runtime; of all tests, when none is given. In a page with zone.js, only those that name it. */
export function namesFor(runtime) {
  const isFor = ({ only }) => !runtime || (only ? only.includes(runtime) : runtime !== "zone");
  return tests.filter(isFor).map(({ name }) => name);
}

/** What is left to restore, `{ restore }` each. No method of an array is called on it: those may be what a test has replaced. */
const cleanups = [];

/** Runs `action`, then `restore`; that also when the test never comes to its end. */
export async function thenRestore(action, restore) {
  const cleanup = { restore };
  cleanups[cleanups.length] = cleanup;
  try {
    return await action();
  } finally {
    if (cleanup.restore) {
      cleanup.restore = undefined;
      await restore();
    }
  }
}

/** Replaces properties of an object, intrinsics too, while `action` runs. */
export function withReplaced(target, replacements, action) {
  const { defineProperty, getOwnPropertyDescriptor } = Object;
  const names = Reflect.ownKeys(replacements);
  const before = names.map((name) => getOwnPropertyDescriptor(target, name));
  const put = (name, descriptor) => {
    if (getOwnPropertyDescriptor(target, name)?.configurable === false) {
      // Bun has methods that can only be assigned.
      target[name] = descriptor.value;
    } else {
      // Deleted first: WebKit's compiled code goes on with the value that it knows when a global is assigned or defined anew.
      delete target[name];
      defineProperty(target, name, descriptor);
    }
  };
  for (const name of names) put(name, { value: replacements[name], configurable: true, writable: true });
  return thenRestore(action, () => {
    // By index: the iterator may be what was replaced.
    for (let at = 0; at < names.length; at++) {
      if (before[at]) put(names[at], before[at]);
      else delete target[names[at]];
    }
  });
}

const LIMIT = 15_000;
const { setTimeout: realTimeout, clearTimeout: realClear } = globalThis;

/** `promise`, or a rejection when it takes too long: a promise that stays pending is a fault that tests must find. */
async function limited(promise) {
  let timer;
  const tooLong = new Promise((_, reject) => {
    timer = realTimeout(() => reject(new Error(`still pending after ${LIMIT} ms`)), LIMIT);
  });
  try {
    return await Promise.race([promise, tooLong]);
  } finally {
    realClear(timer);
    // The latest first, as they would have been unwound.
    for (let at = cleanups.length - 1; at >= 0; at--) {
      const { restore } = cleanups[at];
      cleanups[at].restore = undefined;
      restore?.();
    }
    cleanups.length = 0;
  }
}

// Rejections and exceptions that nobody handles: none may come of any call. One that comes late counts for the next test.
const strays = [];

function watchStrays() {
  const stray = (event) => {
    event?.preventDefault?.();
    strays.push(event?.reason ?? event?.error ?? event);
  };
  if (typeof globalThis.process?.versions?.node === "string") return process.on("unhandledRejection", stray);
  globalThis.addEventListener("unhandledrejection", stray);
  globalThis.addEventListener("error", stray);
}
watchStrays();

/** Runs one test. Resolves to undefined, or to what went wrong, as text that can cross from one runtime to another. */
export async function runByName(name, context) {
  const faults = [];
  try {
    const { run } = tests.find((candidate) => candidate.name === name);
    await limited((async () => run(context))());
    // Unhandled rejections are reported after the microtasks of the turn that made them.
    await new Promise((resolve) => setTimeout(resolve));
  } catch (error) {
    faults.push(error);
  }
  faults.push(...strays.splice(0));
  return faults.length === 0 ? undefined : faults.map(describeError).join("\n---\n");
}

function describeError(error) {
  const stack = String(error?.stack ?? "");
  // Some engines leave the message out of the stack.
  const text = stack.includes(error?.message) ? stack : `${error}\n${stack}`;
  if (!(error instanceof AssertionError) || error.actual === undefined) return text;
  return `${text}\n  actual:   ${show(error.actual)}\n  expected: ${show(error.expected)}`;
}

function show(value) {
  try {
    return JSON.stringify(value, (_, inner) => (inner === undefined ? "undefined" : inner)) ?? String(value);
  } catch {
    return String(value);
  }
}
