// Revokes a list: a check that sends nothing, a confirmed run that can be paused and cancelled, and a report.
import { $, about, clock, count, el, moment, number, showFacts } from "./dom.js";
import { explain } from "./explain.js";
import { clientFor, forget, form, inputs, isComplete, setError, where } from "./form.js";
import { showSandbox } from "./sandbox.js";
import { readList, toCsv, toJsonLines } from "./vendor/lists.js";

/** Problems that the table shows. The report has all. */
const SHOWN = 200;

/** The list that was checked: `{ place, rows, first, run }`, with the first row of each credential, and the run that is under way. */
let list = null;

/** Forgets the list that was checked, because the form no longer holds it. */
export function leaveBulk() {
  if (list?.run) return;
  list = null;
  show("idle", "No list checked yet", "The list is checked first. Nothing is sent until you confirm.");
  showProblems([]);
}

/** Reads and checks the list in the form, and shows what a run would do. */
export async function check() {
  if (list?.run || !isComplete()) return;
  const place = where();
  const { rows, errors, stopped } = readList(inputs.list.value);
  let report;
  try {
    report = await clientFor(place).connector.revokeCredentials(rows, { dryRun: true });
  } catch (error) {
    const { field = "list", text } = explain(error, place);
    setError(field, text);
    return inputs[field].focus();
  }
  const byIndex = new Map();
  for (const { index, request, error, duplicateOf } of report.results) {
    const { line, ...ids } = request;
    if (error) errors.push({ line, message: error.cause?.message ?? error.message });
    else byIndex.set(index, { line, request: ids, twin: byIndex.get(duplicateOf) });
  }
  const checked = [...byIndex.values()];
  list = { place, run: null, rows: checked, first: checked.filter((row) => !row.twin) };
  errors.sort((a, b) => a.line - b.line);
  const problems = errors.map(({ line, message }) => [String(line), message]);
  showProblems(problems, { head: ["Line", "Problem"] });

  const credentials = count(list.first.length, "credential");
  const bad = count(errors.length, "line");
  const twins = checked.length - list.first.length;
  const lines = [
    ["Where", place.host],
    ["To revoke", credentials],
    ...connectors(list.first),
    ["Repeated", twins === 0 ? "none" : `${count(twins, "line")}, revoked once`],
    ["Not readable", errors.length === 0 ? "none" : bad],
  ];
  if (stopped)
    show("bad", "This list cannot be read", `Reading stopped at line ${number(errors.at(-1).line)}. Correct the list.`, lines);
  else if (list.first.length === 0) show("bad", "Nothing to revoke", "No line of this list names a credential.", lines);
  else if (errors.length === 0) show("checked", `Revoke ${credentials}?`, "Nothing has been sent yet.", lines);
  else
    show("doubtful", `Revoke ${credentials}?`, "Nothing has been sent yet. Correct the lines below, or leave them out.", lines);
  $("run").textContent = errors.length === 0 ? `Revoke ${credentials}` : `Leave out ${bad}, revoke the rest`;
  $("bulk-title").focus();
}

