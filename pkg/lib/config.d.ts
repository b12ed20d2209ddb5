import type { Security } from "../sdk/models/shared/index.js";
import type { HTTPClientLike } from "./http.js";
import type { Logger } from "./logger.js";
import type { RetryConfig } from "./retries.js";
import type { URL } from "./web.js";

/** The API's servers; `serverIdx` picks one. */
export declare const ServerList: readonly ["https://{tenantDomain}.conductor.one"];

/**
 * What a client is constructed with. All of it is optional. Values of the wrong type, or that cannot be right, make the constructor
 * throw an `SDKValidationError` that names the property.
 */
export interface SDKOptions {
  /**
   * The token to send, or a function that returns it (or a promise of it), called for each request. Without any credentials
   * requests go out without an `Authorization` header, as a backend of the same origin may want it.
   */
  security?: Security | (() => Security | Promise<Security>);
  /**
   * The client ID of an API key, such as `strange-hydra-68836@acme.conductor.one/pcc`. With `clientSecret` or `oidcToken` the
   * client obtains tokens by itself, and keeps each until shortly before it expires. Unless `tenantDomain` or `serverURL` is given,
   * the server is the one that the client ID names.
   */
  clientID?: string;
  /**
   * The secret of that API key (`secret-token:conductorone.com:v1:…`). It signs token requests and never leaves this process.
   * Needs Ed25519 in WebCrypto; where that is missing, calls reject with `UnsupportedRuntimeError`.
   */
  clientSecret?: string;
  /**
   * An OIDC token of another issuer, to be exchanged for one of the API's (RFC 8693), in place of `clientSecret`; or a function that
   * returns it (or a promise of it), called whenever a new token is needed.
   */
  oidcToken?: string | (() => string | Promise<string>);
  /** The tenant: `acme`, `acme.conductor.one` or `https://acme.conductor.one`. Default: what `clientID` names, or `example`. */
  tenantDomain?: string;
  /**
   * The server's base URL, in place of `tenantDomain`; may have a path, but no user info, query or fragment. Only https, and
   * http to this machine (`localhost`, `127.0.0.0/8`, `[::1]`).
   */
  serverURL?: string | URL;
  /** Index into `ServerList`. Default 0. */
  serverIdx?: number;
  /** Also allows an http `serverURL` to other hosts. The token then crosses the network in the clear. Default false. */
  allowInsecureHTTP?: boolean;
  /** Sends the requests: an `HTTPClient`, or any object with `request(request: Request): Promise<Response>`. Default: `fetch`. */
  httpClient?: HTTPClientLike;
  /** The same; `httpClient` wins. */
  defaultClient?: HTTPClientLike;
  /** The `user-agent` header, outside browsers. Default `c1-revoke/<version>`. */
  userAgent?: string;
  /** Whether and how calls are repeated that do not say it themselves. Default `{ strategy: "none" }`. */
  retryConfig?: RetryConfig;
  /**
   * Longest time for each attempt, in milliseconds, reading the answer's body included. Zero or less means none. Default: none.
   */
  timeoutMs?: number;
  /** Where to write each request and answer, credentials masked; `console` will do. Default: nowhere. */
  debugLogger?: Logger;
}
