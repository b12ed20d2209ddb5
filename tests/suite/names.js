// The names of all that callers may set.

export const PROPS = [
  "security",
  "clientID",
  "clientSecret",
  "oidcToken",
  "tenantDomain",
  "serverURL",
  "serverIdx",
  "allowInsecureHTTP",
  "httpClient",
  "defaultClient",
  "userAgent",
  "retryConfig",
  "timeoutMs",
  "debugLogger",
];

/** Of a call, those of `fetch` included. */
export const CALL_OPTIONS = [
  "timeoutMs",
  "retries",
  "retryCodes",
  "serverURL",
  "fetchOptions",
  "signal",
  "headers",
  "redirect",
  "cache",
  "credentials",
  "mode",
  "integrity",
  "keepalive",
  "referrer",
  "referrerPolicy",
  "priority",
  "window",
  "duplex",
];

export const BULK_OPTIONS = ["concurrency", "collect", "stopOnError", "dryRun", "onProgress", "onResult"];
