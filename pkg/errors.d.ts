import type { Headers, Response } from "./lib/web.js";

/**
 * What a failure says of the credential.
 *
 * - `"notSent"`: no request left. Invalid input, no token, aborted before sending, or a connection that was never made.
 * - `"notRevoked"`: the API, or a server in front of it, refused.
 * - `"absent"`: the API has no such credential (any more). It was revoked before, or an id is wrong.
 * - `"unknown"`: a request may have reached the API, and its response was lost or is not the API's. The option `confirm` finds out.
 *
 * Once an attempt is `"unknown"`, a later refusal says nothing of it, and the outcome of the call stays `"unknown"`.
 */
export type Outcome = "notSent" | "notRevoked" | "absent" | "unknown";

/** What `JSON.stringify` shows of an error: without secrets, and with members that the error does not have left out. */
export interface ErrorJSON {
  /** The name of its class. */
  name: string;
  /** Its message. */
  message: string;
  /** What it says of the credential. */
  outcome: Outcome;
  /** The HTTP status. */
  statusCode?: number;
  /** The `Content-Type`. */
  contentType?: string;
  /** The response body, masked. */
  body?: string;
  /** The cause as text. */
  cause?: string;
}

/**
 * An HTTP response that is not success. Base class of {@link SDKError}, {@link ResponseValidationError} and
 * {@link TokenRequestError}.
 *
 * `message`, `body` and `contentType` show `***` where the server repeated the secret that it received. `headers` and
 * `rawResponse` are the server's own objects, and may repeat it.
 */
export declare class ConductoroneSDKTypescriptError extends Error {
  constructor(message: string, meta: { response: Response; body: string });
  /** What the failure says of the credential. */
  readonly outcome: Outcome;
  /** The HTTP status; 0 if the platform hides it (an opaque redirect). */
  readonly statusCode: number;
  /** The response body as text, cut after 1 MiB. */
  readonly body: string;
  /** The response headers, unmasked. */
  readonly headers: Headers;
  /** The `Content-Type` header, or an empty string. */
  readonly contentType: string;
  /** The response, unmasked. Its body has been read. */
  readonly rawResponse: Response;
  /** For `JSON.stringify`. */
  toJSON(): ErrorJSON;
}

/**
 * The API returned a status other than 200 (a client error, a server error, or a redirect, which is not followed), or a content
 * type other than JSON. See `outcome` for what that means for the credential.
 */
export declare class SDKError extends ConductoroneSDKTypescriptError {}

/**
 * The status is 200, but the body is not the API's success: not JSON, longer than 1 MiB, a part of a body, or a gateway's error.
 */
export declare class ResponseValidationError extends ConductoroneSDKTypescriptError {
  constructor(
    message: string,
    meta: { response: Response; body: string; cause: unknown; rawValue: unknown; rawMessage: unknown },
  );
  /** What is wrong with the body. */
  readonly cause: unknown;
  /** The body as JSON, or as text if it is not JSON; masked. */
  readonly rawValue: unknown;
  /** The message without the cause. */
  readonly rawMessage: unknown;
  /** The message and the cause, on lines of their own. */
  pretty(): string;
}

/** The token endpoint returned an error (RFC 6749, section 5.2), or a response without a usable token. */
export declare class TokenRequestError extends ConductoroneSDKTypescriptError {
  constructor(
    message: string,
    meta: { response: Response; body: string; error?: string; errorDescription?: string; cause?: unknown },
  );
  /** The OAuth error code, such as `invalid_client`, if the response has one. */
  readonly error: string | undefined;
  /** The OAuth `error_description`, if the response has one. */
  readonly errorDescription: string | undefined;
  /** What is wrong with the response, if it is not an OAuth error. */
  readonly cause?: unknown;
}

/**
 * An option, an argument or a token is invalid. Nothing was sent. Constructors throw it; calls reject with it.
 */
export declare class SDKValidationError extends Error {
  constructor(message: string, cause: unknown, rawValue: unknown);
  /** What the failure says of the credential: `"notSent"`, unless an earlier attempt of the call was sent. */
  readonly outcome: Outcome;
  /** What is wrong, with the name of the option or argument. */
  readonly cause: unknown;
  /** The invalid value, or undefined if it could be a secret. */
  readonly rawValue: unknown;
  /** The message without the cause. */
  readonly rawMessage: string;
  /** The message and the cause, on lines of their own. */
  pretty(): string;
  /** For `JSON.stringify`. */
  toJSON(): ErrorJSON;
}

/**
 * A call ended without a response. Base class of the classes below. `message` ends with what the last error in the chain of causes
 * says, such as `connect ECONNREFUSED 127.0.0.1:443` or `self-signed certificate (DEPTH_ZERO_SELF_SIGNED_CERT)`.
 */
export declare class HTTPClientError extends Error {
  constructor(message: string, options?: { cause?: unknown });
  /** What the failure says of the credential. */
  readonly outcome: Outcome;
  /** What the platform or your own code threw. */
  readonly cause?: unknown;
  /** For `JSON.stringify`. */
  toJSON(): ErrorJSON;
}

/**
 * Your HTTP client, hook or function failed (see `cause`), the client was freed, or the WebAssembly core crashed. After a crash,
 * construct a new client.
 */
export declare class UnexpectedClientError extends HTTPClientError {}

/** The platform refused a header or a `RequestInit` field. Nothing was sent. */
export declare class InvalidRequestError extends HTTPClientError {}

/** Your `signal` was aborted. */
export declare class RequestAbortedError extends HTTPClientError {}

/** `timeoutMs` or an `AbortSignal.timeout` expired. */
export declare class RequestTimeoutError extends HTTPClientError {}

/** There is no response: unknown host, refused or lost connection, no network, or blocked by CORS. */
export declare class ConnectionError extends HTTPClientError {}

/**
 * The runtime lacks WebAssembly (often because a Content-Security-Policy lacks `'wasm-unsafe-eval'`), Ed25519 in WebCrypto, or
 * another platform feature. The message says which one, and how to fix it.
 */
export declare class UnsupportedRuntimeError extends HTTPClientError {}
