// Prism, serving the API's own OpenAPI document and refusing what does not satisfy it.
import { fileURLToPath } from "node:url";
import { startProcess } from "./local.mjs";

const prismCli = fileURLToPath(new URL("../node_modules/.bin/prism", import.meta.url));
const document = fileURLToPath(new URL("../data/openapi.yaml", import.meta.url));

/** Starts Prism on a port of the system's choice. */
export async function startPrism() {
  const args = ["mock", "--port", "0", "--host", "127.0.0.1", document];
  const { match, stop } = await startProcess(prismCli, args, /listening on (http:\/\/127\.0\.0\.1:\d+)/);
  return { url: match[1], stop };
}
