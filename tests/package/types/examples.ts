// The ways in which the official SDK's README uses it for this operation, in our own words. That all this compiles, unchanged
// but for the package behind the name, is the test; nothing here is run.
import {
  ConductoroneSDKTypescript,
  type RevokeCredentialsOptions,
  type RevokeCredentialsReport,
  type SDKProps,
  ServerList,
} from "conductorone-sdk-typescript";
import { ConductoroneSDKTypescriptCore } from "conductorone-sdk-typescript/core.js";
import { connectorRevokeCredential } from "conductorone-sdk-typescript/funcs/connectorRevokeCredential.js";
import type { SDKOptions } from "conductorone-sdk-typescript/lib/config.js";
import type { HTTPClient as SameHTTPClient } from "conductorone-sdk-typescript/lib/http";
import { HTTPClient } from "conductorone-sdk-typescript/lib/http.js";
import type { BackoffStrategy, RetryConfig } from "conductorone-sdk-typescript/lib/retries.js";
import type { RequestOptions } from "conductorone-sdk-typescript/lib/sdks.js";
import * as errors from "conductorone-sdk-typescript/sdk/models/errors";
import type {
  C1ApiAppV1ConnectorServiceRevokeCredentialRequest,
  C1ApiAppV1ConnectorServiceRevokeCredentialResponse,
} from "conductorone-sdk-typescript/sdk/models/operations";
import type {
  ConnectorServiceRevokeCredentialRequest,
  ConnectorServiceRevokeCredentialResponse,
  Security,
} from "conductorone-sdk-typescript/sdk/models/shared";
import type { Result } from "conductorone-sdk-typescript/sdk/types";

const request: C1ApiAppV1ConnectorServiceRevokeCredentialRequest = { appId: "a", connectorId: "c", id: "i" };

export async function constructAndCall(): Promise<number> {
  const sdk = new ConductoroneSDKTypescript({ security: { bearerAuth: "b", oauth: "o" } });
  const result: C1ApiAppV1ConnectorServiceRevokeCredentialResponse = await sdk.connector.revokeCredential({
    appId: "a",
    connectorId: "c",
    id: "i",
  });
  const empty: ConnectorServiceRevokeCredentialResponse | undefined = result.connectorServiceRevokeCredentialResponse;
  const type: string = result.contentType;
  const raw: string | null = result.rawResponse.headers.get("x-request-id");
  console.log(empty, type, raw);
  return result.statusCode;
}

export async function withBody(body: ConnectorServiceRevokeCredentialRequest): Promise<void> {
  const sdk = new ConductoroneSDKTypescript();
  await sdk.connector.revokeCredential({ ...request, connectorServiceRevokeCredentialRequest: body });
  await sdk.connector.revokeCredential({ appId: null, connectorId: null, id: null });
}

const backoff: BackoffStrategy = { initialInterval: 1, maxInterval: 50, exponent: 1.1, maxElapsedTime: 100 };
const retries: RetryConfig = { strategy: "backoff", backoff, retryConnectionErrors: false };

export async function retriesForOneCall(sdk: ConductoroneSDKTypescript): Promise<void> {
  await sdk.connector.revokeCredential(request, { retries, retryCodes: ["429", "5XX"] });
}

export const retriesForAll = new ConductoroneSDKTypescript({ retryConfig: retries, timeoutMs: 10_000 });

export async function handlingErrors(sdk: ConductoroneSDKTypescript): Promise<string> {
  try {
    await sdk.connector.revokeCredential(request);
    return "revoked";
  } catch (error) {
    if (error instanceof errors.SDKValidationError) {
      const value: unknown = error.rawValue;
      return `${error.pretty()} ${String(value)}`;
    }
    if (error instanceof errors.ResponseValidationError) return `${error.rawMessage} ${error.pretty()}`;
    if (error instanceof errors.ConductoroneSDKTypescriptError) {
      const status: number = error.statusCode;
      const header: string | null = error.headers.get("retry-after");
      return `${status} ${header} ${error.contentType} ${error.body} ${error.rawResponse.status} ${error.message}`;
    }
    if (error instanceof errors.HTTPClientError) return `${error.name} ${String(error.cause)}`;
    throw error;
  }
}

