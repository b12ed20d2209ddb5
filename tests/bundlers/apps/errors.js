// Knows the package's errors, and makes no client.
import { SDKError, SDKValidationError } from "c1-revoke/errors";

export function nameOf(error = new SDKValidationError("message", undefined, undefined)) {
  return error instanceof SDKError ? "the API's" : error.name;
}
