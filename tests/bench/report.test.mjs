// The documents that `make bench` writes, from made-up results.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launchChromium } from "../harness/runtimes.mjs";
import { aims } from "./aims.mjs";
import { CASES } from "./limits.mjs";
import { picture, themes } from "./picture.mjs";
import { benchmarksPage, bulkRatesPage } from "./report.mjs";

/** Two rounds for each client. `factor` is the time of c1-revoke relative to a hand-written call. */
const figures = (factor, names = ["hand-written", "openapi-fetch", "ky", "c1-revoke"]) =>
  Object.fromEntries(names.map((name) => [name, name === "hand-written" ? [0.1, 0.2] : [0.1 * factor, 0.2 * factor]]));

const samples = Array.from({ length: 10 }, () => ({ time: 500, heap: 8 * 2 ** 20, wasm: 2 ** 20 }));

function runtime(version, factor) {
  const bulk = ["hand-written", "c1-revoke", "revokeCredentials"];
  return {
    version,
    call: { stub: figures(factor), loopback: figures(1.1) },
    bulk: { stub: figures(2, bulk), loopback: figures(1.2, bulk) },
    limits: Object.fromEntries(
      Object.keys(CASES).map((server) => {
        const result = { rate: 180, used: 0.98, wasted: 0 };
        return [server, { "naive pool": result, revokeCredentials: result }];
      }),
    ),
    parallel: { 1000: figures(2), 100000: figures(2) },
    calls: samples,
    items: samples,
    startUp: { firstClient: { ...figures(1), empty: [0.01, 0.02] }, firstCall: figures(1) },
  };
}

const size = (name, gzip) => ({ name, bytes: 3 * gzip, gzip, brotli: gzip });
const results = {
  commit: "abc",
  machine: "CPU, 2 cores; 4 GiB; system",
  load: 0.1,
  rounds: 2,
  block: 10_000,
  concurrency: 6,
  turn: { calls: 80, bulk: 200 },
  minutes: 1,
  versions: ["Node 20"],
  sizes: [
    size("browser bundle: the class", 40_000),
    size("Worker: module + wasm", 50_000),
    size("hand-written fetch", 261),
    size("openapi-fetch", 2740),
    size("ky", 5021),
    size("official SDK: a function", 21_200),
    size("official SDK: the class", 117_600),
  ],
  // A call over a stub meets its aim in Node and misses it in workerd.
  runtimes: { Node: runtime("Node 20", 2), workerd: runtime("workerd 1", 3) },
  simulation: "| summary |\n\n## First kind\n\n| one |\n\n## Second kind\n\n| two |\n",
};
const withLoad = (load) => ({ ...results, load });

test("the aims that are met come first, each aim once in each runtime; those that are missed have a reason", () => {
  const page = benchmarksPage(results);
  const [met, missed] = page.slice(page.indexOf("## Aims"), page.indexOf("## Size")).split("These are not:");
  const list = aims(results);
  for (const { what, runtime = "", limit, measured, met: isMet, reason } of list) {
    const figure = `${runtime} ${measured}`.trim();
    const rows = (text) =>
      text.split(/\n(?=[|-])/).filter((row) => row.startsWith(`| ${what} `) || row.startsWith(`- **${what}**`));
    const [here, there] = isMet ? [met, missed] : [missed, met];
    assert.equal(rows(here).length, 1, what);
    for (const text of isMet ? [limit, figure] : [limit, figure, reason])
      assert.ok(rows(here)[0].includes(text), `${what}: ${text}`);
    assert.ok(!rows(there).some((row) => row.includes(figure)), what);
  }
  assert.deepEqual(
    list.filter((aim) => !aim.met).map(({ what, runtime }) => [what, runtime]),
    [
      ["Worker module and wasm, gzip", undefined],
      ["A call over a stub, times hand-written", "workerd"],
    ],
  );
});

test("the pages hold the figures, and the simulation in two parts", () => {
  const page = benchmarksPage(results);
  for (const text of ["40.0 KB", "117.6 KB", " 150\u00a0(1.00) ", " 300\u00a0(2.00) ", " (3.7) ", "| summary |", " 8.00 "]) {
    assert.ok(page.includes(text), text);
  }
  assert.match(page, /\| c1-revoke +\| retries, OAuth, bulk runs +\| +40\.0 KB \| +40\.0 KB \|/);
  assert.ok(!page.includes("First kind"));
  const rates = bulkRatesPage(results);
  for (const text of ["| summary |", "## First kind", "| two |"]) assert.ok(rates.includes(text), text);
  assert.ok(!/undefined|NaN/.test(page + rates));
});

test("a busy machine is marked on the page and in the pictures", () => {
  assert.ok(!benchmarksPage(results).includes("not reliable"));
  assert.ok(benchmarksPage(withLoad(0.6)).includes("not reliable"));
  for (const theme of themes) {
    assert.ok(!picture(results, theme).includes("not reliable"));
    assert.ok(picture(withLoad(0.6), theme).includes("not reliable"));
  }
});

let browser;
before(async () => {
  browser = await launchChromium();
});
after(() => browser.close());

for (const theme of themes) {
  test(`the ${theme} picture is well-formed, and its texts are inside and do not overlap`, async () => {
    const page = await browser.newPage({ colorScheme: theme });
    const { texts, faults } = await page.evaluate(
      (source) => {
        const parsed = new DOMParser().parseFromString(source, "image/svg+xml");
        const error = parsed.querySelector("parsererror");
        if (error) return { texts: [], faults: [error.textContent] };
        const svg = document.body.appendChild(document.importNode(parsed.documentElement, true));
        const frame = svg.getBoundingClientRect();
        const boxes = [...svg.querySelectorAll("text")].map((text) => ({
          text: text.textContent,
          box: text.getBoundingClientRect(),
        }));
        const faults = [];
        for (const [index, { text, box }] of boxes.entries()) {
          if (box.left < frame.left || box.right > frame.right || box.bottom > frame.bottom) faults.push(`outside: ${text}`);
          for (const other of boxes.slice(index + 1)) {
            const across = box.left < other.box.right && other.box.left < box.right;
            const down = box.top + 2 < other.box.bottom && other.box.top + 2 < box.bottom;
            if (across && down) faults.push(`overlap: ${text}, ${other.text}`);
          }
        }
        return { texts: boxes.map(({ text }) => text), faults };
      },
      picture(results, theme),
    );
    await page.close();
    assert.deepEqual(faults, []);
    for (const text of ["40.0 KB", "117.6 KB", "2.00 ×", "3.7 ×", "1.10 ×"]) assert.ok(texts.includes(text), text);
  });
}
