// Prism, serving the API's own OpenAPI document and refusing what does not satisfy it.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const prismCli = fileURLToPath(new URL("../node_modules/.bin/prism", import.meta.url));
const document = fileURLToPath(new URL("../data/openapi.yaml", import.meta.url));

/** Starts Prism on a port of the system's choice. */
export async function startPrism() {
  const child = spawn(prismCli, ["mock", "--port", "0", "--host", "127.0.0.1", document], { stdio: ["ignore", "pipe", "pipe"] });
  const url = await new Promise((resolve, reject) => {
    let output = "";
    const read = (chunk) => {
      output += chunk;
      const [, address] = /listening on (http:\/\/127\.0\.0\.1:\d+)/.exec(output) ?? [];
      if (address) resolve(address);
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.on("exit", (code) => reject(new Error(`prism ended with ${code}: ${output}`)));
  });
  return { url, stop: () => child.kill() };
}
