// The two things that the page does with the DOM. Everything is put in as text: nothing is ever parsed as HTML.

/** The element with this id. */
export const $ = (id) => document.getElementById(id);

/** A new element: `el("li", { className: "gone" }, "text", otherElement)`. Attributes with a dash, and `role`, are set as such. */
export function el(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name.includes("-") || name === "role") element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

/** The mark of a verdict: what the colour says, said by a shape too. */
export function mark(verdict) {
  const svg = document.createElementNS(SVG, "svg");
  svg.classList.add("mark");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#icon-${verdict}`);
  svg.append(use);
  return svg;
}

/** The time of day, to the second, as people here write it. */
export function clock(date) {
  return new Date(date).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
}
