// Starts the console as `npm start` does (wrangler, real workerd) and a Chromium to look at it with.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const www = fileURLToPath(new URL("../../www", import.meta.url));

/** Serves the page, or the queue Worker (`demo`), on a free port, with a state of its own. `vars` are the Worker's settings. */
export async function startConsole(vars = {}, demo = "worker") {
  const state = mkdtempSync(join(tmpdir(), "c1-revoke-console-"));
  const settings = Object.entries(vars).flatMap(([name, value]) => ["--var", `${name}:${value}`]);
  const child = spawn(
    process.execPath,
    [join(www, "start.mjs"), demo, "--port", "0", "--inspector-port", "0", "--persist-to", state, ...settings],
    // A registry of its own: wrangler would otherwise join Workers of the same name that run elsewhere on this machine.
    { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, WRANGLER_REGISTRY_PATH: join(state, "registry") } },
  );
  const output = [];
  const url = await new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => {
        output.push(text);
        const [, address] = / is at {2}(\S+)/.exec(output.join("")) ?? [];
        if (address) resolve(address);
      });
    }
    child.once("exit", (code) => reject(new Error(`the console ended with ${code}:\n${output.join("")}`)));
  });
  return {
    url,
    /** Everything that the Worker and wrangler printed so far. */
    output: () => output.join(""),
    async stop() {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill();
      await ended;
      rmSync(state, { recursive: true, force: true });
    },
  };
}

/** Chromium's own note of an answer that is no 2xx. A page cannot keep it off the console. */
const ITS_OWN_NOTE = /^Failed to load resource: the server responded with a status of (401|404|429) /;

/**
 * Opens the console in a fresh context, ready for use. `seen` collects what went over the wire and what should not happen: messages
 * on the browser's console, uncaught errors, violations of the Content-Security-Policy.
 */
export async function openConsole(browser, url, options = {}) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const seen = { requests: [], messages: [], errors: [] };
  page.on("request", (request) => seen.requests.push(request));
  page.on("console", (message) => {
    if (!ITS_OWN_NOTE.test(message.text())) seen.messages.push(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => seen.errors.push(String(error)));
  await page.addInitScript(() => {
    globalThis.violations = [];
    document.addEventListener("securitypolicyviolation", (event) => globalThis.violations.push(event.violatedDirective));
  });
  await page.goto(url);
  await page.getByRole("button", { name: "Revoke credential" }).and(page.locator(":enabled")).waitFor();
  return { page, seen, violations: () => page.evaluate(() => globalThis.violations), close: () => context.close() };
}

/** The lines of the result's heading, once it is shown: it has the focus then. */
export async function outcome(page) {
  const heading = page.locator("#outcome-title:focus");
  await heading.waitFor();
  return (await heading.locator("span").allTextContents()).filter(Boolean);
}

/** What axe finds against the page as it is now: the rule and the element. */
export async function barriers(page) {
  await page.evaluate(readFileSync(join(www, "node_modules/axe-core/axe.min.js"), "utf8"));
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}

/** The texts whose contrast to what is behind them is below 4.5:1 (WCAG 2.2, 1.4.3), with the ratio. */
export function lowContrast(page) {
  return page.evaluate(async () => {
    await Promise.all(document.getAnimations().map((animation) => animation.finished));
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const rgb = (color) => {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = color;
      canvas.fillRect(0, 0, 1, 1);
      return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const luminance = ([r, g, b]) =>
      [r, g, b]
        .map((channel) => channel / 255)
        .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    const background = (element) => {
      for (let at = element; at; at = at.parentElement) {
        const color = rgb(getComputedStyle(at).backgroundColor);
        if (color[3] === 255) return color;
      }
      return [255, 255, 255];
    };
    const poor = [];
    for (const element of document.body.querySelectorAll("*")) {
      const hasText = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim() !== "");
      if (!hasText || !element.checkVisibility()) continue;
      const [a, b] = [luminance(rgb(getComputedStyle(element).color)), luminance(background(element))];
      const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      if (ratio < 4.5) poor.push(`${element.textContent.trim().slice(0, 40)}: ${ratio.toFixed(2)}`);
    }
    return poor;
  });
}
