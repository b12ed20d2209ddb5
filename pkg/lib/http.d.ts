import type { Request, RequestInit, Response } from "./web.js";

/** A function that sends a request: the platform's `fetch`, or one that can stand in for it. */
export type Fetcher = (input: Request, init?: RequestInit) => Promise<Response>;

/** Called with each request before it is sent; a `Request` that it returns is sent instead. */
export type BeforeRequestHook = (request: Request) => Request | undefined | Promise<Request | undefined>;

/** Called when a request got no answer, or when a `response` hook threw. The error is thrown on afterwards. */
export type RequestErrorHook = (error: unknown, request: Request) => void | Promise<void>;

/** Called with each answer, whatever its status. To read the body, read that of a clone. */
export type ResponseHook = (response: Response, request: Request) => void | Promise<void>;

/** What {@link HTTPClient} can be told. */
export interface HTTPClientOptions {
  /** Sends the requests. Default: the global `fetch`, looked up at each request. */
  fetcher?: Fetcher;
}

/** What a client needs of an HTTP client; any object with this method will do. */
export interface HTTPClientLike {
  /** Sends a request. */
  request(request: Request): Promise<Response>;
}

/**
 * Sends requests and lets hooks look at them. Every attempt of a call goes through it, token requests too.
 *
 * @example
 * ```ts
 * const httpClient = new HTTPClient();
 * httpClient.addHook("beforeRequest", (request) => {
 *   request.headers.set("x-trace", crypto.randomUUID());
 * });
 * const sdk = new ConductoroneSDKTypescript({ httpClient, tenantDomain: "acme", security: { bearerAuth: token } });
 * ```
 */
export declare class HTTPClient implements HTTPClientLike {
  /** @throws {SDKValidationError} when `fetcher` is not a function. */
  constructor(options?: HTTPClientOptions);
  /** Sends a request by way of the hooks. Rejects with what the fetcher or a hook threw. */
  request(request: Request): Promise<Response>;
  /**
   * Adds a hook, to be called after those added before it. Returns the client.
   *
   * @throws {SDKValidationError} when there is no hook of that name, or `hook` is not a function.
   */
  addHook(name: "beforeRequest", hook: BeforeRequestHook): this;
  addHook(name: "requestError", hook: RequestErrorHook): this;
  addHook(name: "response", hook: ResponseHook): this;
  /** Removes a hook; harmless when it is not there. Returns the client. */
  removeHook(name: "beforeRequest", hook: BeforeRequestHook): this;
  removeHook(name: "requestError", hook: RequestErrorHook): this;
  removeHook(name: "response", hook: ResponseHook): this;
  /** A client of its own with the same fetcher and hooks. */
  clone(): HTTPClient;
}
