export {
  ConductoroneSDKTypescriptError,
  ConnectionError,
  HTTPClientError,
  InvalidRequestError,
  RequestAbortedError,
  RequestTimeoutError,
  ResponseValidationError,
  SDKError,
  SDKValidationError,
  TokenRequestError,
  UnexpectedClientError,
  UnsupportedRuntimeError,
} from "./shared.js";
