// An error's stack names the function that called, in V8: error trackers group errors by it.
import { assert, ids, json, rejection, revoked, stubbed } from "./helpers.js";
import { API_KEY } from "./oauth-helpers.js";
import { test } from "./registry.js";

const V8 = ["node", "workerd", "chromium", "deno"];

const answers = (status, body = "{}") => ({ status, headers: json, body });
const never = () => new Promise(() => {});
const broken = () => {
  throw new TypeError("fetch failed");
};

/** The name of the error, and the call that fails: a client's properties, the server's answer, and what is called of the client. */
const FAILURES = {
  "an invalid request": ["SDKValidationError", {}, revoked, ({ connector }) => connector.revokeCredential({ ...ids, id: "" })],
  "an invalid option": [
    "SDKValidationError",
    {},
    revoked,
    ({ connector }) => connector.revokeCredential(ids, { timeoutMs: "5" }),
  ],
  "a function that gives no credential": ["SDKValidationError", { security: async () => ({ bearerAuth: undefined }) }],
  "a function that throws": ["UnexpectedClientError", { security: broken }],
  "a response of the server": ["SDKError", {}, answers(403)],
  "a response that means nothing": ["ResponseValidationError", {}, answers(200, "{")],
  "a token that is refused": ["TokenRequestError", API_KEY, answers(401)],
  "a token that is refused, asked for by itself": [
    "TokenRequestError",
    API_KEY,
    answers(401),
    (client) => client.getValidToken(),
  ],
  "no connection": ["ConnectionError", {}, broken],
  "a time limit": ["RequestTimeoutError", { timeoutMs: 1 }, never],
  "an abort": [
    "RequestAbortedError",
    {},
    never,
    ({ connector }) => {
      const controller = new AbortController();
      setTimeout(() => controller.abort());
      return connector.revokeCredential(ids, { signal: controller.signal });
    },
  ],
  "a signal that was aborted before": [
    "RequestAbortedError",
    {},
    never,
    ({ connector }) => connector.revokeCredential(ids, { signal: AbortSignal.abort() }),
  ],
  "a request that cannot be built": [
    "InvalidRequestError",
    {},
    revoked,
    ({ connector }) => connector.revokeCredential(ids, { headers: { "not a name": "" } }),
  ],
  "an HTTP client that returns no response": ["UnexpectedClientError", {}, () => ({})],
  "a client that was freed": [
    "UnexpectedClientError",
    {},
    revoked,
    (client) => {
      client.free();
      return client.connector.revokeCredential(ids);
    },
  ],
  "an input of a bulk run that is none": ["SDKValidationError", {}, revoked, ({ connector }) => connector.revokeCredentials(5)],
  "an option of a bulk run": [
    "SDKValidationError",
    {},
    revoked,
    ({ connector }) => connector.revokeCredentials([ids], { concurrency: 0 }),
  ],
};

/** Asserts that the stack begins as usual, and names the caller before anything of WebAssembly. */
function assertNames({ name, message, stack }, caller, label) {
  assert.isTrue(stack.startsWith(`${name}: ${message}\n`), `${label}: ${stack}`);
  assert.include(stack, ` ${caller} `, label);
  assert.notInclude(stack, "wasm", label);
}

test("stacks: a method's error names the function that called, for every way to fail", async ({ sdk, engine }) => {
  if (!V8.includes(engine)) return;
  const ways = Object.entries(FAILURES);
  for (const [label, [name, props, answer, call = ({ connector }) => connector.revokeCredential(ids)]] of ways) {
    const { client } = stubbed(sdk, props, answer);
    async function revokeForTicket() {
      await call(client);
    }
    const error = await rejection(revokeForTicket());
    assert.strictEqual(error.name, name, label);
    assertNames(error, "revokeForTicket", label);
  }
});

test("stacks: the standalone function's error names the function that called", async ({ sdk, engine }) => {
  if (!V8.includes(engine)) return;
  const { client } = stubbed(sdk, {}, answers(403));
  for (const [name, core] of [
    ["SDKError", client],
    ["SDKValidationError", {}],
  ]) {
    async function revokeForTicket() {
      const { error } = await sdk.connectorRevokeCredential(core, ids);
      return error;
    }
    const error = await revokeForTicket();
    assert.strictEqual(error.name, name);
    assertNames(error, "revokeForTicket", name);
  }
});
