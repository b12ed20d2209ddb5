import { ConductoroneSDKTypescript, HTTPClient } from "c1-revoke";

export function createSdk({ base, fetch }) {
  const httpClient = fetch && new HTTPClient({ fetcher: fetch });
  return new ConductoroneSDKTypescript({
    serverURL: base,
    security: { bearerAuth: "access-token-0123456789-0123456789-0123456789-0123456789" },
    httpClient,
  });
}

export function create(options) {
  const { connector } = createSdk(options);
  return (ids) => connector.revokeCredential(ids);
}
