// Knows the package's types, and its errors.
import type { ConductoroneSDKTypescript, SDKOptions } from "c1-revoke";
import { nameOf as nameOfError } from "./errors.js";

export function nameOf(error?: Error, _sdk?: ConductoroneSDKTypescript, _options?: SDKOptions): string {
  return nameOfError(error);
}
