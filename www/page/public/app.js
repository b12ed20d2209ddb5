// The console: what the controls do, and how it starts.
import { check, confirmRun, download, leaveBulk, pauseOrResume, retry, stop } from "./bulk.js";
import { $ } from "./dom.js";
import { copyRecord, pasteAddress, revoke } from "./one.js";
import { ask, showSandbox, tryIn } from "./sandbox.js";
import { beginAt, clearErrors, forget, forgetAll, form, IDS, inputs, setError, showWhere } from "./session.js";

const isList = () => form.elements.what.value === "list";

function showWhat() {
  for (const element of document.querySelectorAll("[data-what]"))
    element.hidden = element.dataset.what !== form.elements.what.value;
  $("revoke").textContent = isList() ? "Check the list" : "Revoke credential";
  $("example").textContent = isList() ? "Fill in a list" : "Fill in an example";
  clearErrors();
}

async function submit() {
  await (isList() ? check() : revoke());
  await showSandbox();
}

/** Longer lists are for the Worker's queue. */
const LONGEST_FILE = 5_000_000;

async function readFile(file) {
  if (!file) return;
  if (file.size > LONGEST_FILE)
    return setError("list", "The file is too long for a page: give it to the Worker’s queue (POST /jobs).");
  inputs.list.value = await file.text();
  setError("list", "");
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
  });
}
for (const choice of form.elements.with) choice.addEventListener("change", forgetAll);
for (const choice of form.elements.what) choice.addEventListener("change", showWhat);
$("forget").addEventListener("click", () => {
  forget();
  inputs.secret.focus();
});

$("again").addEventListener("click", submit);
$("copy").addEventListener("click", copyRecord);

// What was given for one tenant is not for the next.
inputs.tenant.addEventListener("input", () => {
  forget();
  leaveBulk();
});
inputs.list.addEventListener("input", () => {
  $("list-name").textContent = "";
  leaveBulk();
});
$("choose").addEventListener("click", () => $("file").click());
$("file").addEventListener("change", () => readFile($("file").files[0]));
// A file that misses the field must not replace the page.
addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", (event) => {
  event.preventDefault();
  if (isList() && !form.inert) readFile(event.dataTransfer?.files[0]);
});
$("run").addEventListener("click", confirmRun);
$("pause").addEventListener("click", pauseOrResume);
$("stop").addEventListener("click", stop);
$("retry").addEventListener("click", retry);
$("csv").addEventListener("click", () => download("csv"));
$("jsonl").addEventListener("click", () => download("jsonl"));

$("example").addEventListener("click", () => tryIn(isList() ? "list" : "example"));
$("reset").addEventListener("click", async () => showSandbox(await ask("sandbox/reset", { method: "POST" })));
for (const button of document.querySelectorAll("[data-try]")) button.addEventListener("click", () => tryIn(button.dataset.try));

// A page that is kept for the back button keeps its memory too.
addEventListener("pagehide", forgetAll);
addEventListener("focus", () => showSandbox());

showWhat();
beginAt((await ask("config"))?.tenant ?? null);
await showSandbox();
$("revoke").disabled = false;
