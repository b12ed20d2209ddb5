// The same, with a dependency that requires the package.
import { ConductoroneSDKTypescript } from "c1-revoke";
import { Required } from "legacy";
import { revoke as revokeTwice } from "./revoke.js";

export async function revoke(serverURL) {
  return { ...(await revokeTwice(serverURL)), sameClass: Required === ConductoroneSDKTypescript };
}
