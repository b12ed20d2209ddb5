// Reads a list of credentials as people have them: a CSV file (RFC 4180), or lines pasted from a spreadsheet or an editor. The rules
// are those of src/csv.rs, where they are told and tested at length; this is what a page and a Worker can import.
//
// The first line may name the columns (appId, connectorId, and id or credentialId, in any order, case and spelling, among others);
// without one, a line is `appId,connectorId,id`. Nothing is guessed, because what is read is revoked.

const COLUMNS = ["appId", "connectorId", "id"];
const NAMES = { appid: "appId", connectorid: "connectorId", id: "id", credentialid: "id" };

class RowError extends Error {}

const WHITE_SPACE = /\p{White_Space}/u;

/** Without white space at either end. Not `trim()`, whose idea of white space is JavaScript's own. */
function trimmed(text) {
  let [start, end] = [0, text.length];
  while (start < end && WHITE_SPACE.test(text[start])) start += 1;
  while (end > start && WHITE_SPACE.test(text[end - 1])) end -= 1;
  return text.slice(start, end);
}

/**
 * @param {string} text
 * @returns {{ rows: { line: number, appId: string, connectorId: string, id: string }[], errors: { line: number, message: string }[] }}
 *   lines count from 1
 */
export function readList(text) {
  const rows = [];
  const errors = [];
  let columns = null;
  for (const { line, values, error } of records(text.replace(/^\ufeff/, ""))) {
    try {
      if (error) throw error;
      if (values.every((value) => value === "")) continue;
      if (columns === null) {
        columns = header(values);
        if (columns !== null) continue;
        columns = { places: [0, 1, 2], count: 3 };
      }
      rows.push({ line, ...rowOf(values, columns) });
    } catch (problem) {
      if (!(problem instanceof RowError)) throw problem;
      errors.push({ line, message: problem.message });
      if (columns === null && !error) break; // without knowing the columns, nothing that follows can be read
    }
  }
  return { rows, errors };
}

/** Tabs, if the first line that is not blank has any, for they never stand in an id; else the more frequent of `;` and `,`. */
function delimiterOf(text) {
  const line = /[^\r\n]*\P{White_Space}[^\r\n]*/u.exec(text)?.[0] ?? "";
  const count = (delimiter) => line.split(delimiter).length;
  if (trimmed(line).includes("\t")) return "\t";
  return count(";") > count(",") ? ";" : ",";
}

/** The records of a list: the line on which each begins, and its values, or what is wrong with it. */
function* records(text) {
  const delimiter = delimiterOf(text);
  const blank = delimiter === "\t" ? / */y : /[ \t]*/y;
  const plain = { "\t": /[^\t\r\n]*/y, ";": /[^;\r\n]*/y, ",": /[^,\r\n]*/y }[delimiter];
  const quoted = /"([^"]*(?:""[^"]*)*)("?)/y;
  const lineBreak = /\r\n?|\n/y;
  let at = 0;
  let line = 1;
  const take = (pattern) => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match) at = pattern.lastIndex;
    return match;
  };

  while (at < text.length) {
    const record = { line, values: [] };
    const start = at;
    try {
      do {
        take(blank);
        if (text[at] === '"') {
          const [, value, end] = take(quoted);
          if (end === "") throw new RowError("a value begins with a quote that is never closed");
          line += value.match(/\r\n?|\n/g)?.length ?? 0;
          take(blank);
          if (at < text.length && ![delimiter, "\r", "\n"].includes(text[at])) throw strayQuote();
          record.values.push(trimmed(value.replaceAll('""', '"')));
        } else {
          const [value] = take(plain);
          if (value.includes('"')) throw strayQuote();
          record.values.push(trimmed(value));
        }
        // A delimiter: one more value follows.
      } while (text[at] === delimiter && ++at);
    } catch (error) {
      // A quote gone astray spoils its own line, not the rest of the list.
      record.error = error;
      line = record.line;
      at = start;
      take(/[^\r\n]*/y);
    }
    if (take(lineBreak)) line += 1;
    yield record;
  }
}

function strayQuote() {
  return new RowError("a quote stands in the middle of a value: put the whole value in quotes, and double those inside");
}

/** Where the columns are, if this is a line of column names; null when it is not. */
function header(values) {
  const named = values.map((value) => NAMES[value.replace(/[ _-]/g, "").toLowerCase()]);
  if (named.every((name) => name === undefined)) return null;
  for (const column of COLUMNS) {
    const shown = column === "id" ? "id (or credentialId)" : column;
    if (!named.includes(column)) throw new RowError(`the line of column names has no ${shown}`);
    if (named.indexOf(column) !== named.lastIndexOf(column))
      throw new RowError(`the line of column names has more than one ${shown}`);
  }
  return { places: COLUMNS.map((column) => named.indexOf(column)), count: values.length };
}

function rowOf(values, { places, count }) {
  if (values.slice(count).some((value) => value !== "")) throw new RowError("there are more values than columns");
  return Object.fromEntries(
    COLUMNS.map((column, index) => {
      const value = values[places[index]] ?? "";
      if (value === "") throw new RowError(`the ${column} is missing: a line is appId, connectorId, id`);
      return [column, value];
    }),
  );
}
