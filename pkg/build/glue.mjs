// Turns wasm-bindgen's glue into a factory. The glue keeps its state (the instance, views of its memory, finalizers) in module
// variables. After a crash, a new instance needs new state while clients of the old one still exist.
import * as esbuild from "esbuild";

/**
 * The source of an ES module that exports `createGlue()`. Each call evaluates the glue anew and returns `{ glue, imports, start
 * }`: what the glue exports, the import object for the wasm, and a function to call with the exports of the new instance.
 *
 * `source` is the text of the file `name`, which `wasm-bindgen --target bundler` writes beside the wasm. `crateModules` are the
 * paths of the modules that it imports.
 */
export async function glueFactory(source, { name, crateModules }) {
  // As CommonJS, a module can be the body of a function.
  const { outputFiles } = await esbuild.build({
    stdin: { contents: source },
    bundle: true,
    external: crateModules,
    format: "cjs",
    target: "es2022",
    write: false,
  });
  const factory = `
    ${crateModules.map((path, i) => `import * as module${i} from "${path}";`).join("\n")}
    const crate = { ${crateModules.map((path, i) => `"${path}": module${i}`)} };
    export function createGlue() {
      const module = {};
      const require = (path) => crate[path];
      ${outputFiles[0].text}
      const glue = module.exports;
      return {
        glue,
        imports: { "./${name}": glue, ...crate },
        start(exports) {
          glue.__wbg_set_wasm(exports);
        },
      };
    }`;
  const { code } = await esbuild.transform(factory, { format: "esm", target: "es2022", minify: true });
  return code;
}
