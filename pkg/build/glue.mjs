// Turns wasm-bindgen's glue into a factory. The glue keeps its state (the instance, views of its memory, finalizers) in module
// variables. After a crash, a new instance needs new state while clients of the old one still exist.
import { basename, dirname } from "node:path";
import * as esbuild from "esbuild";

/**
 * The source of an ES module that exports `createGlue()`. Each call evaluates the glue anew and returns `{ glue, imports, start
 * }`: what the glue exports, the import object for the wasm, and a function to call with the exports of the new instance.
 *
 * `file` is the module that `wasm-bindgen --target bundler` wrote, `crateFiles` are the crate's own modules, which the glue
 * imports from its folder. `names` says which short names wasm-opt gave: `imports` as `[module, name, short]`, `exports` as
 * `[name, short]`.
 */
export async function glueFactory(file, { crateFiles, names }) {
  const glue = `./${basename(file, ".js")}_bg.js`;
  const crate = await Promise.all(crateFiles.map(async (file) => [`./${basename(file)}`, await exportsOf(file)]));
  const crateModules = crate.map(([path]) => path);
  const modules = [glue, ...crateModules];
  const object = (entries) => `{ ${entries.map(([key, value]) => `${key}: ${value}`)} }`;
  const shown = (await exportsOf(file)).map((name) => [name, `module0.${name}`]);
  const imported = names.imports.map(([module, name, short]) => [short, `module${modules.indexOf(module)}.${name}`]);
  const exported = names.exports.map(([name, short]) => [name, `exports.${short}`]);
  const entry = `
    ${modules.map((path, i) => `import * as module${i} from "${path}";`).join("\n")}
    export const glue = ${object(shown)};
    export const imports = { a: ${object(imported)} };
    export const start = (exports) => module0.__wbg_set_wasm(${object(exported)});`;
  // As CommonJS, a module can be the body of a function.
  const body = await text({
    stdin: { contents: entry, resolveDir: dirname(file) },
    bundle: true,
    external: crateModules,
    format: "cjs",
    target: "es2022",
  });
  // Imported by name, so that bundlers can drop what else is in those modules.
  const factory = `
    ${crate.map(([path, exports]) => `import { ${exports} } from "${path}";`).join("\n")}
    const crate = { ${crate.map(([path, exports]) => `"${path}": { ${exports} }`)} };
    export function createGlue() {
      const module = {};
      const require = (path) => crate[path];
      ${body}
      return module.exports;
    }`;
  return text({ stdin: { contents: factory }, format: "esm", target: "es2022", minify: true });
}

/** The names that a module exports. */
async function exportsOf(file) {
  const { metafile } = await esbuild.build({ entryPoints: [file], format: "esm", metafile: true, write: false });
  return Object.values(metafile.outputs)[0].exports;
}

/** Runs esbuild; returns its only output. */
async function text(options) {
  const { outputFiles } = await esbuild.build({ ...options, write: false });
  return outputFiles[0].text;
}
