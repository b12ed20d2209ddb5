// Makes wasm-bindgen's glue a factory: it keeps its state (the instance, views of its memory, finalizers) in module variables,
// but after a trap a new instance needs new state, while the old one's clients are still around.
import * as esbuild from "esbuild";

/** What the glue, and the wasm itself, import: the crate's own JavaScript, from where the glue lies. */
export const PLATFORM = "../platform.js";

/** The names that the glue exports, which are what the wasm imports and the JavaScript API. */
export async function glueExports(source) {
  const { metafile } = await bundle(source, "esm");
  return Object.values(metafile.outputs)[0].exports;
}

/**
 * An ES module exporting `createGlue()`, which returns `{ Client, exports, imports, start(exports) }`. `names` is the Map from the
 * wasm's old import and export names to its new ones, `direct` the same for what it imports from PLATFORM without glue, `module` what it
 * imports from. Renaming is esbuild's, on the syntax tree.
 */
export async function glueFactory(source, { module, names, direct }) {
  const { outputFiles } = await bundle(source, "cjs");
  const factory = `
    import * as platform from "${PLATFORM}";
    export function createGlue() {
      const module = { exports: {} };
      const require = () => platform;
      ${outputFiles[0].text}
      const glue = module.exports;
      return {
        Client: glue.Client,
        exports: glue,
        imports: { ${JSON.stringify(module)}: { ...glue, ${[...direct].map(([name, short]) => `${short}: platform.${name}`)} } },
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

function bundle(source, format) {
  return esbuild.build({
    stdin: { contents: source, sourcefile: "glue.js" },
    bundle: true,
    external: [PLATFORM],
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
