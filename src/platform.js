// What only JavaScript can do for the core: read the caller's objects, send, wait, read bodies, call back, make error objects. Each
// thing is done when Rust asks for it, and Rust is told what came of it; what that means, and what is done next, Rust decides.
//
// Nothing here throws into Rust, for an exception that crosses wasm frames leaves them half done; and Rust is never told
// anything while it is still asking. Pages may have replaced any global and any prototype's method.
import {
  ConnectionError,
  InvalidRequestError,
  RequestAbortedError,
  RequestTimeoutError,
  ResponseValidationError,
  SDKError,
  SDKValidationError,
  TokenRequestError,
  UnexpectedClientError,
  UnsupportedRuntimeError,
} from "./errors.js";

/** Timers hold 32-bit signed milliseconds (HTML, "timer initialization steps"); longer ones would fire at once. */
const MAX_TIMER = 2 ** 31 - 1;

/** What stands in place of a secret. */
const MASK = "***";

/** What reports call `Status` of bulk.rs, from 1 on. */
const STATUS = ["", "revoked", "failed", "skipped"];

/** What a duplicate's result has of its original's. */
const FACTS = ["statusCode", "error", "sentAt", "answeredAt", "requestId"];

/** How many different requests of a bulk run are remembered at least, to tell duplicates, where nothing is collected. */
const REMEMBERED = 16_384;

/** A token of fewer characters guards nothing, and masking it would mangle every body. */
const SECRET_LENGTH = 12;

// In the order of `Rejection` in answer.rs, and then of what call.rs has besides.
const ERRORS = [
  RequestAbortedError,
  RequestTimeoutError,
  ConnectionError,
  InvalidRequestError,
  UnexpectedClientError,
  UnsupportedRuntimeError,
];

/** How a wait ended without a result: the platform threw, or the caller's HTTP client; from ABORTED on as in `ERRORS`. */
const THROWN = -1;
const CLIENT_THREW = -2;
const ABORTED = 0;
const TIMED_OUT = 1;
const REFUSED = 3;
const UNEXPECTED = 4;

const { apply } = Reflect;

const isObject = (value) => (typeof value === "object" ? value !== null : typeof value === "function");

/** `target[key]`, or undefined where that throws or `target` is no object. */
function peek(target, key) {
  try {
    return isObject(target) ? target[key] : undefined;
  } catch {
    return undefined;
  }
}

/** `target[key]` if it is a string, else an empty one. */
function peekText(target, key) {
  const value = peek(target, key);
  return typeof value === "string" ? value : "";
}

/** What an action gives; undefined where it throws. */
function attempt(action) {
  try {
    return action();
  } catch {
    return undefined;
  }
}

/** The promise of anything: one of the caller's may have a `then` of its own that throws, or calls back twice. */
const promiseOf = (value) => new Promise((resolve) => resolve(value));

/** Nobody waits for what an action of the caller's gives; neither throwing nor a rejection must be heard of. */
function ignore(action) {
  const value = attempt(action);
  if (isObject(value)) {
    promiseOf(value).then(undefined, () => {});
  }
}

const mask = (text, secret) => attempt(() => text.replaceAll(secret, MASK)) ?? MASK;

const invalid = (cause) => new SDKValidationError("Input validation failed", cause);

/** An abort whose reason tells of a timeout (`AbortSignal.timeout()`) is one. */
function interruption(reason) {
  return peek(reason, "name") === "TimeoutError" ? TIMED_OUT : ABORTED;
}

function interruptionError(kind, cause) {
  return new ERRORS[kind](kind === TIMED_OUT ? "Request timed out" : "Request aborted by client", { cause });
}

// --- Reading the caller's objects ---

/** Whether this is an object with members, not an array. */
export const isRecord = (value) => typeof value === "object" && value !== null && attempt(() => !Array.isArray(value)) === true;

function holds(value, expected) {
  const type = typeof value;
  switch (expected) {
    case "a string":
      return type === "string";
    case "a number":
      return type === "number" && !Number.isNaN(value);
    case "true or false":
      return type === "boolean";
    case "a function":
      return type === "function";
    case "an object":
      return isObject(value);
    default:
      return true;
  }
}

/** The value itself is not shown: it may be a secret in the wrong place. */
function typeName(value) {
  const type = typeof value;
  if (value === null || type === "undefined") {
    return `${value}`;
  }
  if (type === "object") {
    return attempt(() => Array.isArray(value)) ? "an array" : "another object";
  }
  return Number.isNaN(value) ? "NaN" : `a ${type}`;
}

