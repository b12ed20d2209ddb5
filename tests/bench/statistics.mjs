// Medians, and comparisons of one client's figures with another's.

/** The client that others are compared with. */
export const REFERENCE = "hand-written";

export function median(figures) {
  const sorted = [...figures].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Compares round by round, so that a disturbance affects both figures of a pair. Returns the median of the comparisons. */
const paired = (figures, name, reference, compare) =>
  median(figures[name].map((figure, round) => compare(figure, figures[reference][round])));

/** How many times as long `name` takes as `reference`. */
export const ratio = (figures, name, reference = REFERENCE) => paired(figures, name, reference, (a, b) => a / b);

/** How much longer `name` takes than `reference`, in the figures' unit. */
export const difference = (figures, name, reference = REFERENCE) => paired(figures, name, reference, (a, b) => a - b);

export const fixed = (digits) => (value) => value.toFixed(digits);
export const one = fixed(1);
export const two = fixed(2);
export const signed = (value) => `${two(value) < 0 ? "−" : "+"}${two(Math.abs(value))}`;
export const whole = (value) => Math.round(value).toLocaleString("en");
export const percent = (share) => `${one(share * 100)} %`;
/** Sizes are in KB of 1,000 bytes. */
export const kilobytes = (bytes) => `${one(bytes / 1000)} KB`;
export const mebibytes = (bytes) => bytes / 2 ** 20;
