// Makes wasm-bindgen's glue a factory: it keeps its state (the instance, views of its memory, finalizers) in module variables,
// but after a trap a new instance needs new state, while the old one's clients are still around.
import * as esbuild from "esbuild";

/** The names that the glue exports, which are what the wasm imports and the JavaScript API. */
export async function glueExports(source) {
  const { metafile } = await bundle(source, "esm");
  return Object.values(metafile.outputs)[0].exports;
}

/**
 * An ES module exporting `createGlue()`, which returns `{ Client, exports, imports, start(exports) }`. `names` is the Map from the
 * wasm's old import and export names to its new ones, `module` what it imports from. Renaming is esbuild's, on the syntax tree.
 */
export async function glueFactory(source, { module, names }) {
  const { outputFiles } = await bundle(hardened(source), "cjs");
  const factory = `
    import * as errors from "../errors.js";
    export function createGlue() {
      const module = { exports: {} };
      const require = () => errors;
      ${outputFiles[0].text}
      const glue = module.exports;
      return {
        Client: glue.Client,
        exports: glue,
        imports: { ${JSON.stringify(module)}: glue },
        start(wasm) {
          glue.__wbg_set_wasm(wasm);
          wasm.__wbindgen_start();
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

/**
 * The source with closures that bear what pages do to them. As wasm-bindgen makes them, calling one after Rust has dropped it throws
 * inside the wasm, which ends the instance; where a page replaces `clearTimeout` or a signal cannot be unsubscribed, late calls do
 * happen. And spreading their arguments would run the page's array iterator.
 */
function hardened(source) {
  const changes = [
    ["const real = (...args) => {", "const real = (argument) => {\n        if (!state.a) return;"],
    ["return f(a, state.b, ...args);", "return f(a, state.b, argument);"],
  ];
  return changes.reduce((text, [from, to]) => {
    if (text.split(from).length !== 2) {
      throw new Error(`wasm-bindgen's glue has changed: no single ${from}`);
    }
    return text.replace(from, to);
  }, source);
}

function bundle(source, format) {
  return esbuild.build({
    stdin: { contents: source, sourcefile: "glue.js" },
    bundle: true,
    external: ["../errors.js"],
    format,
    metafile: true,
    target: "es2022",
    write: false,
    outdir: "/",
  });
}

function escaped(text) {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
