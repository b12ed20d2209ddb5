// Reads a list of credentials: a CSV file (RFC 4180), or lines pasted from a spreadsheet or an editor. Papa Parse reads each record.
// What is ours: which column is which, and messages with line numbers. Nothing is guessed, because what is read is revoked.
//
// The first line may name the columns (appId, connectorId, and id or credentialId, in any order, case and spelling, among others).
// Without such a line, a line is `appId,connectorId,id`.
import Papa from "papaparse";

/** Reading stops after this many bad lines: the file is not a list of credentials then. */
const MOST_ERRORS = 1_000;
const MOST_LINES = 250_000;
/** The longest record, in characters. */
const LONGEST_RECORD = 16_384;
/** The longest id, in characters. The API's own ids have 27. */
const LONGEST_ID = 500;

const COLUMNS = ["appId", "connectorId", "id"];
const NAMES = { appid: "appId", connectorid: "connectorId", id: "id", credentialid: "id" };

/** A record that cannot be read. Its message says why. */
class RecordError extends Error {}
/** One after which nothing else can be read. */
class LastError extends RecordError {}

/**
 * @param {string} text
 * @returns {{
 *   rows: { line: number, appId: string, connectorId: string, id: string }[],
 *   errors: { line: number, message: string }[],
 *   stopped: boolean,
 * }} lines count from 1; `stopped`: the rest was not read
 */
export function readList(text) {
  const rows = [];
  const errors = [];
  let delimiter = null;
  let columns = null;
  for (const { line, record, isComplete } of records(text.replace(/^\ufeff/, ""))) {
    try {
      if (line > MOST_LINES) throw new LastError(`The list has more than ${MOST_LINES} lines. Split it.`);
      if (record.length > LONGEST_RECORD) throw new RecordError(`The line has more than ${LONGEST_RECORD} characters.`);
      if (!isComplete) throw new RecordError("A quote is opened and never closed.");
      if (record.trim() === "") continue;
      delimiter ??= delimiterOf(record);
      const values = valuesOf(record, delimiter);
      if (values.every((value) => value === "")) continue;
      if (columns === null) {
        columns = columnsIn(values);
        if (columns) continue;
        columns = { places: [0, 1, 2], count: 3 };
      }
      rows.push({ line, ...rowOf(values, columns) });
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      errors.push({ line, message: error.message });
      if (error instanceof LastError || errors.length === MOST_ERRORS) return { rows, errors, stopped: true };
    }
  }
  return { rows, errors, stopped: false };
}

/**
 * The records of a list: usually one line each, or more where a value in quotes has line breaks. When a quote is never closed, only
 * its own line is lost: the next record is the next line.
 */
function* records(text) {
  const lines = /([^\r\n]*)(\r\n?|\n|$)/y;
  let at = 0;
  let line = 1;
  const take = () => {
    lines.lastIndex = at;
    const [all, content] = lines.exec(text);
    at += all.length;
    return content;
  };
  while (at < text.length) {
    let record = take();
    const next = { at, line: line + 1 };
    let isComplete = hasEvenQuotes(record);
    while (!isComplete && at < text.length && record.length <= LONGEST_RECORD) {
      const more = take();
      record += `\n${more}`;
      next.line += 1;
      isComplete = !hasEvenQuotes(more);
    }
    if (!isComplete) [at, next.line] = [next.at, line + 1];
    yield { line, record, isComplete };
    line = next.line;
  }
}

function hasEvenQuotes(text) {
  let even = true;
  for (let at = text.indexOf('"'); at !== -1; at = text.indexOf('"', at + 1)) even = !even;
  return even;
}

/** A tab, if the first record has one, because ids hold none. Else `;` or `,`, whichever it has more of. */
function delimiterOf(record) {
  if (record.trim().includes("\t")) return "\t";
  return record.split(";").length > record.split(",").length ? ";" : ",";
}

function valuesOf(record, delimiter) {
  const { data, errors } = Papa.parse(record, { delimiter, newline: "\n" });
  if (errors.length > 0 || data.length !== 1) {
    throw new RecordError("A quote is out of place. Put the whole value in quotes, and double the quotes inside it.");
  }
  return data[0].map((value) => value.trim());
}

/** Where the columns are, if these are column names. Null if they are not. Without a column, no line can be read. */
function columnsIn(values) {
  const named = values.map((value) => NAMES[value.replace(/[ _-]/g, "").toLowerCase()]);
  if (named.every((name) => name === undefined)) return null;
  for (const column of COLUMNS) {
    const shown = column === "id" ? "id (or credentialId)" : column;
    if (!named.includes(column)) throw new LastError(`The line of column names has no ${shown}.`);
    if (named.indexOf(column) !== named.lastIndexOf(column)) {
      throw new LastError(`The line of column names has more than one ${shown}.`);
    }
  }
  return { places: COLUMNS.map((column) => named.indexOf(column)), count: values.length };
}

function rowOf(values, { places, count }) {
  if (values.slice(count).some((value) => value !== "")) throw new RecordError("There are more values than columns.");
  return Object.fromEntries(COLUMNS.map((column, index) => [column, idOf(column, values[places[index]] ?? "")]));
}

function idOf(column, value) {
  if (value === "") throw new RecordError(`The ${column} is missing. A line is appId, connectorId, id.`);
  if (value.length > LONGEST_ID) throw new RecordError(`The ${column} has more than ${LONGEST_ID} characters.`);
  if (/["\p{Cc}]/u.test(value)) throw new RecordError(`The ${column} holds a quote, a line break or a control character.`);
  return value;
}
