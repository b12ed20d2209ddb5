// What the suite uses of the package, through `require`.
module.exports = {
  ...require("c1-revoke"),
  ...require("c1-revoke/core.js"),
  ...require("c1-revoke/funcs/connectorRevokeCredential.js"),
  ...require("c1-revoke/lib/http.js"),
  errors: require("c1-revoke/sdk/models/errors"),
};
