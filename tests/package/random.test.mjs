// Random values in random places (fast-check): typed errors or success, never a trap, a hang or a request elsewhere.
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import fc from "fast-check";
import { app } from "../harness/app.mjs";
import { BULK_OPTIONS, CALL_OPTIONS, PROPS } from "../suite/names.js";

const IDS = { appId: "a", connectorId: "b", id: "c" };
const SEED = 20260101;
const RUNS = 400;
/** What sends the requests is the test's own. */
const CLIENTS = ["httpClient", "defaultClient"];

/** Anything that JavaScript has, getters that throw and functions included. */
const anything = fc.oneof(
  fc.anything({
    withBigInt: true,
    withBoxedValues: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
    withSet: true,
    withSparseArray: true,
    withTypedArray: true,
  }),
  fc.string({ unit: "binary" }),
  fc.func(fc.anything()),
  fc.constant(Symbol("s")),
  fc.anything().map((thrown) => () => {
    throw thrown;
  }),
  fc.anything().map((value) => Promise.resolve(value)),
);

/** An object with some of these names, each a value or a getter that throws one. */
const record = (names) =>
  fc.dictionary(fc.constantFrom(...names), fc.record({ value: anything, throws: fc.boolean() }), { maxKeys: 4 }).map((fields) => {
    const object = {};
    for (const [name, { value, throws }] of Object.entries(fields)) {
      const get = () => {
        if (throws) throw value;
        return value;
      };
      Object.defineProperty(object, name, { get, enumerable: true });
    }
    return object;
  });

describe("random inputs", () => {
  let sdk;
  before(async () => {
    sdk = await import(pathToFileURL(`${app}/import.mjs`));
  });

  function assertTyped(error) {
    const { HTTPClientError, ConductoroneSDKTypescriptError, SDKValidationError } = sdk.errors;
    assert.ok(
      [HTTPClientError, ConductoroneSDKTypescriptError, SDKValidationError].some((base) => error instanceof base),
      error,
    );
    assert.doesNotMatch(error.message, /WebAssembly core/);
  }

  const check = (property) => fc.assert(property, { seed: SEED, numRuns: RUNS });

  /** An HTTP client that notes where requests go. */
  function recording() {
    const urls = [];
    const request = async ({ url }) => {
      urls.push(url);
      return new Response("{}", { headers: { "content-type": "application/json" } });
    };
    return { urls, httpClient: { request } };
  }

  it("props", async () => {
    let constructed = 0;
    await check(
      fc.asyncProperty(record(PROPS.filter((name) => !CLIENTS.includes(name))), async (props) => {
        const { urls, httpClient } = recording();
        let client;
        try {
          client = new sdk.ConductoroneSDKTypescript(Object.defineProperty(props, "httpClient", { value: httpClient }));
        } catch (error) {
          return assertTyped(error);
        }
        constructed++;
        await client.connector.revokeCredential(IDS).catch(assertTyped);
        for (const url of urls) assert.match(url, /^https:\/\/[a-z0-9-]+\.conductor\.one\/(api|auth)\/v1\//);
        client.free();
      }),
    );
    assert.ok(constructed > RUNS / 50, `${constructed}`);
  });

  it("requests and options, of one call and of a bulk run", async () => {
    await check(
      fc.asyncProperty(
        record([...Object.keys(IDS), "connectorServiceRevokeCredentialRequest"]),
        record([...CALL_OPTIONS, ...BULK_OPTIONS]),
        async (request, options) => {
          const { urls, httpClient } = recording();
          const client = new sdk.ConductoroneSDKTypescript({ tenantDomain: "acme", httpClient });
          const result = await sdk.connectorRevokeCredential(client, request, options);
          if (!result.ok) assertTyped(result.error);
          await client.connector.revokeCredential(IDS, options).catch(assertTyped);
          const report = await client.connector.revokeCredentials([request, IDS], options).catch(assertTyped);
          if (report) assert.equal(report.revoked + report.failed + report.skipped, 2);
          for (const url of urls)
            assert.match(url, /^https:\/\/acme\.conductor\.one\/api\/v1\/apps\/[^/]+\/connectors\/[^/]+\/credentials\/[^/?#]+$/);
          client.free();
        },
      ),
    );
  });
});
