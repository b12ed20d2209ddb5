// The console: reads the form, revokes with c1-revoke, tells what happened.
import { ConductoroneSDKTypescript } from "./c1-revoke/index.js";
import { $, el, mark } from "./dom.js";
import { explain, facts } from "./explain.js";

const TIMEOUT_MS = 20_000;
const IDS = ["appId", "connectorId", "id"];
const FORWARDED = `${location.origin}/`;
const SANDBOX = `${location.origin}/sandbox`;

const form = $("form");
const inputs = Object.fromEntries(["tenant", "clientID", "secret", ...IDS].map((name) => [name, $(name)]));

/** The tenant to which this Worker forwards, if it has one. */
let forwardsTo = null;
/** The sandbox as last seen. */
let sandbox = null;

// --- where, and the client for it -------------------------------------------------------------------------------------------------

/** Where the form points: the options that say so to the client, and how to name it to the reader. */
function where() {
  if (form.elements.where.value === "sandbox") return { options: { serverURL: SANDBOX }, host: "the sandbox", direct: false };
  if (forwardsTo) return { options: { serverURL: FORWARDED }, host: forwardsTo, direct: false };
  const text = inputs.tenant.value.trim();
  const full = /^https?:\/\/(?![^/]+\.conductor\.one\/?$)/i.test(text);
  return { options: full ? { serverURL: text } : { tenantDomain: text }, host: text, direct: true };
}

/** The client with the token or API key that it was given, and for which place: neither is ever used for another. */
let held = null;

function forget() {
  held?.sdk.free();
  held = null;
  showHeld();
}

/** What a form can authorise with: how to name it, and the options that say so to the client. */
const WAYS = {
  token: {
    name: "A token",
    label: "Bearer token",
    hint: "Never stored, never in a URL. It leaves this field for memory when first used.",
    options: () => ({ security: { bearerAuth: inputs.secret.value.trim() } }),
  },
  key: {
    name: "An API key",
    label: "Client secret",
    hint:
      "Signs requests for short-lived tokens, here in the page. Never stored, never sent. " +
      "Only your own key belongs here: for a page that others use, keep the key in the Worker.",
    options: () => ({ clientID: inputs.clientID.value.trim(), clientSecret: inputs.secret.value.trim() }),
  },
};
const way = () => WAYS[form.elements.with.value];

/** Forgets also what was typed, and what was said of it. */
function forgetAll() {
  inputs.secret.value = "";
  for (const name of Object.keys(inputs)) setError(name, "");
  forget();
}

/** The client for this place; made of the secret in the form, which is emptied. Throws what the client's constructor throws. */
function clientFor(place) {
  const key = JSON.stringify(place.options);
  if (held && held.key !== key) forget();
  if (!held) {
    const sdk = new ConductoroneSDKTypescript({ ...way().options(), timeoutMs: TIMEOUT_MS, ...place.options });
    held = { key, sdk, host: place.host };
    inputs.secret.value = "";
    showHeld();
  }
  return held.sdk;
}

function showHeld() {
  const { name, label, hint } = way();
  $("with").hidden = held !== null;
  $("clientID-field").hidden = held !== null || way() !== WAYS.key;
  $("secret-field").hidden = held !== null;
  $("secret-label").textContent = label;
  $("secret-hint").textContent = hint;
  $("held").hidden = held === null;
  $("held-what").textContent = `${name} is held in memory`;
  $("held-where").textContent = held?.host ?? "";
}

function showWhere() {
  const live = form.elements.where.value === "tenant";
  $("tenant-field").hidden = !live;
  if (forwardsTo) {
    inputs.tenant.value = forwardsTo;
    inputs.tenant.readOnly = true;
    $("tenant-hint").textContent = "Set in this page’s Worker, which forwards revocations to it.";
  }
  $("sandbox").hidden = live;
  $("example").hidden = live;
  $("banner").dataset.where = live ? "tenant" : "sandbox";
  $("banner-name").textContent = live ? forwardsTo || "Live" : "Sandbox";
  $("banner-text").textContent = live
    ? "This is the real API. What is revoked stops working at once, and stays revoked."
    : "Nothing here is real. This page’s own Worker plays the API, and knows only made-up credentials.";
}

// --- the form ---------------------------------------------------------------------------------------------------------------------

function setError(name, message) {
  $(`${name}-error`).textContent = message;
  if (message) inputs[name].setAttribute("aria-invalid", "true");
  else inputs[name].removeAttribute("aria-invalid");
}

const MISSING = {
  tenant: "Name the tenant, or its server.",
  clientID: "Enter the API key’s client ID.",
  secret: "Enter it: nothing can be revoked without.",
  appId: "Enter the app’s ID.",
  connectorId: "Enter the connector’s ID.",
  id: "Enter the credential’s ID.",
};

