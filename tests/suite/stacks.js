// An error's stack names the function that called, in V8: error trackers group errors by it.
import { assert, ids, json, rejection, revoked, stubbed, throws } from "./helpers.js";
import { API_KEY } from "./oauth-helpers.js";
import { test } from "./registry.js";

const V8 = ["node", "workerd", "chromium", "deno"];

const answers = (status, body = "{}") => ({ status, headers: json, body });
const never = () => new Promise(() => {});
const broken = throws(new TypeError("fetch failed"));
const revoking =
  (options, request = ids) =>
  ({ connector }) =>
    connector.revokeCredential(request, options);
const running =
  (options, input = [ids]) =>
  ({ connector }) =>
    connector.revokeCredentials(input, options);
const aborting = (client) => {
  const controller = new AbortController();
  setTimeout(() => controller.abort());
  return revoking({ signal: controller.signal })(client);
};
const freed = (client) => {
  client.free();
  return revoking()(client);
};

/** The name of the error, and the call that fails: a client's properties, the server's answer, and what is called of the client. */
const FAILURES = {
  "an invalid request": ["SDKValidationError", {}, revoked, revoking(undefined, { ...ids, id: "" })],
  "an invalid option": ["SDKValidationError", {}, revoked, revoking({ timeoutMs: "5" })],
  "a function that gives no credential": ["SDKValidationError", { security: async () => ({ bearerAuth: undefined }) }],
  "a function that throws": ["UnexpectedClientError", { security: broken }],
  "a response of the server": ["SDKError", {}, answers(403)],
  "a response that means nothing": ["ResponseValidationError", {}, answers(200, "{")],
  "a token that is refused": ["TokenRequestError", API_KEY, answers(401)],
  "a token that is refused, asked for by itself": ["TokenRequestError", API_KEY, answers(401), (it) => it.getValidToken()],
  "no connection": ["ConnectionError", {}, broken],
  "a time limit": ["RequestTimeoutError", { timeoutMs: 1 }, never],
  "an abort": ["RequestAbortedError", {}, never, aborting],
  "a signal that was aborted before": ["RequestAbortedError", {}, never, (it) => revoking({ signal: AbortSignal.abort() })(it)],
  "a request that cannot be built": ["InvalidRequestError", {}, revoked, revoking({ headers: { "not a name": "" } })],
  "an HTTP client that returns no response": ["UnexpectedClientError", {}, () => ({})],
  "a client that was freed": ["UnexpectedClientError", {}, revoked, freed],
  "an input of a bulk run that is none": ["SDKValidationError", {}, revoked, running(undefined, 5)],
  "an option of a bulk run": ["SDKValidationError", {}, revoked, running({ concurrency: 0 })],
};

test("stacks: an error names the function that called, for every way to fail, and for the standalone function", async ({
  sdk,
  engine,
}) => {
  if (!V8.includes(engine)) return;
  const standalone = async (client) => {
    const { error } = await sdk.connectorRevokeCredential(client, ids);
    throw error;
  };
  const ways = [
    ...Object.entries(FAILURES),
    ["the standalone function", ["SDKError", {}, answers(403), standalone]],
    ["the standalone function without a client", ["SDKValidationError", {}, revoked, () => standalone({})]],
  ];
  for (const [label, [expected, props, answer, call = revoking()]] of ways) {
    const { client } = stubbed(sdk, props, answer);
    async function revokeForTicket() {
      await call(client);
    }
    const { name, message, stack } = await rejection(revokeForTicket());
    assert.strictEqual(name, expected, label);
    assert.isTrue(stack.startsWith(`${name}: ${message}\n`), `${label}: ${stack}`);
    // The caller, and nothing of WebAssembly.
    assert.include(stack, " revokeForTicket ", label);
    assert.notInclude(stack, "wasm", label);
  }
});