export const everyErrorClass = [
  errors.SDKError,
  errors.ConnectionError,
  errors.RequestTimeoutError,
  errors.RequestAbortedError,
  errors.InvalidRequestError,
  errors.UnexpectedClientError,
].map((ErrorClass) => (error: unknown) => error instanceof ErrorClass);

const serverURL = "https://acme.conductor.one";
export const servers = [{ serverIdx: 0, tenantDomain: "acme" }, { serverURL }, { serverURL: new URL(serverURL) }].map(
  (server) => new ConductoroneSDKTypescript(server),
);
export const firstServer: string = ServerList[0];

export function customClient(): ConductoroneSDKTypescript {
  const httpClient = new HTTPClient({ fetcher: (input) => fetch(input) });
  httpClient.addHook("beforeRequest", (outgoing) => {
    const next = new Request(outgoing, { signal: outgoing.signal });
    next.headers.set("x-custom-header", "custom value");
    return next;
  });
  httpClient.addHook("requestError", (error, failed) => {
    console.log(error, failed.url);
  });
  httpClient.addHook("response", async (answer, answered) => {
    console.log(answer.status, answered.method);
  });
  const same: SameHTTPClient = httpClient.clone();
  return new ConductoroneSDKTypescript({ httpClient: same });
}

export const logging = new ConductoroneSDKTypescript({ debugLogger: console });

export async function standalone(): Promise<C1ApiAppV1ConnectorServiceRevokeCredentialResponse> {
  const core = new ConductoroneSDKTypescriptCore({ security: { bearerAuth: "b", oauth: "o" } });
  const result = await connectorRevokeCredential(core, request);
  if (!result.ok) {
    const error: Error = result.error;
    throw error;
  }
  return result.value;
}

export function unwrap<T>(result: Result<T, Error>): T {
  if (result.ok) return result.value;
  throw result.error;
}

export function withOptions(signal: AbortSignal): RequestOptions {
  return {
    signal,
    timeoutMs: 5,
    headers: { "x-a": "1" },
    keepalive: true,
    fetchOptions: { cache: "no-store" },
    serverURL: "https://a.example",
  };
}

export async function tokens(sdk: ConductoroneSDKTypescript): Promise<string | null> {
  const token: string = await sdk.getValidToken();
  return sdk.getCurrentToken() ?? token;
}

// More than the official types accept: one token is enough, and a function may tell it.
export const props: SDKProps & SDKOptions = { security: { bearerAuth: "b" }, tenantDomain: "acme" };
export const either: Security[] = [{ bearerAuth: "b" }, { oauth: "o" }, { bearerAuth: "b", oauth: "o" }];
export const told = either.map((security) => new ConductoroneSDKTypescript({ security: async () => security }));

// A bulk run, whose items keep the caller's own fields. What may be missing of the progress is to be checked first.
interface Leaked {
  appId: string;
  connectorId: string;
  id: string;
  owner: string;
}
export async function revokeAll(leaked: Leaked[]): Promise<Leaked[]> {
  const sdk = new ConductoroneSDKTypescript();
  const options: RevokeCredentialsOptions<Leaked> = {
    concurrency: 6,
    onProgress: ({ done, total, revoked, failed, inFlight, pausedUntil, ratePerSecond, etaMs }) => {
      const counts: number[] = [done, revoked, failed, inFlight];
      const paused = pausedUntil === undefined ? "" : new Date(pausedUntil).toISOString();
      console.log(counts, total ?? "", ratePerSecond?.toFixed(1), paused);
      // @ts-expect-error missing until items have their results
      const rate: number = ratePerSecond;
      // @ts-expect-error missing without a rate, or a total
      const left: number = etaMs;
      console.log(rate, left);
    },
    onResult: ({ request: { owner } }) => console.log(owner),
  };
  const report: RevokeCredentialsReport<Leaked> = await sdk.connector.revokeCredentials(leaked, options);
  return report.remaining();
}
