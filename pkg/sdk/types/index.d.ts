/** How something ended that never throws: its value, or its error. */
export type Result<T, E = unknown> =
  | {
      /** It went well. */
      ok: true;
      /** What came of it. */
      value: T;
    }
  | {
      /** It failed. */
      ok: false;
      /** Why. */
      error: E;
    };
