import { expect, it } from "vitest";
import { revoke } from "./revoke.js";

it("revokes", async () => {
  const { statusCode, second } = await revoke(process.env.SERVER);
  expect(statusCode).toBe(200);
  expect(second).toEqual({ ok: false, name: "SDKError", isSDKError: true, statusCode: 404 });
});
