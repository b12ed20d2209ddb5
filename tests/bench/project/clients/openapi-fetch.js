import createClient from "openapi-fetch";

export function create({ base, fetch }) {
  const client = createClient({
    baseUrl: base,
    headers: { authorization: "Bearer access-token-0123456789-0123456789-0123456789-0123456789" },
    fetch,
  });
  return async ({ appId, connectorId, id }) => {
    const { data, error } = await client.POST("/api/v1/apps/{app_id}/connectors/{connector_id}/credentials/{id}", {
      params: { path: { app_id: appId, connector_id: connectorId, id } },
    });
    if (error) throw error;
    return data;
  };
}
