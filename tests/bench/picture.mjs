// Draws docs/benchmarks-light.svg and docs/benchmarks-dark.svg: bars for download size and for the time of a call.

import { CLIENTS, OFFICIAL_CALL_RATIO, OFFICIAL_VERSION } from "./clients.mjs";
import { BUSY } from "./load.mjs";
import { sizeOf } from "./sizes.mjs";
import { kilobytes, one, ratio, two } from "./statistics.mjs";

const THEMES = {
  light: {
    background: "#ffffff",
    text: "#1f2328",
    muted: "#59636e",
    axis: "#d1d9e0",
    own: "#0a7c66",
    bar: "#7f8995",
    band: "#e9f6f2",
  },
  dark: {
    background: "#0d1117",
    text: "#f0f6fc",
    muted: "#9da5ae",
    axis: "#3d444d",
    own: "#45cda8",
    bar: "#7d8792",
    band: "#10261f",
  },
};
export const themes = Object.keys(THEMES);
const OWN = "c1-revoke";

const WIDTH = 880;
const MARGIN = 28;
const LABELS = 186;
const COLUMN = { width: 200, gap: 19 };
/** Room for the value after the longest bar. */
const VALUE = 64;
const TOP = 124;
const ROW = 46;
const BAR = 16;
const HEIGHT = TOP + CLIENTS.length * ROW + 68;

const escapeXml = (text) => text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
const round = (value) => Math.round(value * 10) / 10;

/** What the columns show: a figure for each client, or none. */
function columnsOf({ sizes, runtimes }) {
  const { call } = runtimes.Node;
  const times = (figures, recorded) => (id) => (id in figures ? ratio(figures, id) : recorded?.[id]);
  const callTimes = {
    unit: "times hand-written fetch",
    show: (value, recorded) => `${recorded ? one(value) : two(value)} ×`,
    reference: 1,
  };
  const columns = [
    { title: "Download size", unit: "minified, gzip", figure: (id) => sizeOf(sizes, id).gzip, show: kilobytes },
    {
      ...callTimes,
      title: "A call without a network",
      figure: times(call.stub, { "official function": OFFICIAL_CALL_RATIO }),
    },
    { ...callTimes, title: "A call to a local server", figure: times(call.loopback) },
  ].map((column, index) => ({
    ...column,
    figures: new Map(CLIENTS.map(({ id }) => [id, column.figure(id)])),
    left: MARGIN + LABELS + index * (COLUMN.width + COLUMN.gap),
  }));
  // Columns of the same unit have the same scale.
  return columns.map((column) => {
    const same = columns.filter(({ unit }) => unit === column.unit);
    const figures = same.flatMap((other) => [...other.figures.values()]).filter((figure) => figure !== undefined);
    return { ...column, scale: (COLUMN.width - VALUE) / Math.max(...figures) };
  });
}

/** All figures as sentences, for screen readers. */
function description(columns) {
  return columns
    .map(({ title, unit, figures, show }) => {
      const values = CLIENTS.filter(({ id }) => figures.get(id) !== undefined).map(
        ({ id, name, recorded }) => `${name} ${show(figures.get(id), recorded)}${recorded ? " (recorded)" : ""}`,
      );
      return `${title}, ${unit}: ${values.join(", ")}.`;
    })
    .join(" ");
}

function style(colours) {
  return `
    text { font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", Arial, sans-serif; fill: ${colours.text}; }
    .heading { font-size: 19px; font-weight: 600; }
    .title { font-size: 14px; font-weight: 600; }
    .name { font-size: 14px; }
    .value { font-size: 13px; font-variant-numeric: tabular-nums; }
    .small { font-size: 12px; fill: ${colours.muted}; }
    .own { font-weight: 700; fill: ${colours.own}; }
    .band { fill: ${colours.band}; }
    .bar { fill: ${colours.bar}; }
    .bar-own { fill: ${colours.own}; }
    .bar-recorded { fill: ${colours.bar}; fill-opacity: 0.15; stroke: ${colours.bar}; stroke-width: 1.5; stroke-dasharray: 4 3; }
    .axis { stroke: ${colours.axis}; }
    .reference { stroke: ${colours.muted}; stroke-dasharray: 2 3; }`;
}

