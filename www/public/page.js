// The page. Lines become rows when a run begins. From then on the table is what there is: a retry acts on its rows, not on lines.
import { readLines } from "./credential.js";
import { ConductoroneSDKTypescript } from "./vendor/c1-revoke.js";

/** The outcomes: their words, colours, and usual reasons. */
const OUTCOMES = {
  waiting: ["Waiting", "", ""],
  revoked: ["Revoked", "good", ""],
  notRevoked: ["Not revoked", "bad", "The API refused."],
  notSent: ["Not revoked", "bad", "It was not sent."],
  absent: ["No such credential", "doubt", "Check its ids."],
  unknown: ["Not known", "doubt", "The response is lost. Retry it: revoking twice does no harm."],
};
const REFUSALS = { 401: "The token was not accepted.", 403: "The token may not revoke this credential." };

const $ = (id) => document.getElementById(id);
const number = (n) => n.toLocaleString("en");
const credentials = (n) => (n === 1 ? "1 credential" : `${number(n)} credentials`);
const some = (texts) => (texts.length > 6 ? [...texts.slice(0, 5), `And ${number(texts.length - 5)} more.`] : texts);
const time = (date) => new Date(date).toLocaleTimeString("en-GB");
const element = (name, className, ...content) => {
  const it = Object.assign(document.createElement(name), { className });
  it.append(...content);
  return it;
};

const { host, sandbox } = await (await fetch("config")).json().catch(() => ({}));
const place = sandbox ? "the sandbox" : host;
let rows = []; // the table, empty until a run begins: { ids, lines, outcome, before, result, tr } each
let stop = null; // the AbortController of the run under way
let isSaved = true; // whether the record was copied or saved
let told = { at: 0, isPaused: false }; // what a screen reader was told last

const unsettled = () => rows.filter(({ outcome }) => outcome !== "revoked" && outcome !== "absent");

/** Shows what the button will do, or what is wrong with the lines. Returns what it will revoke. */
function check() {
  const isRetry = rows.length > 0;
  const read = isRetry ? { found: unsettled(), problems: [], notes: [] } : readLines($("lines").value, host);
  const { found, problems, notes } = read;
  $("problems").textContent = some(problems).join("\n");
  $("lines").setAttribute("aria-invalid", problems.length > 0);
  let text = found.length > 0 ? `${credentials(found.length)} of ${place} will be revoked. ${some(notes).join(" ")}` : "";
  if (problems.length > 0) text = "Nothing is sent until every line is right.";
  if ($("check").textContent !== text) $("check").textContent = text; // or a screen reader would repeat it at each key
  const ready = problems.length > 0 ? [] : found;
  $("go").textContent = `${isRetry ? "Retry" : "Revoke"} ${ready.length > 0 ? credentials(ready.length) : ""}`;
  return ready;
}

async function submit(event) {
  event.preventDefault();
  const found = check();
  if (found.length === 0) return $("lines").focus();
  let [sdk, problem] = [null, ""];
  try {
    sdk = new ConductoroneSDKTypescript({ serverURL: location.origin, security: { bearerAuth: $("token").value } });
  } catch (error) {
    problem = $("token").value === "" ? "Enter a bearer token." : error.message;
  }
  $("token-problem").textContent = problem;
  $("token").setAttribute("aria-invalid", problem !== "");
  if (problem) return $("token").focus();
  const warning = sandbox ? "Nothing real is revoked." : "They stop working at once. This cannot be undone.";
  if (found.length === 1 || confirm(`${$("go").textContent} of ${place}? ${warning}`)) await run(sdk, found);
  sdk.free();
}

/** Revokes: what the lines hold, or rows of the table. */
async function run(sdk, found) {
  [stop, isSaved] = [new AbortController(), false];
  for (const field of ["lines", "token"]) $(field).value = "";
  if (rows.length === 0) rows = found;
  for (const row of found) Object.assign(row, { before: row.outcome, outcome: "waiting" });
  let [progress, problem] = [{ done: 0, total: found.length }, ""];
  show(progress);
  $("rows").replaceChildren(...rows.map(({ tr }) => tr));
  $("title").focus();
  const timer = setInterval(() => show(progress), 250); // thousands of rows would not bear to be shown more often
  const items = found.map(({ ids }) => ids);
  const onProgress = (latest) => (progress = latest);
  const onResult = (result) => settle(found[result.index], result);
  try {
    await sdk.connector.revokeCredentials(items, { confirm: true, timeoutMs: 45_000, signal: stop.signal, onProgress, onResult });
  } catch (error) {
    problem = error.message;
  }
  clearInterval(timer);
  for (const row of found) if (row.outcome === "waiting") row.outcome = row.before ?? "notSent";
  if (stop.signal.aborted) problem = "The run was stopped.";
  stop = null;
  show({}, problem);
}

/** Enters a result. What an earlier run left unknown stays so, until the API says "revoked" or "no such credential". */
function settle(row, result) {
  if (result.attempts === 0 && row.before) return; // not sent again: the end of the run restores it
  const outcome = result.status === "revoked" ? "revoked" : result.outcome;
  const stays = row.before === "unknown" && outcome !== "revoked" && outcome !== "absent";
  Object.assign(row, { outcome: stays ? "unknown" : outcome, result });
}