/** Marks the fields that are left empty, and goes to the first. True when none is. */
function isComplete() {
  const wanted = Object.keys(inputs).filter((name) => !inputs[name].closest("[hidden]"));
  for (const name of Object.keys(inputs)) setError(name, "");
  const missing = wanted.filter((name) => inputs[name].value.trim() === "");
  for (const name of missing) setError(name, MISSING[name]);
  if (missing.length > 0) inputs[missing[0]].focus();
  return missing.length === 0;
}

/** `…/apps/a/connectors/b/credentials/c`, wherever it was copied from, is worth three fields. */
function pasteAddress(event) {
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

function fillIds(ids) {
  for (const name of IDS) {
    inputs[name].value = ids[name];
    setError(name, "");
  }
}

/** Fills in what to authorise with: a token, or an API key. */
function fillCredentials({ token, clientID = "", clientSecret }) {
  forget();
  form.elements.with.value = token ? "token" : "key";
  inputs.clientID.value = clientID;
  inputs.secret.value = token ?? clientSecret;
  setError("clientID", "");
  setError("secret", "");
  showHeld();
}

// --- revoking ---------------------------------------------------------------------------------------------------------------------

let busy = false;

async function revoke() {
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
  await showSandbox();
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

// --- what happened ----------------------------------------------------------------------------------------------------------------

const outcomes = [];

/** The moment for people, and for the record: local time to the second, and UTC. */
function moment(date) {
  return `${clock(date)} (${date
    .toISOString()
    .replace("T", " ")
    .replace(/\.\d+Z$/, " UTC")})`;
}

function clock(date) {
  return new Date(date).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
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

async function copyRecord() {
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

// --- the sandbox ------------------------------------------------------------------------------------------------------------------

/** Asks this page's own Worker; null when it cannot be reached, which the next revocation will tell more of. */
async function ask(path, init) {
  try {
    const answer = await fetch(path, { ...init, credentials: "omit" });
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}

async function showSandbox(state) {
  sandbox = state ?? (await ask("sandbox/state")) ?? sandbox;
  if (!sandbox) return;
  $("sandbox-token").textContent = sandbox.token;
  $("sandbox-client").textContent = sandbox.apiKey.clientID;
  const { appId, connectorId, count } = sandbox.load;
  $("load").textContent =
    `For a long list: cred-00001 to cred-${count} of ${appId}, ${connectorId}. Revoked in all: ${sandbox.revoked}.`;
  $("credentials").replaceChildren(
    ...sandbox.credentials.map((credential) => {
      const { label, id, revokedAt } = credential;
      const use = el("button", { type: "button", className: "quiet", "aria-label": `Fill in ${label}` }, "Use");
      use.addEventListener("click", () => example(credential));
      return el(
        "li",
        { className: revokedAt ? "gone" : "" },
        el("span", { className: "what" }, label, el("small", { className: "code" }, id)),
        el("span", { className: "state" }, revokedAt ? `Revoked ${clock(revokedAt)}` : "Active"),
        use,
      );
    }),
  );
}

/** Fills the form with a credential of the sandbox and what to authorise with, ready to send. */
function example(credential, values) {
  fillIds(credential);
  if (values) fillCredentials(values);
  else if (!held) fillCredentials(form.elements.with.value === "key" ? sandbox.apiKey : { token: sandbox.token });
  $("revoke").focus();
}

function firstActive() {
  return sandbox.credentials.find(({ revokedAt }) => !revokedAt) ?? sandbox.credentials[0];
}

const TRIES = {
  token: () => example(firstActive(), { token: "a-token-that-is-not-known" }),
  key: () => example(firstActive(), sandbox.apiKey),
  id: () => example({ ...firstActive(), id: "cred-unheard-of" }),
  busy: () => example(sandbox.credentials.at(-1)),
};

// --- start ------------------------------------------------------------------------------------------------------------------------

form.addEventListener("submit", (event) => {
  event.preventDefault();
  revoke();
});
for (const name of Object.keys(inputs)) inputs[name].addEventListener("input", () => setError(name, ""));
for (const name of IDS) inputs[name].addEventListener("paste", pasteAddress);
for (const choice of form.elements.where) {
  choice.addEventListener("change", () => {
    forgetAll();
    showWhere();
  });
}
for (const choice of form.elements.with) choice.addEventListener("change", forgetAll);
$("forget").addEventListener("click", () => {
  forget();
  inputs.secret.focus();
});
$("again").addEventListener("click", revoke);
$("copy").addEventListener("click", copyRecord);
$("example").addEventListener("click", () => sandbox && example(firstActive()));
$("reset").addEventListener("click", async () => showSandbox(await ask("sandbox/reset", { method: "POST" })));
for (const button of document.querySelectorAll("[data-try]")) {
  button.addEventListener("click", () => sandbox && TRIES[button.dataset.try]());
}
// A page that is kept for the back button keeps its memory too.
addEventListener("pagehide", forgetAll);
addEventListener("focus", () => showSandbox());

forwardsTo = (await ask("config"))?.tenant ?? null;
form.elements.where.value = forwardsTo ? "tenant" : "sandbox";
showWhere();
await showSandbox();
$("revoke").disabled = false;
