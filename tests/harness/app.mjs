// The package as a user gets it: packed by npm and installed from the tarball into a project of its own, once per run.
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const tests = fileURLToPath(new URL("..", import.meta.url));
const repository = join(tests, "..");

/** Everything that tests write goes under here. */
export const work = join(tests, ".work");
/** The tarball that `npm pack ./pkg` gave. */
export const tarball = join(work, "c1-revoke.tgz");
/** A project that has installed it under its own name. */
export const app = join(work, "app");
/** A project that has installed it in the official SDK's place. */
export const dropIn = join(work, "drop-in");

const npmQuiet = ["--no-audit", "--no-fund", "--loglevel=error"];

export function npm(args, cwd) {
  return execFileSync("npm", [...args, ...npmQuiet], { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
}

/** A fresh project with the tarball as its only dependency. */
function installInto(project, dependency) {
  rmSync(project, { recursive: true, force: true });
  mkdirSync(project, { recursive: true });
  const manifest = { name: "project", private: true, type: "module", dependencies: { [dependency]: `file:${tarball}` } };
  writeFileSync(join(project, "package.json"), JSON.stringify(manifest));
  npm(["install", "--offline", "--no-package-lock"], project);
}

/** Packs and installs. Test files run on what the last run of this left. */
function prepare() {
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  const [{ filename }] = JSON.parse(npm(["pack", "./pkg", "--json", "--pack-destination", work], repository));
  renameSync(join(work, filename), tarball);
  installInto(app, "c1-revoke");
  installInto(dropIn, "conductorone-sdk-typescript");
  const entries = join(tests, "harness", "entries");
  for (const file of readdirSync(entries)) copyFileSync(join(entries, file), join(app, file));
}

if (process.argv[1] === fileURLToPath(import.meta.url) || !existsSync(app)) prepare();
