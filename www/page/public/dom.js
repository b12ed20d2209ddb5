// What the modules of the page share. Everything is put into the page as text: nothing is ever parsed as HTML.

/** The element with this id. */
export const $ = (id) => document.getElementById(id);

/** A new element: `el("li", { className: "gone" }, "text", otherElement)`. Names with a dash are set as attributes. */
export function el(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name.includes("-")) element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children);
  return element;
}

/** Fills a `<dl>` with terms and values. Empty values are left out. */
export function showFacts(list, facts) {
  const shown = facts.filter(([, value]) => value !== "");
  list.replaceChildren(...shown.flatMap(([term, value]) => [el("dt", {}, term), el("dd", {}, value)]));
}

const numbers = new Intl.NumberFormat();
export const number = (n) => numbers.format(n);
export const count = (n, one, many = `${one}s`) => `${number(n)} ${n === 1 ? one : many}`;

/** The time of day, to the second, in the reader's own form. */
export function clock(date) {
  return new Date(date).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
}

/** A moment for people and for the record: local time, and UTC. */
export const moment = (date) => `${clock(date)} (${date.toISOString().replace("T", " ").slice(0, 19)} UTC)`;

/** A length of time in words, such as `about 3 minutes`. */
export function about(ms) {
  const seconds = Math.max(1, Math.round(ms / 1000));
  if (seconds < 90) return `about ${count(seconds, "second")}`;
  return seconds < 5400
    ? `about ${count(Math.round(seconds / 60), "minute")}`
    : `about ${count(Math.round(seconds / 3600), "hour")}`;
}

/** Asks this page's own Worker. Null when there is none, or it refuses. */
export async function ask(path, init) {
  try {
    const response = await fetch(path, init);
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}
