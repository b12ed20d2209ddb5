/** The result of a function that does not throw: a value or an error. */
export type Result<T, E = unknown> =
  | {
      /** Success. */
      ok: true;
      /** The value. */
      value: T;
    }
  | {
      /** Failure. */
      ok: false;
      /** The error. */
      error: E;
    };
