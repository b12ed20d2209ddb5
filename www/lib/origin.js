// Origins in settings.

const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * The origin in a setting, such as `https://acme.example`: https, or http to this machine (for tests). Null when the setting is empty.
 * Throws a `TypeError` when it is anything else.
 */
export function originOf(name, setting) {
  const text = String(setting ?? "").trim();
  if (text === "") return null;
  const url = URL.canParse(text) ? new URL(text) : null;
  const secure = url?.protocol === "https:" || (url?.protocol === "http:" && LOOPBACK.has(url.hostname));
  if (secure && `${url.origin}/` === url.href) return url.origin;
  throw new TypeError(`${name} is not an https origin, such as https://acme.example`);
}

/** The origin of the tenant in C1_TENANT: `acme`, `acme.conductor.one`, or an origin. Null and errors as in `originOf`. */
export function tenantOrigin(setting) {
  const text = String(setting ?? "")
    .trim()
    .toLowerCase();
  const label = text.replace(/\.conductor\.one$/, "");
  return LABEL.test(label) ? `https://${label}.conductor.one` : originOf("C1_TENANT", text);
}
