// Revoking a list: a dry check, a confirmed run that can be paused and cancelled, and the report.
import { $, clock, el } from "./dom.js";
import { explain } from "./explain.js";
import { readList } from "./list.js";
import { toCsv, toJsonLines } from "./report.js";
import { showSandbox } from "./sandbox.js";
import { clientFor, forget, form, inputs, isComplete, setError, where } from "./session.js";

const CONCURRENCY = 6;
/** Failures and bad lines that are shown. The report has all: a table of 10,000 rows would help nobody and slow the page down. */
const SHOWN = 200;
/** The rate is that of the last seconds, so that a pause shows. */
const RATE_WINDOW_MS = 5_000;
const SANDBOX_EVERY_MS = 1_000;

const number = new Intl.NumberFormat();
const count = (n, one, many = `${one}s`) => `${number.format(n)} ${n === 1 ? one : many}`;

/**
 * The list that was checked: its rows, those of them that name a credential for the first time, where they are to be revoked, and the
 * run, if one is under way.
 * @type {{ place: object, rows: import("./report.js").Row[], first: import("./report.js").Row[], run: Run | null } | null}
 */
let list = null;

/** Forgets the list that was checked: the form does not hold it any more. */
export function leaveBulk() {
  if (list?.run) return;
  list = null;
  show({
    phase: "idle",
    title: "No list checked yet",
    text: "A list is checked first. Nothing is sent before you have seen what it holds.",
  });
  tellProblems([]);
}

// --- the dry check ------------------------------------------------------------------------------------------------------------------

/** Reads and checks the list in the form, and says what a run would do. */
export async function check() {
  if (list?.run || !isComplete()) return;
  const place = where();
  const { rows, errors } = readList(inputs.list.value);
  const requests = rows.map(({ appId, connectorId, id }) => ({ appId, connectorId, id }));
  let report;
  try {
    report = await clientFor(place).connector.revokeCredentials(requests, { dryRun: true });
  } catch (error) {
    const { field = "list", text } = explain(error, place);
    setError(field, text);
    inputs[field].focus();
    return;
  }

  const bad = report.results.filter(({ status }) => status === "failed");
  const unread = [
    ...errors,
    ...bad.map(({ index, error }) => ({ line: rows[index].line, message: error.cause?.message ?? error.message })),
  ];
  unread.sort((a, b) => a.line - b.line);
  const good = report.results.filter(({ status }) => status !== "failed");
  const checked = good.map(({ index, request }) => ({ line: rows[index].line, request }));
  list = { place, run: null, rows: checked, first: tieTwins(checked) };
  const different = list.first.length;
  const duplicates = checked.length - different;

  const facts = [
    ["Where", place.host],
    ["To revoke", count(different, "credential")],
    ...groups(list.first),
    ["Named twice", duplicates === 0 ? "none" : `${count(duplicates, "line")}, revoked once`],
    ["Cannot be read", unread.length === 0 ? "none" : count(unread.length, "line")],
  ];
  tellProblems(
    unread.map(({ line, message }) => [String(line), message]),
    { head: ["Line", "What is wrong"], total: unread.length },
  );
  if (different === 0) {
    show({ phase: "bad", title: "Nothing to revoke", text: "No line of this list names a credential.", facts });
  } else {
    const text =
      unread.length === 0
        ? "Nothing has been sent yet."
        : "Nothing has been sent yet. The lines below would be left out: mend them, or go on without.";
    show({
      phase: unread.length === 0 ? "checked" : "doubtful",
      title: `Revoke ${count(different, "credential")}?`,
      text,
      facts,
    });
    $("run").textContent =
      unread.length === 0
        ? `Revoke ${count(different, "credential")}`
        : `Leave out ${count(unread.length, "line")}, revoke the rest`;
  }
  $("bulk-title").focus();
}

/** Has each row that names a credential again point to the first that did. Gives those first rows. */
function tieTwins(rows) {
  const firsts = new Map();
  for (const row of rows) {
    const key = JSON.stringify(Object.values(row.request));
    if (firsts.has(key)) row.twin = firsts.get(key);
    else firsts.set(key, row);
  }
  return [...firsts.values()];
}

/** How many credentials fall to each connector: what somebody who knows the incident recognises, or misses. */
function groups(rows) {
  const connectors = new Map();
  for (const { request } of rows) {
    const key = `${request.appId} / ${request.connectorId}`;
    connectors.set(key, (connectors.get(key) ?? 0) + 1);
  }
  const all = [...connectors].sort(([, a], [, b]) => b - a);
  const shown = all.slice(0, 4).map(([key, n]) => ["", `${key}: ${number.format(n)}`]);
  return all.length > shown.length ? [...shown, ["", `and ${count(all.length - shown.length, "connector")} more`]] : shown;
}

// --- the run ------------------------------------------------------------------------------------------------------------------------

/** One run over rows of the list. */
class Run {
  #rows;
  #stop = new AbortController();
  #gate = Promise.resolve();
  #open = () => {};
  #samples = [];
  done = 0;
  pausedUntil = 0;
  inFlight = 0;
  paused = false;
  cancelled = false;

