// What Rust cannot do safely with foreign JavaScript values: callers' objects and signals, the page's promises, streams and
// clocks. A page may have patched any global or method, so an exception can occur anywhere. Functions that throw say so, and Rust
// declares them with `catch`.

/** @typedef {{ timedOut: boolean, reason: any }} Interruption why a wait ended early: a timeout or an abort */
/** @typedef {{ text: string, used: boolean }} Incomplete the beginning of a long body, or a body that someone else has read */

/** Timers hold 32-bit signed milliseconds (HTML, "timer initialization steps"); longer ones would fire at once. */
const MAX_TIMER = 2 ** 31 - 1;

/** Whether this is an object or a function. */
export const isObject = (value) => (typeof value === "object" ? value !== null : typeof value === "function");

/** Returns the result of `action`, or undefined if it throws. */
export function attempt(action) {
  try {
    return action();
  } catch {
    return undefined;
  }
}

/** Wraps any value in a promise. `Promise.resolve` would return a caller's own promise, whose `then` may throw. */
export const promiseOf = (value) => new Promise((resolve) => resolve(value));

/** Calls `resume(task, fulfilled, value)` in the promise's reaction, and so in the context in which this function was called. */
export function whenSettled(promise, task, resume) {
  promise.then(
    (value) => resume(task, true, value),
    (reason) => resume(task, false, reason),
  );
}

/** A promise and the functions that settle it. */
export class Deferred {
  promise = new Promise((resolve, reject) => {
    this.resolve = resolve;
    this.reject = reject;
  });
}

/**
 * A promise of what a caller's code returned. It has a handler at once, because an abort may come before anything waits for it. (A
 * rejection without a handler ends a Node process.)
 */
function handled(value) {
  const promise = promiseOf(value);
  promise.then(undefined, () => {});
  return promise;
}

/** Ignores what a caller's code returned. If it is a promise, its rejection is ignored too. */
export function ignored(value) {
  if (isObject(value)) {
    attempt(() => handled(value));
  }
}

/** Runs an action and ignores its result, its exception and its rejection. */
export const ignore = (action) => ignored(attempt(action));

// --- Reading values ---

/** Returns `target[key]`, or undefined if that throws or `target` is not an object. */
export const peek = (target, key) => (isObject(target) ? attempt(() => target[key]) : undefined);

/** Returns a global variable, or undefined if there is none. */
export const global = (name) => peek(globalThis, name);

/** Returns `target[key]`. Throws what a getter throws. */
export const get = (target, key) => target[key];

/** Returns the value if it is a string of at most `max` UTF-16 code units. */
export const shortText = (value, max) => (typeof value === "string" && value.length <= max ? value : undefined);

/** Whether a string has a surrogate without its other half. */
export const hasLoneSurrogate = (text) => /\p{Surrogate}/u.test(text);

/** `Array.isArray`, which throws for a revoked Proxy. */
export const isArray = (value) => attempt(() => Array.isArray(value)) === true;

const { apply } = Reflect;
/** The getter of a Set's size. It takes a Set of any realm, such as another frame's, and throws for anything else. */
const { get: sizeOfSet } = Object.getOwnPropertyDescriptor(Set.prototype, "size");

/** The number of elements of an array or a Set. Undefined for other objects, whose `length` or `size` can mean anything. */
export function elementCount(value) {
  const count = attempt(() => (isArray(value) ? value.length : apply(sizeOfSet, value, [])));
  return typeof count === "number" ? count : undefined;
}

/** Opens an iterator, async if there is one, and tells which. Undefined if there is none. Throws what the caller's code throws. */
export function openIterator(value) {
  const later = isObject(value) ? value[Symbol.asyncIterator] : undefined;
  const isAsync = typeof later === "function";
  const method = isAsync || !isObject(value) ? later : value[Symbol.iterator];
  return typeof method === "function" ? { isAsync, iterator: apply(method, value, []) } : undefined;
}

/** Whether the value is an object, but not a function or an array. */
export const isRecord = (value) => typeof value === "object" && value !== null && attempt(() => !Array.isArray(value)) === true;

