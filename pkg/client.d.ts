import { ConductoroneSDKTypescriptCore } from "./core.js";
import type { RevokeCredentialsInput, RevokeCredentialsOptions, RevokeCredentialsReport } from "./lib/bulk.js";
import type { RequestOptions } from "./lib/sdks.js";
import type {
  C1ApiAppV1ConnectorServiceRevokeCredentialRequest,
  C1ApiAppV1ConnectorServiceRevokeCredentialResponse,
} from "./sdk/models/operations/index.js";

/** The operations on connectors. */
export interface Connector {
  /**
   * Revokes a credential of a connector: `POST /api/v1/apps/{appId}/connectors/{connectorId}/credentials/{id}`. Resolves only
   * when the API has confirmed the revocation.
   *
   * Rejects with
   * - `SDKValidationError` if an argument, an option or the token is invalid; nothing was sent;
   * - `SDKError` if the API returns a status other than 200 (including redirects), or a content type other than JSON;
   * - `ResponseValidationError` if it returns 200 with a body that is not a success: not JSON, cut off, or a gateway's error;
   * - `TokenRequestError` if no token could be fetched;
   * - `ConnectionError`, `RequestTimeoutError`, `RequestAbortedError`, `InvalidRequestError`, `UnsupportedRuntimeError` or
   *   `UnexpectedClientError` if there is no response.
   *
   * It never throws synchronously. `outcome` of each error says what is known of the credential; after `"unknown"`, the API may have
   * revoked it. A retry is safe, and may get 404 if it had.
   */
  revokeCredential(
    request: C1ApiAppV1ConnectorServiceRevokeCredentialRequest,
    options?: RequestOptions,
  ): Promise<C1ApiAppV1ConnectorServiceRevokeCredentialResponse>;

  /**
   * Revokes many credentials, several at a time. The run learns the API's rate and obeys `Retry-After`. A 429 pauses the whole run. A 401
   * ends it, after one renewal of an OAuth token. A failed item is in the report and never rejects the promise.
   *
   * Rejects with `SDKValidationError` if `requests` or an option is invalid; nothing was sent then.
   *
   * @example
   * ```ts
   * const report = await sdk.connector.revokeCredentials(leaked, { onProgress: ({ done }) => show(done) });
   * await sdk.connector.revokeCredentials(report.remaining());
   * ```
   */
  revokeCredentials<R extends C1ApiAppV1ConnectorServiceRevokeCredentialRequest>(
    requests: RevokeCredentialsInput<R>,
    options?: RevokeCredentialsOptions<R>,
  ): Promise<RevokeCredentialsReport<R>>;
}

/**
 * A client of the C1 API's connector operations.
 *
 * @example
 * ```ts
 * const sdk = new ConductoroneSDKTypescript({ tenantDomain: "acme", security: { bearerAuth: token } });
 * await sdk.connector.revokeCredential({ appId, connectorId, id });
 * ```
 */
export declare class ConductoroneSDKTypescript extends ConductoroneSDKTypescriptCore {
  /** The operations on connectors. */
  get connector(): Connector;
}
