// Starts the page, and connects its controls.
import { check, confirmRun, download, leaveBulk, pauseOrResume, retry, stop } from "./bulk.js";
import { $, ask } from "./dom.js";
import { begin, clearErrors, forget, forgetAll, form, IDS, inputs, setError, showWhere, signIn } from "./form.js";
import { copyRecord, pasteAddress, revoke } from "./one.js";
import { showSandbox, tryIn } from "./sandbox.js";

const isList = () => form.elements.what.value === "list";

function showWhat() {
  for (const element of document.querySelectorAll("[data-what]"))
    element.hidden = element.dataset.what !== form.elements.what.value;
  $("revoke").textContent = isList() ? "Check the list" : "Revoke credential";
  $("example").textContent = isList() ? "Fill in a list" : "Fill in an example";
  clearErrors();
}

async function submit() {
  if (!(await signIn())) return;
  await (isList() ? check() : revoke());
  await showSandbox();
}

async function readFile(file) {
  if (!file) return;
  if (file.size > 5_000_000)
    return setError("list", "The file is longer than 5 MB. Split it, or use the queue Worker (www/jobs).");
  inputs.list.value = await file.text();
  inputs.list.dispatchEvent(new Event("input"));
  $("list-name").textContent = file.name;
  inputs.list.focus();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  submit();
});
for (const name of Object.keys(inputs)) inputs[name].addEventListener("input", () => setError(name, ""));
for (const name of IDS) inputs[name].addEventListener("paste", pasteAddress);
for (const choice of form.elements.where) {
  choice.addEventListener("change", () => {
    forgetAll();
    leaveBulk();
    showWhere();
    showSandbox();
  });
}
for (const choice of form.elements.what) choice.addEventListener("change", showWhat);

// A token for one tenant is not for another.
inputs.tenant.addEventListener("input", () => {
  forget();
  leaveBulk();
});
inputs.list.addEventListener("input", () => {
  $("list-name").textContent = "";
  leaveBulk();
});
$("file").addEventListener("change", () => readFile($("file").files[0]));
// A file that is dropped beside the field must not replace the page.
addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", (event) => {
  event.preventDefault();
  if (isList() && !form.inert) readFile(event.dataTransfer?.files[0]);
});
const BUTTONS = {
  "sign-in": signIn,
  forget: () => {
    forget();
    inputs.token.focus();
  },
  again: submit,
  copy: copyRecord,
  choose: () => $("file").click(),
  run: confirmRun,
  pause: pauseOrResume,
  stop,
  retry,
  csv: () => download("csv"),
  jsonl: () => download("jsonl"),
  example: () => tryIn(isList() ? "list" : "example"),
  reset: async () => showSandbox(await ask("sandbox/reset", { method: "POST" })),
};
for (const [id, action] of Object.entries(BUTTONS)) $(id).addEventListener("click", action);
for (const button of document.querySelectorAll("[data-try]")) button.addEventListener("click", () => tryIn(button.dataset.try));

// The back button may bring back a page with its memory.
addEventListener("pagehide", forgetAll);
addEventListener("focus", () => showSandbox());

showWhat();
await begin();
await showSandbox();
$("revoke").disabled = false;
