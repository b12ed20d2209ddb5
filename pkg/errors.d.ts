import type { Headers, Response } from "./lib/web.js";

/**
 * An answer over HTTP that is not what was asked for. Base of {@link SDKError}, {@link ResponseValidationError} and
 * {@link TokenRequestError}.
 */
export declare class ConductoroneSDKTypescriptError extends Error {
  constructor(message: string, meta: { response: Response; body: string });
  /** The answer's status. */
  readonly statusCode: number;
  /** The answer's body, as text. */
  readonly body: string;
  /** The answer's headers. */
  readonly headers: Headers;
  /** The answer's media type; empty when it has none. */
  readonly contentType: string;
  /** The answer; its body has been read. */
  readonly rawResponse: Response;
}

/** The API answered with another status than 200: a refusal, a redirect (none is followed), or a fault of its own. */
export declare class SDKError extends ConductoroneSDKTypescriptError {}

/** The API answered 200 with a body that is not the JSON it should be. Whether the credential is revoked is not known. */
export declare class ResponseValidationError extends ConductoroneSDKTypescriptError {
  constructor(
    message: string,
    meta: { response: Response; body: string; cause: unknown; rawValue: unknown; rawMessage: unknown },
  );
  /** What was wrong with the body. */
  readonly cause: unknown;
  /** The body, as far as it could be read. */
  readonly rawValue: unknown;
  /** The message without the cause. */
  readonly rawMessage: unknown;
  /** The message and the cause, on lines of their own. */
  pretty(): string;
}

/** The token endpoint refused to give a token (RFC 6749, section 5.2), or answered something else than one. */
export declare class TokenRequestError extends ConductoroneSDKTypescriptError {
  constructor(
    message: string,
    meta: { response: Response; body: string; error?: string; errorDescription?: string; cause?: unknown },
  );
  /** OAuth's error code, such as `invalid_client`; undefined when the answer has none. */
  readonly error: string | undefined;
  /** OAuth's explanation; undefined when the answer has none. */
  readonly errorDescription: string | undefined;
  /** What was wrong with the answer, when it was not a refusal. */
  readonly cause?: unknown;
}

/**
 * An option, an argument or a credential is not what it should be. Nothing has been sent. Thrown by constructors; calls reject
 * with it.
 */
export declare class SDKValidationError extends Error {
  constructor(message: string, cause: unknown, rawValue: unknown);
  /** What is wrong, naming the option or argument. */
  readonly cause: unknown;
  /** The value that was refused; undefined when it is a secret. */
  readonly rawValue: unknown;
  /** The message without the cause. */
  readonly rawMessage: string;
  /** The message and the cause, on lines of their own. */
  pretty(): string;
}

/** A call ended without an answer. Base of the classes below. */
export declare class HTTPClientError extends Error {
  constructor(message: string, options?: { cause?: unknown });
  /** What the platform, or the caller's own code, threw. */
  readonly cause?: unknown;
}

/**
 * Something failed that nobody foresaw: the caller's own HTTP client, hook or function threw, the client has been freed, or the
 * WebAssembly core trapped (then construct a new client).
 */
export declare class UnexpectedClientError extends HTTPClientError {}

/** The platform refused to make a request of what it was given, such as a header or a `RequestInit` field. Nothing has been sent. */
export declare class InvalidRequestError extends HTTPClientError {}

/** The caller's `signal` was aborted. A request that was under way may have been carried out. */
export declare class RequestAbortedError extends HTTPClientError {}

/** `timeoutMs` passed, or the caller's `signal` was an `AbortSignal.timeout`. The request may have been carried out. */
export declare class RequestTimeoutError extends HTTPClientError {}

/** The connection failed: unknown host, refused or cut connection, no network, blocked by CORS. */
export declare class ConnectionError extends HTTPClientError {}

/**
 * This runtime lacks what is needed: WebAssembly (perhaps for want of `'wasm-unsafe-eval'` in a Content-Security-Policy), or Ed25519
 * in WebCrypto. The message says which, and what to do.
 */
export declare class UnsupportedRuntimeError extends HTTPClientError {}
