import { revoke } from "../../../revoke.js";

export const POST = async ({ request }) => Response.json(await revoke(await request.text()));
