// The form: where it points, what it authorises with, and the client made of the two. A token leaves its field for the client as soon
// as it is used. It stays in memory, and is never used for another place.
import { $, ask } from "./dom.js";
import { ConductoroneSDKTypescript } from "./vendor/c1-revoke.js";

const TIMEOUT_MS = 20_000;

export const form = $("form");
export const IDS = ["appId", "connectorId", "id"];
export const inputs = Object.fromEntries(["tenant", "operator", "token", ...IDS, "list"].map((name) => [name, $(name)]));

/** What this page's Worker offers: see worker/index.js. The page may also be served by something else, which offers nothing. */
let worker = { sandbox: false, tenant: null, signIn: null, problem: null };
/** The operator's token, once the Worker has accepted it. */
let operatorToken = null;

const isSandbox = () => form.elements.where.value === "sandbox";
/** Whether the Worker forwards to a tenant, even if it does not name it yet. */
const forwards = () => Boolean(worker.tenant || worker.signIn || worker.problem);

/** Where the form points: the client's options, those of each call, and its name. `direct`: the page calls another origin. */
export function where() {
  if (isSandbox()) return { options: { serverURL: `${location.origin}/sandbox` }, call: {}, host: "the sandbox", direct: false };
  if (worker.tenant) {
    const call = operatorToken ? { headers: { "operator-token": operatorToken } } : {};
    return { options: { serverURL: location.origin }, call, host: worker.tenant, direct: false };
  }
  const text = inputs.tenant.value.trim();
  const isURL = /^https?:\/\/(?![^/]+\.conductor\.one\/?$)/i.test(text);
  return { options: isURL ? { serverURL: text } : { tenantDomain: text }, call: {}, host: text, direct: true };
}

/** The client that holds a token, and for which place. */
let held = null;

export function forget() {
  held?.sdk.free();
  held = null;
  showHeld();
}

/** Removes the errors of all fields. */
export function clearErrors() {
  for (const name of Object.keys(inputs)) setError(name, "");
}

/** Forgets also what was typed, and the errors. */
export function forgetAll() {
  inputs.token.value = "";
  clearErrors();
  forget();
}

/** The client for this place, made of the token in the form. Throws what the client's constructor throws. */
export function clientFor(place) {
  const key = JSON.stringify(place.options);
  if (held && held.key !== key) forget();
  if (!held) {
    const security = { bearerAuth: inputs.token.value.trim() };
    const sdk = new ConductoroneSDKTypescript({ security, timeoutMs: TIMEOUT_MS, ...place.options });
    held = { key, sdk, host: place.host };
    inputs.token.value = "";
    showHeld();
  }
  return held.sdk;
}

function showHeld() {
  $("token-field").hidden = held !== null;
  $("held").hidden = held === null;
  $("held-where").textContent = held?.host ?? "";
}

/** Learns what the Worker offers, and begins with the tenant that it forwards to, or else with the sandbox. */
export async function begin() {
  worker = (await ask("config")) ?? worker;
  form.elements.where.value = worker.sandbox && !forwards() ? "sandbox" : "tenant";
  $("where").hidden = !worker.sandbox;
  showHeld();
  showWhere();
}

export function showWhere() {
  const live = !isSandbox();
  const waits = worker.signIn === "operator token";
  $("tenant-field").hidden = !live || waits;
  $("operator-field").hidden = !live || !waits;
  if (forwards()) {
    inputs.tenant.value = worker.tenant ?? "";
    inputs.tenant.readOnly = true;
    $("tenant-hint").textContent =
      worker.problem ??
      (worker.signIn
        ? "Sign in through Cloudflare Access, then reload this page."
        : "This page’s Worker forwards revocations to it.");
  }
  $("sandbox").hidden = live;
  $("example").hidden = live;
  $("banner").dataset.verdict = live ? "some" : "idle";
  $("banner-name").textContent = live ? worker.tenant || "Live" : "Sandbox";
  $("banner-text").textContent = live
    ? "This is the real API. A revoked credential stops working at once, and stays revoked."
    : "Nothing here is real. This page’s own Worker plays the API, with made-up credentials.";
}

/** Shows the Worker the operator's token, if it wants it first. True when nothing is left to sign in to. */
export async function signIn() {
  if ($("operator-field").hidden) return true;
  if (!isComplete(["operator"])) return false;
  const token = inputs.operator.value.trim();
  const answer = await ask("config", { headers: { "operator-token": token } });
  if (!answer?.tenant) {
    setError("operator", "The Worker did not accept this token.");
    inputs.operator.focus();
    return false;
  }
  [worker, operatorToken] = [answer, token];
  inputs.operator.value = "";
  showWhere();
  inputs.token.focus();
  return false; // The tenant is shown before anything is sent to it.
}

export function setError(name, message) {
  $(`${name}-error`).textContent = message;
  if (message) inputs[name].setAttribute("aria-invalid", "true");
  else inputs[name].removeAttribute("aria-invalid");
}

const MISSING = {
  tenant: "The tenant is missing.",
  operator: "Enter the operator token.",
  token: "Enter a bearer token.",
  appId: "Enter the app’s ID.",
  connectorId: "Enter the connector’s ID.",
  id: "Enter the credential’s ID.",
  list: "Paste a list, or choose a file.",
};

/** Marks the visible fields that are empty, and moves to the first of them. True when there is none. */
export function isComplete(names = Object.keys(inputs)) {
  const missing = names.filter((name) => !inputs[name].closest("[hidden]") && inputs[name].value.trim() === "");
  for (const name of Object.keys(inputs)) setError(name, missing.includes(name) ? MISSING[name] : "");
  inputs[missing[0]]?.focus();
  return missing.length === 0;
}

/** Fills in a token. */
export function fillToken(token) {
  forget();
  inputs.token.value = token;
  setError("token", "");
}
