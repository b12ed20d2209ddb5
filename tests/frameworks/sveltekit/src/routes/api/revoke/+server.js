import { json } from "@sveltejs/kit";
import { revoke } from "../../../../revoke.js";

export const POST = async ({ request }) => json(await revoke(await request.text()));
