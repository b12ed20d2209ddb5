// Encodes a wasm file as text that is inlined in JavaScript and compresses as well as the file itself. Bytes below 89, which are
// most of them, become one character each, and the others two, so that gzip finds the same repetitions. (After gzip, hex is a
// tenth larger. Base64 is a quarter larger, because three bytes in four characters hide repetitions.) JavaScript strings need not
// escape any of these characters, whichever quotes a minifier uses. ascii.wat decodes the text.

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

/** One of the 91 characters from "#" to "~" without the backslash. */
function symbol(value) {
  return String.fromCharCode(35 + value + (value > 56 ? 1 : 0));
}
