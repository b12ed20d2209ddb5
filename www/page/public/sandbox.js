// The panel that shows the sandbox, and fills the form with what can be tried there.
import { $, ask, clock, el, number } from "./dom.js";
import { fillToken, form, inputs } from "./form.js";
import { fillIds } from "./one.js";

let sandbox = null; // its state, as last shown

/** Shows the state given, or else asks for it. */
export async function showSandbox(state) {
  if ($("sandbox").hidden) return;
  sandbox = state ?? (await ask("sandbox/state")) ?? sandbox;
  if (!sandbox) return;
  $("sandbox-token").textContent = sandbox.token;
  const { appId, connectorId, count } = sandbox.load;
  const range = `cred-00001 to cred-${count} of ${appId}, ${connectorId}`;
  $("load").textContent = `For a long list: ${range}. Revoked so far: ${number(sandbox.revoked)}.`;
  $("credentials").replaceChildren(...sandbox.credentials.map(credentialRow));
}

function credentialRow(credential) {
  const { label, id, revokedAt } = credential;
  const use = el("button", { type: "button", className: "quiet", "aria-label": `Fill in ${label}` }, "Use");
  use.addEventListener("click", () => example(credential));
  return el(
    "li",
    { className: revokedAt ? "row gone" : "row" },
    el("span", { className: "what" }, label, el("small", { className: "code" }, id)),
    el("span", { className: "hint" }, revokedAt ? `Revoked ${clock(revokedAt)}` : "Active"),
    use,
  );
}

/** Fills in a credential and a token, ready to send. */
function example(credential, token) {
  form.elements.what.value = "one";
  form.elements.what[0].dispatchEvent(new Event("change"));
  fillIds(credential);
  authorise(token);
}

/** Fills in this token, or the sandbox's, unless the page holds one already. */
function authorise(token) {
  if (token || !$("token-field").hidden) fillToken(token ?? sandbox.token);
  $("revoke").focus();
}

const firstActive = () => sandbox.credentials.find(({ revokedAt }) => !revokedAt) ?? sandbox.credentials[0];

/** A list for the sandbox as real lists are: columns in another order, a line twice, an id that is gone. */
function exampleList() {
  const { appId, connectorId } = sandbox.load;
  const lines = Array.from({ length: 1_000 }, (_, i) => `${connectorId},cred-${String(i + 1).padStart(5, "0")},${appId}`);
  lines.splice(100, 0, lines[0], `${connectorId},cred-long-gone,${appId}`);
  inputs.list.value = ["connectorId,credentialId,appId", ...lines, ""].join("\n");
  inputs.list.dispatchEvent(new Event("input"));
  authorise();
}

const TRIES = {
  example: () => example(firstActive()),
  list: exampleList,
  token: () => example(firstActive(), "a-token-that-is-not-known"),
  id: () => example({ ...firstActive(), id: "cred-unheard-of" }),
  busy: () => example(sandbox.credentials.at(-1)),
};

/** Fills the form with the example of this name, once the sandbox has answered. */
export function tryIn(name) {
  if (sandbox) TRIES[name]();
}
