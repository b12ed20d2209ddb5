/**
 * Exponential backoff. All times are in milliseconds.
 *
 * The maximum wait before retry *n* (from 0) is `initialInterval × exponent ** n`, limited by `maxInterval`. The wait is random
 * between half of it and all of it. The first retry obeys `Retry-After` instead; later ones wait for the longer of the two.
 * Aborting the call ends a wait at once.
 */
export interface BackoffStrategy {
  /** The maximum of the first wait. Default 500. */
  initialInterval: number;
  /** The maximum of every wait. Default 60000. */
  maxInterval: number;
  /** The factor between the maximums of two waits. Default 1.5. */
  exponent: number;
  /**
   * The limit for all waits, counted from the start of the call. A wait that would end later does not begin, and the call ends
   * with the last response. Default 3600000, one hour.
   */
  maxElapsedTime: number;
}

/**
 * How failed attempts are retried. The default is `{ strategy: "none" }`: one attempt.
 *
 * With `"backoff"`, responses whose status is in `retryCodes` are retried, and with `retryConnectionErrors` also connection
 * failures.
 */
export type RetryConfig =
  | {
      /** One attempt. */
      strategy: "none";
    }
  | {
      /** Retries with growing waits. */
      strategy: "backoff";
      /** The waits. Missing fields have the defaults of {@link BackoffStrategy}. */
      backoff?: Partial<BackoffStrategy>;
      /** Whether connection failures (`ConnectionError`) are retried; in a bulk run, timeouts too. Default false. */
      retryConnectionErrors?: boolean;
    };
