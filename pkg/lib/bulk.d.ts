import type { Outcome } from "../errors.js";
import type { C1ApiAppV1ConnectorServiceRevokeCredentialRequest, Confirmation } from "../sdk/models/operations/index.js";
import type { RequestOptions } from "./sdks.js";

/** The input of `revokeCredentials`. It is read lazily, with back-pressure. */
export type RevokeCredentialsInput<R extends C1ApiAppV1ConnectorServiceRevokeCredentialRequest> = Iterable<R> | AsyncIterable<R>;

/** The progress of a bulk run. */
export interface RevokeCredentialsProgress {
  /** Items that have a result. */
  done: number;
  /** All items, if the input is an array or a `Set`. */
  total?: number;
  /** Items that were revoked. */
  revoked: number;
  /** Items that failed. */
  failed: number;
  /** Requests in flight. */
  inFlight: number;
  /** During a pause: when it ends, in milliseconds since 1970, as `Date.now()`. */
  pausedUntil?: number;
  /**
   * Items revoked or failed per second, over the last ten seconds, including pauses. Missing until the first items have results,
   * and after the run has stopped.
   */
  ratePerSecond?: number;
  /**
   * The estimated time until all items have results, in milliseconds, at `ratePerSecond`. Missing without `ratePerSecond` or
   * `total`.
   */
  etaMs?: number;
}

/** The result of one item. */
export interface RevokeCredentialsResult<
  R extends C1ApiAppV1ConnectorServiceRevokeCredentialRequest = C1ApiAppV1ConnectorServiceRevokeCredentialRequest,
> {
  /** The item's index in the input, from 0. */
  index: number;
  /** The item itself. */
  request: R;
  /**
   * `"revoked"`: the API confirmed it. `"failed"`: see `error`. `"skipped"`: never sent; `error` says why, except in a `dryRun`.
   */
  status: "revoked" | "failed" | "skipped";
  /** What is known of the credential. */
  outcome: Outcome | "revoked";
  /** With the option `confirm`: the API's answer, if the response to the revocation was lost. */
  confirmation?: Confirmation;
  /** The number of requests to revoke this item; 0 for a duplicate. */
  attempts: number;
  /** The status of the last response. Missing if there was none. */
  statusCode?: number;
  /**
   * Why the item failed or was skipped: an instance of one of the error classes.
   */
  error?: Error;
  /** When the last request was sent (ISO 8601, UTC). */
  sentAt?: string;
  /** When its response arrived (ISO 8601, UTC). */
  answeredAt?: string;
  /** The server's id of the last request (`x-request-id`, `x-amzn-requestid` or `cf-ray`), if there is one. */
  requestId?: string;
  /** The index of an earlier item with the same ids. That item was sent instead, and this is its result. */
  duplicateOf?: number;
}

/** The report of a bulk run. */
export interface RevokeCredentialsReport<
  R extends C1ApiAppV1ConnectorServiceRevokeCredentialRequest = C1ApiAppV1ConnectorServiceRevokeCredentialRequest,
> {
  /** The number of items revoked. */
  revoked: number;
  /** The number of items that failed. */
  failed: number;
  /** Of the failed ones: the number whose outcome is unknown. */
  unknown: number;
  /** The number of items not sent, because the run was aborted, stopped, or a `dryRun`. */
  skipped: number;
  /** The result of each item, in input order. Empty with `collect: false`. */
  results: RevokeCredentialsResult<R>[];
  /**
   * Returns the items that another run may revoke, each once: those skipped, and those without a final response of the API (lost or
   * timed out, a 5xx, a 429, a redirect, a page of another server, a refused token, an abort). A 403 and a 404 of the API are final.
   * After a stop, items that were not read from an iterable other than an array or a `Set` are missing.
   * Empty with `collect: false`.
   */
  remaining(): R[];
  /** The exception that ended the input. The items before it have results. */
  inputError?: unknown;
}

/**
 * Options of a bulk run, in addition to {@link RequestOptions}, which apply to each item's request. Unlike a single call, a run
 * without `retries` retries connection failures, timeouts and the statuses in `retryCodes`: up to 8 attempts per item, with the
 * waits of `BackoffStrategy`. `retries: { strategy: "none" }` allows one attempt.
 *
 * A 429, or a 503 with `Retry-After`, does not count as a failed attempt. It pauses the whole run, and so does a refusal of the token
 * endpoint: nothing is sent before the time in `Retry-After` is over. One request is then sent alone, and when it is accepted, the run
 * goes on. The run learns the rate that the server accepts, sends a little less, and rarely probes for more. A 429 without
 * `Retry-After` also lowers the number in flight. A refused item goes to the back; refused twelve times while others are accepted, it
 * fails. The run does not wait for a `Retry-After` of more than 15 minutes: the item fails, and after three in a row the run stops. It
 * also stops if everything was refused for 15 minutes, or if nothing was ever answered and three items have no retries left. Items that
 * failed or were skipped because of that are in {@link RevokeCredentialsReport.remaining}.
 */
export type RevokeCredentialsOptions<
  R extends C1ApiAppV1ConnectorServiceRevokeCredentialRequest = C1ApiAppV1ConnectorServiceRevokeCredentialRequest,
> = RequestOptions & {
  /**
   * The maximum number of requests in flight, 1 to 1000. Default 6: a Worker may have six connections waiting for headers. The
   * run uses at most 10 until the first response, and fewer if the server limits their number or rate.
   */
  concurrency?: number;
  /** Called when the progress has changed. Exceptions and rejections are ignored. */
  onProgress?: (progress: RevokeCredentialsProgress) => void;
  /** Called with each result as soon as it is known, in any order. Exceptions and rejections are ignored. */
  onResult?: (result: RevokeCredentialsResult<R>) => void;
  /**
   * Whether the report contains the results. With false, memory stays constant for endless input, and duplicates are recognised
   * only among the last 16,384 different items. Default true.
   */
  collect?: boolean;
  /** Whether the first failure stops the run and skips the rest. Ignored in a `dryRun`. Default false. */
  stopOnError?: boolean;
  /** Validates all items and finds duplicates, but sends nothing. Default false. */
  dryRun?: boolean;
};
