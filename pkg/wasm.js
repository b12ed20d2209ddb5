// Where the wasm comes from in this build of the package: inlined, so that no bundler can lose it. As hex, since that is what
// compresses best: hex keeps each byte a pair of its own for gzip to find again, base64 does not.
import { hex } from "./dist/hex.js";

export function wasmSource() {
  // Not the bare name `Buffer`: bundlers would add a polyfill of it.
  return Uint8Array.fromHex?.(hex) ?? globalThis.Buffer?.from(hex, "hex") ?? decode(hex);
}

function decode(text) {
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = (digit(text, 2 * i) << 4) | digit(text, 2 * i + 1);
  }
  return bytes;
}

/** "0" to "9" are 0x30 to 0x39, "a" to "f" 0x61 to 0x66. */
function digit(text, at) {
  const code = text.charCodeAt(at);
  return (code & 15) + 9 * (code >> 6);
}
