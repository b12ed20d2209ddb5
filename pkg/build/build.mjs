// Builds the package: `node pkg/build/build.mjs`, or `npm run build` here. Afterwards pkg/ is what `npm pack` packs. The build is
// reproducible: the same sources give the same bytes in any folder.
//
// src/ → cargo → wasm-bindgen → wasm-opt → c1_revoke.wasm, dist/glue.js, dist/wasm.js
// pkg/src/ → shared.js (what needs no wasm), and one file for each way to get the wasm: dist/c1-revoke.js (inlined as text),
// dist/c1-revoke-edge.js (imported), dist/slim.js (passed by the caller)
// modules.mjs → the entry files (index.js, …), edge/ and the `exports` of package.json; the rest of that is in manifest.json
// cjs/ is the same package as CommonJS, for `require`.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import * as esbuild from "esbuild";
import { asciiFrom } from "./ascii.mjs";
import { glueFactory } from "./glue.mjs";
import { entryFiles, packageExports } from "./modules.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
const PKG = dirname(HERE);
const ROOT = dirname(PKG);
const TARGET = resolve(ROOT, process.env.CARGO_TARGET_DIR ?? "target");
const WASM_BINDGEN = process.env.WASM_BINDGEN ?? join(ROOT, ".tools/bin/wasm-bindgen");
const BINARYEN = join(dirname(createRequire(import.meta.url).resolve("binaryen")), "bin");

// The features that rustc uses, which every supported runtime has. (With --all-features, wasm-opt writes what Node and browsers
// cannot read.)
const FEATURES = ["bulk-memory", "multivalue", "mutable-globals", "nontrapping-float-to-int", "reference-types", "sign-ext"];
const WASM_OPT_FLAGS = [
  ...FEATURES.map((feature) => `--enable-${feature}`),
  "-Oz",
  // A function with one caller is inlined only if it is small: inlined code repeats less.
  "--one-caller-inline-max-function-size=50",
  "--strip-debug",
  "--strip-producers",
  // wasm-bindgen's names of imports and exports are 4 KB (gzip) of the package. This prints the short ones.
  "--minify-imports-and-exports-and-modules",
];

/** The crate's own JavaScript. It is copied to dist/, from where the glue imports it. */
const CRATE_FILES = ["errors.js", "border/border.js", "border/secrets.js", "bulk/report.js"].map((file) =>
  join(ROOT, "src", file),
);
/** The output of the build. */
const BUILT = [
  ...["cjs", "dist", "edge", "LICENSE-APACHE", "LICENSE-MIT", "c1_revoke.wasm", "cdn.js", "package.json", "shared.js"],
  ...entryFiles().map(([file]) => file),
];

/** The error classes stay in a file of their own, so that `instanceof` works across entry points. */
const sharedErrors = {
  name: "shared errors",
  setup: ({ onResolve }) => onResolve({ filter: /\/errors\.js$/ }, () => ({ path: "../shared.js", external: true })),
};

const { values: args } = parseArgs({ options: { clean: { type: "boolean" } } });
await (args.clean ? clean() : build());

async function build() {
  checkTools();
  const { wasm, glue } = await core(compile());
  say("writing the package");
  clean();
  write("package.json", `${JSON.stringify(manifest(), null, 2)}\n`);
  write("c1_revoke.wasm", wasm);
  write("dist/glue.js", glue);
  write("dist/wasm.js", `export const decoder = [${[...assemble("ascii.wat")]}];\nexport const text = "${asciiFrom(wasm)}";\n`);
  for (const file of CRATE_FILES) {
    write(`dist/${basename(file)}`, readFileSync(file));
  }
  for (const licence of ["LICENSE-APACHE", "LICENSE-MIT"]) {
    write(licence, readFileSync(join(ROOT, licence)));
  }
  for (const [file, source] of entryFiles()) {
    write(file, source);
  }
  await bundles();
  await commonjsTree();
  checkNoMachinePaths();
  say(`done: wasm ${wasm.length} bytes`);
}

