// The report of a run over a list: a line for each line of the list. Papa Parse writes the CSV.
import Papa from "papaparse";

const COLUMNS = "line appId connectorId id outcome statusCode attempts sentAt answeredAt requestId error reason where".split(" ");
/** What a spreadsheet takes for a formula. It gets an apostrophe, because IDs and messages are other people's words. */
const FORMULA = /^[\s\p{Cc}]*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r]/u;

/**
 * @typedef {object} Row  one line of the list
 * @property {number} line
 * @property {{ appId: string, connectorId: string, id: string }} request
 * @property {Row} [twin]  the earlier row with the same credential; its result counts for this row too
 * @property {"revoked" | "not revoked" | "not known" | "not sent"} [outcome]  missing when no request was sent
 * @property {object} [result]  the row's result from `revokeCredentials`
 */

/** @param {Row} row */
function entryOf(row, where) {
  const { outcome = "not sent", result = {} } = row.twin ?? row;
  const { statusCode, attempts = 0, sentAt, answeredAt, requestId, error } = result;
  const { appId, connectorId, id } = row.request;
  const answer = { statusCode, attempts, sentAt, answeredAt, requestId, error: error?.name, reason: error?.message };
  return { line: row.line, appId, connectorId, id, outcome, ...answer, where };
}

/** CSV for spreadsheets: all cells are in quotes, for any separator that the spreadsheet expects. @param {Row[]} rows */
export function toCsv(rows, where) {
  const entries = rows.map((row) => entryOf(row, where));
  return `${Papa.unparse(entries, { columns: COLUMNS, quotes: true, escapeFormulae: FORMULA })}\r\n`;
}

/** JSON Lines, with all values as they are. @param {Row[]} rows */
export function toJsonLines(rows, where) {
  return rows.map((row) => `${JSON.stringify(entryOf(row, where))}\n`).join("");
}
