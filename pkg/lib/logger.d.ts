/**
 * Receives debug output, for example `console`.
 *
 * @remarks Secrets are logged as `***`: the headers `authorization`, `proxy-authorization`, `cookie` and `set-cookie`, the bodies
 * of token requests, and a secret that a server repeats. Response bodies are not logged.
 */
export interface Logger {
  /** Begins a group of lines. */
  group(label?: string): void;
  /** Ends the group of lines. */
  groupEnd(): void;
  /** Writes a line. */
  log(message: unknown, ...args: unknown[]): void;
}