/**
 * An object of the caller's, and what to call it and its fields in messages. The first fault is noted, to be asked for once when all is
 * read; every reader gives what stands for an absent field when there is one.
 */
export class Input {
  constructor(object, name, prefix = "", faults = {}) {
    this.object = object;
    this.prefix = prefix;
    this.faults = faults;
    if (object !== undefined && object !== null && !isObject(object)) {
      this.fault(`${name} must be an object, not ${typeName(object)}`);
    }
  }

  /** The first fault, an `SDKValidationError`; undefined if there is none. */
  get error() {
    return this.faults.error;
  }

  /** Another object, whose faults are noted here. */
  of(object, name, prefix) {
    return new Input(object, name, prefix, this.faults);
  }

  /** The field, if it holds what is expected; undefined when it is absent (undefined or null). */
  value(name, expected) {
    let value;
    try {
      value = isObject(this.object) ? this.object[name] : undefined;
    } catch (thrown) {
      this.fault(thrown);
    }
    if (value === undefined || value === null) {
      return undefined;
    }
    return holds(value, expected) ? value : this.mistyped(name, expected, value);
  }

  /** The object in a field; undefined when it is absent. */
  inner(name, prefix) {
    const object = this.value(name, "an object");
    return object && this.of(object, name, prefix);
  }

  /**
   * The text of a string, or of a URL object where that is `expected`; of at most `max` UTF-16 code units, and none that UTF-8 cannot
   * say.
   */
  text(name, expected, max) {
    const value = this.value(name);
    const text = expected === "a string" || !isObject(value) ? value : peek(value, "href");
    if (value === undefined || typeof text !== "string") {
      return value === undefined ? value : this.mistyped(name, expected, value);
    }
    try {
      encodeURIComponent(text);
    } catch {
      return this.wrong(name, " holds a lone surrogate, which no URL can carry");
    }
    return text.length > max ? this.wrong(name, " is too long") : text;
  }

  /** A number; NaN when it is absent. */
  number(name) {
    return this.value(name, "a number") ?? Number.NaN;
  }

  flag(name, absent) {
    return this.value(name, "true or false") ?? absent;
  }

  /** The strings and numbers of an array, each of `width` characters, one after another; blanks stand for whatever else is there. */
  codes(name, width, max) {
    const value = this.value(name);
    const blank = attempt(() => " ".repeat(width)) ?? "?";
    if (value === undefined) {
      return undefined;
    }
    const text = attempt(() => {
      let all = "";
      // A sparse array can be so long that going through it never ends.
      const { length } = Array.isArray(value) && value.length <= max ? value : blank;
      for (let index = 0; index < length; index++) {
        const item = value[index];
        const code = typeof item === "string" || typeof item === "number" ? `${item}` : blank;
        all += code.length === width ? code : blank;
      }
      return all;
    });
    return text ?? blank;
  }

  /** What the calls of a client share: the caller's HTTP client and logger, and the `user-agent`. */
  session(userAgent) {
    const client = (name) => this.#having(name, "request", "an object with a method request(Request): Promise<Response>");
    return {
      httpClient: client("httpClient") ?? client("defaultClient"),
      logger: this.#having("debugLogger", "group groupEnd log", "an object with the methods group, groupEnd and log"),
      // A browser's page or worker has one of its own, and setting it would cost a CORS preflight.
      userAgent: attempt(() => navigator.userAgent.startsWith("Mozilla/")) ? undefined : userAgent,
    };
  }

  /**
   * What a call hands to the platform: the caller's `RequestInit` (all options, over the deprecated `fetchOptions`; without a prototype,
   * for a page may have put something there), headers and signal; and the time limit of each attempt, NaN when there is none.
   */
  fetchOptions(limit) {
    const deprecated = this.value("fetchOptions", "an object");
    let init;
    try {
      init = isObject(this.object) ? { __proto__: null, ...deprecated, ...this.object } : undefined;
    } catch (thrown) {
      this.fault(thrown);
    }
    const input = this.of(init);
    const signal = input.#having("signal", "addEventListener", "an AbortSignal");
    return { init, headers: input.value("headers"), signal, limit };
  }

