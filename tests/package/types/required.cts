// The same package from a CommonJS file, by each of the paths.
import root = require("conductorone-sdk-typescript");
import core = require("conductorone-sdk-typescript/core");
import coreJs = require("conductorone-sdk-typescript/core.js");
import funcs = require("conductorone-sdk-typescript/funcs/connectorRevokeCredential");
import errors = require("conductorone-sdk-typescript/sdk/models/errors");
import http = require("conductorone-sdk-typescript/lib/http");
import config = require("conductorone-sdk-typescript/lib/config.js");

import type { RetryConfig } from "conductorone-sdk-typescript/lib/retries.js";
import type { RequestOptions } from "conductorone-sdk-typescript/lib/sdks.js";
import type { Security } from "conductorone-sdk-typescript/sdk/models/shared";

const security: Security = { bearerAuth: "b" };
const retries: RetryConfig = { strategy: "none" };
const options: RequestOptions = { retries };
const sdk = new root.ConductoroneSDKTypescript({ security, httpClient: new http.HTTPClient() });
const same: core.ConductoroneSDKTypescriptCore = new coreJs.ConductoroneSDKTypescriptCore();
export const servers: readonly string[] = config.ServerList;
export async function revoke(): Promise<boolean> {
  const result = await funcs.connectorRevokeCredential(same, { appId: "a", connectorId: "c", id: "i" }, options);
  if (!result.ok && result.error instanceof errors.SDKError) return false;
  await sdk.connector.revokeCredential({ appId: "a", connectorId: "c", id: "i" });
  return result.ok;
}
