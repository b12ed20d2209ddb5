// TypeScript, strict and with library files checked, in a project that has installed the package.
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const modules = fileURLToPath(new URL("../node_modules", import.meta.url));

/** Compiles these files of the project; resolves to the compiler's complaints, "" when there are none. `name` tells runs apart. */
export function compile(project, name, compiler, files, options) {
  const config = join(project, `tsconfig.${name}.json`);
  const compilerOptions = {
    target: "es2022",
    lib: ["es2022", "dom"],
    types: [],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    noEmit: true,
    ...options,
  };
  writeFileSync(config, JSON.stringify({ compilerOptions, files }));
  const tsc = join(modules, compiler, "bin", "tsc");
  return new Promise((resolve) => {
    execFile(process.execPath, [tsc, "--project", config], { cwd: project }, (error, stdout, stderr) => {
      resolve(error ? `${stdout}${stderr}` || String(error) : "");
    });
  });
}
