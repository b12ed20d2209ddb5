// Where the browsers of this machine are: by an environment variable, or else on PATH.
import { existsSync, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";

/** The path of the first of these programs that PATH holds. */
const onPath = (names) =>
  names.flatMap((name) => (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, name))).find(existsSync);

/** The path that the environment variable gives, or what `search` finds. */
function find(what, variable, search) {
  const file = process.env[variable] || search();
  if (!file) throw new Error(`${what} is missing: install it, or set ${variable} to its path`);
  return file;
}

export const chromium = () =>
  find("Chromium", "CHROMIUM", () => onPath(["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"]));

/** Chromium without its user interface: the same engine, which opens a page three times as fast. */
export const headlessShell = () =>
  find("Chromium's headless shell", "CHROMIUM_HEADLESS_SHELL", () => onPath(["chromium-headless-shell"]) ?? chromium());

export const chromedriver = () => find("ChromeDriver", "CHROMEDRIVER", () => onPath(["chromedriver"]));

export const firefox = () => find("Firefox", "FIREFOX", () => onPath(["firefox-esr", "firefox"]));

/** WebKitGTK's small browser, which no distribution puts on PATH: /usr/lib/ARCHITECTURE/webkit2gtk-VERSION/MiniBrowser. */
export const miniBrowser = () =>
  find("WebKitGTK's MiniBrowser", "MINIBROWSER", () =>
    readdirSync("/usr/lib", { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .flatMap(({ name }) => readdirSync(join("/usr/lib", name)).map((folder) => join("/usr/lib", name, folder, "MiniBrowser")))
      .find((file) => /\/webkit2?gtk-[\d.]+\/MiniBrowser$/.test(file) && existsSync(file)),
  );
