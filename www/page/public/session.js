// What both ways of revoking share: where the form points, what it authorises with, and the client made of the two. A token or a key
// leaves its field for the client as soon as it is used, stays in memory, and is never used for another place.
import { ConductoroneSDKTypescript } from "./c1-revoke/cdn.js";
import { $ } from "./dom.js";

const TIMEOUT_MS = 20_000;
const FORWARDED = `${location.origin}/`;
const SANDBOX = `${location.origin}/sandbox`;

export const form = $("form");
export const IDS = ["appId", "connectorId", "id"];
export const inputs = Object.fromEntries(["tenant", "clientID", "secret", ...IDS, "list"].map((name) => [name, $(name)]));

/** The tenant to which this Worker forwards, if it has one. */
let forwardsTo = null;

/** Where the form points: the options that say so to the client, and how to name it to the reader. */
export function where() {
  if (form.elements.where.value === "sandbox") return { options: { serverURL: SANDBOX }, host: "the sandbox", direct: false };
  if (forwardsTo) return { options: { serverURL: FORWARDED }, host: forwardsTo, direct: false };
  const text = inputs.tenant.value.trim();
  const full = /^https?:\/\/(?![^/]+\.conductor\.one\/?$)/i.test(text);
  return { options: full ? { serverURL: text } : { tenantDomain: text }, host: text, direct: true };
}

/** The client with the token or API key that it was given, and for which place: neither is ever used for another. */
let held = null;

/** Whether there is such a client. */
export const isHeld = () => held !== null;

export function forget() {
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
export function forgetAll() {
  inputs.secret.value = "";
  clearErrors();
  forget();
}

/** The client for this place; made of the secret in the form, which is emptied. Throws what the client's constructor throws. */
export function clientFor(place) {
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

export function showHeld() {
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

export function showWhere() {
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

/** Begins with the tenant to which the Worker forwards, or else with the sandbox. */
export function beginAt(tenant) {
  forwardsTo = tenant;
  form.elements.where.value = tenant ? "tenant" : "sandbox";
  showHeld();
  showWhere();
}

export function setError(name, message) {
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
  list: "Paste a list, or choose a file.",
};

/** Marks the fields that are left empty, and goes to the first. True when none is. */
export function isComplete() {
  const wanted = Object.keys(inputs).filter((name) => !inputs[name].closest("[hidden]"));
  clearErrors();
  const missing = wanted.filter((name) => inputs[name].value.trim() === "");
  for (const name of missing) setError(name, MISSING[name]);
  if (missing.length > 0) inputs[missing[0]].focus();
  return missing.length === 0;
}

/** Leaves no mark on any field. */
export function clearErrors() {
  for (const name of Object.keys(inputs)) setError(name, "");
}

/** Fills in what to authorise with: a token, or an API key. */
export function fillCredentials({ token, clientID = "", clientSecret }) {
  forget();
  form.elements.with.value = token ? "token" : "key";
  inputs.clientID.value = clientID;
  inputs.secret.value = token ?? clientSecret;
  setError("clientID", "");
  setError("secret", "");
  showHeld();
}
