import ky from "ky";

export function create({ base, fetch }) {
  const client = ky.create({
    prefixUrl: base,
    headers: { authorization: "Bearer access-token-0123456789-0123456789-0123456789-0123456789" },
    fetch,
  });
  return ({ appId, connectorId, id }) => {
    const path = [appId, connectorId, id].map(encodeURIComponent);
    return client.post(`api/v1/apps/${path[0]}/connectors/${path[1]}/credentials/${path[2]}`).json();
  };
}
