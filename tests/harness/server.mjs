// A loopback HTTP server that plays what a test asks of it and keeps a record. Tests reach it from any runtime:
//   POST /plays  [step, ...]   -> { base, elsewhere }: where the play answers, and the same play on another host
//   GET  /plays/<n>            -> the requests that the play received, on whichever host
// A step is { status, headers, body }, with `hex: true` for a body of bytes, or { hang: true } (no answer), { reset: true }
// (connection cut), and with `cut: true` or `hang: true` beside a status, the same after the headers and half a body. The last
// step repeats. In a header value, {base} and {elsewhere} stand for the play's two addresses.
import { text } from "node:stream/consumers";
import { listen } from "./local.mjs";

/** Browsers ask first. Everything is allowed, so that what a test sees is the package's doing, not CORS's. */
function cors(request) {
  return {
    "access-control-allow-origin": "*",
    "access-control-allow-headers": request.headers["access-control-request-headers"] ?? "*",
    "access-control-allow-methods": "*",
    "access-control-expose-headers": "*",
  };
}

function play(response, step, headers) {
  if (step.reset) return response.destroy();
  if (step.status === undefined) return; // hangs
  response.writeHead(step.status, headers);
  if (step.cut || step.hang) {
    // Cut once the half is on its way.
    response.write(step.body ?? "{", () => step.cut && response.destroy());
    return;
  }
  response.end(step.hex ? Buffer.from(step.body, "hex") : step.body);
}

export async function startServer() {
  const plays = [];
  async function handle(request, response) {
    if (request.method === "OPTIONS") return response.writeHead(204, cors(request)).end();
    const [, root, number] = request.url.split("/");
    if (root === "plays") {
      const answer = request.method === "POST" ? create(JSON.parse(await text(request))) : plays[number].requests;
      return response.writeHead(200, { "content-type": "application/json", ...cors(request) }).end(JSON.stringify(answer));
    }
    const current = plays[number];
    if (root !== "play" || !current) return response.writeHead(404, cors(request)).end();
    const { method, url, headers } = request;
    const step = current.steps[Math.min(current.requests.length, current.steps.length - 1)];
    current.requests.push({ method, url, host: headers.host, headers, body: await text(request) });
    const fill = (value) => value.replace("{base}", current.base).replace("{elsewhere}", current.elsewhere);
    const filled = Object.entries(step.headers ?? {}).map(([name, value]) => [name, fill(value)]);
    play(response, step, { ...cors(request), ...Object.fromEntries(filled) });
  }
  function create(steps) {
    const number = plays.length;
    const [base, elsewhere] = [here.url, there.url.replace("127.0.0.1", "localhost")].map((url) => `${url}/play/${number}`);
    plays.push({ steps, requests: [], base, elsewhere });
    return { number, base, elsewhere };
  }
  const answer = (request, response) => handle(request, response).catch(() => response.destroy());
  // "localhost" may be an address of either kind.
  const [here, there] = await Promise.all([listen(answer), listen(answer, null)]);
  return {
    url: here.url,
    stop() {
      here.stop();
      there.stop();
    },
  };
}
