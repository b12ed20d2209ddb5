// Servers with rate limits on loopback. They show how well a bulk run uses a limit, compared with a hand-written pool.
import { createServer } from "node:http";

/** How long a response takes, in milliseconds. */
const LATENCY = 25;
export const LIMITED_CLIENTS = ["naive pool", "revokeCredentials"];

/** Whole seconds, the unit of `Retry-After` and of resets. */
const seconds = (ms) => String(Math.max(1, Math.ceil(ms / 1000)));

/** The time in milliseconds that the items take because of latency alone. */
const untilAnswered = (items, concurrency) => (items / concurrency) * LATENCY;

/**
 * For each request, a limit decides whether it is accepted and which headers the response has. It gets the time in milliseconds since
 * the first request. `shortest` is the time in milliseconds that the items take because of the limit alone. `headers` says whether
 * responses have rate-limit headers.
 */
function tokenBucket({ rate, burst, headers = false }) {
  return {
    headers,
    shortest: (items) => ((items - burst) / rate) * 1000,
    start() {
      let tokens = burst;
      let last = 0;
      return (now) => {
        tokens = Math.min(burst, tokens + ((now - last) * rate) / 1000);
        last = now;
        const accepted = tokens >= 1;
        if (accepted) tokens--;
        const untilFull = seconds(((burst - tokens) / rate) * 1000);
        const rateLimit = {
          "ratelimit-policy": `"default";q=${rate};w=1`,
          ratelimit: `"default";r=${Math.floor(tokens)};t=${untilFull}`,
        };
        return { accepted, headers: { ...(headers ? rateLimit : {}), ...(accepted ? {} : { "retry-after": "1" }) } };
      };
    },
  };
}

/** The first window begins with the first request. */
function fixedWindow({ quota, length }) {
  return {
    headers: false,
    shortest(items, concurrency) {
      const windows = Math.ceil(items / quota) - 1;
      return windows * length + untilAnswered(items - windows * quota, concurrency);
    },
    start() {
      let current = 0;
      let count = 0;
      return (now) => {
        const window = Math.floor(now / length);
        if (window > current) [current, count] = [window, 0];
        const accepted = count < quota;
        if (accepted) count++;
        return { accepted, headers: accepted ? {} : { "retry-after": seconds((window + 1) * length - now) } };
      };
    },
  };
}

const unlimited = {
  headers: false,
  shortest: () => 0,
  start: () => () => ({ accepted: true, headers: {} }),
};

/**
 * Each case: a server, the number of items, how many are in flight at most, and the aim. Where there is a limit, the aim is the least
 * share of it that the run uses and the greatest share of requests that are refused. Where there is none, it is the least throughput
 * relative to the naive pool.
 */
export const CASES = {
  "200/s, 6 in flight": {
    limit: tokenBucket({ rate: 200, burst: 20 }),
    items: 2000,
    concurrency: 6,
    aim: { used: 0.8, wasted: 0.03 },
  },
  "200/s, 20 in flight": {
    limit: tokenBucket({ rate: 200, burst: 20 }),
    items: 2000,
    concurrency: 20,
    aim: { used: 0.8, wasted: 0.03 },
  },
  "200/s with `RateLimit` headers, 20 in flight": {
    limit: tokenBucket({ rate: 200, burst: 20, headers: true }),
    items: 2000,
    concurrency: 20,
    aim: { used: 0.97, wasted: 0.001 },
  },
  "200 in each 2 s, 6 in flight": {
    limit: fixedWindow({ quota: 200, length: 2000 }),
    items: 2000,
    concurrency: 6,
    aim: { used: 0.95, wasted: 0.03 },
  },
  "no limit, 20 in flight": { limit: unlimited, items: 2000, concurrency: 20, aim: { throughput: 0.95 } },
};

/** A server with a limit. It counts what it accepts and refuses, and notes when the first request came and the last response left. */
async function startLimitedServer(limit) {
  const judge = limit.start();
  const seen = { accepted: 0, refused: 0, begun: undefined, ended: undefined };
  const server = createServer((request, response) => {
    request.resume();
    const now = performance.now();
    seen.begun ??= now;
    const { accepted, headers } = judge(now - seen.begun);
    if (accepted) seen.accepted++;
    else seen.refused++;
    setTimeout(() => {
      response.writeHead(accepted ? 200 : 429, { "content-type": "application/json", "content-length": 2, ...headers }).end("{}");
      seen.ended = performance.now();
    }, LATENCY);
  });
  server.keepAliveTimeout = 600_000;
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { base: `http://127.0.0.1:${server.address().port}`, seen, stop: () => server.close().closeAllConnections() };
}

/** One client and one server: items per second, the share of the limit used, and the share of requests refused. */
async function measureLimit(runtime, client, { limit, items, concurrency }) {
  const { base, seen, stop } = await startLimitedServer(limit);
  try {
    await runtime.ask({ task: "limited", client, base, count: items, concurrency });
  } finally {
    stop();
  }
  if (seen.accepted !== items) throw new Error(`${client}: the server accepted ${seen.accepted} of ${items} requests`);
  const time = seen.ended - seen.begun;
  return {
    rate: (items / time) * 1000,
    used: Math.max(limit.shortest(items, concurrency), untilAnswered(items, concurrency)) / time,
    wasted: seen.refused / (seen.accepted + seen.refused),
  };
}

/** The figures of each case, by client. */
export async function measureLimits(runtime, say) {
  const figures = {};
  for (const [name, settings] of Object.entries(CASES)) {
    say(`limit: ${name}`);
    const measure = async (client) => [client, await measureLimit(runtime, client, settings)];
    // A limit leaves the processor idle, so the clients can run at the same time. Without a limit they would compete for it.
    const entries = [];
    if (settings.limit === unlimited) for (const client of LIMITED_CLIENTS) entries.push(await measure(client));
    else entries.push(...(await Promise.all(LIMITED_CLIENTS.map(measure))));
    figures[name] = Object.fromEntries(entries);
  }
  return figures;
}
