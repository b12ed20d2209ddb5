// Without any package.
export function create({ base, fetch = globalThis.fetch }) {
  return async ({ appId, connectorId, id }) => {
    const path = [appId, connectorId, id].map(encodeURIComponent);
    const response = await fetch(`${base}/api/v1/apps/${path[0]}/connectors/${path[1]}/credentials/${path[2]}`, {
      method: "POST",
      headers: { accept: "application/json", authorization: "Bearer access-token-0123456789-0123456789-0123456789-0123456789" },
    });
    if (!response.ok) throw new Error(`status ${response.status}`);
    return response.json();
  };
}
