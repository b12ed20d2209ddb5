// What the fragments in the READMEs and in doc comments take for granted.
declare const ConductoroneSDKTypescript: typeof import("c1-revoke").ConductoroneSDKTypescript;
declare const HTTPClient: typeof import("c1-revoke").HTTPClient;
declare const connectorRevokeCredential: typeof import("c1-revoke/funcs/connectorRevokeCredential").connectorRevokeCredential;
declare const sdk: import("c1-revoke").ConductoroneSDKTypescript;
declare const core: import("c1-revoke/core").ConductoroneSDKTypescriptCore;
declare const clientID: string;
declare const clientSecret: string;
declare const token: string;
declare const appId: string;
declare const connectorId: string;
declare const id: string;
/** Credentials to revoke. */
declare const leaked: { appId: string; connectorId: string; id: string }[];
/** The page's own way of showing something. */
declare function show(...what: unknown[]): void;
