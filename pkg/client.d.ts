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
   * when the API has confirmed it.
   *
   * Rejects with
   * - `SDKValidationError` when an argument or a credential is not what it should be; nothing was sent;
   * - `SDKError` when the API answers with another status than 200, redirects included;
   * - `ResponseValidationError` when it answers 200 with something else than JSON;
   * - `TokenRequestError` when no token could be obtained;
   * - `ConnectionError`, `RequestTimeoutError`, `RequestAbortedError`, `InvalidRequestError` or `UnexpectedClientError` when there
   *   is no answer.
   *
   * It never throws synchronously.
   */
  revokeCredential(
    request: C1ApiAppV1ConnectorServiceRevokeCredentialRequest,
    options?: RequestOptions,
  ): Promise<C1ApiAppV1ConnectorServiceRevokeCredentialResponse>;

  /**
   * Revokes many credentials, several at a time. An answer 429 pauses the whole run for as long as the server asks; a 401 that a
   * new token does not cure ends it. An item's failure is in the report, and never rejects the promise.
   *
   * Rejects with `SDKValidationError` when `requests` or an option is not what it should be; nothing was sent then.
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