  /** An object that has these methods. */
  #having(name, methods, expected) {
    const value = this.value(name);
    const has = (method) => typeof peek(value, method) === "function";
    return value === undefined || attempt(() => methods.split(" ").every(has)) ? value : this.mistyped(name, expected, value);
  }

  wrong(name, detail) {
    this.fault(this.prefix + name + detail);
  }

  mistyped(name, expected, value) {
    this.wrong(name, ` must be ${expected}, not ${typeName(value)}`);
  }

  /** Something is wrong, as a text says or what was thrown. */
  fault(cause) {
    this.faults.error ??= invalid(cause);
  }
}

/** A rejected promise; a page may have replaced `Promise.reject`. */
export async function rejected(error) {
  throw error;
}

// --- Waiting ---

/** What ends a wait early: the caller's signal, and a time limit. Works even where the thing waited for ignores both. */
class Interrupt {
  /** Set once: `{ kind, cause }`. */
  fired;
  #signal;
  #listener;
  #timer;
  /** Whether there is a time limit under way. */
  limited = false;
  #reject;
  /** Aborts the request on its way, where it needs a signal of its own. */
  #controller;

  /** `limit`: milliseconds; undefined or more than a timer can hold: none. */
  constructor(signal, limit) {
    this.#signal = signal;
    if (isObject(signal)) {
      if (peek(signal, "aborted")) {
        this.#fire(peek(signal, "reason"));
      } else {
        this.#listener = () => this.#fire(peek(signal, "reason"));
        attempt(() => signal.addEventListener("abort", this.#listener));
      }
    }
    if (limit <= MAX_TIMER) {
      // The reason that AbortSignal.timeout() gives (DOM, 3.2).
      const expire = () =>
        this.#fire(
          attempt(() => new DOMException("The operation was aborted due to timeout", "TimeoutError")),
          TIMED_OUT,
        );
      attempt(() => {
        this.#timer = setTimeout(expire, limit);
        this.limited = true;
      });
    }
  }

  /** The signal to give to a request: the caller's own where that says all, else one that follows both. */
  requestSignal() {
    if (!this.limited) {
      return this.#signal;
    }
    this.#controller = new AbortController();
    return this.#controller.signal;
  }

  /** What `action` gives. Throws, too, when the signal or the limit comes first; what has arrived counts, even if both came together. */
  async race(action) {
    if (this.fired) {
      throw this.fired.cause;
    }
    const value = action();
    return new Promise((resolve, reject) => {
      this.#reject = reject;
      promiseOf(value).then(resolve, reject);
      if (this.fired) {
        this.#rejectSoon();
      }
    });
  }

  /** Clears the timer and the listener. What is still on its way is aborted, unless it is `complete`. */
  end(complete) {
    attempt(() => clearTimeout(this.#timer));
    if (this.#listener) {
      attempt(() => this.#signal.removeEventListener("abort", this.#listener));
    }
    const controller = this.#controller;
    // Where clearing did not work, they find nothing to do.
    this.fired ??= {};
    this.#controller = this.#listener = undefined;
    if (!complete) {
      attempt(() => controller?.abort());
    }
  }

  #fire(reason, kind = interruption(reason)) {
    if (!this.fired) {
      this.fired = { kind, cause: reason };
      attempt(() => this.#controller?.abort(reason));
      this.#rejectSoon();
    }
  }

  #rejectSoon() {
    promiseOf().then(() => this.#reject?.(this.fired.cause));
  }
}

/** Why a request could not be made, or what came is no answer. */
class Fault {
  #kind;

  constructor(kind, cause) {
    this.#kind = kind;
    this.cause = cause;
  }

  /** `{ kind, cause }` of whatever was thrown. (`instanceof` would ask a Proxy for its prototype, which may throw.) */
  static of(thrown) {
    return isObject(thrown) && #kind in thrown ? { kind: thrown.#kind, cause: thrown.cause } : { kind: THROWN, cause: thrown };
  }
}

const notAResponse = () => new Fault(UNEXPECTED, "what it gave is not a Response");

// --- One call ---

/** Carries out what a call (call.rs) asks for, one thing at a time, and tells it what came of it. */
export class Driver {
  // What is known of a call besides its result, for the records of a bulk run.
  attempts = 0;
  status;
  sentAt;
  answeredAt;
  error;
  #resolve;
  #reject;
  #session;
  #options;
  #call;
  #interrupt;
  #authorization;
  #secret;
  #response;
  #contentType;
  #text;
  #parsed;
  #cause;

  constructor(session, options) {
    this.#session = session;
    this.#options = options;
  }

  /** Begins, and gives the promise of the result. */
  start(call) {
    this.#call = call;
    const promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // A token request may have nobody who waits for it any more.
    promise.then(undefined, () => {});
    call.given();
    return promise;
  }

  /** What the server calls the request, where it says: the headers that gateways commonly use. */
  get requestId() {
    return this.#header("x-request-id") || this.#header("x-amzn-requestid") || this.#header("cf-ray") || undefined;
  }

  #header(name) {
    const value = attempt(() => this.#response.headers.get(name));
    return typeof value === "string" ? value : "";
  }

  // What a call asks for, to hear of it later.

  /** Waits for what a function of the caller's gives. */
  invoke(action) {
    this.#wait(() => action());
  }

  /** Waits for the token request of another call; for `patience` milliseconds, if that is a number, and then gives undefined. */
  join(promise, patience) {
    this.#wait(async () => {
      const impatience = new Interrupt(undefined, patience);
      try {
        return await impatience.race(() => promise);
      } catch (error) {
        if (impatience.fired) {
          return undefined;
        }
        throw error;
      } finally {
        impatience.end();
      }
    });
  }

  // The bytes are a view of Rust's memory, which nobody else is to have.

  /** A private key for `sign` from PKCS #8, which WebCrypto does not let out again. */
  importKey(pkcs8) {
    this.#wait(async () => {
      const copy = pkcs8.slice();
      try {
        return await crypto.subtle.importKey("pkcs8", copy, "Ed25519", false, ["sign"]);
      } finally {
        copy.fill(0);
      }
    });
  }

