import { ConductoroneSDKTypescript } from "c1-revoke";
import { expect, it, vi } from "vitest";

const ids = { appId: "app-1", connectorId: "connector-2", id: "credential-3" };
const httpClient = {
  request: async () => ({ status: 200, headers: new Headers({ "content-type": "application/json" }), text: async () => "{}" }),
};
const create = () => new ConductoroneSDKTypescript({ tenantDomain: "acme", httpClient });

it("a call settles under fake timers, and so do later ones", async () => {
  const sdk = create();
  // By default, Vitest leaves queueMicrotask alone.
  vi.useFakeTimers({ toFake: ["setTimeout", "setInterval", "setImmediate", "queueMicrotask", "Date", "performance"] });
  expect((await sdk.connector.revokeCredential(ids)).statusCode).toBe(200);
  expect((await sdk.connector.revokeCredentials([ids])).revoked).toBe(1);
  vi.useRealTimers();
  expect((await sdk.connector.revokeCredential(ids)).statusCode).toBe(200);
  expect((await create().connector.revokeCredentials([ids])).revoked).toBe(1);
});
