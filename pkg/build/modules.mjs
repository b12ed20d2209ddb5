// The one list of the package's modules. The entry files, cjs/, edge/ and the `exports` of package.json are made from it.
import { basename, dirname, relative } from "node:path/posix";

const CORE = ["ConductoroneSDKTypescript", "ConductoroneSDKTypescriptCore", "connectorRevokeCredential", "ready"];
const ERRORS = [
  "ConductoroneSDKTypescriptError",
  "ConnectionError",
  "HTTPClientError",
  "InvalidRequestError",
  "RequestAbortedError",
  "RequestTimeoutError",
  "ResponseValidationError",
  "SDKError",
  "SDKValidationError",
  "TokenRequestError",
  "UnexpectedClientError",
  "UnsupportedRuntimeError",
];
const SHARED = [...ERRORS, "HTTPClient", "ServerList"];

/**
 * Each module: `core` names what it exports of `wasm`, the file that holds the WebAssembly (dist/c1-revoke.js if none is given), and
 * `shared` what it exports of shared.js, which needs none. One with neither is there for its types, which are in the .d.ts file
 * of the same path.
 */
const MODULES = [
  { path: "index", core: ["ConductoroneSDKTypescript", "ready"], shared: ["HTTPClient", "ServerList"] },
  { path: "core", core: ["ConductoroneSDKTypescriptCore"] },
  { path: "errors", shared: ERRORS },
  { path: "ready", core: ["ready"] },
  { path: "slim", core: [...CORE, "useWasm"], shared: SHARED, wasm: "dist/slim.js" },
  { path: "funcs/connectorRevokeCredential", core: ["connectorRevokeCredential"] },
  { path: "lib/config", shared: ["ServerList"] },
  { path: "lib/http", shared: ["HTTPClient"] },
  { path: "lib/retries" },
  { path: "lib/sdks" },
  { path: "sdk/models/errors/index", shared: ERRORS },
  { path: "sdk/models/operations/index" },
  { path: "sdk/models/shared/index" },
  { path: "sdk/types/index" },
];

/** Everything in one module. It is not exported itself: cdn.js is its bundle, and what "./cdn" is where that cannot be used. */
const ALL = { path: "all", core: CORE, shared: SHARED };

/** The entry files as `[file, source]`: every module, and once more in edge/ those that need the wasm. */
export function entryFiles() {
  return [...MODULES, ALL].flatMap((module) => {
    const { path, wasm = "dist/c1-revoke.js" } = module;
    const file = [`${path}.js`, sourceOf(module, path, wasm)];
    const edge = edgeOf(module);
    return edge ? [file, [`${edge}.js`, sourceOf(module, edge, "dist/c1-revoke-edge.js")]] : [file];
  });
}

function sourceOf({ core, shared }, path, wasm) {
  const from = (names, file) => {
    const target = relative(dirname(path), file);
    return `export { ${names.join(", ")} } from "${target.startsWith(".") ? target : `./${target}`}";\n`;
  };
  return (core ? from(core, wasm) : "") + (shared ? from(shared, "shared.js") : "") || "// Types only.\nexport {};\n";
}

/** The module in edge/ that takes this one's place where bundlers import the wasm. */
function edgeOf({ path, core, wasm }) {
  return core && !wasm ? `edge/${basename(path)}-edge` : undefined;
}

/** The `exports` of package.json. Each path of the official SDK is there with and without ".js", as it is there. */
export function packageExports() {
  const target = (path, types = path) => ({ types: `./${types}.d.ts`, default: `./${path}.js` });
  const exported = {};
  for (const module of MODULES) {
    const { path } = module;
    const edge = edgeOf(module);
    const conditions = conditionsOf(target(path), target(`cjs/${path}`), edge && target(edge, path));
    if (path === "index") {
      exported["."] = conditions;
    } else {
      exported[`./${path.replace(/\/index$/, "")}`] = conditions;
      exported[`./${path}.js`] = conditions;
    }
  }
  const cdn = conditionsOf(target("cdn"), target("cjs/all"), target(edgeOf(ALL), "all"));
  return {
    ...exported,
    "./cdn": cdn,
    "./cdn.js": cdn,
    "./c1_revoke.wasm": {
      require: { types: "./cjs/c1_revoke.wasm.d.ts", default: "./c1_revoke.wasm" },
      default: { types: "./c1_revoke.wasm.d.ts", default: "./c1_revoke.wasm" },
    },
    "./package.json": "./package.json",
  };
}

/** The first condition that a tool knows decides. `import` and `require` must come to the same file, or an app gets two copies. */
function conditionsOf(module, commonjs, edge = module) {
  return {
    // They compile no wasm at run time; their bundlers import it.
    workerd: edge,
    "edge-light": edge,
    // These load ES modules by `require`: Bun, Node since 20.19, and most bundlers.
    bun: module,
    "module-sync": module,
    module,
    // What is left of the tools for browsers (Metro, `deno bundle`, esbuild with conditions of one's own) bundles CommonJS, too.
    browser: commonjs,
    require: commonjs,
    default: module,
  };
}
