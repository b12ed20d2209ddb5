// The ids of a credential, in a path of the API or in a line of text. For the page and the Worker. Nothing is guessed.
const PATH = /^\/api\/v1\/apps\/([^/?#]+)\/connectors\/([^/?#]+)\/credentials\/([^/?#]+)$/;
const COLUMN_NAME = /^(app|application|connector|cred|credential|(app|connector|cred|credential)?[\s_-]*id)$/i;
/** What the package refuses in an id. */
const FLAWS = [
  [/^$/, "is empty"],
  [/^\.\.?$/, "must not be . or .."],
  [/[/\\]/, "must not contain / or \\"],
  [/^\s|\s$/, "begins or ends with white space (U+)"],
  [/[\p{Cc}\p{Cf}\p{Cs}]/u, "contains an invisible character (U+)"],
  [/.{2049}/s, "has more than 2,048 characters"],
];

/** The path of a credential in the API: POST revokes it, GET tells its state. */
export const pathOf = ({ appId, connectorId, id }) =>
  `/api/v1/apps/${encodeURIComponent(appId)}/connectors/${encodeURIComponent(connectorId)}/credentials/${encodeURIComponent(id)}`;

/** The ids in a path of the API, decoded. Null for any other path. */
export function idsIn(path) {
  try {
    const [appId, connectorId, id] = PATH.exec(path).slice(1).map(decodeURIComponent);
    return { appId, connectorId, id };
  } catch {
    return null;
  }
}

/** Why these cannot be ids, or an empty string. */
export function flawIn(ids) {
  for (const [name, id] of Object.entries(ids)) {
    const [pattern, text] = FLAWS.find(([pattern]) => pattern.test(id)) ?? [];
    const code = pattern?.exec(id)[0].codePointAt(0)?.toString(16).toUpperCase().padStart(4, "0");
    if (pattern) return `The ${name} ${text.replace("U+", `U+${code}`)}.`;
  }
  return "";
}

/** Reads a line: `appId,connectorId,id`, or the credential's address at this host. Throws an error that says what is wrong. */
function readLine(line, host) {
  const [, itsHost, path] = /^https?:\/\/([^/]+)(.*)$/i.exec(line) ?? [];
  if (itsHost && itsHost.toLowerCase() !== host) throw new Error(`This is not an address of ${host}.`);
  const [separator, second, ...more] = line.match(/[,;\t]/g) ?? [];
  const [appId, connectorId, id] = line.split(separator);
  const ids = itsHost ? idsIn(path) : separator && separator === second && more.length === 0 && { appId, connectorId, id };
  if (!ids) throw new Error("This is neither appId,connectorId,id nor the address of a credential in the API.");
  if (line.includes('"')) throw new Error("Remove the quotation marks.");
  if (Object.values(ids).some((value) => COLUMN_NAME.test(value))) throw new Error("These are column names. Remove them.");
  if (flawIn(ids)) throw new Error(flawIn(ids));
  return ids;
}

/** Reads all lines. A credential that is there twice is found once, with the numbers of both lines. */
export function readLines(text, host) {
  const [found, problems] = [new Map(), []];
  for (const [index, line] of text.split(/\r\n|\r|\n/).entries()) {
    if (line.trim() === "") continue;
    try {
      const ids = readLine(line, host);
      const path = pathOf(ids);
      found.set(path, { ids, lines: [...(found.get(path)?.lines ?? []), index + 1] });
    } catch (error) {
      problems.push(`Line ${index + 1}: ${error.message}`);
    }
  }
  const repeated = [...found.values()].filter(({ lines }) => lines.length > 1);
  const notes = repeated.map(({ lines }) => `Lines ${lines.join(" and ")} name the same credential.`);
  return { found: [...found.values()], problems, notes };
}
