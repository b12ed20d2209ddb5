// Makes wasm-bindgen's glue a factory: it keeps its state (the instance, views of its memory, finalizers) in module variables,
// but after a trap a new instance needs new state, while the old one's clients are still around.
import * as esbuild from "esbuild";

/** What the glue, and the wasm itself, import: the crate's own JavaScript, from where the glue lies. */
export const PLATFORM = "../platform.js";

/** The names that the glue exports, which are what the wasm imports and the JavaScript API. */
export async function glueExports(source) {
  const { metafile } = await esbuild.build({
    stdin: { contents: source },
    bundle: true,
    external: [PLATFORM],
    format: "esm",
    metafile: true,
    write: false,
    outdir: "/",
  });
  return Object.values(metafile.outputs)[0].exports;
}

/**
 * An ES module exporting `createGlue()`, which returns what the glue exports for JavaScript, and `{ imports, start(exports) }`. `names`
 * is the Map from the wasm's old import and export names to its new ones, `direct` the same for what it imports from PLATFORM
 * without glue, `module` what it imports from. Renaming is esbuild's, on the syntax tree.
 */
export async function glueFactory(source, { module, names, direct }) {
  const all = await glueExports(source);
  const api = all.filter((name) => !name.startsWith("__wb"));
  const { platform, body } = unwrapped(lean(source));
  const factory = `
    import { ${[...new Set([...platform, ...direct.keys()])]} } from "${PLATFORM}";
    export function createGlue() {
      ${body}
      return {
        ${api},
        imports: {
          ${JSON.stringify(module)}: {
            ${all.filter((name) => names.has(name)).map((name) => `${names.get(name)}: ${name}`)},
            ${[...direct].map(([name, short]) => `${short}: ${name}`)}
          },
        },
        start(exports) {
          __wbg_set_wasm(exports);
        },
      };
    }`;
  const { code } = await esbuild.transform(factory, {
    format: "esm",
    target: "es2022",
    minify: true,
    mangleProps: new RegExp(`^(?:${[...names.keys()].map(escaped).join("|")})$`),
    mangleCache: Object.fromEntries(names),
  });
  return code;
}

/** What the glue does for others: calls and runs are freed when they end, not collected; clients are freed by their shells. */
const DISPENSABLE = [
  /^const (Call|Run)Finalization = [^;]*;$/gm,
  /^ *(Call|Run)Finalization\.(register|unregister)\(.*\);$/gm,
  /^if \(Symbol\.dispose\) .*$/gm,
  // It is always given.
  /^ {4}if \(realloc === undefined\) \{$[\s\S]*?^ {4}\}$/gm,
  // Every runtime that has `Request` and WebAssembly has `encodeInto`.
  /^if \(!\('encodeInto' in cachedTextEncoder\)\) \{$[\s\S]*?^\}$/gm,
];

function lean(source) {
  return DISPENSABLE.reduce((text, part) => {
    const rest = text.replace(part, "");
    if (rest === text) {
      throw new Error(`wasm-bindgen's glue has changed: it has nothing like ${part}`);
    }
    return rest;
  }, source);
}

/** The glue's statements without `export`, and the names that it imports, all from one module. */
function unwrapped(source) {
  const platform = [];
  const body = source
    .replace(/^import \{(.*)\} from '(.*)';$/gm, (_, list, from) => {
      if (from !== PLATFORM) {
        throw new Error(`the glue should import from ${PLATFORM}, not ${from}`);
      }
      platform.push(...list.split(",").map((name) => name.trim()));
      return "";
    })
    .replace(/^export (?=(class|function|const|let) )/gm, "");
  if (/^(import|export)\b/m.test(body)) {
    throw new Error("wasm-bindgen's glue has changed: it imports or exports in a new way");
  }
  return { platform, body };
}

function escaped(text) {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
