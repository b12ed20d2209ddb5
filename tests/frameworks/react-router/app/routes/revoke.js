import { revoke } from "../../revoke.js";

export const action = async ({ request }) => Response.json(await revoke(await request.text()));
