import { nameOf } from "../typed.ts";

export default { fetch: () => Response.json(nameOf()) };
