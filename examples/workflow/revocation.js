// The workflow that revokes a list. The engine keeps its state: the parameters, the results of steps, the time of a sleep. After a
// crash it runs `run` again; steps that have ended then give their stored results, and the one that was cut short runs again.
import { WorkflowEntrypoint } from "cloudflare:workers";
import { ConductoroneSDKTypescript } from "c1-revoke";

/** A step revokes so many credentials. If it is cut short, it is run again from its beginning. */
const BATCH = 100;
/** A workflow may have 1,024 steps on the free plan. A full list needs fewer than 300; the others are for pauses and further tries. */
const MOST_STEPS = 1000;
/** A credential without a final outcome is tried in so many steps. Each of them makes up to eight attempts. */
const MOST_TRIES = 3;
/** A step waits so long for the API's rate limit. For longer waits the workflow sleeps. */
const LONGEST_WAIT = 30_000;
/** A step ends after so long. What it has not sent then is left to a later step. */
const LONGEST_STEP = 5 * 60_000;
/** The pause after the API refused the key, or after a step that settled nothing. */
const PAUSE = 60_000;
/** The longest pause, whatever the API asks for. */
const LONGEST_PAUSE = 24 * 3_600_000;
/** For steps that are cut short or throw: the Worker was restarted, a secret is missing. */
const STEP = { timeout: "15 minutes", retries: { limit: 100, delay: "1 minute", backoff: "constant" } };

/** The key comes from the Worker's secrets, never from the list. The client ID names the tenant. */
export const connect = ({ C1_CLIENT_ID, C1_CLIENT_SECRET }) =>
  new ConductoroneSDKTypescript({ clientID: C1_CLIENT_ID, clientSecret: C1_CLIENT_SECRET, timeoutMs: 30_000 });

export class Revocation extends WorkflowEntrypoint {
  /**
   * Returns a row for each credential: `[appId, connectorId, id, outcome, statusCode]`. It decides by the results of steps alone, so that
   * it takes the same way when it is run again.
   */
  async run({ payload: { credentials } }, step) {
    const stop = new AbortController();
    const stopped = step.waitForEvent("stop", { type: "stop", timeout: "365 days" }).then(() => stop.abort());
    stopped.catch(() => {});

    const rows = credentials.map((ids) => [...ids, "notSent", null]);
    const tries = credentials.map(() => 0);
    const waiting = [...credentials.keys()];
    for (let n = 1; waiting.length > 0 && n <= MOST_STEPS; n++) {
      const items = waiting.splice(0, BATCH).map((row) => ({ row, ids: credentials[row], before: rows[row][3] }));
      const { results, isStopped, pause } = await step.do(`revoke ${n}`, STEP, ({ attempt }) =>
        revoke(this.env, items, attempt > 1, stop.signal),
      );
      for (const { row, outcome, statusCode, again, tried } of results) {
        rows[row].splice(3, 2, outcome, statusCode);
        tries[row] += tried;
        if (again && tries[row] < MOST_TRIES) waiting.push(row);
      }
      if (isStopped) break;
      if (pause > 0) await Promise.race([step.sleep(`pause ${n}`, pause), stopped]);
    }
    return rows;
  }
}

/** One step: revokes these credentials, and says of each what happened and whether to try it again. */
async function revoke(env, items, wasCutShort, stop) {
  if (stop.aborted) return { results: [], isStopped: true, pause: 0 };
  using sdk = connect(env);
  const pausing = new AbortController();
  let pausedUntil = 0;
  const requests = items.map(({ ids: [appId, connectorId, id] }) => ({ appId, connectorId, id }));
  const report = await sdk.connector.revokeCredentials(requests, {
    confirm: true,
    signal: AbortSignal.any([stop, pausing.signal, AbortSignal.timeout(LONGEST_STEP)]),
    onProgress({ pausedUntil: until = 0, inFlight }) {
      if (until < Date.now() + LONGEST_WAIT || inFlight > 0) return;
      pausedUntil = until;
      pausing.abort();
    },
  });

  const remaining = new Set(report.remaining());
  const results = report.results.map(({ index, request, outcome, statusCode = null, error, ...sent }) => {
    const again = remaining.has(request);
    const isRefused = statusCode === 401 || statusCode === 429 || error?.name === "TokenRequestError";
    // The run does not wait for a `Retry-After` of more than 15 minutes. It is in the response of the item.
    if (again) pausedUntil = Math.max(pausedUntil, retryTime(error?.headers), isRefused ? Date.now() + PAUSE : 0);
    return {
      row: items[index].row,
      outcome: settle(outcome, items[index].before, wasCutShort),
      statusCode,
      again,
      tried: sent.attempts > 0 && !isRefused ? 1 : 0,
      reason: error && `${error.name}: ${error.message}`.slice(0, 300),
      attempts: sent.attempts,
      sentAt: sent.sentAt,
      answeredAt: sent.answeredAt,
      requestId: sent.requestId,
    };
  });
  if (results.every(({ again }) => again)) pausedUntil = Math.max(pausedUntil, Date.now() + PAUSE);
  const pause = Math.min(Math.max(0, pausedUntil - Date.now()), LONGEST_PAUSE);
  return { results, isStopped: stop.aborted, pause };
}

/**
 * The outcome after all tries. Doubt stays until the API says "revoked" or "absent": a request whose response was lost may have revoked
 * the credential, and so may a step that was cut short.
 */
function settle(outcome, before, wasCutShort) {
  if (outcome === "revoked" || outcome === "absent") return outcome;
  if (before === "unknown" || wasCutShort) return "unknown";
  return outcome === "notSent" ? before : outcome;
}

/** When `Retry-After` ends, in milliseconds since 1970; 0 without one. */
function retryTime(headers) {
  const value = headers?.get("retry-after") ?? "";
  return (/^\d+$/.test(value) ? Date.now() + value * 1000 : Date.parse(value)) || 0;
}
