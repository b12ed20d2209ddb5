/**
 * The token for the `Authorization` header. One is enough; given both, `oauth` is sent. It may begin with `Bearer `; otherwise
 * that is put before it. Anything but visible ASCII is refused with an `SDKValidationError`, before any request.
 */
export interface Security {
  /** A bearer token. */
  bearerAuth?: string;
  /** An access token obtained by OAuth. */
  oauth?: string;
}

/** The request's body: an empty object. */
export type ConnectorServiceRevokeCredentialRequest = object;

/** The answer's body: an empty object. */
export type ConnectorServiceRevokeCredentialResponse = object;
