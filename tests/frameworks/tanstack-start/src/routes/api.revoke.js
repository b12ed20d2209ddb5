import { createFileRoute } from "@tanstack/react-router";
import { revoke } from "../../revoke.js";

export const Route = createFileRoute("/api/revoke")({
  server: { handlers: { POST: async ({ request }) => Response.json(await revoke(await request.text())) } },
});
