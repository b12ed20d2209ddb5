// Looking for secrets in whatever the package shows.
import { assert } from "./helpers.js";

/**
 * Everything that can be read of a value: strings, names, getters, prototypes, messages, stacks, causes. `except` names members that are
 * left out, such as the server's own response.
 */
export function everythingIn(value, except = [], seen = new Set()) {
  if (typeof value === "function" || (typeof value === "object" && value !== null)) {
    // A stream's inside can only be reached by reading it, and a request is the caller's own.
    if (seen.has(value) || value instanceof Request || value instanceof ReadableStream) return "";
    seen.add(value);
    if (value instanceof Promise) value.catch(() => {});
    const parts = [];
    for (let at = value; at && at !== Object.prototype && at !== Function.prototype; at = Object.getPrototypeOf(at)) {
      for (const key of Reflect.ownKeys(at)) {
        if (except.includes(key)) continue;
        parts.push(String(key));
        try {
          parts.push(everythingIn(value[key], except, seen));
        } catch {
          // Getters of prototypes that want another `this`.
        }
      }
    }
    const text = (it) => JSON.stringify(it, (key, inner) => (except.includes(key) ? undefined : inner));
    for (const show of [String, text, (it) => it.pretty?.()]) {
      try {
        parts.push(show(value));
      } catch {
        // Cyclic.
      }
    }
    return parts.join("\n");
  }
  return String(value);
}

/** Asserts that nothing that can be read of a value holds one of the secrets. */
export function assertClean(value, secrets, label, except) {
  const text = everythingIn(value, except);
  for (const secret of secrets) assert.notInclude(text, secret, label);
}

/** A logger that remembers what it is given. */
export function recorder() {
  const lines = [];
  const take = (...args) => lines.push(args.map((arg) => everythingIn(arg)).join(" "));
  return { lines, group: take, groupEnd: take, log: take };
}
