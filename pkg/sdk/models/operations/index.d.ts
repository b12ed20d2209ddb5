import type { Response } from "../../../lib/web.js";
import type { ConnectorServiceRevokeCredentialRequest, ConnectorServiceRevokeCredentialResponse } from "../shared/index.js";

/**
 * Which credential to revoke. Ids are sent percent-encoded. `null` is in the type for the sake of existing code only: like an empty
 * id, `.`, `..` or a lone surrogate, it is refused with an `SDKValidationError`, before any request.
 */
export interface C1ApiAppV1ConnectorServiceRevokeCredentialRequest {
  /** The app that the connector belongs to. */
  appId: string | null;
  /** The connector that the credential belongs to. */
  connectorId: string | null;
  /** The credential. */
  id: string | null;
  /** The request's body, `{}`. Left out, the request has none; the API takes both. */
  connectorServiceRevokeCredentialRequest?: ConnectorServiceRevokeCredentialRequest | undefined;
}

/** The answer to a revocation that the API confirmed, by status 200. */
export interface C1ApiAppV1ConnectorServiceRevokeCredentialResponse {
  /** The answer's media type; empty when it has none. */
  contentType: string;
  /** The answer's status, 200. */
  statusCode: number;
  /** The answer itself; its body has been read. */
  rawResponse: Response;
  /** The answer's body, `{}`; missing when that was empty. */
  connectorServiceRevokeCredentialResponse?: ConnectorServiceRevokeCredentialResponse | undefined;
}
