// A CommonJS dependency of the app.
exports.Required = require("c1-revoke").ConductoroneSDKTypescript;
