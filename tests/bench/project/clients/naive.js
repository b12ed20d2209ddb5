// The calls of a pool whose items retry by themselves. Each item waits for its own `Retry-After`, independently of the others.
const backoff = (retry) => Math.min(500 * 2 ** retry, 60_000) * (0.5 + Math.random() / 2);

export function create({ base, fetch = globalThis.fetch }) {
  return async ({ appId, connectorId, id }) => {
    const path = [appId, connectorId, id].map(encodeURIComponent);
    for (let retry = 0; ; retry++) {
      const response = await fetch(`${base}/api/v1/apps/${path[0]}/connectors/${path[1]}/credentials/${path[2]}`, {
        method: "POST",
        headers: { accept: "application/json", authorization: "Bearer token" },
      });
      const body = await response.json();
      if (response.ok) return body;
      if (response.status !== 429) throw new Error(`status ${response.status}`);
      const after = response.headers.get("retry-after");
      await new Promise((resolve) => setTimeout(resolve, after === null ? backoff(retry) : after * 1000));
    }
  };
}
