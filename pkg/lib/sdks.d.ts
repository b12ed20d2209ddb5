import type { RetryConfig } from "./retries.js";
import type { RequestInit, URL } from "./web.js";

/**
 * Options of one call. Every field of `RequestInit` except `method` and `body` is allowed (`headers`, `signal`, `redirect`, …)
 * and passed to `fetch`. Of the fields that you leave out, only `redirect` is set, to `"manual"`.
 */
export type RequestOptions = {
  /**
   * The time limit of each attempt in milliseconds, including the token request and the response body. Works together with `signal`. Zero or
   * less means no limit. Default: the client's `timeoutMs`.
   */
  timeoutMs?: number;
  /** The retries of this call. Default: the client's `retryConfig`. */
  retries?: RetryConfig;
  /**
   * Whether to ask the API what happened if the outcome of an attempt is `"unknown"`: `GET` on the same path, before another attempt
   * or after the last one, with the same retries, time limit and signal. If the credential is deleted, the call resolves, with
   * `confirmation`. Otherwise `outcome` says what the API answered. Default: the client's `confirm`.
   */
  confirm?: boolean;
  /**
   * The statuses to retry: codes such as `"429"`, or classes such as `"5XX"`.
   * Default `["429", "500", "502", "503", "504"]`.
   */
  retryCodes?: string[];
  /** The server of this call. The rules of the client's `serverURL` apply. Default, also for undefined: the client's. */
  serverURL?: string | URL;
  /**
   * More `RequestInit` fields. The fields of the options themselves take precedence.
   *
   * @deprecated Use the fields directly.
   */
  fetchOptions?: Omit<RequestInit, "method" | "body">;
} & Omit<RequestInit, "method" | "body">;
