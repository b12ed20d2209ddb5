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
  const crate = new Map(await Promise.all(crateFiles.map(async (file) => [`./${basename(file)}`, await exportsOf(file)])));
  const modules = [glue, ...crate.keys()];
  const object = (entries) => `{ ${entries.map(([key, value]) => `${key}: ${value}`)} }`;
  const shown = (await exportsOf(file)).map((name) => [name, `module0.${name}`]);
  const imported = names.imports.map(([module, name, short]) => [short, `module${modules.indexOf(module)}.${name}`]);
  const exported = names.exports.map(([name, short]) => [name, `exports.${short}`]);
  // It exports nothing and assigns to a variable of createGlue() instead. So the bundle has no `export`, and it has no `import`
  // either: it is a list of statements, which can be the body of a function.
  const entry = `
    ${modules.map((path, i) => `import * as module${i} from "${path}";`).join("\n")}
    created = {
      glue: ${object(shown)},
      imports: { a: ${object(imported)} },
      start: (exports) => module0.__wbg_set_wasm(${object(exported)}),
    };`;
  const body = await text({
    stdin: { contents: entry, resolveDir: dirname(file) },
    bundle: true,
    format: "esm",
    plugins: [fromScope(crate)],
    target: "es2022",
  });
  // Imported by name, so that bundlers can drop what else is in those modules.
  const factory = `
    ${[...crate].map(([path, exports]) => `import { ${exports} } from "${path}";`).join("\n")}
    export function createGlue() {
      let created;
      ${body}
      return created;
    }`;
  return text({ stdin: { contents: factory }, format: "esm", target: "es2022", minify: true });
}

/**
 * Replaces modules (`path` → names of their exports) by ones that export the variables of the same names in the scope around the
 * bundle. All instances then share these modules, whatever state the glue has.
 */
function fromScope(modules) {
  const exportedVariable = (name, i) => `const variable${i} = ${name}; export { variable${i} as ${name} };`;
  return {
    name: "from scope",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^\.\// }, ({ path }) => (modules.has(path) ? { path, namespace: "scope" } : undefined));
      onLoad({ filter: /^/, namespace: "scope" }, ({ path }) => ({
        contents: modules.get(path).map(exportedVariable).join("\n"),
      }));
    },
  };
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
