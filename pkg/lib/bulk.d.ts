import type { C1ApiAppV1ConnectorServiceRevokeCredentialRequest } from "../sdk/models/operations/index.js";
import type { RequestOptions } from "./sdks.js";

/** Any of the collections that `revokeCredentials` takes; async ones are pulled only as fast as they are worked off. */
export type RevokeCredentialsInput<R extends C1ApiAppV1ConnectorServiceRevokeCredentialRequest> = Iterable<R> | AsyncIterable<R>;

/** How far a bulk run is. */
export interface RevokeCredentialsProgress {
  /** Items that have their result. */
  done: number;
  /** All items, where the input is an array; otherwise not known. */
  total?: number;
  /** Items revoked. */
  revoked: number;
  /** Items failed. */
  failed: number;
  /** Requests that wait for their answer. */
  inFlight: number;
  /** While the run pauses because the server asked for it: when it goes on, in milliseconds since 1970 (as `Date.now()`). */
  pausedUntil?: number;
}

/** What became of one item. */
export interface RevokeCredentialsResult<
  R extends C1ApiAppV1ConnectorServiceRevokeCredentialRequest = C1ApiAppV1ConnectorServiceRevokeCredentialRequest,
> {
  /** The item's place in the input, from 0. */
  index: number;
  /** The item, as it was given. */
  request: R;
  /** `"revoked"`: the API said so. `"failed"`: see `error`. `"skipped"`: not sent, see `error` for the reason. */
  status: "revoked" | "failed" | "skipped";
  /** Requests sent for this item. */
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
}

/** What became of a bulk run. */
export interface RevokeCredentialsReport<
  R extends C1ApiAppV1ConnectorServiceRevokeCredentialRequest = C1ApiAppV1ConnectorServiceRevokeCredentialRequest,
> {
  /** Number of items revoked. */
  revoked: number;
  /** Number of items failed. */
  failed: number;
  /** Number of items not sent: the run was aborted or stopped, or was a `dryRun`. */
  skipped: number;
  /** Every item's result, in input order; empty with `collect: false`. */
  results: RevokeCredentialsResult<R>[];
  /** The requests that are not revoked, to be passed to another run. Empty with `collect: false`. */
  remaining(): R[];
}

/** What a bulk run can be told, besides all {@link RequestOptions}, which hold for each item's request. */
export type RevokeCredentialsOptions<
  R extends C1ApiAppV1ConnectorServiceRevokeCredentialRequest = C1ApiAppV1ConnectorServiceRevokeCredentialRequest,
> = RequestOptions & {
  /** Most requests in flight at a time. Default 6: a Worker may have six connections waiting for headers. */
  concurrency?: number;
  /** Called whenever the counts change. */
  onProgress?: (progress: RevokeCredentialsProgress) => void;
  /** Called with each result as soon as it is known, in the order in which they are. */
  onResult?: (result: RevokeCredentialsResult<R>) => void;
  /** Whether the report holds the results. False keeps memory constant, for endless input. Default true. */
  collect?: boolean;
  /** Whether the first failure ends the run, the rest being skipped. Default false. */
  stopOnError?: boolean;
  /** Checks form and duplicates of the whole input and sends nothing. Default false. */
  dryRun?: boolean;
};
