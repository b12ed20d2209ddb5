/// <reference lib="esnext.disposable" />
import type { SDKOptions } from "./lib/config.js";

/**
 * A client without methods for operations, for the standalone function `connectorRevokeCredential`.
 *
 * An instance holds memory of the WebAssembly core. {@link free} or `using` frees it at once. Garbage collection frees it too,
 * except if a function or object in its options refers to the instance.
 */
export declare class ConductoroneSDKTypescriptCore {
  /**
   * @throws {SDKValidationError} if an option is invalid.
   * @throws {UnsupportedRuntimeError} if WebAssembly is not available.
   */
  constructor(props?: SDKOptions);
  /**
   * Returns the token that the next call would send, and fetches one if needed. Without `clientID` it is the token in `security`.
   *
   * Rejects with `TokenRequestError` if the token endpoint refuses, with `SDKValidationError` if the client has no credentials,
   * or with an error that any call can have.
   */
  getValidToken(): Promise<string>;
  /** Returns the cached token, or null if there is none or it has expired. It fetches nothing. */
  getCurrentToken(): string | null;
  /** Removes the cached token. The next call fetches a new one. */
  clearToken(): void;
  /**
   * Frees the memory of this client, including its credentials. Calls in progress continue; later calls reject with
   * `UnexpectedClientError`. Calling it again does nothing.
   */
  free(): void;
  /** The same as {@link free}, for `using`. */
  [Symbol.dispose](): void;
}
