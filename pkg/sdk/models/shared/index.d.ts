/**
 * The token for the `Authorization` header. One is enough; with both, `oauth` is sent. If it does not begin with `Bearer `, that
 * is added. A token with anything but visible ASCII is an `SDKValidationError`, before any request. So is one that is present but
 * undefined, null or empty, even beside the other: leave out the one that you do not use.
 */
export interface Security {
  /** A bearer token. */
  bearerAuth?: string;
  /** An OAuth access token. */
  oauth?: string;
}

/** The request body: an empty object. */
export type ConnectorServiceRevokeCredentialRequest = object;

/** The response body: an empty object. */
export type ConnectorServiceRevokeCredentialResponse = object;
