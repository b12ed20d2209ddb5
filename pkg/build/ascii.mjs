// Makes text of a wasm file, to be inlined in JavaScript, that compresses as well as the file itself. Bytes below 89, the most of
// them by far, become one character each, the others two, so that gzip finds again whatever it would find in the file. (Hex is a
// tenth larger after gzip, base64 a quarter: with three bytes in four characters nothing repeats any more.) The characters are
// those which no JavaScript string, however quoted by a minifier, needs to escape. ascii.wat reads it.

/** The text for `bytes`. */
export function asciiFrom(bytes) {
  const characters = [];
  for (const byte of bytes) {
    if (byte < 89) {
      characters.push(symbol(byte));
    } else {
      characters.push(symbol(89 + Math.floor((byte - 89) / 91)), symbol((byte - 89) % 91));
    }
  }
  return characters.join("");
}

/** One of the 91 characters from "#" to "~", the backslash left out. */
function symbol(value) {
  return String.fromCharCode(35 + value + (value > 56 ? 1 : 0));
}
