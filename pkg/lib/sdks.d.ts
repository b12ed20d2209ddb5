import type { RetryConfig } from "./retries.js";
import type { RequestInit, URL } from "./web.js";

/**
 * What one call can be told, besides its arguments. Every field of `RequestInit` but `method` and `body` may stand here as well
 * (`headers`, `signal`, `redirect`, …): it reaches `fetch` as it is, and what is not given is not set.
 */
export type RequestOptions = {
  /**
   * Longest time for each attempt, in milliseconds, reading the answer's body included. Works together with `signal`. Zero or
   * less means none. Default: the client's `timeoutMs`.
   */
  timeoutMs?: number;
  /** Whether and how this call is repeated. Default: the client's `retryConfig`. */
  retries?: RetryConfig;
  /**
   * The statuses that are repeated: codes such as `"429"`, classes such as `"5XX"`.
   * Default `["429", "500", "502", "503", "504"]`.
   */
  retryCodes?: string[];
  /** The server for this call, in place of the client's; the rules are those of the client's `serverURL`. */
  serverURL?: string | URL;
  /**
   * More `RequestInit` fields; those beside it win.
   *
   * @deprecated Give the fields themselves.
   */
  fetchOptions?: Omit<RequestInit, "method" | "body">;
} & Omit<RequestInit, "method" | "body">;