/** Removes the output of the build. */
function clean() {
  for (const file of BUILT) {
    rmSync(join(PKG, file), { recursive: true, force: true });
  }
}

/** package.json. The version is the crate's. */
function manifest() {
  const { name, ...fields } = JSON.parse(readFileSync(join(HERE, "manifest.json"), "utf8"));
  const [, version] = /^version = "(.+)"$/m.exec(readFileSync(join(ROOT, "Cargo.toml"), "utf8"));
  return { name, version, ...fields, exports: packageExports() };
}

/** Throws if wasm-bindgen's tool is not of the library's version. */
function checkTools() {
  const lock = readFileSync(join(ROOT, "Cargo.lock"), "utf8");
  const [, library] = /^name = "wasm-bindgen"\nversion = "(.+)"$/m.exec(lock) ?? [];
  const tool = execFileSync(WASM_BINDGEN, ["--version"], { encoding: "utf8" }).trim();
  if (tool !== `wasm-bindgen ${library}`) {
    throw new Error(`${WASM_BINDGEN} is ${tool}, Cargo.lock wants ${library}`);
  }
}

/** Compiles the crate; returns the module's bytes. */
function compile() {
  say("cargo: compiling the crate");
  // Only a cdylib: with an rlib as well, rustc optimises less and the module is a sixth larger.
  const command = ["rustc", "--locked", "--release", "--lib", "--crate-type", "cdylib", "--target", "wasm32-unknown-unknown"];
  execFileSync("cargo", [...command, "--features", "package"], {
    cwd: ROOT,
    stdio: "inherit",
    env: { ...process.env, CARGO_ENCODED_RUSTFLAGS: remappedPaths(), CARGO_TARGET_DIR: TARGET },
  });
  return readFileSync(join(TARGET, "wasm32-unknown-unknown/release/c1_revoke.wasm"));
}

/** Panic messages contain source paths. Remapping makes them the same on every machine, and private. */
function remappedPaths() {
  const sysroot = execFileSync("rustc", ["--print", "sysroot"], { cwd: ROOT, encoding: "utf8" }).trim();
  // The registry's folder exists only after the crates have been fetched.
  execFileSync("cargo", ["fetch", "--locked", "--quiet", "--target", "wasm32-unknown-unknown"], { cwd: ROOT, stdio: "inherit" });
  const registries = join(process.env.CARGO_HOME ?? join(homedir(), ".cargo"), "registry/src");
  const crates = readdirSync(registries).map((registry) => join(registries, registry));
  const from = [[ROOT, "."], [registries, "crates"], ...crates.map((dir) => [dir, "crates"]), [sysroot, "rust"]];
  return from.map(([path, name]) => `--remap-path-prefix=${path}=${name}`).join("\x1f");
}

/** The optimised module and its glue: `{ wasm, glue }`. Optimising takes longer than all other steps, so it is cached in target/. */
async function core(compiled) {
  const lock = readFileSync(join(HERE, "package-lock.json"));
  const key = createHash("sha256").update(compiled).update(WASM_OPT_FLAGS.join()).update(lock).digest("hex").slice(0, 16);
  const dir = join(TARGET, "c1-revoke-pkg", key);
  const wasm = join(dir, "c1_revoke.wasm");
  const names = join(dir, "names.json");
  if (existsSync(names)) {
    say("core unchanged: wasm-bindgen and wasm-opt not run again");
  } else {
    mkdirSync(dir, { recursive: true });
    say("wasm-bindgen: writing the glue");
    const cargo = join(dir, "c1_revoke_cargo.wasm");
    const input = join(dir, "c1_revoke_input.wasm");
    writeFileSync(cargo, compiled);
    // Where the module declares reference types, wasm-bindgen passes objects in a table of references, and leaks an entry of it for
    // each import that returns an object but throws: its shim stores the result before it takes the exception (0.2.129, 0.2.130;
    // `take_last_exception`). Without the declaration it passes objects by number and leaks nothing.
    binaryen("wasm-opt", "--strip-target-features", "--debuginfo", cargo, "-o", input);
    execFileSync(WASM_BINDGEN, [input, "--target", "bundler", "--no-typescript", "--out-dir", dir, "--out-name", "c1_revoke"], {
      stdio: "inherit",
    });
    say("wasm-opt: optimising");
    writeFileSync(names, binaryen("wasm-opt", ...WASM_OPT_FLAGS, join(dir, "c1_revoke_bg.wasm"), "-o", wasm));
  }
  const options = { crateFiles: CRATE_FILES, names: JSON.parse(readFileSync(names, "utf8")) };
  return { wasm: readFileSync(wasm), glue: await glueFactory(join(dir, "c1_revoke.js"), options) };
}

