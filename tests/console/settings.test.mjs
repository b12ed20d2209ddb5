// What is committed opens nothing: each wrangler file that is for deploying.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";

const read = (file) =>
  // The files hold comments, which stand on lines of their own.
  JSON.parse(readFileSync(new URL(`../../www/${file}`, import.meta.url), "utf8").replace(/^\s*\/\/.*$/gm, ""));

describe("the committed settings", () => {
  for (const file of ["page", "worker", "jobs", "jobs/demo"]) {
    it(`give no address to ${file}, and no identity, tenant or sandbox`, () => {
      const { workers_dev, preview_urls, routes, route, vars = {}, env } = read(`${file}/wrangler.jsonc`);
      assert.deepEqual(
        { workers_dev, preview_urls, routes, route, env },
        {
          workers_dev: false,
          preview_urls: false,
          routes: undefined,
          route: undefined,
          env: undefined,
        },
      );
      const { SANDBOX = "off", ...others } = vars;
      assert.equal(SANDBOX, "off");
      for (const [name, value] of Object.entries(others)) assert.equal(value, "", name);
    });
  }

  it("leave the sandbox out of the queue Worker", () => {
    assert.doesNotMatch(JSON.stringify(read("jobs/wrangler.jsonc")), /sandbox/i);
  });
});
