import type { Request, RequestInit, Response } from "./web.js";

/** A function that sends a request, such as `fetch`. */
export type Fetcher = (input: Request, init?: RequestInit) => Promise<Response>;

/**
 * Called with each request before it is sent. If it returns a `Request`, that one is sent instead. To change the server, use
 * `serverURL`: a response from another origin is an error.
 */
export type BeforeRequestHook = (request: Request) => Request | undefined | Promise<Request | undefined>;

/** Called if a request gets no response, or a `response` hook throws. The error is rethrown afterwards. */
export type RequestErrorHook = (error: unknown, request: Request) => void | Promise<void>;

/** Called with each response, of any status. To read the body, read that of a clone. */
export type ResponseHook = (response: Response, request: Request) => void | Promise<void>;

/** Options of {@link HTTPClient}. */
export interface HTTPClientOptions {
  /** Sends requests. Default: the global `fetch`, looked up for each request. */
  fetcher?: Fetcher;
}

/** What a client needs of an HTTP client: any object with this method. */
export interface HTTPClientLike {
  /** Sends a request. */
  request(request: Request): Promise<Response>;
}

/**
 * Sends requests and calls hooks. Every attempt uses it, including token requests.
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
  /** @throws {SDKValidationError} if `fetcher` is not a function. */
  constructor(options?: HTTPClientOptions);
  /** Sends a request and calls the hooks. Rejects with what the fetcher or a hook throws. */
  request(request: Request): Promise<Response>;
  /**
   * Adds a hook. Hooks are called in the order they were added. Returns the client.
   *
   * @throws {SDKValidationError} if there is no hook of that name, or `hook` is not a function.
   */
  addHook(name: "beforeRequest", hook: BeforeRequestHook): this;
  addHook(name: "requestError", hook: RequestErrorHook): this;
  addHook(name: "response", hook: ResponseHook): this;
  /** Removes a hook, if it is there. Returns the client. */
  removeHook(name: "beforeRequest", hook: BeforeRequestHook): this;
  removeHook(name: "requestError", hook: RequestErrorHook): this;
  removeHook(name: "response", hook: ResponseHook): this;
  /** Returns a new client with the same fetcher and hooks. */
  clone(): HTTPClient;
}