/** What is wrong with a field whose name differs from one of these, which spaces separate, only in case. */
export function misspelt(object, names) {
  return attempt(() => {
    const known = names.split(" ");
    const meant = names.toLowerCase().split(" ");
    for (const name in object) {
      const at = meant.indexOf(name.toLowerCase());
      if (at >= 0 && known[at] !== name) {
        return `${name} is unknown: write ${known[at]}`;
      }
    }
    return undefined;
  });
}

// Without a prototype, because a page may have added fields to one.
/** Merges the options over the deprecated `fetchOptions`. Throws what a getter throws. */
export const mergedOptions = (deprecated, options) => ({ __proto__: null, ...deprecated, ...options });

/** The `RequestInit` of a request with the options, which `mergedOptions` returned. */
export function requestInit(options, method, headers, body, signal) {
  const init = { __proto__: null, ...options, method, headers, body, signal };
  init.redirect ??= "manual";
  // A cached answer is about the past. Workers before 2024-11-11 refuse the option, and their fetch has no such cache.
  if (method === "GET" && attempt(() => "cache" in Request.prototype)) {
    init.cache = "no-store";
  }
  return init;
}

/**
 * Copies an ASCII string into `bytes`, which has the same length. Stops at the first character that is not ASCII. Returns the
 * number of characters copied. Secrets are read this way, because the usual conversion leaves copies in wasm memory.
 */
export function copyAscii(text, bytes) {
  let copied = 0;
  for (; copied < bytes.length && text.charCodeAt(copied) < 0x80; copied++) {
    bytes[copied] = text.charCodeAt(copied);
  }
  return copied;
}

// --- Time ---

/** Milliseconds since 1970, or 0 if the clock does not work. */
export function systemTime() {
  const now = attempt(() => Date.now());
  return typeof now === "number" && now > 0 && now < Infinity ? now : 0;
}

/** Milliseconds of the monotonic clock (High Resolution Time), or of the system clock if there is none. */
export function steadyTime() {
  const now = attempt(() => performance.now());
  return typeof now === "number" ? now : systemTime();
}

/** ISO 8601, UTC. */
export const timestamp = (time) => attempt(() => new Date(time).toISOString());

/** The time of an HTTP date (IMF-fixdate: RFC 9110, 5.6.7). `Date.parse` reads much else, but the platform writes this form only. */
export function httpDate(text) {
  return attempt(() => {
    const time = Date.parse(text);
    return typeof time === "number" && time >= 0 && new Date(time).toUTCString() === text ? time : undefined;
  });
}

// --- Waiting ---

/**
 * The cancellations that follow a signal. They share its one listener, because Node warns of more than ten. (AbortSignal.any also
 * needs none, but in Node 20 each use leaks a kilobyte while the signal lives.)
 * @type {WeakMap<AbortSignal, { listener: () => void, cancellations: Set<Cancellation> }>}
 */
const followers = new WeakMap();

/** Adds a cancellation to those that follow a signal. */
function follow(signal, cancellation) {
  let followed = followers.get(signal);
  if (!followed) {
    const cancellations = new Set();
    const listener = () => {
      const reason = peek(signal, "reason");
      cancellations.forEach((cancellation) => {
        cancellation.cancel(reason);
      });
    };
    followed = { listener, cancellations };
    ignored(signal.addEventListener("abort", listener));
    followers.set(signal, followed);
  }
  followed.cancellations.add(cancellation);
}

/** Removes it, and with the last one the listener. */
function unfollow(signal, cancellation) {
  const followed = followers.get(signal);
  if (followed?.cancellations.delete(cancellation) && followed.cancellations.size === 0) {
    followers.delete(signal);
    ignored(signal.removeEventListener("abort", followed.listener));
  }
}

/** Cancels all waits of a call or bulk run, when the caller's signal aborts or `cancel` is called. */
export class Cancellation {
  /** @type {Interruption | undefined} */
  interruption;
  /** @type {Set<Wait>} */
  waits = new Set();

