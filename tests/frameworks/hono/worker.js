import { Hono } from "hono";
import { revoke } from "./revoke.js";

const app = new Hono();
app.post("/api/revoke", async (context) => context.json(await revoke(await context.req.text())));
export default app;