/** Assembles a hand-written module; returns its bytes. */
function assemble(wat) {
  const wasm = join(TARGET, "c1-revoke-pkg/assembled.wasm");
  // -O3 inlines: a call per character would take longer than the rest.
  binaryen("wasm-opt", "-O3", join(HERE, wat), "-o", wasm);
  return readFileSync(wasm);
}

/** Runs a tool; returns what it prints. */
function binaryen(tool, ...options) {
  const stdio = ["ignore", "pipe", "inherit"];
  return execFileSync(process.execPath, [join(BINARYEN, tool), ...options], { encoding: "utf8", stdio });
}

/** The one-file builds. */
async function bundles() {
  const wasmFrom = (source) => ({ "wasm-source": join(PKG, `src/wasm-${source}.js`) });
  await bundle("src/shared.js", "shared.js", {});
  const plugins = [sharedErrors];
  await bundle("src/main.js", "dist/c1-revoke.js", { alias: wasmFrom("inline"), plugins });
  await bundle("src/main.js", "dist/c1-revoke-edge.js", { alias: wasmFrom("edge"), external: ["*.wasm?module"], plugins });
  await bundle("src/slim.js", "dist/slim.js", { alias: wasmFrom("slim"), plugins });
  await bundle("all.js", "cdn.js", { minify: true });
}

async function bundle(entry, file, options) {
  const { outputFiles } = await esbuild.build({
    ...options,
    absWorkingDir: PKG,
    bundle: true,
    entryPoints: [entry],
    format: "esm",
    legalComments: "none",
    target: "es2022",
    write: false,
  });
  write(file, outputFiles[0].contents);
}

/** cjs/ is not bundled, so that its entry points share one wasm instance and one set of error classes. */
async function commonjsTree() {
  const modules = entryFiles()
    .map(([file]) => file)
    .filter((file) => !file.startsWith("edge/"));
  for (const file of [...modules, "shared.js", "dist/c1-revoke.js", "dist/slim.js"]) {
    const options = { format: "cjs", platform: "node", target: "es2022" };
    write(`cjs/${file}`, (await esbuild.transform(read(file), options)).code);
  }
  for (const file of declarations()) {
    write(`cjs/${file}`, read(file));
  }
  write("cjs/package.json", '{ "type": "commonjs" }\n');
}

function checkNoMachinePaths() {
  const places = [ROOT, homedir(), process.env.CARGO_HOME, "/home/", "/Users/", "/rustup/", "/.cargo/", "\\Users\\"].filter(
    (place) => place?.length > 1,
  );
  for (const file of ["c1_revoke.wasm", "cdn.js", "dist/c1-revoke.js", "dist/slim.js"]) {
    const text = readFileSync(join(PKG, file), "latin1");
    const found = places.find((place) => text.includes(place));
    if (found) {
      throw new Error(`${file} holds a path of this machine (${found})`);
    }
  }
}

/** The .d.ts files that are also in cjs/. */
function declarations(dir = PKG) {
  return readdirSync(dir, { recursive: true })
    .filter((file) => file.endsWith(".d.ts") && !/^(build|cjs|node_modules)\//.test(file) && file !== "cdn.d.ts")
    .sort();
}

function read(file) {
  return readFileSync(join(PKG, file), "utf8");
}

function write(file, data) {
  mkdirSync(dirname(join(PKG, file)), { recursive: true });
  writeFileSync(join(PKG, file), data);
}

function say(message) {
  console.error(`[pkg] ${message}`);
}
