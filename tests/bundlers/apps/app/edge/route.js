// Without the dependency that requires the package: what imports wasm is an asynchronous module here, which `require` cannot load.
import { revoke } from "../../revoke.js";

export const runtime = "edge";
export const POST = async (request) => Response.json(await revoke(await request.text()));
