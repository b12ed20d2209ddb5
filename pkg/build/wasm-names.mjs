// Shortens the names that a wasm module imports and exports. wasm-bindgen's carry hashes and are spelt out twice, in the module
// and in the glue; they are nobody's API, and hashes do not compress.

const MAGIC = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const IMPORTS = 2;
const EXPORTS = 7;

/**
 * Returns `{ wasm, module, names, direct }`: the module renamed, the one name all imports come from now, and Maps from old names to
 * new, for what comes from the module `platform` in one of its own.
 */
export function shortenNames(wasm, { keep = new Set(), platform } = {}) {
  const names = new Map();
  const direct = new Map();
  const shorten = (name, map = names) => {
    if (keep.has(name)) {
      return name;
    }
    if (!map.has(name)) {
      map.set(name, shortName(names.size + direct.size));
    }
    return map.get(name);
  };
  const modules = new Set();
  const module = "c1";
  const out = [...MAGIC];
  const reader = new Reader(wasm, MAGIC.length);
  while (!reader.done) {
    const id = reader.byte();
    const section = reader.bytes(reader.number());
    const content = new Reader(section, 0);
    let body = section;
    if (id === IMPORTS) {
      body = list(content, () => {
        const from = content.name();
        if (from !== platform) {
          modules.add(from);
        }
        const name = shorten(content.name(), from === platform ? direct : names);
        return [...encodedName(module), ...encodedName(name), ...importType(content)];
      });
    } else if (id === EXPORTS) {
      body = list(content, () => [...encodedName(shorten(content.name())), content.byte(), ...encodedNumber(content.number())]);
    }
    out.push(id, ...encodedNumber(body.length));
    for (const byte of body) {
      out.push(byte);
    }
  }
  if (modules.size > 1) {
    throw new Error(`the wasm should import from one module besides the platform's: ${[...modules].join(", ")}`);
  }
  return { wasm: Uint8Array.from(out), module, names, direct };
}

/** The names of everything that a wasm module exports. */
export function exportNames(wasm) {
  return WebAssembly.Module.exports(new WebAssembly.Module(wasm)).map(({ name }) => name);
}

function list(content, item) {
  const count = content.number();
  const out = encodedNumber(count);
  for (let i = 0; i < count; i++) {
    out.push(...item());
  }
  if (!content.done) {
    throw new Error("a section of the wasm holds more than expected");
  }
  return out;
}

function importType(content) {
  const kind = content.byte();
  if (kind !== 0) {
    throw new Error(`the wasm should import functions only, not kind ${kind}`);
  }
  return [kind, ...encodedNumber(content.number())];
}

/** a, b, … z, A, … Z, aa, ab, … */
function shortName(index) {
  const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  const rest = Math.floor(index / letters.length);
  return (rest > 0 ? shortName(rest - 1) : "") + letters[index % letters.length];
}

function encodedName(name) {
  const bytes = new TextEncoder().encode(name);
  return [...encodedNumber(bytes.length), ...bytes];
}

/** Unsigned LEB128. */
function encodedNumber(number) {
  const out = [];
  do {
    const low = number & 0x7f;
    number >>>= 7;
    out.push(number > 0 ? low | 0x80 : low);
  } while (number > 0);
  return out;
}

class Reader {
  constructor(data, at) {
    this.data = data;
    this.at = at;
  }

  get done() {
    return this.at >= this.data.length;
  }

  byte() {
    if (this.done) {
      throw new Error("the wasm ends too early");
    }
    return this.data[this.at++];
  }

  number() {
    let number = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      number |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        return number >>> 0;
      }
    }
  }

  bytes(length) {
    const bytes = this.data.subarray(this.at, this.at + length);
    this.at += length;
    return bytes;
  }

  name() {
    return new TextDecoder("utf-8", { fatal: true }).decode(this.bytes(this.number()));
  }
}