  constructor(rows) {
    this.#rows = rows;
  }

  get total() {
    return this.#rows.length;
  }

  /** Revokes; every row gets its result. Rejects only for what the whole run cannot do without. */
  async go(sdk, onChange) {
    const rows = this.#rows;
    const run = this;
    // Asked for the next request only when there is room for it: here is where a pause holds the run.
    async function* requests() {
      for (const { request } of rows) {
        await run.#gate;
        if (run.cancelled) return;
        yield request;
      }
    }
    await sdk.connector.revokeCredentials(requests(), {
      concurrency: CONCURRENCY,
      signal: this.#stop.signal,
      onResult: (result) => {
        rows[result.index].result = result;
        this.done += 1;
        onChange(rows[result.index]);
      },
      onProgress: ({ inFlight, pausedUntil }) => {
        this.inFlight = inFlight;
        this.pausedUntil = pausedUntil ?? 0;
        onChange();
      },
    });
  }

  pause() {
    this.paused = true;
    this.#gate = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  resume() {
    this.paused = false;
    this.#open();
  }

  /**
   * Begins nothing more. What is under way gets its answer, for it may have been revoked already: cutting it off would leave that
   * open. A second call cuts it off all the same, and so does the first when nothing is under way.
   */
  cancel() {
    if (this.cancelled || this.inFlight === 0) this.#stop.abort();
    this.cancelled = true;
    this.resume();
  }

  /** Results a second, lately. */
  rate(now = performance.now()) {
    this.#samples.push([now, this.done]);
    while (this.#samples[0][0] < now - RATE_WINDOW_MS && this.#samples.length > 2) this.#samples.shift();
    const [[since, done]] = this.#samples;
    return now > since ? ((this.done - done) * 1000) / (now - since) : 0;
  }
}

/** Begins the run that was checked. */
export function confirmRun() {
  return start(list.first);
}

/** Runs again over what is not revoked. */
export function retry() {
  if (!isComplete()) return;
  return start(list.first.filter((row) => row.result?.status !== "revoked"));
}

async function start(rows) {
  if (!list || list.run) return;
  const run = new Run(rows);
  list.run = run;
  const failures = new Failures(list.place);
  // What goes on fast is drawn once a frame, however many results come.
  let drawn = 0;
  const draw = () => {
    drawn = 0;
    if (list.run === run) showRun(run, failures);
  };
  const changed = (row) => {
    if (row?.result && row.result.status !== "revoked") failures.add(row);
    drawn ||= requestAnimationFrame(draw);
  };
  const tick = setInterval(changed, 500);
  const sandbox = setInterval(() => showSandbox(), SANDBOX_EVERY_MS);

  tellProblems([]);
  form.inert = true;
  addEventListener("beforeunload", warn);
  show({ phase: "running", title: `Revoking ${count(run.total, "credential")}`, text: "" });
  changed();
  $("bulk-title").focus();
  let problem = null;
  try {
    await run.go(clientFor(list.place), changed);
  } catch (error) {
    problem = error;
  }
  clearInterval(tick);
  clearInterval(sandbox);
  cancelAnimationFrame(drawn);
  removeEventListener("beforeunload", warn);
  form.inert = false;
  list.run = null;
  tellEnd(run, failures, problem);
  await showSandbox();
}

function warn(event) {
  event.preventDefault();
}

export function pauseOrResume() {
  const { run } = list ?? {};
  if (run?.paused) run.resume();
  else run?.pause();
  if (run) $("pause").textContent = run.paused ? "Resume" : "Pause";
}

export function stop() {
  list?.run?.cancel();
  $("pause").hidden = true;
  $("stop").textContent = "Stop at once";
}

/** The failures of a run, as they come: how many of each kind, and the first of them one by one. */
class Failures {
  #place;
  kinds = new Map();
  shown = [];

  constructor(place) {
    this.#place = place;
  }