  /** `signal`: the caller's, or undefined. `cancellable`: whether `cancel` is used, so that requests need a signal of their own. */
  constructor(signal, cancellable) {
    this.signal = signal;
    this.cancellable = cancellable;
    if (isObject(signal)) {
      if (peek(signal, "aborted")) {
        this.cancel(peek(signal, "reason"));
      } else {
        attempt(() => follow(signal, this));
      }
    }
  }

  /** Interrupts every wait. The reason of an `AbortSignal.timeout()` is a `TimeoutError` (DOM, 3.2). */
  cancel(reason) {
    if (!this.interruption) {
      const interruption = { timedOut: peek(reason, "name") === "TimeoutError", reason };
      this.interruption = interruption;
      attempt(() => {
        this.waits.forEach((wait) => {
          wait.interrupt(interruption);
        });
      });
    }
  }

  /** Stops following the signal. */
  close() {
    this.interruption ??= { timedOut: false, reason: undefined };
    attempt(() => unfollow(this.signal, this));
  }
}

/**
 * A wait that a cancellation or a timeout ends early, even if the awaited promise ignores both. The promises that it returns
 * always settle, at the latest when the wait ends: a pending promise would keep the Rust objects that wait for it.
 */
export class Wait {
  /** @type {Interruption | undefined} */
  interruption;
  #cancellation;
  #timer;
  #limited = false;
  #reject;
  #controller;

  /**
   * Throws if timers do not work.
   * @param {Cancellation | undefined} cancellation
   * @param {number | undefined} limit milliseconds; no limit if undefined or infinite
   */
  constructor(cancellation, limit) {
    this.#cancellation = cancellation;
    if (limit < Infinity) {
      this.#arm(limit);
      this.#limited = true;
    }
    attempt(() => cancellation?.waits.add(this));
  }

  /**
   * Returns the signal for requests: the caller's own if nothing else can end the wait. Throws if AbortController is missing.
   */
  signal() {
    if (!this.#cancellation?.cancellable && !this.#limited) {
      return this.#cancellation?.signal;
    }
    this.#controller ??= new AbortController();
    return this.#controller.signal;
  }

  /**
   * Settles like `value`, or rejects if the wait is interrupted first. A value that arrives at the same time takes precedence.
   */
  race(value) {
    return new Promise((resolve, reject) => {
      this.#reject = reject;
      promiseOf(value).then(resolve, reject);
      if (this.interruption) {
        this.#rejectSoon();
      }
    });
  }

  /** Rejects when the wait ends. */
  pause() {
    return this.race(new Promise(() => {}));
  }

