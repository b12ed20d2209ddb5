// The clients that are compared, in the order of the tables and the picture.

/** The official SDK was measured once with this version, not in each run: its package is not a dependency of the benchmark. */
export const OFFICIAL_VERSION = "1.2.2";

/** A call of its function over a stub in Node: 174 µs, where a hand-written call took 47 µs. */
export const OFFICIAL_CALL_RATIO = 3.7;

export const CLIENTS = [
  { id: "c1-revoke", name: "c1-revoke", does: "retries, OAuth, bulk runs" },
  { id: "official class", name: "official SDK, class", does: "retries, OAuth; Node only", recorded: true },
  { id: "official function", name: "official SDK, function", does: "retries", recorded: true },
  { id: "ky", name: "ky", does: "retries" },
  { id: "openapi-fetch", name: "openapi-fetch", does: "no retries" },
  { id: "hand-written", name: "hand-written fetch", does: "no retries" },
];

export const MEASURED = CLIENTS.filter(({ recorded }) => !recorded);
