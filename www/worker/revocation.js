// The path of a revocation: POST /api/v1/apps/{app_id}/connectors/{connector_id}/credentials/{id}

const CREDENTIAL = /^\/api\/v1\/apps\/([^/]+)\/connectors\/([^/]+)\/credentials\/([^/]+)$/;

/** The three ids in the path of a revocation, decoded. Null for any other path. */
export function revocationIn(pathname) {
  const match = CREDENTIAL.exec(pathname);
  if (!match) return null;
  try {
    const [appId, connectorId, id] = match.slice(1).map(decodeURIComponent);
    if ([appId, connectorId, id].some((segment) => segment === "." || segment === "..")) return null;
    return { appId, connectorId, id };
  } catch {
    return null; // not percent-encoded UTF-8
  }
}

/** The path of a revocation. Each id is encoded as one segment. */
export function revocationPath({ appId, connectorId, id }) {
  const [app, connector, credential] = [appId, connectorId, id].map(encodeURIComponent);
  return `/api/v1/apps/${app}/connectors/${connector}/credentials/${credential}`;
}