const text = (x, y, className, content) => `<text x="${round(x)}" y="${y}" class="${className}">${escapeXml(content)}</text>`;

/** The names of the clients, and a band behind the row of this package. */
function rowLabels() {
  return CLIENTS.flatMap(({ id, name, does, recorded }, index) => {
    const y = TOP + index * ROW;
    const own = id === OWN;
    const band = `<rect x="${MARGIN - 12}" y="${y}" width="${WIDTH - 2 * MARGIN + 24}" height="${ROW}" rx="6" class="band"/>`;
    return [
      ...(own ? [band] : []),
      text(MARGIN, y + 20, own ? "name own" : "name", recorded ? `${name} *` : name),
      text(MARGIN, y + 37, "small", does),
    ];
  });
}

function drawColumn({ title, unit, figures, show, scale, reference, left }) {
  const bottom = TOP + CLIENTS.length * ROW;
  const vertical = (x, className) => `<line x1="${round(x)}" y1="${TOP}" x2="${round(x)}" y2="${bottom}" class="${className}"/>`;
  const referenceLength = (reference ?? 0) * scale;
  const bars = CLIENTS.flatMap(({ id, recorded }, index) => {
    const y = TOP + index * ROW;
    const figure = figures.get(id);
    if (figure === undefined) return [text(left + referenceLength + 9, y + 28, "small", "not recorded")];
    const length = Math.max(2, figure * scale);
    const className = id === OWN ? "bar-own" : recorded ? "bar-recorded" : "bar";
    const bar = `<rect x="${left}" y="${y + (ROW - BAR) / 2}" width="${round(length)}" height="${BAR}" rx="2" class="${className}"/>`;
    // To the right of the reference line, so that they do not overlap.
    const end = left + Math.max(length, referenceLength);
    return [bar, text(end + 7, y + 28, id === OWN ? "value own" : "value", show(figure, recorded))];
  });
  return [
    text(left, TOP - 30, "title", title),
    text(left, TOP - 12, "small", unit),
    ...(reference ? [vertical(left + referenceLength, "reference")] : []),
    ...bars,
    vertical(left, "axis"),
  ];
}

/** The picture as SVG, in one of the themes. */
export function picture(data, theme) {
  const colours = THEMES[theme];
  const columns = columnsOf(data);
  const foot = TOP + CLIENTS.length * ROW + 30;
  const { rounds, runtimes, machine, load } = data;
  const conditions = `Median of ${rounds} rounds in ${runtimes.Node.version} on ${machine.split(";")[0]}.`;
  const notes = [
    `* Dashed: recorded once with version ${OFFICIAL_VERSION} of the official SDK, not measured in this run.`,
    load > BUSY ? `${conditions} The machine was busy: the times are not reliable.` : conditions,
  ];
  const shapes = [
    `<rect x="0.5" y="0.5" width="${WIDTH - 1}" height="${HEIGHT - 1}" rx="10" fill="${colours.background}" stroke="${colours.axis}"/>`,
    text(MARGIN, 38, "heading", "c1-revoke and other clients"),
    text(MARGIN, 60, "small", "Shorter bars are better."),
    ...rowLabels(),
    ...columns.flatMap(drawColumn),
    ...notes.map((note, line) => text(MARGIN, foot + line * 18, "small", note)),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-labelledby="title description">
  <title id="title">Download size and time of a call: c1-revoke and other clients</title>
  <desc id="description">${escapeXml(description(columns))}</desc>
  <style>${style(colours)}
  </style>
  ${shapes.join("\n  ")}
</svg>
`;
}
