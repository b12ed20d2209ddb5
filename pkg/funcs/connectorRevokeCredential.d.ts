import type { ConductoroneSDKTypescriptCore } from "../core.js";
import type {
  ConductoroneSDKTypescriptError,
  ConnectionError,
  InvalidRequestError,
  RequestAbortedError,
  RequestTimeoutError,
  ResponseValidationError,
  SDKError,
  SDKValidationError,
  TokenRequestError,
  UnexpectedClientError,
  UnsupportedRuntimeError,
} from "../errors.js";
import type { RequestOptions } from "../lib/sdks.js";
import type {
  C1ApiAppV1ConnectorServiceRevokeCredentialRequest,
  C1ApiAppV1ConnectorServiceRevokeCredentialResponse,
} from "../sdk/models/operations/index.js";
import type { Result } from "../sdk/types/index.js";

/**
 * Revokes a credential of a connector: `POST /api/v1/apps/{appId}/connectors/{connectorId}/credentials/{id}`.
 * The same as `sdk.connector.revokeCredential`, but it never throws or rejects: the result contains the value or the error.
 *
 * @example
 * ```ts
 * const result = await connectorRevokeCredential(core, { appId, connectorId, id });
 * if (!result.ok) {
 *   console.error(result.error.name, result.error.message);
 * }
 * ```
 */
export declare function connectorRevokeCredential(
  core: ConductoroneSDKTypescriptCore,
  request: C1ApiAppV1ConnectorServiceRevokeCredentialRequest,
  options?: RequestOptions,
): Promise<
  Result<
    C1ApiAppV1ConnectorServiceRevokeCredentialResponse,
    | ConductoroneSDKTypescriptError
    | SDKError
    | ResponseValidationError
    | TokenRequestError
    | ConnectionError
    | RequestAbortedError
    | RequestTimeoutError
    | InvalidRequestError
    | UnexpectedClientError
    | UnsupportedRuntimeError
    | SDKValidationError
  >
>;
