/**
 * Where debug output goes; `console` is one.
 *
 * @remarks Credentials never reach it: the `Authorization` header and the bodies of token requests and answers show as `***`.
 */
export interface Logger {
  /** Begins a group of lines, one for each request. */
  group(label?: string): void;
  /** Ends the group. */
  groupEnd(): void;
  /** Writes a line. */
  log(message: unknown, ...args: unknown[]): void;
}
