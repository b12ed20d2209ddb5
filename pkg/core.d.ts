/// <reference lib="esnext.disposable" />
import type { SDKOptions } from "./lib/config.js";

/**
 * A client without the services' methods, for the standalone functions (`connectorRevokeCredential`).
 *
 * Instances hold memory of the WebAssembly core. It is freed with the garbage collection of the instance, or earlier with
 * {@link free} or `using`.
 */
export declare class ConductoroneSDKTypescriptCore {
  /**
   * @throws {SDKValidationError} when an option is not what it should be.
   * @throws {UnsupportedRuntimeError} when WebAssembly cannot be used here.
   */
  constructor(props?: SDKOptions);
  /**
   * The token that a call would send now, obtained if need be. Without `clientID` it is the one of `security`.
   *
   * Rejects with `TokenRequestError` when the server refuses one, with `SDKValidationError` when the client has no credentials, or
   * with the errors that any call can end with.
   */
  getValidToken(): Promise<string>;
  /** The token obtained last, if it is still good; null otherwise. */
  getCurrentToken(): string | null;
  /** Forgets the token obtained last, so that the next call obtains a new one. */
  clearToken(): void;
  /**
   * Frees the memory of this client, credentials included. Calls under way end as they would have; later ones reject with
   * `UnexpectedClientError`. Harmless when repeated.
   */
  free(): void;
  /** {@link free}, for `using`. */
  [Symbol.dispose](): void;
}
