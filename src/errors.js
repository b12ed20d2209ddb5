// The error classes. They are JavaScript because they must extend Error, and a separate file so that an app that imports only
// errors includes no WebAssembly. Rust constructs them. Names and fields are those of the official SDK.
// biome-ignore-all lint/complexity/noUselessConstructor: default ones run the page's Array iterator in some engines; it may be patched

/** Sets the `name` of a class as a string, which minifiers do not change. */
function named(errorClass, name) {
  Object.defineProperty(errorClass.prototype, "name", { value: name, configurable: true, writable: true });
}

/** `String(value)`, also for values whose conversion throws, such as a revoked Proxy. */
function text(value) {
  try {
    return String(value);
  } catch {
    return `[${typeof value}]`;
  }
}

function setCause(error, cause) {
  if (cause !== undefined) {
    Object.defineProperty(error, "cause", { value: cause, configurable: true, writable: true, enumerable: false });
  }
}

/** What `JSON.stringify` shows of an error. By itself it leaves out the message, which is not enumerable. */
function shown(error) {
  const { name, message, outcome, statusCode, contentType, body, cause } = error;
  return { name, message, outcome, statusCode, contentType, body, cause: cause === undefined ? undefined : text(cause) };
}

/**
 * What the last error in a chain of causes says, with its code; an empty string if there is no chain. Node's `fetch` says "fetch
 * failed" and has the reason there; for a host with several addresses, in an `AggregateError`. Nothing but messages and codes is
 * shown, because an HTTP client's error may hold the request.
 */
function innermost(error) {
  try {
    let inner = error;
    // A chain can be circular.
    for (let depth = 0; depth < 9; depth++) {
      const next = inner.errors?.[0] ?? inner.cause;
      if (typeof next !== "object" || next === null) {
        break;
      }
      inner = next;
    }
    if (inner === error) {
      return "";
    }
    const { message = "", code = "" } = inner;
    const said = message.includes(code) ? message : `${message} (${code})`.trim();
    return said && `: ${said}`;
  } catch {
    return "";
  }
}

export class ConductoroneSDKTypescriptError extends Error {
  constructor(message, { response, body, contentType = response.headers.get("content-type") || "" }) {
    super(message);
    this.outcome = "unknown";
    this.statusCode = response.status;
    this.body = body;
    this.headers = response.headers;
    this.contentType = contentType;
    this.rawResponse = response;
  }

  toJSON() {
    return shown(this);
  }
}
named(ConductoroneSDKTypescriptError, "ConductoroneSDKTypescriptError");

export class SDKError extends ConductoroneSDKTypescriptError {
  constructor(message, meta) {
    super(message, meta);
  }
}
named(SDKError, "SDKError");

export class ResponseValidationError extends ConductoroneSDKTypescriptError {
  constructor(message, meta) {
    super(message, meta);
    setCause(this, meta.cause);
    this.rawValue = meta.rawValue;
    this.rawMessage = meta.rawMessage;
  }

  pretty() {
    return `${text(this.rawMessage)}\n- ${text(this.cause)}`;
  }
}
named(ResponseValidationError, "ResponseValidationError");

export class TokenRequestError extends ConductoroneSDKTypescriptError {
  constructor(message, meta) {
    super(message, meta);
    setCause(this, meta.cause);
    this.error = meta.error;
    this.errorDescription = meta.errorDescription;
  }
}
named(TokenRequestError, "TokenRequestError");

export class SDKValidationError extends Error {
  constructor(message, cause, rawValue) {
    super(`${message}: ${text(cause)}`);
    this.outcome = "notSent";
    setCause(this, cause);
    Object.defineProperty(this, "rawValue", { value: rawValue, configurable: true, writable: true, enumerable: false });
    this.rawMessage = message;
  }

  pretty() {
    return `${this.rawMessage}\n- ${text(this.cause)}`;
  }

  toJSON() {
    return shown(this);
  }
}
named(SDKValidationError, "SDKValidationError");

export class HTTPClientError extends Error {
  constructor(message, options) {
    const cause = options?.cause;
    super(cause === undefined || cause === null ? message : `${message}: ${text(cause)}${innermost(cause)}`);
    this.outcome = "unknown";
    setCause(this, cause);
  }

  toJSON() {
    return shown(this);
  }
}
named(HTTPClientError, "HTTPClientError");

export class UnexpectedClientError extends HTTPClientError {
  constructor(message, options) {
    super(message, options);
  }
}
named(UnexpectedClientError, "UnexpectedClientError");

export class InvalidRequestError extends HTTPClientError {
  constructor(message, options) {
    super(message, options);
    this.outcome = "notSent";
  }
}
named(InvalidRequestError, "InvalidRequestError");

export class RequestAbortedError extends HTTPClientError {
  constructor(message, options) {
    super(message, options);
  }
}
named(RequestAbortedError, "RequestAbortedError");

export class RequestTimeoutError extends HTTPClientError {
  constructor(message, options) {
    super(message, options);
  }
}
named(RequestTimeoutError, "RequestTimeoutError");

export class ConnectionError extends HTTPClientError {
  constructor(message, options) {
    super(message, options);
  }
}
named(ConnectionError, "ConnectionError");

export class UnsupportedRuntimeError extends HTTPClientError {
  constructor(message, options) {
    super(message, options);
    this.outcome = "notSent";
  }
}
named(UnsupportedRuntimeError, "UnsupportedRuntimeError");

/** Says what an error means for the credential. */
export function withOutcome(error, outcome) {
  error.outcome = outcome;
  return error;
}

const classes = {
  SDKError,
  ResponseValidationError,
  TokenRequestError,
  SDKValidationError,
  UnexpectedClientError,
  InvalidRequestError,
  RequestAbortedError,
  RequestTimeoutError,
  ConnectionError,
  UnsupportedRuntimeError,
};

/** Constructs an error for Rust. Some constructors read the response in `options`, which may be a polyfill's and throw. */
export function newError(name, message, options, outcome) {
  try {
    return withOutcome(new classes[name](message, options), outcome);
  } catch (cause) {
    return withOutcome(new UnexpectedClientError("Unexpected HTTP client error", { cause }), outcome);
  }
}
