// What the suite uses of the package, through `import`.
export * from "c1-revoke";
export { ConductoroneSDKTypescriptCore } from "c1-revoke/core.js";
export { connectorRevokeCredential } from "c1-revoke/funcs/connectorRevokeCredential.js";
export { HTTPClient } from "c1-revoke/lib/http.js";
export * as errors from "c1-revoke/sdk/models/errors";
