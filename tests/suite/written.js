// Texts at random, made of what means something in addresses.

/** A small generator (mulberry32), so that the same inputs are tried in every run and every runtime. */
export function generator(seed) {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

const PIECES = [
  ..."acme.conductor.one evil.com https:// http:// // \\ @ # ? / : . .. - %2e %00 %23 \t \n \0 ｅ 。 ⁄ xn-- [::1] 127.0.0.1 localhost 0x7f.1 :443 :80".split(
    " ",
  ),
  " ",
  "\u2028",
  "\ud800",
  "K",
  "ı",
  "\u00ad",
];
/** What somebody might write for a tenant or a server, by accident or on purpose. */
export const written = (random) => Array.from({ length: 1 + random(5) }, () => PIECES[random(PIECES.length)]).join("");
