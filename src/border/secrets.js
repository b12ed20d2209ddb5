// Secrets in texts of a server: what errors and logs show has none.
import { attempt, ignore } from "./border.js";

/** Replaces a secret in texts. */
const MASK = "***";

/** The text in place of a body that may contain a secret. */
export const mask = () => MASK;

/** Headers whose values are credentials (RFC 9110, 11; RFC 6265). */
const SECRET_HEADERS = ["authorization", "proxy-authorization", "cookie", "set-cookie"];

/**
 * The forms in which a server may repeat a secret of visible ASCII, with hexadecimal digits in either case. The secret itself is last:
 * in escaped text its first character may be the end of an escape.
 */
function formsOf(secret) {
  const code = (char) => char.charCodeAt(0).toString(16);
  const json = secret.replace(/["\\]/g, "\\$&");
  const codings = [
    // JSON as Go, Gson and .NET write it, and with each character as its code.
    [json, /[&<>]/g, "\\u00"],
    [json, /[&'<=>]/g, "\\u00"],
    [secret.replaceAll("\\", "\\\\"), /["&'+<>`]/g, "\\u00"],
    [secret, /./g, "\\u00"],
    // URLs as encodeURIComponent and HTML forms write them, and with each character as its code.
    [secret, /[^\w.!~*'()-]/g, "%"],
    [secret, /[^\w.*-]/g, "%"],
    [secret, /./g, "%"],
  ];
  const coded = (digits) => codings.map(([text, chars, prefix]) => text.replace(chars, (char) => prefix + digits(char)));
  return [json.replaceAll("/", "\\/"), json, ...coded(code), ...coded((char) => code(char).toUpperCase()), secret];
}

/** Returns a function that masks a secret in a text, in linear time. The forms are made once, for the first text that has escapes. */
function masking(secret) {
  let forms;
  const masked = (text) => {
    if (!/[\\%]/.test(text)) {
      return text.replaceAll(secret, MASK);
    }
    forms ??= formsOf(secret);
    return forms.reduce((rest, form) => rest.replaceAll(form, MASK), text);
  };
  // Masking a secret of fewer than 12 characters would garble texts. No form is shorter than the secret.
  return (text) => (secret.length < 12 || text.length < secret.length ? text : (attempt(() => masked(text)) ?? MASK));
}

/** Masks a secret, as it is, escaped for JSON or percent-encoded. */
export const redact = (text, secret) => masking(secret)(text);

/** Returns a copy of a JSON value with the secret masked in all strings and names. */
export function redactJson(value, secret) {
  const hide = masking(secret);
  const masked = (_, member) => (typeof member === "string" ? hide(member) : member);
  return attempt(() => JSON.parse(hide(JSON.stringify(value, masked))));
}

/** Returns the headers as lines for the debug log. */
export function headerLines(headers, secret) {
  const hide = masking(secret);
  const lines = [];
  ignore(() =>
    headers.forEach((value, name) => {
      lines[lines.length] = `${name}: ${SECRET_HEADERS.includes(name) ? MASK : hide(value)}`;
    }),
  );
  return lines;
}
