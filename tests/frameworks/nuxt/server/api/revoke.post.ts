import { revoke } from "../../revoke.js";

export default defineEventHandler(async (event) => revoke(await readRawBody(event)));
