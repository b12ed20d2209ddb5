// The panel that shows the sandbox, and fills the form with what to try there.
import { $, clock, el } from "./dom.js";
import { fillIds } from "./one.js";
import { fillCredentials, form, inputs, isHeld } from "./session.js";

/** Lines in the example of a list. */
const LIST_LENGTH = 1_000;

/** The sandbox as last seen. */
let sandbox = null;

/** Asks this page's own Worker; null when it cannot be reached, which the next revocation will tell more of. */
export async function ask(path, init) {
  try {
    const answer = await fetch(path, { ...init, credentials: "omit" });
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}

/** Shows what is revoked by now. */
export async function showSandbox(state) {
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
  form.elements.what.value = "one";
  form.elements.what[0].dispatchEvent(new Event("change"));
  fillIds(credential);
  authorise(values);
}

/** Fills in what to authorise with, unless the form has that already and no other is asked for. */
function authorise(values) {
  if (values) fillCredentials(values);
  else if (!isHeld()) fillCredentials(form.elements.with.value === "key" ? sandbox.apiKey : { token: sandbox.token });
  $("revoke").focus();
}

function firstActive() {
  return sandbox.credentials.find(({ revokedAt }) => !revokedAt) ?? sandbox.credentials[0];
}

/** A list for the sandbox, with what lists have: names in another order, a line too many, an id that is gone. */
function exampleList() {
  const { appId, connectorId } = sandbox.load;
  const lines = Array.from({ length: LIST_LENGTH }, (_, i) => `${connectorId},cred-${String(i + 1).padStart(5, "0")},${appId}`);
  lines.splice(100, 0, lines[0], `${connectorId},cred-long-gone,${appId}`);
  inputs.list.value = ["connectorId,credentialId,appId", ...lines, ""].join("\n");
  inputs.list.dispatchEvent(new Event("input"));
  authorise();
}

const TRIES = {
  example: () => example(firstActive()),
  list: exampleList,
  token: () => example(firstActive(), { token: "a-token-that-is-not-known" }),
  key: () => (form.elements.what.value === "list" ? authorise(sandbox.apiKey) : example(firstActive(), sandbox.apiKey)),
  id: () => example({ ...firstActive(), id: "cred-unheard-of" }),
  busy: () => example(sandbox.credentials.at(-1)),
};

/** Fills the form so that it shows what this name stands for, once the sandbox is known. */
export function tryIn(name) {
  if (sandbox) TRIES[name]();
}