  /** @param {Interruption} interruption */
  interrupt(interruption) {
    if (!this.interruption) {
      this.interruption = interruption;
      this.#rejectSoon();
      attempt(() => this.#controller?.abort(interruption.reason));
    }
  }

  /** Ends the wait: clears the timer, and aborts the request unless it is complete. */
  end(complete) {
    const controller = this.#controller;
    this.#controller = undefined;
    this.interrupt({ timedOut: false, reason: undefined });
    attempt(() => clearTimeout(this.#timer));
    attempt(() => this.#cancellation?.waits.delete(this));
    if (!complete) {
      attempt(() => controller?.abort());
    }
  }

  /** Starts the timer, as often as it takes. */
  #arm(limit) {
    // The reason of AbortSignal.timeout().
    const reason = () => new DOMException("The operation was aborted due to timeout", "TimeoutError");
    const timedOut = () => this.interrupt({ timedOut: true, reason: attempt(reason) });
    this.#timer = setTimeout(() => (limit > MAX_TIMER ? this.#arm(limit - MAX_TIMER) : timedOut()), Math.min(limit, MAX_TIMER));
  }

  #rejectSoon() {
    promiseOf().then(() => this.#reject?.(this.interruption.reason));
  }
}

// --- Responses and callbacks ---

/**
 * The head of a response. Headers are read when they are asked for, because that is slow in some runtimes.
 */
export class Head {
  #headers;

  constructor(response, status, headers) {
    this.status = status;
    this.#headers = headers;
    this.redirected = peek(response, "redirected") === true;
    const url = peek(response, "url");
    this.url = typeof url === "string" ? url : "";
    this.isOpaqueRedirect = peek(response, "type") === "opaqueredirect";
  }

  /** The value of a header, or undefined. */
  header(name) {
    const value = attempt(() => this.#headers.get(name));
    // Of an object of the caller's HTTP client, it may be a promise.
    ignored(value);
    return typeof value === "string" ? value : undefined;
  }

  /** The server's id of the request, from common headers for it. */
  get requestId() {
    return this.header("x-request-id") || this.header("x-amzn-requestid") || this.header("cf-ray") || undefined;
  }
}

/** Reads the head of a response, or returns undefined if this is not a response. */
export function readHead(response) {
  const status = peek(response, "status");
  const headers = peek(response, "headers");
  const isStatus = typeof status === "number" && status >= 0 && status <= 999 && status % 1 === 0;
  return isStatus && typeof peek(headers, "get") === "function" ? new Head(response, status, headers) : undefined;
}

/** The result of a call, in the official SDK's form. `deletedAt`: when the API says that the credential was deleted, if it was asked. */
export function revoked(contentType, statusCode, rawResponse, deletedAt) {
  const result = { contentType, statusCode, rawResponse, connectorServiceRevokeCredentialResponse: {} };
  return deletedAt === undefined ? result : { ...result, confirmation: { deletedAt } };
}

/**
 * Reads a body as UTF-8, up to `max` bytes. Resolves to its text if it is complete. Rejects with undefined if this is not a response.
 * @param {Wait | undefined} wait
 * @returns {Promise<string | Incomplete>}
 */
export async function readBody(response, max, wait) {
  if (peek(response, "bodyUsed") === true) {
    return { text: "", used: true };
  }
  const body = peek(response, "body");
  if (body === null) {
    return "";
  }
  if (typeof peek(body, "getReader") === "function") {
    return readStream(body, max, wait);
  }
  // A polyfill without streams.
  const text = await raced(wait, response.text());
  if (typeof text !== "string") {
    throw undefined;
  }
  return text;
}

/** The value, unless the wait ends first. */
const raced = (wait, value) => (wait ? wait.race(value) : value);

/**
 * Only workerd has `readAtLeast`, which fills a buffer, or less of it at the end of the body (its documentation of
 * ReadableStreamBYOBReader). Each read takes a turn of its event loop, and `read` needs a second one to find the end.
 */
const hasReadAtLeast = typeof peek(peek(global("ReadableStreamBYOBReader"), "prototype"), "readAtLeast") === "function";
const BUFFER_SIZE = 4096;

async function readStream(body, max, wait) {
  // Streams of a caller's code may have no such reader.
  const filling = hasReadAtLeast ? attempt(() => body.getReader({ mode: "byob" })) : undefined;
  const reader = filling ?? body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  let length = 0;
  try {
    for (;;) {
      const chunk = await raced(wait, filling ? filling.readAtLeast(BUFFER_SIZE, new Uint8Array(BUFFER_SIZE)) : reader.read());
      if (peek(chunk, "done")) {
        return text + decoder.decode();
      }
      const size = peek(peek(chunk, "value"), "byteLength");
      if (typeof size !== "number") {
        throw undefined;
      }
      // Empty chunks count too, so that an endless stream of them is cut off.
      length += Math.max(size, 1);
      if (length > max) {
        ignore(() => reader.cancel());
        return { text, used: false };
      }
      text += decoder.decode(chunk.value, { stream: true });
      if (filling && size < BUFFER_SIZE) {
        return text + decoder.decode();
      }
    }
  } catch (thrown) {
    ignore(() => reader.cancel());
    throw thrown;
  }
}

/** Cancels an unread body, which frees its connection. */
export const discardBody = (response) => ignore(() => response.body.cancel());

/** Calls a method. Throws what it throws, or a TypeError if there is none. */
export const callMethod = (target, method, argument) => target[method](argument);

/** Calls the caller's function and ignores what it returns or throws. */
export const notify = (callback, argument) => ignore(() => callback(argument));

/** The same for a method of the caller's object. */
export const notifyMethod = (target, method, argument) => ignore(() => target[method](argument));
