import { revoke } from "../mixed.js";

export default { fetch: async (request) => Response.json(await revoke(await request.text())) };
