import type { Security } from "../sdk/models/shared/index.js";
import type { HTTPClientLike } from "./http.js";
import type { Logger } from "./logger.js";
import type { RetryConfig } from "./retries.js";
import type { URL } from "./web.js";

/** The API's servers; `serverIdx` selects one. */
export declare const ServerList: readonly ["https://{tenantDomain}.conductor.one"];

/**
 * Options of a client. All are optional. For an invalid value the constructor throws an `SDKValidationError` that names the
 * option. `clientID`, `clientSecret`, `oidcToken`, `tenantDomain`, `serverURL` and the tokens in `security` may be left out, but not
 * be present and undefined or null: an unset variable would take away the credentials or the server that you meant. An option that
 * is written with other upper- or lower-case letters, such as `serverUrl`, is invalid too.
 */
export interface SDKOptions {
  /**
   * The token, or a function that returns it or a promise of it. The function is called for each request. Without `security` (or
   * if it is undefined), requests have no `Authorization` header: a proxy of the same origin may add one.
   */
  security?: Security | (() => Security | Promise<Security>);
  /**
   * The client ID of an API key, such as `strange-hydra-68836@acme.conductor.one/pcc`. With `clientSecret` or `oidcToken`, the
   * client fetches tokens and caches each until shortly before it expires. It takes precedence over `security`. Without
   * `tenantDomain` and `serverURL`, the client ID names the server.
   */
  clientID?: string;
  /**
   * The secret of that API key (`secret-token:conductorone.com:v1:…`). It signs token requests and is never sent.
   * It needs Ed25519 in WebCrypto; otherwise calls reject with `UnsupportedRuntimeError`.
   */
  clientSecret?: string;
  /**
   * An OIDC token of another issuer, exchanged for an API token (RFC 8693), in place of `clientSecret`. Or a function that
   * returns one or a promise of one, called whenever a new token is needed.
   */
  oidcToken?: string | (() => string | Promise<string>);
  /**
   * The tenant: `acme`, `acme.conductor.one` or `https://acme.conductor.one`. Default: the one that `clientID` names, or
   * `example`.
   */
  tenantDomain?: string;
  /**
   * The base URL of the server, in place of `tenantDomain`. It may have a path, but no user info, query or fragment. The scheme
   * is https, or http for a loopback host (`localhost`, `127.0.0.0/8`, `[::1]`).
   */
  serverURL?: string | URL;
  /** Index into `ServerList`. Default 0. */
  serverIdx?: number;
  /** Allows http to any host. The token is then sent unencrypted. Default false. */
  allowInsecureHTTP?: boolean;
  /** Sends the requests: an `HTTPClient`, or any object with `request(request: Request): Promise<Response>`. Default: `fetch`. */
  httpClient?: HTTPClientLike;
  /** The same; `httpClient` takes precedence. */
  defaultClient?: HTTPClientLike;
  /** The `user-agent` header, outside browsers. Default `c1-revoke/<version>`. */
  userAgent?: string;
  /** The retries of calls without `retries` of their own. Default `{ strategy: "none" }`. */
  retryConfig?: RetryConfig;
  /**
   * The time limit of each attempt in milliseconds, including the token request and the response body. Zero or less means no limit. Default: no limit.
   */
  timeoutMs?: number;
  /** Whether calls without a `confirm` of their own ask the API what happened if the outcome is `"unknown"`. Default false. */
  confirm?: boolean;
  /** Logs each request and response, with secrets masked; for example `console`. Default: none. */
  debugLogger?: Logger;
}