function reasonOf({ outcome, before, result: { attempts, confirmation, statusCode } = {} }) {
  if (confirmation) return "The response was lost. The API confirms the revocation.";
  if (outcome === "absent" && (attempts > 1 || before === "unknown")) return "An earlier request may have revoked it.";
  return (outcome === "notRevoked" && REFUSALS[statusCode]) || OUTCOMES[outcome][2];
}

function draw(row) {
  const { ids, outcome, result: { answeredAt, sentAt, statusCode, requestId } = {} } = row;
  const [word, colour] = OUTCOMES[outcome];
  const at = answeredAt ?? sentAt;
  const facts = [at && time(at), statusCode && `status ${statusCode}`, requestId && `request ${requestId}`];
  const name = element("th", "", element("code", "", ids.id), element("small", "", `${ids.appId} / ${ids.connectorId}`));
  const said = [element("b", colour, word), element("p", "", reasonOf(row))];
  name.scope = "row";
  row.tr ??= element("tr", "");
  row.tr.className = outcome;
  row.tr.replaceChildren(name, element("td", "", ...said, element("small", "", facts.filter(Boolean).join(" · "))));
}

/** Shows the parts of the page that have a use now, and the run under way or how it ended. */
function show({ done, total, ratePerSecond, etaMs, pausedUntil } = {}, problem = "") {
  const phase = stop ? "running" : rows.length === 0 ? "list" : unsettled().length > 0 ? "retry" : "settled";
  for (const part of document.querySelectorAll("[data-in]")) part.hidden = !part.dataset.in.split(" ").includes(phase);
  for (const row of rows) if (row.tr?.className !== row.outcome) draw(row);
  if (!stop) check();
  if (phase === "list") return;
  const words = rows.map(({ outcome }) => OUTCOMES[outcome][0]);
  const count = (word) => number(words.filter((other) => other === word).length);
  const isWhole = words.every((word) => word === "Revoked");
  const isPaused = Boolean(stop && pausedUntil);
  let title = `${isWhole ? "" : `${count("Revoked")} of `}${credentials(rows.length)} revoked`;
  let text = problem;
  if (stop) {
    title = `Revoking ${credentials(total)}`;
    text = `${number(done)} of ${number(total)}`;
    if (ratePerSecond) text += ` · ${ratePerSecond.toFixed(1)} per second`;
    if (etaMs) text += ` · about ${etaMs < 90_000 ? `${Math.ceil(etaMs / 1000)} s` : `${Math.ceil(etaMs / 60_000)} min`} left`;
    [$("bar").max, $("bar").value] = [total, done];
  }
  if (isPaused) text = `Paused until ${time(pausedUntil)}, because the API asks to wait. It goes on by itself.`;
  $("title").textContent = title;
  $("title").className = stop ? "" : isWhole ? "good" : "bad";
  $("counts").textContent = isWhole ? "" : [...new Set(words)].map((word) => `${count(word)} ${word.toLowerCase()}`).join(" · ");
  $("text").textContent = text;
  if (!stop || isPaused !== told.isPaused || Date.now() - told.at > 15_000) {
    told = { at: Date.now(), isPaused };
    $("announce").textContent = `${title}. ${text}`;
  }
  // A button that is hidden loses the focus.
  if (!stop && document.activeElement.matches("body, [hidden], [hidden] *")) $("title").focus({ preventScroll: true });
}

/** The record: a line of JSON for each row. */
function record() {
  const lineOf = ({ ids, lines, outcome, result: { request, index, status, error, ...facts } = {} }) =>
    JSON.stringify({ host, sandbox, ...ids, lines, ...facts, outcome, error: error?.message });
  return `${rows.map(lineOf).join("\n")}\n`;
}

async function copy() {
  const problem = await navigator.clipboard.writeText(record()).catch(() => "Copying is not allowed here. Save the record.");
  isSaved ||= !problem;
  $("announce").textContent = $("text").textContent = problem ?? "The record is copied.";
}

function save() {
  const href = URL.createObjectURL(new Blob([record()], { type: "application/x-ndjson" }));
  const download = `revocations-${new Date().toISOString().replace(/[:.]/g, "-")}.jsonl`;
  Object.assign(element("a", ""), { href, download }).click();
  isSaved = true;
}

function startAgain() {
  if (!isSaved && !confirm("Discard the record? It was neither copied nor saved.")) return;
  [rows, isSaved] = [[], true];
  show();
  $("lines").focus();
}

for (const [id, action] of Object.entries({ copy, save, new: startAgain, stop: () => stop.abort() })) $(id).onclick = action;
$("form").onsubmit = submit;
$("lines").oninput = check;
addEventListener("beforeunload", (event) => (stop || !isSaved) && event.preventDefault());
// The back button may bring this page back as it was left: without a token, and with its run stopped.
addEventListener("pagehide", () => {
  $("token").value = "";
  stop?.abort();
});
$("where").textContent = host ? `Tenant ${host}` : "This page has no tenant: set C1_TENANT in its Worker.";
if (sandbox) {
  $("where").textContent = "Sandbox: nothing real is revoked, and any token is accepted.";
  $("where").className = "doubt";
  $("lines").value = "app-crm,con-crm,cred-sync\napp-git,con-git,cred-runner-busy\napp-git,con-git,cred-bot-lost";
}
if (host) show();
