// Revokes one credential, and shows the result.
import { $, clock, el, moment, showFacts } from "./dom.js";
import { explain, facts } from "./explain.js";
import { clientFor, forget, IDS, inputs, isComplete, setError, where } from "./form.js";

/** Fills in all three ids when an address of a credential, `…/apps/a/connectors/b/credentials/c`, is pasted. */
export function pasteAddress(event) {
  const text = event.clipboardData?.getData("text") ?? "";
  const match = /\/apps\/([^/\s]+)\/connectors\/([^/\s]+)\/credentials\/([^/?#\s]+)/.exec(text);
  if (!match) return;
  event.preventDefault();
  fillIds(Object.fromEntries(IDS.map((name, index) => [name, decoded(match[index + 1])])));
}

function decoded(segment) {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

export function fillIds(ids) {
  for (const name of IDS) {
    inputs[name].value = ids[name];
    setError(name, "");
  }
}

let busy = false;

/** What happened on this page, the latest first. */
const outcomes = [];

/** Revokes the credential in the form. */
export async function revoke() {
  if (busy || !isComplete()) return;
  const place = where();
  const request = Object.fromEntries(IDS.map((name) => [name, inputs[name].value.trim()]));
  const key = JSON.stringify([place.host, request]);
  const outcome = { place, request, key };
  const began = Date.now();

  setBusy(true, request.id);
  try {
    const result = await clientFor(place).connector.revokeCredential(request, place.call);
    outcome.verdict = "revoked";
    outcome.title = "";
    outcome.text = `It is revoked in ${place.host}, and no longer works.`;
    outcome.facts = [
      ["Answer", `${result.statusCode}, after ${Date.now() - began} ms`],
      ["Request ID", result.rawResponse.headers.get("x-request-id") ?? ""],
    ];
  } catch (error) {
    const again = outcomes.some((earlier) => earlier.key === key && earlier.verdict === "unknown");
    Object.assign(outcome, explain(error, place, again), { facts: facts(error) });
    if (outcome.forget) forget();
  }
  outcome.at = new Date();
  setBusy(false);
  tell(outcome);
}

function setBusy(now, id = "") {
  busy = now;
  // Not `disabled`, which would drop the keyboard's focus.
  $("revoke").setAttribute("aria-disabled", String(now));
  $("revoke").textContent = now ? "Revoking…" : "Revoke credential";
  $("status").textContent = now ? `Revoking ${id}` : "";
  if (now) show({ verdict: "busy", title: "", text: "", subject: id, facts: [] });
}

const VERDICTS = { busy: "Revoking…", revoked: "Revoked", refused: "Not revoked", unknown: "Not known" };

/** Fills the panel of the result. */
function show({ verdict, title, text, subject, facts }) {
  $("outcome").dataset.verdict = verdict;
  $("outcome-icon").setAttribute("href", `#icon-${verdict === "busy" ? "idle" : verdict}`);
  $("outcome-verdict").textContent = VERDICTS[verdict];
  $("outcome-reason").textContent = title;
  $("outcome-subject").textContent = subject;
  $("outcome-text").textContent = text;
  showFacts($("outcome-facts"), facts);
  $("outcome-actions").hidden = verdict === "busy";
}

function factsOf({ place, request, at, facts }) {
  return [["When", moment(at)], ["Where", place.host], ["App", request.appId], ["Connector", request.connectorId], ...facts];
}

function tell(outcome) {
  show({ ...outcome, subject: outcome.request.id, facts: factsOf(outcome) });
  $("again").hidden = outcome.verdict === "revoked" || Boolean(outcome.field);
  $("copy").textContent = "Copy this record";
  $("log").hidden = outcomes.length === 0;
  $("log-rows").replaceChildren(...outcomes.map(logRow));
  outcomes.unshift(outcome);
  if (outcome.field) setError(outcome.field, outcome.title === "Nothing was sent" ? outcome.text : `${outcome.title}.`);
  $("outcome-title").focus();
}

function logRow({ verdict, title, request, place, at }) {
  const what = el("span", { className: "what" }, title || VERDICTS.revoked, el("small", {}, `${request.id} in ${place.host}`));
  return el("li", { className: "row", "data-verdict": verdict }, what, el("time", { className: "hint" }, clock(at)));
}

/** Copies the latest result as lines of text. */
export async function copyRecord() {
  const [outcome] = outcomes;
  const result = [VERDICTS[outcome.verdict], outcome.title].filter(Boolean).join(": ");
  const lines = [["Result", result], ["Credential", outcome.request.id], ...factsOf(outcome)].filter(([, value]) => value !== "");
  try {
    await navigator.clipboard.writeText(lines.map(([term, value]) => `${term}: ${value}`).join("\n"));
    $("copy").textContent = "Copied";
  } catch {
    $("copy").textContent = "The browser did not allow it";
  }
}