  add({ line, request, result }) {
    const { title } = explain(result.error, this.#place);
    const kind = result.status === "skipped" ? "Not begun" : title;
    this.kinds.set(kind, (this.kinds.get(kind) ?? 0) + 1);
    if (result.status === "failed" && this.shown.length < SHOWN) this.shown.push([String(line), request.id, kind]);
  }

  get total() {
    return [...this.kinds.values()].reduce((sum, n) => sum + n, 0);
  }
}

// --- what is shown ------------------------------------------------------------------------------------------------------------------

/** The mark and colour of each phase. */
const VERDICTS = {
  idle: "idle",
  checked: "idle",
  running: "busy",
  doubtful: "some",
  bad: "refused",
  incomplete: "some",
  failed: "refused",
  revoked: "revoked",
};
const BUTTONS = {
  run: ["checked", "doubtful"],
  pause: ["running"],
  stop: ["running"],
  retry: ["incomplete", "failed"],
  csv: ["incomplete", "failed", "revoked"],
  jsonl: ["incomplete", "failed", "revoked"],
};

/** Fills the panel of the list. What can be done next depends on the phase alone. */
function show({ phase, title, text, facts = [] }) {
  const verdict = VERDICTS[phase];
  $("bulk").dataset.verdict = verdict;
  $("bulk-icon").setAttribute("href", `#icon-${verdict === "busy" ? "idle" : verdict}`);
  $("bulk-title").textContent = title;
  $("bulk-text").textContent = text;
  $("bulk-facts").replaceChildren(...facts.flatMap(([term, value]) => [el("dt", {}, term), el("dd", {}, value)]));
  $("meter").hidden = ["idle", "checked", "doubtful", "bad"].includes(phase);
  $("pace").hidden = phase !== "running";
  for (const [id, phases] of Object.entries(BUTTONS)) $(id).hidden = !phases.includes(phase);
  $("pause").textContent = "Pause";
  $("stop").textContent = "Cancel";
}

function tally() {
  const counts = { revoked: 0, failed: 0, skipped: 0 };
  for (const { result } of list.first) counts[result?.status ?? "skipped"] += 1;
  return counts;
}

let announced = "";

function showRun(run, failures) {
  const { revoked, failed } = tally();
  const left = run.total - run.done;
  const rate = run.rate();
  $("bar").max = run.total;
  $("bar").value = run.done;
  $("n-revoked").textContent = number.format(revoked);
  $("n-failed").textContent = number.format(failed);
  $("n-left").textContent = number.format(left);
  $("pace").textContent = pace(run, rate, left);
  tellProblems(failures.shown, { head: ["Line", "Credential", "Why"], kinds: failures.kinds, total: failed });

  // Told aloud at every tenth of the way, not with every result.
  const tenth = Math.floor((run.done / run.total) * 10) * 10;
  const now = `${tenth} percent: ${revoked} revoked, ${failed} failed`;
  if (tenth > 0 && tenth < 100 && !announced.startsWith(`${tenth} `)) {
    announced = now;
    $("status").textContent = now;
  }
}

function pace(run, rate, left) {
  if (run.cancelled) return "Cancelling: waiting for what is under way.";
  if (run.paused)
    return run.inFlight > 0 ? `Pausing: ${count(run.inFlight, "request")} under way.` : "Paused. Nothing is being sent.";
  if (run.pausedUntil > Date.now()) return `The API asked for a pause, until ${clock(run.pausedUntil)}.`;
  if (rate === 0) return "";
  const seconds = Math.ceil(left / rate);
  const time = seconds < 90 ? count(seconds, "second") : count(Math.round(seconds / 60), "minute");
  return `${number.format(Math.round(rate))} a second, about ${time} left.`;
}

function tellEnd(run, failures, problem) {
  showRun(run, failures);
  const { revoked, failed, skipped } = tally();
  const stopped = list.first.find(({ result }) => result?.error?.statusCode === 401);
  const facts = [
    ["Where", list.place.host],
    ["When", `${clock(new Date())} (${new Date().toISOString()})`],
  ];
  let [phase, title, text] = ["revoked", `${count(revoked, "credential")} revoked`, "That is the whole list."];
  if (failed + skipped > 0) {
    phase = revoked === 0 ? "failed" : "incomplete";
    title = `${number.format(revoked)} revoked, ${number.format(failed + skipped)} not`;
    text = run.cancelled ? "It was cancelled." : "The reasons are below. A retry goes over these only.";
  }
  if (stopped || problem) {
    const told = explain(problem ?? stopped.result.error, list.place);
    text = `${told.title}. ${told.text}`;
    if (told.forget) forget();
    if (told.field) setError(told.field, `${told.title}.`);
  }
  show({ phase, title, text, facts });
  $("retry").textContent = `Retry the ${number.format(failed + skipped)}`;
  announced = "";
  $("status").textContent = "";
  $("bulk-title").focus();
}

/** The table of what is wrong: lines that cannot be read, or credentials that were not revoked. */
function tellProblems(rows, { head = [], kinds = new Map(), total = rows.length } = {}) {
  $("problems").hidden = total === 0 && kinds.size === 0;
  $("kinds").replaceChildren(...[...kinds].map(([kind, n]) => el("li", {}, el("strong", {}, number.format(n)), ` ${kind}`)));
  $("problems-head").replaceChildren(...head.map((name) => el("th", { scope: "col" }, name)));
  const body = $("problems-body");
  const listed = rows.slice(0, SHOWN);
  // A table that only grows is only added to.
  const begun = body.rows.length <= listed.length && body.dataset.head === head.join() ? body.rows.length : 0;
  if (begun === 0) body.replaceChildren();
  body.dataset.head = head.join();
  body.append(...listed.slice(begun).map((cells) => el("tr", {}, ...cells.map((text) => el("td", {}, text)))));
  $("problems-table").hidden = listed.length === 0;
  const more = total - listed.length;
  $("problems-more").textContent = more > 0 ? `And ${number.format(more)} more.` : "";
}

/** Hands the report over as a file. */
export function download(format) {
  const [write, type] = { csv: [toCsv, "text/csv"], jsonl: [toJsonLines, "application/x-ndjson"] }[format];
  const url = URL.createObjectURL(new Blob([write(list.rows, list.place.host)], { type }));
  const stamp = new Date().toISOString().replace(/[:.]/g, "-");
  el("a", { href: url, download: `revocations-${stamp}.${format}` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
