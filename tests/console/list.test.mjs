// Reading lists, in the page and in the queue Worker.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readList } from "../../www/lib/list.js";

const shown = ({ rows, errors, stopped }) => [
  ...rows.map(({ line, appId, connectorId, id }) => `${line} ${appId} ${connectorId} ${id}`),
  ...errors.map(({ line, message }) => `${line}! ${message}`),
  ...(stopped ? ["stopped"] : []),
];

describe("reading a list", () => {
  for (const text of [
    "a,c,1\nb,d,2\n",
    "a,c,1\r\nb,d,2",
    "a,c,1\rb,d,2\r",
    "\ufeffa,c,1\nb,d,2",
    "a\tc\t1\nb\td\t2",
    "a;c;1\nb;d;2",
    " a , c,1 \n\tb,d\t,2",
    '"a","c","1"\n"b" ,"d" ,2',
  ]) {
    it(`lines without column names: ${JSON.stringify(text)}`, () =>
      assert.deepEqual(shown(readList(text)), ["1 a c 1", "2 b d 2"]));
  }
  for (const names of [
    "appId,connectorId,id",
    "App ID,Connector ID,Credential ID",
    "APP_ID,connector-id,credentialid",
    '"appId","connectorId","id"',
  ]) {
    it(`column names: ${names}`, () => assert.deepEqual(shown(readList(`${names}\na,c,1`)), ["2 a c 1"]));
  }
  for (const [text, expected] of [
    ["\n\r\n ,, \na,c,1,,\n\n\nb,d,2", ["4 a c 1", "7 b d 2"]],
    ["", []],
    ["\n \n\r\r\n", []],
    ["a\u00a0,\u2028c ,\u30001", ["1 a c 1"]],
    ["name,id,owner,connectorId,appId\nx,1,y,c,a\n,2,,d,b", ["2 a c 1", "3 b d 2"]],
    ['appId,connectorId,id,note\na,c,1,"two\r\nlines"\nb,d,2,""', ["2 a c 1", "4 b d 2"]],
    ['"a","c","1"\n"b" ,"d" ,2', ["1 a c 1", "2 b d 2"]],
    ['note,appId,connectorId,id\n"say ""x"", or; y",a,c,1', ["2 a c 1"]],
    ["a,c\nb,d,2", ["2 b d 2", "1! The id is missing. A line is appId, connectorId, id."]],
    ["a,,1", ["1! The connectorId is missing. A line is appId, connectorId, id."]],
    ["a,c,1,x\nb,d,2", ["2 b d 2", "1! There are more values than columns."]],
    ["appId,id\na,1", ["1! The line of column names has no connectorId.", "stopped"]],
    ["appId,connectorId,id,ID\na,c,1,1", ["1! The line of column names has more than one id (or credentialId).", "stopped"]],
    ['a,c,"1\nb,d,2', ["2 b d 2", "1! A quote is opened and never closed."]],
    [
      'a,c,"1"x\nb,d,2',
      ["2 b d 2", "1! A quote is out of place. Put the whole value in quotes, and double the quotes inside it."],
    ],
    ['a,c"x",1\nb,d,2', ["2 b d 2", "1! The connectorId holds a quote, a line break or a control character."]],
    ['a,c,"1\r\n2"\nb,d,3', ["3 b d 3", "1! The id holds a quote, a line break or a control character."]],
    [`a,c,${"x".repeat(501)}`, ["1! The id has more than 500 characters."]],
    [`a,c,${"x".repeat(20_000)}\nb,d,2`, ["2 b d 2", "1! The line has more than 16384 characters."]],
  ]) {
    it(text.length < 100 ? JSON.stringify(text) : `a line of ${text.length} characters`, () =>
      assert.deepEqual(shown(readList(text)), expected),
    );
  }

  it("reads 95,000 lines", () => {
    const text = Array.from({ length: 95_000 }, (_, i) => `app,con,cred-${i}`).join("\n");
    const { rows, errors, stopped } = readList(text);
    assert.deepEqual([rows.length, rows.at(-1).line, errors.length, stopped], [95_000, 95_000, 0, false]);
  });

  for (const [what, text] of [
    ["four million bad lines", "x\n".repeat(4_000_000)],
    ["quotes that are out of place", 'a,b,"c"d\n'.repeat(500_000)],
    ["quotes that are never closed", `${'"'}${'a"'.repeat(4_000_000)}`],
    ["blank lines without end", "\n".repeat(8_000_000)],
    ["a line of blanks", `${" ".repeat(8_000_000)}x`],
    ["a line of separators", ",".repeat(8_000_000)],
    ["good lines without end", "a,c,1\n".repeat(1_000_000)],
  ]) {
    it(`keeps little of ${what}`, () => {
      const { rows, errors } = readList(text);
      assert.ok(errors.length >= 1 && errors.length <= 1_000);
      assert.ok(rows.length <= 250_000);
    });
  }
});