  sign(key, data) {
    this.#wait(() => crypto.subtle.sign("Ed25519", key, data.slice()));
  }

  /** Waits `ms` milliseconds. */
  async sleep(ms) {
    for (let left = ms; left >= 0; left -= MAX_TIMER) {
      const interrupt = new Interrupt(this.#options.signal, Math.min(left, MAX_TIMER));
      this.#interrupt = interrupt;
      let error = new Fault(UNEXPECTED, "setTimeout failed");
      if (interrupt.limited || interrupt.fired) {
        try {
          await interrupt.race(() => new Promise(() => {}));
        } catch (thrown) {
          error = thrown;
        }
      }
      if (!(interrupt.limited && interrupt.fired?.kind === TIMED_OUT)) {
        return this.#failed(error);
      }
      interrupt.end();
    }
    this.#call.given();
  }

  /** Sends the request and waits for the head of the answer. `secret`: what the body holds of one, then the answer may hold one too. */
  async send(url, body, authorization, secret) {
    const { httpClient, logger } = this.#session;
    const interrupt = this.#begin();
    this.#authorization = authorization;
    this.#secret = secret;
    let retryAfter;
    try {
      const response = await interrupt.race(() => {
        this.attempts++;
        this.sentAt = Date.now();
        this.status = this.answeredAt = this.#response = undefined;
        const request = this.#request(url, body);
        log(logger, `> Request: POST ${url}`, request);
        log(logger, "Body:", undefined, secret === undefined ? body : MASK);
        return httpClient ? httpClient.request(request) : fetch(request);
      });
      retryAfter = this.#head(response);
      log(logger, `< Response: POST ${url}`, response);
    } catch (thrown) {
      return this.#failed(thrown);
    }
    this.#call.head(this.status, this.#contentType, retryAfter, peek(this.#response, "redirected") === true);
  }

  /** Reads the body, up to `max` bytes, as text (UTF-8, ill-formed bytes replaced). */
  async read(max) {
    const interrupt = this.#interrupt;
    const body = peek(this.#response, "body");
    let truncated = false;
    try {
      if (peek(this.#response, "bodyUsed")) {
        throw new Fault(UNEXPECTED, "the body was already read: a hook must read a clone");
      } else if (body === null) {
        this.#text = await "";
      } else if (typeof peek(body, "getReader") === "function") {
        truncated = await this.#stream(body.getReader(), max);
      } else {
        // A polyfill without streams.
        this.#text = await interrupt.race(() => this.#response.text());
        if (typeof this.#text !== "string") {
          throw notAResponse();
        }
      }
    } catch (thrown) {
      return this.#failed(thrown);
    }
    interrupt.end(true);
    log(this.#session.logger, "Body:", undefined, this.#secret === undefined ? this.#text : MASK);
    this.#call.body(this.#text === "" && !truncated, truncated);
  }

  // What a call asks for and has at once.

  /** Throws the body away, so that its connection is free again. */
  discard() {
    ignore(() => this.#response.body.cancel());
    this.#interrupt.end();
  }

  /** The body as JSON; undefined if it is none. */
  json() {
    this.#cause = this.#parsed = undefined;
    try {
      this.#parsed = JSON.parse(this.#text);
    } catch (thrown) {
      this.#cause = thrown;
      this.#parsed = this.#text;
      return undefined;
    }
    return this.#parsed;
  }

  // How a call ends.

  resolve(value) {
    this.#end();
    this.error = undefined;
    this.#resolve(value);
  }

  /** Without an error: what was thrown is one already. */
  reject(error = this.#cause) {
    this.#end();
    this.error = error;
    this.#reject(error);
  }

  /** The operation's result. */
  revoked() {
    this.resolve({
      contentType: this.#contentType,
      statusCode: this.status,
      rawResponse: this.#response,
      connectorServiceRevokeCredentialResponse: {},
    });
  }

  /** There is no answer: `kind` as in `ERRORS`. */
  fail(kind, message) {
    const Failure = ERRORS[kind];
    this.reject(Failure ? new Failure(message, { cause: this.#cause }) : invalid(message));
  }

  /** The answer is not success: `SDKError`, with the official SDK's message. */
  refused() {
    const response = this.#response;
    const { status } = this;
    const redirect =
      peek(response, "redirected") === true ||
      (status >= 300 && status < 400 && status !== 304) ||
      peek(response, "type") === "opaqueredirect";
    const type = this.#contentType;
    const body = this.#shown();
    let message = `${redirect ? "Redirected, so nothing was revoked" : "Unexpected Status or Content-Type"}: Status ${status}`;
    if (type !== "application/json") {
      message += ` Content-Type ${type === "" || attempt(() => type.includes(" ")) ? `"${type}"` : type}`;
    }
    message += body.length > 100 ? "\nBody: " : ". Body: ";
    if (body.length > 10_000) {
      message += `${attempt(() => body.slice(0, 10_000))}...and ${body.length - 10_000} more chars`;
    } else {
      message += body || '""';
    }
    this.#raise(() => new SDKError(message.trim(), { response, body }));
  }

  /** A 200 whose body is not the API's: `ResponseValidationError`. */
  malformed(detail) {
    const message = "Response validation failed";
    const meta = {
      response: this.#response,
      body: this.#shown(),
      cause: detail || this.#cause,
      rawValue: this.#parsed,
      rawMessage: message,
    };
    this.#raise(() => new ResponseValidationError(message, meta));
  }

  /**
   * The token endpoint's answer is not success (RFC 6749, 5.2). Whatever it repeats of the request is not shown; nor is, `hidden`, a
   * body that may hold a token.
   */
  tokenRefused(hidden) {
    const field = (name) => {
      const value = peek(this.#parsed, name);
      return typeof value === "string" ? mask(value, this.#secret) : undefined;
    };
    const error = field("error");
    const errorDescription = field("error_description");
    const part = (text) => (text === undefined ? "" : `: ${text}`);
    this.#tokenError(`Status ${this.status}${part(error)}${part(errorDescription)}`, {
      body: hidden ? MASK : mask(this.#text, this.#secret),
      error,
      errorDescription,
    });
  }

  /** The token endpoint's answer is 200 and holds no token to use. */
  tokenUnusable(why) {
    this.#tokenError(`the answer ${why}`, { body: MASK });
  }

  #tokenError(message, meta) {
    meta.response = this.#response;
    this.#raise(() => new TokenRequestError(`Token request failed: ${message}`, meta));
  }

  /** Error classes read the response, which may be a polyfill's and throw. */
  #raise(make) {
    let error;
    try {
      error = make();
    } catch (cause) {
      error = new UnexpectedClientError("Unexpected HTTP client error", { cause });
    }
    this.reject(error);
  }

  /** Should the API repeat the token, no error shows it. */
  #shown() {
    const token = attempt(() => this.#authorization.slice(7));
    return token?.length >= SECRET_LENGTH ? mask(this.#text, token) : this.#text;
  }

  #begin() {
    const { signal, limit } = this.#options;
    this.#interrupt = new Interrupt(signal, limit);
    return this.#interrupt;
  }

  async #wait(action) {
    const interrupt = this.#begin();
    let value;
    try {
      value = await interrupt.race(action);
    } catch (thrown) {
      return this.#failed(thrown);
    }
    interrupt.end();
    this.#call.given(value);
  }

  /** Tells why there is no result. Our own reason is the truer one where an engine reports every abort as the same error. */
  async #failed(thrown) {
    const { fired } = this.#interrupt;
    this.#interrupt.end();
    const { kind, cause } = fired ?? Fault.of(thrown);
    this.#cause = cause;
    await undefined;
    const status = peek(cause, "statusCode");
    const number = typeof status === "number" ? status : 0;
    const how = kind === THROWN && this.#session.httpClient ? CLIENT_THREW : kind;
    this.#call.failed(how, peekText(cause, "name"), peekText(cause, "message"), peekText(cause, "code"), number);
  }

  /** The `Request`: the caller's `RequestInit` as it is, and over it what the operation needs. */
  #request(url, body) {
    const { init, headers: own } = this.#options;
    try {
      const json = "application/json";
      let headers = { accept: json, "content-type": this.#secret === undefined ? json : "application/x-www-form-urlencoded" };
      if (this.#authorization !== undefined) {
        headers.authorization = this.#authorization;
      }
      if (this.#session.userAgent !== undefined) {
        headers["user-agent"] = this.#session.userAgent;
      }
      if (own !== undefined) {
        // What the caller sets wins, as in the official SDK.
        headers = new Headers(headers);
        let others;
        try {
          others = new Headers(own);
        } catch {
          // Engines quote the value that they refuse, which may be a credential.
          throw "the option headers holds what no header can be";
        }
        others.forEach((value, name) => {
          headers.set(name, value);
        });
      }
      const all = { __proto__: null, ...init, method: "POST", headers, body };
      all.redirect ??= "manual";
      const signals = this.#interrupt.requestSignal();
      if (signals !== undefined) {
        all.signal = signals;
      }
      return new Request(url, all);
    } catch (thrown) {
      throw new Fault(REFUSED, thrown);
    }
  }

  /**
   * Reads the head, and gives its Retry-After. A page's polyfill or a caller's client may hand over anything: what is no `Response` is
   * said to be none.
   */
  #head(response) {
    const { status } = isObject(response) ? response : {};
    const headers = peek(response, "headers");
    if (typeof status !== "number" || !(status >= 0 && status <= 999) || typeof peek(headers, "get") !== "function") {
      throw notAResponse();
    }
    this.#response = response;
    this.answeredAt = Date.now();
    this.status = status;
    this.#contentType = this.#header("content-type");
    // Only what is no success may have one, and asking takes a while in some runtimes.
    return status === 200 ? "" : this.#header("retry-after");
  }

  /** Whether the stream holds more than `max` bytes. */
  async #stream(reader, max) {
    const decoder = new TextDecoder();
    let text = "";
    let length = 0;
    try {
      for (;;) {
        const chunk = await this.#interrupt.race(() => reader.read());
        if (peek(chunk, "done")) {
          this.#text = text + decoder.decode();
          return false;
        }
        const size = peek(peek(chunk, "value"), "byteLength");
        if (typeof size !== "number") {
          throw notAResponse();
        }
        // An empty chunk counts too: a stream of nothing else must end.
        length += Math.max(size, 1);
        if (length > max) {
          ignore(() => reader.cancel());
          this.#text = text;
          return true;
        }
        text += decoder.decode(chunk.value, { stream: true });
      }
    } catch (thrown) {
      ignore(() => reader.cancel());
      throw thrown;
    }
  }

  #end() {
    const call = this.#call;
    this.#interrupt?.end();
    // Not now: Rust is in the middle of it.
    promiseOf().then(() => call.free());
  }
}

// --- A bulk run ---

/** Carries out what a bulk run (run.rs) asks for: reads its input, keeps its records, calls its caller back. */
export class RunDriver {
  #run;
  #resolve;
  #options;
  #iterator;
  #next;
  #ended = false;
  #total;
  #timer;
  #wake;
  /** Items between being pulled and being settled, by index: `{ index, request, driver, error }`. */
  #entries = new Map();
  /** Items by the URL of their request, to tell duplicates: with `collect` all, else the last ones, in two generations. */
  #young = new Map();
  #old = new Map();
  /** How the item that `first` found was settled, as in `STATUS`: 0 if it is not yet. */
  found = 0;
  #results = [];
  /** Requests for another run, by index. */
  #remaining = [];
  #collect;
  /** The result reported last: duplicates, which come right after their original, repeat it. */
  #last;
  /** Why the run stopped. */
  #reason;
  #inputError;
  #onProgress;
  #onResult;
  #counts;

  constructor(options, collect, onProgress, onResult) {
    this.#options = options;
    this.#collect = collect;
    this.#onProgress = onProgress;
    this.#onResult = onResult;
  }

  /** Opens the input; true: it has an end that may be gone to after a stop. */
  open(requests, input) {
    try {
      const later = isObject(requests) ? requests[Symbol.asyncIterator] : undefined;
      const method = typeof later === "function" ? later : isObject(requests) ? requests[Symbol.iterator] : undefined;
      if (typeof method !== "function") {
        throw `requests must be an array, an iterable or an async iterable, not ${typeName(requests)}`;
      }
      const total = peek(requests, Array.isArray(requests) ? "length" : "size");
      this.#total = typeof total === "number" ? total : undefined;
      this.#iterator = apply(method, requests, []);
      // An asynchronous one might never give an answer.
      return method !== later && this.#total !== undefined;
    } catch (thrown) {
      input.fault(thrown);
      return false;
    }
  }

  start(run) {
    this.#run = run;
    const promise = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    const { signal } = this.#options;
    if (isObject(signal)) {
      this.#wake = () => promiseOf().then(() => this.#run?.wake());
      attempt(() => signal.addEventListener("abort", this.#wake));
    }
    run.wake();
    return promise;
  }

  /** Whether the caller's signal is aborted; then that is the reason of the stop. */
  aborted() {
    const { signal } = this.#options;
    const aborted = peek(signal, "aborted");
    if (aborted) {
      const reason = peek(signal, "reason");
      this.#reason ??= interruptionError(interruption(reason), reason);
    }
    return Boolean(aborted);
  }

  /** The error of this item is why the run has stopped. */
  stoppedBy(index) {
    const entry = this.#entries.get(index);
    this.#reason ??= entry?.error ?? entry?.driver?.error;
  }

  /** Asks for the next request. True: the answer is there, as `take` tells; what comes later is told to the run. */
  pull() {
    const settle = (next, thrown) => {
      this.#next = next;
      this.#inputError = thrown;
    };
    try {
      const next = this.#iterator.next();
      if (typeof peek(next, "then") !== "function") {
        settle(next);
        return true;
      }
      promiseOf(next)
        .then(settle, (thrown) => settle(undefined, { thrown }))
        .then(() => this.#run?.pulled());
      return false;
    } catch (thrown) {
      settle(undefined, { thrown });
      return true;
    }
  }

  /** The next request, which is of this index; undefined at the input's end or error. */
  take(index) {
    try {
      const next = this.#next;
      if (!this.#inputError) {
        if (!isObject(next)) {
          throw new TypeError("an iterator must give objects");
        }
        if (!next.done) {
          const entry = { index, request: next.value, status: 0 };
          this.#entries.set(index, entry);
          return entry;
        }
      }
    } catch (thrown) {
      this.#inputError = { thrown };
    }
    this.#ended = true;
    return undefined;
  }

  /** The index of the first item with this URL: of this one, when there was none; then it is remembered. */
  first(url, index) {
    const known = this.#young.get(url) ?? this.#old.get(url);
    if (known) {
      this.found = known.status;
      return known.index;
    }
    if (this.#young.size >= REMEMBERED && !this.#collect) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(url, this.#entries.get(index));
    return index;
  }

  /** An item that cannot be sent. */
  invalid(index, error) {
    this.#entries.get(index).error = error;
  }

  /** Begins an attempt of an item, on its own driver. */
  send(index, driver, call) {
    this.#entries.get(index).driver = driver;
    // Later, for Rust must not be told anything now.
    promiseOf().then(() => {
      driver.start(call);
    });
  }

  /** The driver of an item that has been sent before. */
  driver(index, session) {
    return this.#entries.get(index).driver ?? new Driver(session, this.#options);
  }

  /** Reports an item. `original`: the index of the same request that was sent in its place, or a negative number. */
  settle(index, status, original, remaining) {
    const entry = this.#entries.get(index);
    const { request, error, driver } = entry;
    this.#entries.delete(index);
    entry.status = status;
    entry.request = entry.driver = entry.error = undefined;
    const result = { index, request, status: STATUS[status], attempts: driver?.attempts ?? 0 };
    let source = {
      statusCode: driver?.status,
      error: error ?? driver?.error ?? (status === 1 ? undefined : this.#reason),
      sentAt: timestamp(driver?.sentAt),
      answeredAt: timestamp(driver?.answeredAt),
      requestId: driver?.requestId,
    };
    if (original >= 0) {
      result.duplicateOf = original;
      source = this.#collect ? this.#results[original] : this.#last?.index === original ? this.#last : undefined;
    } else {
      this.#last = result;
    }
    // By index: a page may have patched the array iterator.
    for (let at = 0; at < FACTS.length; at++) {
      const value = source?.[FACTS[at]];
      if (value !== undefined) {
        result[FACTS[at]] = value;
      }
    }
    if (this.#collect) {
      this.#results[index] = result;
      if (remaining) {
        this.#remaining[index] = request;
      }
    }
    this.#notify(this.#onResult, result);
  }

  /** `pausedUntil` is NaN where there is no pause. */
  progress(revoked, failed, skipped, inFlight, pausedUntil) {
    this.#counts = { revoked, failed, skipped };
    if (this.#onProgress) {
      const progress = { done: revoked + failed + skipped, total: this.#total, revoked, failed, inFlight };
      if (this.#total === undefined) {
        delete progress.total;
      }
      if (pausedUntil > 0) {
        progress.pausedUntil = pausedUntil;
      }
      this.#notify(this.#onProgress, progress);
    }
  }

  /** Wakes the run after `ms` milliseconds, if that is a number; whatever else happens wakes it, too. */
  rest(ms) {
    attempt(() => clearTimeout(this.#timer));
    if (ms >= 0) {
      // Whole milliseconds, as timers and clocks count, and never too early.
      this.#timer = attempt(() => setTimeout(() => this.#run?.wake(), Math.min(Math.ceil(ms), MAX_TIMER)));
    }
  }

  /** All is over: the report. */
  finish(stopped) {
    const run = this.#run;
    this.#run = undefined;
    this.rest();
    if (this.#wake) {
      attempt(() => this.#options.signal.removeEventListener("abort", this.#wake));
    }
    if (stopped && !this.#ended) {
      ignore(() => this.#iterator.return());
    }
    const remaining = [];
    for (let index = 0; index < this.#remaining.length; index++) {
      if (index in this.#remaining) {
        remaining[remaining.length] = this.#remaining[index];
      }
    }
    const report = { ...this.#counts, results: this.#results, remaining: () => remaining.slice() };
    if (this.#inputError) {
      report.inputError = this.#inputError.thrown;
    }
    this.#resolve(report);
    promiseOf().then(() => run.free());
  }

  /** Calls the caller back. What it throws, or its promise rejects with, must not stop the revocation of the rest. */
  #notify(callback, argument) {
    if (callback) {
      ignore(() => callback(argument));
    }
  }
}

/** ISO 8601, UTC. */
function timestamp(time) {
  return time === undefined ? undefined : attempt(() => new Date(time).toISOString());
}

// --- The rest ---

/** Fills `bytes` with random ones that nobody can guess; tells whether the platform could. */
export function fillRandom(bytes) {
  return attempt(() => crypto.getRandomValues(bytes)) !== undefined;
}

/** Copies the bytes of an ArrayBuffer, if they are exactly as many. */
export function copyBytes(buffer, bytes) {
  return attempt(() => bytes.set(new Uint8Array(buffer)) ?? buffer.byteLength === bytes.length) ?? false;
}

// The debug logger. What it throws must not change the call.

/** A request or a response, or the text of a body. */
function log(logger, title, message, text) {
  attempt(() => {
    if (logger) {
      logger.group(title);
      if (message) {
        if (message.status !== undefined) {
          logger.log(`Status Code: ${message.status}`);
        }
        logger.group("Headers:");
        message.headers.forEach((value, name) => {
          const secret = ["authorization", "proxy-authorization", "cookie", "set-cookie"].includes(name);
          logger.log(`${name}: ${secret ? MASK : value}`);
        });
        logger.groupEnd();
      } else {
        logger.log(text);
      }
      logger.groupEnd();
    }
  });
}
