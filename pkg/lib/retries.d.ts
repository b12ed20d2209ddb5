/**
 * How the wait between attempts grows. All times are in milliseconds.
 *
 * The wait before retry number *n* (counted from 0) has the ceiling `initialInterval × exponent ** n`, at most `maxInterval`; its
 * length is random between half the ceiling and the ceiling. When the answer says how long to wait, in `Retry-After`, that is
 * obeyed instead. Aborting the call ends a wait at once.
 */
export interface BackoffStrategy {
  /** Ceiling of the first wait, in milliseconds. Default 500. */
  initialInterval: number;
  /** Ceiling of every wait, in milliseconds. Default 60000. */
  maxInterval: number;
  /** Factor from one wait's ceiling to the next one's. Default 1.5. */
  exponent: number;
  /**
   * Milliseconds from the beginning of the call after which no wait may end: one that would is not begun, and the last answer is
   * the call's. Default 3600000, one hour.
   */
  maxElapsedTime: number;
}

/**
 * Whether and how failed attempts are repeated. The default is `{ strategy: "none" }`: one attempt.
 *
 * With `"backoff"`, answers whose status is in `retryCodes` are repeated, and with `retryConnectionErrors` also attempts that
 * got no answer.
 */
export type RetryConfig =
  | {
      /** One attempt. */
      strategy: "none";
    }
  | {
      /** Attempts are repeated, with growing waits between them. */
      strategy: "backoff";
      /** How the waits grow; what is left out has the default that {@link BackoffStrategy} names. */
      backoff?: Partial<BackoffStrategy>;
      /** Whether a failed connection (`ConnectionError`) or a timeout is repeated too. Default false. */
      retryConnectionErrors?: boolean;
    };
