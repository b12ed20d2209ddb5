// Replays what the official SDK was recorded doing, and compares requests and outcomes field by field. Where this package
// differs on purpose, DIFFERENCES names the design point and holds what it does instead; nothing else may differ.
import vectors from "../data/vectors.json" with { type: "json" };
import { assert, stubClient } from "./helpers.js";
import { test } from "./registry.js";

const BROKEN_OR_EMPTY = "Behaviour 5, empty and broken bodies: the status code alone tells, and broken JSON is a typed error";
const ANY_ENGINE = "Behaviour 6, network failures: a ConnectionError in every engine";

const IDS = "Behaviour 2, ids that could name something else: no slash, backslash or control character reaches a server";

function connectionError(cause) {
  return {
    ok: false,
    error: {
      name: "ConnectionError",
      message: `Unable to make request: ${cause}`,
      bases: ["ConnectionError", "HTTPClientError", "Error"],
    },
  };
}

/** Nothing is sent. */
const REFUSED_ID = {
  point: IDS,
  requests: [],
  ours: { ok: false, error: { name: "SDKValidationError", bases: ["SDKValidationError", "Error"] } },
};

const DIFFERENCES = {
  "id a/b": REFUSED_ID,
  "id a\\b": REFUSED_ID,
  "all three ids encoded": REFUSED_ID,
  "200 broken json": {
    point: BROKEN_OR_EMPTY,
    ours: {
      ok: false,
      error: {
        name: "ResponseValidationError",
        message: "Response validation failed",
        statusCode: 200,
        contentType: "application/json",
        body: "{",
        bases: ["ResponseValidationError", "ConductoroneSDKTypescriptError", "Error"],
      },
    },
  },
  "200 empty json body": {
    point: BROKEN_OR_EMPTY,
    ours: vectors.cases.find(({ name }) => name === "minimal").official.outcome,
  },
  "NetworkError (firefox)": {
    point: ANY_ENGINE,
    ours: connectionError("TypeError: NetworkError when attempting to fetch resource."),
  },
  "Load failed (safari)": { point: ANY_ENGINE, ours: connectionError("TypeError: Load failed") },
  "Network connection lost (workerd)": { point: ANY_ENGINE, ours: connectionError("Error: Network connection lost.") },
};

// What a case passes in unless it says otherwise: that SDK sends no token unless both are given.
const SECURITY = { bearerAuth: "tok", oauth: "tok" };

function rejectionOf({ throw: kind, message, name }) {
  if (kind === "DOMException") return new DOMException(message, name);
  return new { TypeError, Error }[kind](message);
}

async function replay(sdk, { request, sdk: props, options, responses }) {
  const answers = responses.map((answer) => (answer.throw ? () => Promise.reject(rejectionOf(answer)) : answer));
  const { httpClient, requests } = stubClient(sdk, ...answers);
  const core = new sdk.ConductoroneSDKTypescriptCore({ security: SECURITY, ...props, httpClient });
  const result = await sdk.connectorRevokeCredential(core, request, options);
  return {
    requests: requests.map(({ method, url, headers, body }) => {
      const { "user-agent": _agent, cookie: _cookie, ...rest } = headers;
      return { method, url, headers: rest, body };
    }),
    outcome: outcomeOf(sdk, result),
  };
}

function outcomeOf(sdk, { ok, value, error }) {
  if (ok) return { ok, value: { ...value, rawResponse: value.rawResponse.constructor.name, keys: Object.keys(value) } };
  const bases = [];
  for (let at = Object.getPrototypeOf(error); at !== Object.prototype; at = Object.getPrototypeOf(at)) bases.push(at.name);
  const { name, message, statusCode, contentType, body } = error;
  const http = error instanceof sdk.errors.ConductoroneSDKTypescriptError ? { statusCode, contentType, body } : {};
  // What a validation error says is each SDK's own.
  const said = name === "SDKValidationError" ? {} : { message };
  return { ok, error: { name, ...said, ...http, bases } };
}

/** The recorded outcome without what is not compared: what caused an error, and the words of a validation error. */
function recordedOutcome({ error, ...outcome }) {
  if (!error) return outcome;
  const { cause: _cause, ...rest } = error;
  if (error.name === "SDKValidationError") delete rest.message;
  return { ...outcome, error: rest };
}

for (const recorded of vectors.cases) {
  const difference = DIFFERENCES[recorded.name];
  test(`vectors: ${recorded.name}${difference ? ` (${difference.point})` : ""}`, async ({ sdk }) => {
    const { requests, outcome } = await replay(sdk, recorded);
    assert.deepEqual(requests, difference?.requests ?? recorded.official.requests);
    assert.deepEqual(outcome, difference?.ours ?? recordedOutcome(recorded.official.outcome));
  });
}
