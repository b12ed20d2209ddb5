// Values that nobody should pass, and what the package may make of them.
import { assert } from "./helpers.js";

const { setTimeout: realTimeout, clearTimeout: realClear } = globalThis;

function boom() {
  throw new Error("boom");
}

function revokedProxy(target) {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

/** Every kind of value that is wrong almost everywhere, each made anew. */
export const HOSTILE = {
  null: () => null,
  true: () => true,
  zero: () => 0,
  NaN: () => Number.NaN,
  Infinity: () => Infinity,
  "negative number": () => -1.5,
  bigint: () => 10n ** 400n,
  symbol: () => Symbol("s"),
  "registered symbol": () => Symbol.for("then"),
  "empty string": () => "",
  "huge string": () => "a".repeat(1 << 21),
  "lone surrogate": () => "a\ud800b",
  "NUL, CR and LF": () => "a\0b\r\nx-evil: 1\r\n\r\n",
  "boxed string": () => new String("abc"),
  array: () => [],
  "sparse array": () => new Array(500),
  "nested array": () => [[["a"]]],
  "cyclic object": () => {
    const cyclic = {};
    cyclic.self = cyclic;
    return cyclic;
  },
  "object without prototype": () => Object.create(null),
  "object that refuses to be a string": () => ({ toString: boom, valueOf: boom, toJSON: boom, [Symbol.toPrimitive]: boom }),
  "object whose tag throws": () => Object.defineProperty({ toString: null }, Symbol.toStringTag, { get: boom }),
  "function that throws": () => boom,
  "function that gives a Symbol": () => () => Symbol("given"),
  "function that gives itself": () => {
    const self = () => self;
    return self;
  },
  class: () => class {},
  "Proxy whose every trap throws": () =>
    new Proxy(() => {}, new Proxy({}, { get: () => boom, has: () => true, getOwnPropertyDescriptor: boom })),
  "Proxy that answers with itself": () => {
    // But for `then`: a thenable that never calls back is pending for ever, rightly.
    const proxy = new Proxy(() => {}, { get: (_, key) => (typeof key === "symbol" || key === "then" ? undefined : proxy) });
    return proxy;
  },
  "revoked Proxy": () => revokedProxy({}),
  "revoked Proxy of an array": () => revokedProxy([]),
  "revoked Proxy of a function": () => revokedProxy(() => {}),
  "thenable that throws": () => ({ then: boom }),
  "thenable that calls back twice": () => ({
    then(resolve, reject) {
      resolve({});
      reject(new Error("twice"));
      resolve(5);
      boom();
    },
  }),
  "rejected promise": () => {
    const promise = Promise.reject(new Error("rejected"));
    promise.catch(() => {});
    return promise;
  },
  "promise with a then of its own": () => Object.assign(Promise.resolve({}), { then: boom }),
  "typed array": () => new Uint8Array(4),
  date: () => new Date(Number.NaN),
  "regular expression": () => /./g,
  "global object": () => globalThis,
};

/** Asserts that an error is one of the package's own, for a reason that is not a trap of the core unless that may be. */
export function assertTyped(sdk, error, label, { mayTrap = false } = {}) {
  const { HTTPClientError, ConductoroneSDKTypescriptError, SDKValidationError } = sdk.errors;
  const typed = [HTTPClientError, ConductoroneSDKTypescriptError, SDKValidationError].some((base) => error instanceof base);
  assert.isTrue(typed, `${label}: not an error of the package: ${describe(error)}`);
  if (!mayTrap) assert.notMatch(error.message, /WebAssembly core/, `${label}: trapped: ${describe(error.cause)}`);
}

export function describe(value) {
  try {
    return String(value?.stack ?? value);
  } catch {
    return "something that refuses to be shown";
  }
}

/** How `action()`, which must return a promise, ends: `{ value }` or `{ error }`. Fails when it throws or never ends. */
export function ending(action, label) {
  return new Promise((resolve, reject) => {
    const fail = (how) => reject(new Error(`${label}: ${how}`));
    const timer = realTimeout(fail, 10_000, "still pending");
    const end = (which) => (value) => {
      realClear(timer);
      resolve({ [which]: value });
    };
    try {
      action().then(end("value"), end("error"));
    } catch (error) {
      fail(`thrown instead of rejected: ${describe(error)}`);
    }
  });
}

/** Asserts that `action()` returns a promise that is fulfilled, or rejected with a typed error; gives its ending. */
export async function endsWell(sdk, action, label) {
  const end = await ending(action, label);
  if ("error" in end) assertTyped(sdk, end.error, label);
  return end;
}

/** What `action()` returns; undefined when it throws a typed error. */
export function givesOrThrows(sdk, action, label) {
  try {
    return action();
  } catch (error) {
    assertTyped(sdk, error, label);
    return undefined;
  }
}

/** Each of `places` with each hostile value in it: `[what is built, label, name of the place]`. */
export function* everywhere(places) {
  for (const [place, build] of Object.entries(places)) {
    for (const [kind, make] of Object.entries(HOSTILE)) yield [build(make()), `${place} = ${kind}`, place];
  }
}
