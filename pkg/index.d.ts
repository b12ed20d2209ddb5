export { ConductoroneSDKTypescript, type Connector } from "./client.js";
export type {
  RevokeCredentialsInput,
  RevokeCredentialsOptions,
  RevokeCredentialsProgress,
  RevokeCredentialsReport,
  RevokeCredentialsResult,
} from "./lib/bulk.js";
export { type SDKOptions, type SDKOptions as SDKProps, ServerList } from "./lib/config.js";
export {
  type BeforeRequestHook,
  type Fetcher,
  HTTPClient,
  type HTTPClientLike,
  type HTTPClientOptions,
  type RequestErrorHook,
  type ResponseHook,
} from "./lib/http.js";
export type { Logger } from "./lib/logger.js";
export type { BackoffStrategy, RetryConfig } from "./lib/retries.js";
export type { RequestOptions } from "./lib/sdks.js";
export { ready } from "./ready.js";
