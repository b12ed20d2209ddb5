// Draws docs/benchmarks-light.svg and docs/benchmarks-dark.svg: bars for download size and for the time of a call.
import { CLIENTS, kilobytes, ratio, sizeOf } from "./report.mjs";

const THEMES = {
  light: { background: "#ffffff", text: "#1f2328", muted: "#59636e", axis: "#d1d9e0", own: "#0a7c66", bar: "#7f8995" },
  dark: { background: "#0d1117", text: "#f0f6fc", muted: "#9da5ae", axis: "#3d444d", own: "#45cda8", bar: "#7d8792" },
};
export const themes = Object.keys(THEMES);

const WIDTH = 880;
const MARGIN = 28;
const LABELS = 186;
const COLUMN = { width: 200, gap: 19 };
/** Room for the value after the longest bar. */
const VALUE = 64;
const TOP = 124;
const ROW = 46;
const BAR = 16;
const BOTTOM = TOP + CLIENTS.length * ROW;
const HEIGHT = BOTTOM + 50;

const escapeXml = (text) => text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
const round = (value) => Math.round(value * 10) / 10;
const text = (x, y, className, content) => `<text x="${round(x)}" y="${y}" class="${className}">${escapeXml(content)}</text>`;

/** What the columns show: a figure for each client. Those of the same unit have the same scale. */
function columnsOf({ parts }) {
  const call = (part) => ({
    unit: "times hand-written fetch",
    figures: CLIENTS.map(({ id }) => ratio(parts[part], id, "hand-written")),
    show: (value) => `${value.toFixed(2)} ×`,
  });
  const columns = [
    {
      title: "Download size",
      unit: "minified, gzip",
      figures: CLIENTS.map((client) => sizeOf(parts.size, client).gzip),
      show: kilobytes,
    },
    { title: "A call without a network", ...call("stub-node") },
    { title: "A call to a local server", ...call("loopback-node") },
  ];
  return columns.map((column, index) => ({
    ...column,
    left: MARGIN + LABELS + index * (COLUMN.width + COLUMN.gap),
    scale:
      (COLUMN.width - VALUE) / Math.max(...columns.filter(({ unit }) => unit === column.unit).flatMap(({ figures }) => figures)),
  }));
}

const labels = () =>
  CLIENTS.flatMap(({ name, does }, row) => [
    text(MARGIN, TOP + row * ROW + 20, row === 0 ? "name own" : "name", name),
    text(MARGIN, TOP + row * ROW + 37, "small", does),
  ]);

function drawColumn({ title, unit, figures, show, scale, left }) {
  const bars = figures.flatMap((figure, row) => {
    const y = TOP + row * ROW;
    const length = Math.max(2, figure * scale);
    return [
      `<rect x="${left}" y="${y + (ROW - BAR) / 2}" width="${round(length)}" height="${BAR}" rx="2" class="${row === 0 ? "bar-own" : "bar"}"/>`,
      text(left + length + 7, y + 28, row === 0 ? "value own" : "value", show(figure)),
    ];
  });
  const axis = `<line x1="${left}" y1="${TOP}" x2="${left}" y2="${BOTTOM}" class="axis"/>`;
  return [text(left, TOP - 30, "title", title), text(left, TOP - 12, "small", unit), ...bars, axis];
}

/** The picture as SVG, in one of the themes. */
export function picture(results, theme) {
  const colours = THEMES[theme];
  const [node] = results.versions;
  const note = `Median of ${results.rounds} rounds in ${node} on ${results.machine.split(";")[0]}.`;
  const shapes = [
    `<rect x="0.5" y="0.5" width="${WIDTH - 1}" height="${HEIGHT - 1}" rx="10" fill="${colours.background}" stroke="${colours.axis}"/>`,
    text(MARGIN, 38, "heading", "c1-revoke and other clients"),
    text(MARGIN, 60, "small", "Shorter bars are better."),
    ...labels(),
    ...columnsOf(results).flatMap(drawColumn),
    text(MARGIN, BOTTOM + 30, "small", note),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img">
  <title>Download size and time of a call: c1-revoke and other clients</title>
  <style>
    text { font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", Arial, sans-serif; fill: ${colours.text}; }
    .heading { font-size: 19px; font-weight: 600; }
    .title { font-size: 14px; font-weight: 600; }
    .name { font-size: 14px; }
    .value { font-size: 13px; font-variant-numeric: tabular-nums; }
    .small { font-size: 12px; fill: ${colours.muted}; }
    .own { font-weight: 700; fill: ${colours.own}; }
    .bar { fill: ${colours.bar}; }
    .bar-own { fill: ${colours.own}; }
    .axis { stroke: ${colours.axis}; }
  </style>
  ${shapes.join("\n  ")}
</svg>
`;
}
