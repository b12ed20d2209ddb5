// Reading lists in the page and the Worker: the cases of src/csv.rs's own tests, so that both read alike.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readList } from "../../www/public/list.js";

const shown = ({ rows, errors }) => [
  ...rows.map(({ line, appId, connectorId, id }) => `${line} ${appId} ${connectorId} ${id}`),
  ...errors.map(({ line, message }) => `${line}! ${message}`),
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
    '"a","c","1"\n"b" , "d" ,2',
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
    ["\u0085a\u00a0,\u2028c ,\ufeff1", ["1 a c \ufeff1"]],
    ["\n \n\r\r\n", []],
    ["name,id,owner,connectorId,appId\nx,1,y,c,a\n,2,,d,b", ["2 a c 1", "3 b d 2"]],
    ['a,c,"1\r\n2"\nb,d,3', ["1 a c 1\r\n2", "3 b d 3"]],
    ['a,c,"say ""x"""', ['1 a c say "x"']],
    ["a,c\nb,d,2", ["2 b d 2", "1! the id is missing: a line is appId, connectorId, id"]],
    ["a,,1", ["1! the connectorId is missing: a line is appId, connectorId, id"]],
    ["a,c,1,x\nb,d,2", ["2 b d 2", "1! there are more values than columns"]],
    ["appId,id\na,1", ["1! the line of column names has no connectorId"]],
    ["appId,connectorId,id,ID\na,c,1,1", ["1! the line of column names has more than one id (or credentialId)"]],
    ['a,c,"1\nb,d,2', ["2 b d 2", "1! a value begins with a quote that is never closed"]],
    [
      'a,c"x",1\nb,d,2',
      ["2 b d 2", "1! a quote stands in the middle of a value: put the whole value in quotes, and double those inside"],
    ],
    [
      'a,c,"1"x\nb,d,2',
      ["2 b d 2", "1! a quote stands in the middle of a value: put the whole value in quotes, and double those inside"],
    ],
  ]) {
    it(JSON.stringify(text), () => assert.deepEqual(shown(readList(text)), expected));
  }
  it("reads 100,000 lines in time that grows with their number only", () => {
    const text = Array.from({ length: 100_000 }, (_, i) => `app,con,cred-${i}`).join("\n");
    assert.equal(readList(text).rows.length, 100_000);
    assert.equal(readList(`a,c,${`${" ".repeat(1_000)}x`.repeat(1_000)}`).rows.length, 1);
    const long = "x".repeat(10_000_000);
    assert.equal(readList(`a,c,"${long}"`).rows[0].id, long);
    assert.equal(readList(`a,c,"${'""'.repeat(50_000)}"`).rows[0].id, '"'.repeat(50_000));
  });
});
