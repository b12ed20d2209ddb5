// Servers with rate limits, on loopback, and how well a bulk run of the package uses them, beside the pool that one would write.
import { createServer } from "node:http";

/** How long an answer takes, in milliseconds. */
const LATENCY = 25;
export const CONTESTANTS = ["naive pool", "revokeCredentials"];

/** Whole seconds, as `Retry-After` and resets count. */
const seconds = (ms) => String(Math.max(1, Math.ceil(ms / 1000)));

/** The time in milliseconds that the latency alone makes so many items take. */
const untilAnswered = (items, concurrency) => (items / concurrency) * LATENCY;

/**
 * A limit says of each request, at a time in milliseconds since the first one, whether it is accepted, and with which headers. `shortest` is
 * the time in milliseconds that the limit alone makes so many items take.
 */
function tokenBucket({ rate, burst, headers }) {
  return {
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
        const told = {
          "ratelimit-policy": `"default";q=${rate};w=1`,
          ratelimit: `"default";r=${Math.floor(tokens)};t=${untilFull}`,
        };
        return { accepted, headers: { ...(headers ? told : {}), ...(accepted ? {} : { "retry-after": "1" }) } };
      };
    },
  };
}

/** Windows begin with the first request. */
function fixedWindow({ quota, length }) {
  return {
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
  shortest: () => 0,
  start: () => () => ({ accepted: true, headers: {} }),
};

/**
 * What is measured: a server, how many items are sent, how many at once, and what is aimed at: the least share of the limit used and the
 * greatest wasted; without a limit, the least throughput beside the naive pool's.
 */
export const CASES = {
  "200/s, burst 20, `Retry-After: 1`": {
    limit: tokenBucket({ rate: 200, burst: 20 }),
    items: 2000,
    concurrency: 6,
    aim: { used: 0.8, wasted: 0.03 },
  },
  "the same, 20 in flight": {
    limit: tokenBucket({ rate: 200, burst: 20 }),
    items: 2000,
    concurrency: 20,
    aim: { used: 0.8, wasted: 0.03 },
  },
  "the same, with `RateLimit` headers": {
    limit: tokenBucket({ rate: 200, burst: 20, headers: true }),
    items: 2000,
    concurrency: 20,
    aim: { used: 0.97, wasted: 0.001 },
  },
  "200 in each 2 s": {
    limit: fixedWindow({ quota: 200, length: 2000 }),
    items: 2000,
    concurrency: 6,
    aim: { used: 0.95, wasted: 0.03 },
  },
  "no limit": { limit: unlimited, items: 2000, concurrency: 20, aim: { throughput: 0.95 } },
};

/** A server with a limit, which counts what it accepts and refuses, and between which times. */
async function startLimitedServer(limit) {
  const judge = limit.start();
  const seen = { accepted: 0, refused: 0, begun: undefined, ended: undefined };
  const server = createServer((request, answer) => {
    request.resume();
    const now = performance.now();
    seen.begun ??= now;
    const { accepted, headers } = judge(now - seen.begun);
    if (accepted) seen.accepted++;
    else seen.refused++;
    setTimeout(() => {
      answer.writeHead(accepted ? 200 : 429, { "content-type": "application/json", "content-length": 2, ...headers }).end("{}");
      seen.ended = performance.now();
    }, LATENCY);
  });
  server.keepAliveTimeout = 600_000;
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { base: `http://127.0.0.1:${server.address().port}`, seen, stop: () => server.close().closeAllConnections() };
}

/** One contestant against one server: items a second, the share of the limit that it used, the share of its requests that were refused. */
async function measureLimit(runtime, contestant, { limit, items, concurrency }) {
  const { base, seen, stop } = await startLimitedServer(limit);
  try {
    await runtime.ask({ task: "limited", contestant, base, count: items, concurrency });
  } finally {
    stop();
  }
  if (seen.accepted !== items) throw new Error(`${contestant}: the server accepted ${seen.accepted} of ${items}`);
  const time = seen.ended - seen.begun;
  return {
    rate: (items / time) * 1000,
    used: Math.max(limit.shortest(items, concurrency), untilAnswered(items, concurrency)) / time,
    wasted: seen.refused / (seen.accepted + seen.refused),
  };
}

/** Every server's figures, by contestant. */
export async function measureLimits(runtime, say) {
  const figures = {};
  for (const [name, settings] of Object.entries(CASES)) {
    figures[name] = {};
    for (const contestant of CONTESTANTS) {
      say(`limit: ${name}; ${contestant}`);
      figures[name][contestant] = await measureLimit(runtime, contestant, settings);
    }
  }
  return figures;
}
