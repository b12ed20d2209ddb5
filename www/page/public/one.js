// Revoking one credential, and telling what happened.
import { $, clock, el, mark } from "./dom.js";
import { explain, facts } from "./explain.js";
import { clientFor, forget, IDS, inputs, isComplete, setError, where } from "./session.js";

/** `…/apps/a/connectors/b/credentials/c`, wherever it was copied from, is worth three fields. */
export function pasteAddress(event) {
  const text = event.clipboardData?.getData("text") ?? "";
  const match = /\/apps\/([^/\s]+)\/connectors\/([^/\s]+)\/credentials\/([^/?#\s]+)/.exec(text);
  if (!match) return;
  event.preventDefault();
  const decoded = match.slice(1).map((part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part;
    }
  });
  fillIds(Object.fromEntries(IDS.map((name, index) => [name, decoded[index]])));
}

export function fillIds(ids) {
  for (const name of IDS) {
    inputs[name].value = ids[name];
    setError(name, "");
  }
}

let busy = false;

/** Revokes the credential that the form names. */
export async function revoke() {
  if (busy || !isComplete()) return;
  const place = where();
  const request = Object.fromEntries(IDS.map((name) => [name, inputs[name].value.trim()]));
  const began = new Date();
  const outcome = { place, request, at: began };

  setBusy(true, request.id);
  try {
    const result = await clientFor(place).connector.revokeCredential(request);
    outcome.verdict = "revoked";
    outcome.title = "";
    outcome.text = `It was revoked in ${place.host}, and works no more.`;
    outcome.facts = [
      ["Answer", `${result.statusCode}, after ${Date.now() - began.getTime()} ms`],
      ["Request ID", result.rawResponse.headers.get("x-request-id") ?? ""],
    ].filter(([, value]) => value !== "");
  } catch (error) {
    Object.assign(outcome, explain(error, place), { facts: facts(error) });
    if (outcome.forget) forget();
  }
  outcome.at = new Date();
  setBusy(false);
  tell(outcome);
}

function setBusy(now, id = "") {
  busy = now;
  const button = $("revoke");
  // Not `disabled`, which would drop the keyboard's focus.
  button.setAttribute("aria-disabled", String(now));
  button.textContent = now ? "Revoking…" : "Revoke credential";
  $("status").textContent = now ? `Revoking ${id}` : "";
  if (now) show({ verdict: "busy", title: "", text: "", subject: id, facts: [] });
}

const outcomes = [];

/** The moment for people, and for the record: local time to the second, and UTC. */
function moment(date) {
  return `${clock(date)} (${date
    .toISOString()
    .replace("T", " ")
    .replace(/\.\d+Z$/, " UTC")})`;
}

const VERDICTS = { busy: "Revoking…", revoked: "Revoked", refused: "Not revoked", unknown: "Not known" };

/** Fills the panel that tells what happened. */
function show({ verdict, title, text, subject, facts }) {
  $("outcome").dataset.verdict = verdict;
  $("outcome-icon").setAttribute("href", `#icon-${verdict === "busy" ? "idle" : verdict}`);
  $("outcome-verdict").textContent = VERDICTS[verdict];
  $("outcome-reason").textContent = title;
  $("outcome-subject").textContent = subject;
  $("outcome-text").textContent = text;
  $("outcome-facts").replaceChildren(...facts.flatMap(([term, value]) => [el("dt", {}, term), el("dd", {}, value)]));
  $("outcome-actions").hidden = verdict === "busy";
}

function factsOf({ place, request, at, facts }) {
  return [["When", moment(at)], ["Where", place.host], ["App", request.appId], ["Connector", request.connectorId], ...facts];
}

function tell(outcome) {
  outcomes.unshift(outcome);
  show({ ...outcome, subject: outcome.request.id, facts: factsOf(outcome) });
  $("again").hidden = outcome.verdict === "revoked" || Boolean(outcome.field);
  $("copy").textContent = "Copy this record";

  $("log").hidden = outcomes.length < 2;
  $("log-rows").replaceChildren(
    ...outcomes
      .slice(1)
      .map((earlier) =>
        el(
          "li",
          { "data-verdict": earlier.verdict },
          mark(earlier.verdict),
          el(
            "span",
            { className: "what" },
            earlier.title || VERDICTS.revoked,
            el("small", {}, el("span", { className: "code" }, earlier.request.id), ` in ${earlier.place.host}`),
          ),
          el("time", { dateTime: earlier.at.toISOString() }, clock(earlier.at)),
        ),
      ),
  );

  if (outcome.field) {
    setError(outcome.field, outcome.title === "Nothing was sent" ? outcome.text : `${outcome.title}.`);
  }
  $("outcome-title").focus();
}

/** Copies what happened last, as lines of text. */
export async function copyRecord() {
  const [outcome] = outcomes;
  const lines = [
    ["Result", [VERDICTS[outcome.verdict], outcome.title].filter(Boolean).join(": ")],
    ["Credential", outcome.request.id],
    ...factsOf(outcome),
  ];
  try {
    await navigator.clipboard.writeText(lines.map(([term, value]) => `${term}: ${value}`).join("\n"));
    $("copy").textContent = "Copied";
  } catch {
    $("copy").textContent = "The browser refused to copy";
  }
}
