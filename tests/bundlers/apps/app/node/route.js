import { revoke } from "../../mixed.js";

export const POST = async (request) => Response.json(await revoke(await request.text()));
