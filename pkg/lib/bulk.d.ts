import type { C1ApiAppV1ConnectorServiceRevokeCredentialRequest } from "../sdk/models/operations/index.js";
import type { RequestOptions } from "./sdks.js";

/** What `revokeCredentials` takes its items from. It is pulled only as fast as it is worked off. */
export type RevokeCredentialsInput<R extends C1ApiAppV1ConnectorServiceRevokeCredentialRequest> = Iterable<R> | AsyncIterable<R>;

/** How far a bulk run is. */
export interface RevokeCredentialsProgress {
  /** Items that have their result. */
  done: number;
  /** All items, where the input can tell beforehand (an array, a `Set`). */
  total?: number;
  /** Items revoked. */
  revoked: number;
  /** Items failed. */
  failed: number;
  /** Requests that wait for their answer. */
  inFlight: number;
  /** While the run pauses because the server asked for it: when it goes on, in milliseconds since 1970 (as `Date.now()`). */
  pausedUntil?: number;
  /**
   * Items revoked or failed per second, measured over the last ten seconds, pauses included. Missing until the first items have
   * their results, and after the run has stopped.
   */
  ratePerSecond?: number;
  /**
   * The estimated time until all items have their results, in milliseconds: what is left at `ratePerSecond`. Missing when
   * `ratePerSecond` or `total` is.
   */
  etaMs?: number;
}

/** What became of one item. */
export interface RevokeCredentialsResult<
  R extends C1ApiAppV1ConnectorServiceRevokeCredentialRequest = C1ApiAppV1ConnectorServiceRevokeCredentialRequest,
> {
  /** The item's place in the input, from 0. */
  index: number;
  /** The item, as it was given. */
  request: R;
  /** `"revoked"`: the API said so. `"failed"`: see `error`. `"skipped"`: never sent; `error` says why, except in a `dryRun`. */
  status: "revoked" | "failed" | "skipped";
  /** Requests sent for this item; 0 for a duplicate. */
  attempts: number;
  /** The last answer's status; missing when there was none. */
  statusCode?: number;
  /** Why it failed or was skipped: an instance of one of the error classes. */
  error?: Error;
  /** When the last request was sent (ISO 8601, UTC). */
  sentAt?: string;
  /** When its answer came (ISO 8601, UTC). */
  answeredAt?: string;
  /** The server's own name for the last request, where it gave one. */
  requestId?: string;
  /** The index of an earlier item with the same ids, which was sent in this one's place and whose result this is. */
  duplicateOf?: number;
}

/** What became of a bulk run. */
export interface RevokeCredentialsReport<
  R extends C1ApiAppV1ConnectorServiceRevokeCredentialRequest = C1ApiAppV1ConnectorServiceRevokeCredentialRequest,
> {
  /** Number of items revoked. */
  revoked: number;
  /** Number of items failed. */
  failed: number;
  /** Number of items never sent, because the run was aborted or stopped, or was a `dryRun`. */
  skipped: number;
  /** Every item's result, in input order; empty with `collect: false`. */
  results: RevokeCredentialsResult<R>[];
  /**
   * The requests that another run may revoke: those skipped, and those that failed without the server having decided them
   * (a 5xx, a timeout, a refused token, an abort; not a 404 or 403). Each is there once. After a stop, what an iterable
   * other than an array or a `Set` had not given yet is not among them. Empty with `collect: false`.
   */
  remaining(): R[];
  /** What the input threw, if it did; the items before that have their results. */
  inputError?: unknown;
}

/**
 * What a bulk run can be told, besides all {@link RequestOptions}, which hold for each item's request. Unlike a single call, a run
 * repeats by default what may pass (failed connections, timeouts, the statuses in `retryCodes`): 8 attempts for each item, with the
 * waits of `BackoffStrategy`; `retries: { strategy: "none" }` makes it one.
 *
 * A 429, or a 503 with `Retry-After`, is no such attempt. It pauses the whole run for as long as `Retry-After` says; then one request is
 * sent alone, to see whether the server accepts requests again. The run learns from it how many requests a second the server accepts,
 * sends a little fewer, and tries more from time to time. `RateLimit` and `X-RateLimit-*` headers are followed, so that such a server
 * need not refuse anything. A 429 without `Retry-After`, while others are accepted, means that there are too many requests at once:
 * fewer are then in flight. An item that is refused again and again, while others are accepted, fails. A `Retry-After` of more than 15
 * minutes is not waited for: its item fails, and the run stops if the next ones are refused for as long. Items that failed or were
 * skipped for a 429 are in {@link RevokeCredentialsReport.remaining}.
 */
export type RevokeCredentialsOptions<
  R extends C1ApiAppV1ConnectorServiceRevokeCredentialRequest = C1ApiAppV1ConnectorServiceRevokeCredentialRequest,
> = RequestOptions & {
  /**
   * Most requests in flight at a time, 1 to 1000. Default 6: a Worker may have six connections waiting for headers. The run has
   * fewer in flight until the first answer (10), and when the server limits their number or rate.
   */
  concurrency?: number;
  /** Called when the counts have changed. What it throws or rejects with is ignored. */
  onProgress?: (progress: RevokeCredentialsProgress) => void;
  /** Called with each result as soon as it is known, in whatever order. What it throws or rejects with is ignored. */
  onResult?: (result: RevokeCredentialsResult<R>) => void;
  /**
   * Whether the report holds the results. False keeps memory constant, for endless input; duplicates are then told only among the
   * last 16,384 different items. Default true.
   */
  collect?: boolean;
  /** Whether the first failure ends the run, the rest being skipped. A `dryRun` goes on. Default false. */
  stopOnError?: boolean;
  /** Checks form and duplicates of the whole input and sends nothing. Default false. */
  dryRun?: boolean;
};