/** The connectors with the most credentials: somebody who knows the incident sees whether the list is right. */
function connectors(rows) {
  const counts = new Map();
  for (const { request } of rows) {
    const key = `${request.appId} / ${request.connectorId}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const all = [...counts].sort(([, a], [, b]) => b - a);
  const shown = all.slice(0, 4).map(([key, n]) => [" ", `${key}: ${number(n)}`]);
  return all.length > shown.length ? [...shown, [" ", `and ${count(all.length - shown.length, "connector")} more`]] : shown;
}

/** One run over rows of the list. */
export class Run {
  #stop = new AbortController();
  #gate = Promise.resolve();
  #open = () => {};
  done = 0;
  paused = false;
  cancelled = false;
  /** The last progress that the package reported. */
  progress = { inFlight: 0 };
  /** How many rows were not revoked, by reason, and the first of them. */
  kinds = new Map();
  problems = [];
  refusal = null; // the error of a token that was refused

  constructor(rows) {
    this.rows = rows;
  }

  /** Revokes. Each row gets its result. Rejects for what fails the whole run. */
  async go(sdk, { place, onChange }) {
    const run = this;
    // The package asks for a request when there is room for one. A pause makes it wait here.
    async function* requests() {
      for (const { request } of run.rows) {
        await run.#gate;
        if (run.cancelled) return;
        yield request;
      }
    }
    await sdk.connector.revokeCredentials(requests(), {
      ...place.call,
      signal: this.#stop.signal,
      onResult: (result) => {
        this.done += 1;
        this.#note(this.rows[result.index], result, place);
        onChange();
      },
      onProgress: (progress) => {
        this.progress = progress;
        onChange();
      },
    });
  }

  #note(row, result, place) {
    row.result = result;
    row.outcome = "revoked";
    if (result.status === "revoked") return;
    if (result.statusCode === 401) this.refusal = result.error;
    const isSent = result.attempts > 0;
    // Attempts before the last may have lost their answers, and so may those of an earlier run.
    const { verdict, title } = explain(result.error, place, row.mayBeRevoked || result.attempts > 1);
    row.mayBeRevoked ||= isSent && verdict === "unknown";
    const refused = isSent || result.status === "failed" ? "not revoked" : "not sent";
    row.outcome = row.mayBeRevoked ? "not known" : refused;
    const kind = row.outcome === "not sent" ? "Not sent" : title;
    this.kinds.set(kind, (this.kinds.get(kind) ?? 0) + 1);
    if (row.outcome !== "not sent" && this.problems.length < SHOWN) this.problems.push([String(row.line), row.request.id, kind]);
  }

  pauseOrResume() {
    this.paused = !this.paused;
    if (this.paused) ({ promise: this.#gate, resolve: this.#open } = Promise.withResolvers());
    else this.#open();
  }

  /** Sends nothing more. Requests under way get their answers, because they may have revoked. A second call stops those too. */
  cancel() {
    if (this.cancelled || this.progress.inFlight === 0) this.#stop.abort();
    this.cancelled = true;
    if (this.paused) this.pauseOrResume();
  }

  /** How fast the run is, and how long it will take, or why it waits. */
  get pace() {
    const { inFlight, pausedUntil = 0, ratePerSecond, etaMs } = this.progress;
    const underWay = `${count(inFlight, "request")} under way.`;
    if (this.cancelled) return `Cancelling. ${underWay}`;
    if (this.paused) return inFlight > 0 ? `Pausing. ${underWay}` : "Paused. Nothing is being sent.";
    if (pausedUntil > Date.now()) return `Waiting until ${clock(pausedUntil)}, as the API asks.`;
    if (!ratePerSecond) return underWay;
    // The package does not know how many are left: it pulls them one by one.
    const left = etaMs ?? ((this.rows.length - this.done) / ratePerSecond) * 1000;
    return `${number(Math.max(1, Math.round(ratePerSecond)))} a second, ${about(left)} left`;
  }
}

export const confirmRun = () => start(list.first);

export const retry = () => isComplete() && start(list.first.filter(({ outcome }) => outcome !== "revoked"));

async function start(rows) {
  if (!list || list.run) return;
  const { place } = list;
  const run = new Run(rows);
  list.run = run;
  // Drawn at most once a frame, however many results come.
  let drawing = 0;
  const onChange = () => {
    drawing ||= requestAnimationFrame(() => {
      drawing = 0;
      showRun(run);
    });
  };
  const timers = [setInterval(onChange, 500), setInterval(() => showSandbox(), 1_000)];
  showProblems([]);
  form.inert = true;
  addEventListener("beforeunload", warn);
  show("running", `Revoking ${count(rows.length, "credential")}`, "");
  showRun(run);
  $("bulk-title").focus();
  let problem = null;
  try {
    await run.go(clientFor(place), { place, onChange });
  } catch (error) {
    problem = error;
  }
  timers.forEach(clearInterval);
  cancelAnimationFrame(drawing);
  removeEventListener("beforeunload", warn);
  form.inert = false;
  list.run = null;
  showEnd(run, place, problem);
  await showSandbox();
}

const warn = (event) => event.preventDefault();
export function pauseOrResume() {
  list.run.pauseOrResume();
  $("pause").textContent = list.run.paused ? "Resume" : "Pause";
}

export function stop() {
  list.run.cancel();
  $("pause").hidden = true;
  $("stop").textContent = "Stop now";
}

/** The colour and mark of each phase, and the buttons that it has. */
const PHASES = {
  idle: { verdict: "idle", buttons: [] },
  checked: { verdict: "idle", buttons: ["run"] },
  doubtful: { verdict: "some", buttons: ["run"] },
  bad: { verdict: "refused", buttons: [] },
  running: { verdict: "busy", buttons: ["pause", "stop"] },
  incomplete: { verdict: "some", buttons: ["retry", "csv", "jsonl"] },
  failed: { verdict: "refused", buttons: ["retry", "csv", "jsonl"] },
  revoked: { verdict: "revoked", buttons: ["csv", "jsonl"] },
};

/** Fills the panel of the list. */
function show(phase, title, text, facts = []) {
  const { verdict, buttons } = PHASES[phase];
  $("bulk").dataset.verdict = verdict;
  $("bulk-icon").setAttribute("href", `#icon-${verdict === "busy" ? "idle" : verdict}`);
  $("bulk-title").textContent = title;
  $("bulk-text").textContent = text;
  showFacts($("bulk-facts"), facts);
  $("meter").hidden = !["running", "incomplete", "failed", "revoked"].includes(phase);
  $("pace").hidden = phase !== "running";
  for (const id of ["run", "pause", "stop", "retry", "csv", "jsonl"]) $(id).hidden = !buttons.includes(id);
  $("pause").textContent = "Pause";
  $("stop").textContent = "Cancel";
}

function showRun(run) {
  const counts = { revoked: 0, "not revoked": 0, "not known": 0, "not sent": 0 };
  for (const { outcome = "not sent" } of list.first) counts[outcome] += 1;
  const total = run.rows.length;
  $("bar").max = total;
  $("bar").value = run.done;
  const shown = { revoked: counts.revoked, failed: counts["not revoked"], unknown: counts["not known"] };
  for (const [name, n] of Object.entries(shown)) $(`n-${name}`).textContent = number(n);
  $("n-unknown").parentElement.hidden = shown.unknown === 0;
  $("n-left").textContent = number(list.run ? total - run.done : counts["not sent"]);
  $("left").textContent = list.run ? "left" : "not sent";
  $("pace").textContent = run.pace;
  const bad = [...run.kinds].reduce((sum, [kind, n]) => (kind === "Not sent" ? sum : sum + n), 0);
  showProblems(run.problems, { head: ["Line", "Credential", "Problem"], kinds: run.kinds, total: bad });

  // A screen reader hears each tenth of the way, not each result.
  const percent = `${Math.floor((run.done / total) * 10) * 10} percent`;
  if (run.done > 0 && $("status").textContent !== percent) $("status").textContent = percent;
  return counts;
}

function showEnd(run, place, problem) {
  const counts = showRun(run);
  const not = counts["not revoked"] + counts["not sent"];
  const unknown = counts["not known"];
  const isWhole = not + unknown === 0;
  let text = isWhole ? "That is the whole list." : "A retry sends only what is not revoked. The reasons are below.";
  if (run.cancelled) text = "The run was cancelled. A retry sends only what is not revoked.";
  if (problem || run.refusal) {
    const { title, text: advice, field, forget: isUseless } = explain(problem ?? run.refusal, place);
    text = `${title}. ${advice}`;
    if (isUseless) forget();
    if (field) setError(field, `${title}.`);
  }
  const parts = [`${number(counts.revoked)} revoked`, not && `${number(not)} not`, unknown && `${number(unknown)} not known`];
  const title = isWhole ? `${count(counts.revoked, "credential")} revoked` : parts.filter(Boolean).join(", ");
  const phase = (isWhole && "revoked") || (counts.revoked === 0 ? "failed" : "incomplete");
  show(phase, title, text, Object.entries({ Where: place.host, When: moment(new Date()) }));
  $("retry").textContent = `Retry the ${number(not + unknown)}`;
  $("status").textContent = "";
  $("bulk-title").focus();
}

/** The table of problems: lines that cannot be read, or credentials that were not revoked. */
function showProblems(rows, { head = [], kinds = new Map(), total = rows.length } = {}) {
  $("problems").hidden = total === 0 && kinds.size === 0;
  $("kinds").replaceChildren(...[...kinds].map(([kind, n]) => el("li", {}, el("strong", {}, number(n)), ` ${kind}`)));
  $("problems-head").replaceChildren(...head.map((name) => el("th", { scope: "col" }, name)));
  const body = $("problems-body");
  const shown = rows.slice(0, SHOWN);
  // A table that only grows is only added to.
  if (body.rows.length > shown.length || body.dataset.head !== head.join()) body.replaceChildren();
  body.dataset.head = head.join();
  body.append(...shown.slice(body.rows.length).map((cells) => el("tr", {}, ...cells.map((text) => el("td", {}, text)))));
  $("problems-table").hidden = shown.length === 0;
  $("problems-more").textContent = total > shown.length ? `And ${number(total - shown.length)} more.` : "";
}

/** Offers the report as a file. */
export function download(format) {
  const [write, type] = { csv: [toCsv, "text/csv"], jsonl: [toJsonLines, "application/x-ndjson"] }[format];
  const url = URL.createObjectURL(new Blob([write(list.rows, list.place.host)], { type }));
  const stamp = new Date().toISOString().replace(/[:.]/g, "-");
  el("a", { href: url, download: `revocations-${stamp}.${format}` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
