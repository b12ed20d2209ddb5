// The audit report of a run over a list: what was asked for, and what became of it, line by line.

/**
 * @typedef {object} Row  one line of the list
 * @property {number} line
 * @property {{ appId: string, connectorId: string, id: string }} request
 * @property {Row} [twin]  the row that named the same credential before; its result is this one's too
 * @property {object} [result]  what `revokeCredentials` told of it; missing when it was never begun
 */

const COLUMNS = [
  "line",
  "appId",
  "connectorId",
  "id",
  "status",
  "statusCode",
  "attempts",
  "sentAt",
  "answeredAt",
  "requestId",
  "error",
  "reason",
  "where",
];

/** One row as the report has it. What was never begun was skipped. */
function entryOf({ line, request, twin, result = twin?.result }, where) {
  const { appId, connectorId, id } = request;
  const { status = "skipped", statusCode, attempts = 0, sentAt, answeredAt, requestId, error } = result ?? {};
  const [name, reason] = error ? [error.name, error.message] : [];
  return {
    line,
    appId,
    connectorId,
    id,
    status,
    statusCode,
    attempts,
    sentAt,
    answeredAt,
    requestId,
    error: name,
    reason,
    where,
  };
}

/**
 * A cell of a CSV file (RFC 4180). What a spreadsheet would take for a formula gets a quote mark before it, for the ids and the
 * messages are others' words. Whoever needs them to the letter takes the JSON Lines.
 */
function cell(value) {
  let text = String(value ?? "");
  if (/^[=+\-@\t\r]/.test(text)) text = `'${text}`;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** @param {Row[]} rows */
export function toCsv(rows, where) {
  const lines = rows.map((row) => entryOf(row, where)).map((entry) => COLUMNS.map((column) => cell(entry[column])).join(","));
  return `${[COLUMNS.join(","), ...lines].join("\r\n")}\r\n`;
}

/** @param {Row[]} rows */
export function toJsonLines(rows, where) {
  return rows.map((row) => `${JSON.stringify(entryOf(row, where))}\n`).join("");
}
