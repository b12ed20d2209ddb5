import type { Response } from "../../../lib/web.js";
import type { ConnectorServiceRevokeCredentialRequest, ConnectorServiceRevokeCredentialResponse } from "../shared/index.js";

/**
 * The credential to revoke. Ids are sent percent-encoded. The following are invalid, and the call rejects with an
 * `SDKValidationError` before any request: an id that is null, empty, `.` or `..`, longer than 2,048 characters, contains `/`, `\`, a
 * control or format character (Unicode Cc, Cf) or a lone surrogate, or has white space at either end. The type allows `null` only for
 * compatibility with existing code.
 */
export interface C1ApiAppV1ConnectorServiceRevokeCredentialRequest {
  /** The app that the connector belongs to. */
  appId: string | null;
  /** The connector that the credential belongs to. */
  connectorId: string | null;
  /** The credential. */
  id: string | null;
  /** The request body, `{}`. Without it the request has no body; the API accepts both. */
  connectorServiceRevokeCredentialRequest?: ConnectorServiceRevokeCredentialRequest | undefined;
}

/** What the API said when it was asked about a credential. */
export interface Confirmation {
  /** When the credential was deleted (RFC 3339). */
  deletedAt: string;
}

/** The response to a revocation that the API confirmed. */
export interface C1ApiAppV1ConnectorServiceRevokeCredentialResponse {
  /** The `Content-Type` header, or an empty string. */
  contentType: string;
  /** The HTTP status, 200. */
  statusCode: number;
  /** The response itself. Its body has been read. It may repeat what was sent: do not log it. */
  rawResponse: Response;
  /** With the option `confirm`, if the response to the revocation was lost: the answer to the question, whose response this then is. */
  confirmation?: Confirmation;
  /** The response body, `{}`. */
  connectorServiceRevokeCredentialResponse?: ConnectorServiceRevokeCredentialResponse | undefined;
}
