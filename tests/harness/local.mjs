// Servers and processes on this machine, for as long as a test needs them, and what tests wait for.
import { spawn } from "node:child_process";
import { createServer } from "node:http";

/** Serves HTTP on a free port; with `host` null, at all addresses of this machine. */
export async function listen(onRequest, host = "127.0.0.1") {
  // An idle connection that is closed when it is to be used again would be taken for a fault of the package.
  const server = createServer({ keepAliveTimeout: 600_000 }, onRequest);
  await new Promise((resolve) => server.listen(0, host, resolve));
  const stop = () => server.close().closeAllConnections();
  return { url: `http://127.0.0.1:${server.address().port}`, stop };
}

/** A free port, for programs that do not print the one that they chose. */
export async function freePort() {
  const { url, stop } = await listen();
  stop();
  return new URL(url).port;
}

/** Starts a program and waits until what it prints matches. `stop` ends it and what it has started. */
export async function startProcess(program, args, pattern, options) {
  const child = spawn(program, args, { ...options, stdio: ["ignore", "pipe", "pipe"], detached: true });
  const closed = new Promise((resolve) => child.once("close", resolve));
  let output = "";
  const match = await new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => {
        output += text;
        const found = pattern.exec(output);
        if (found) resolve(found);
      });
    }
    child.once("error", reject);
    child.once("close", (code) => reject(new Error(`${program} ended with ${code}:\n${output}`)));
  });
  return {
    match,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid, "SIGTERM");
      await closed;
    },
  };
}

/** A promise, with what settles it. */
export function deferred() {
  let resolve;
  const promise = new Promise((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
