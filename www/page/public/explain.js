// Puts an error of the package into words: what it means for the credential, and what to do.

/** The fields of the form, by the words that the package uses for its options. */
const FIELDS = [
  [/\bappId\b/, "appId"],
  [/\bconnectorId\b/, "connectorId"],
  [/\b(tenantDomain|serverURL)\b/, "tenant"],
  [/\b(bearerAuth|security|token)\b/i, "token"],
  [/\bid\b/, "id"],
];

const NOT_KNOWN = "It is not known whether the credential was revoked. Revoking it again does no harm.";
const NOT_ALLOWED =
  "Either the network is down, or the API does not allow calls from this page. In that case, set C1_TENANT in the Worker.";

const refused = (title, text) => ({ verdict: "refused", title, text });
const unknown = (title, text) => ({ verdict: "unknown", title, text: `${text} ${NOT_KNOWN}`.trim() });

const HTTP = {
  400: ["The API did not accept the request", "Check the three IDs."],
  401: [
    "The token was not accepted",
    "It may have expired, or belong to another tenant. The page has forgotten it: enter a new one.",
  ],
  403: [
    "The token may not do this",
    "It may not revoke credentials of this connector. Use the token of an administrator of the app.",
  ],
  404: ["No such credential", "Check the three IDs and the tenant. A deleted credential is not found either."],
  409: ["The credential is being changed by someone else", "Try again in a moment."],
};

function sentence(error) {
  const message = error instanceof Error ? error.message : String(error);
  return /[.!?]$/.test(message) ? message : `${message}.`;
}

/** The message in the API's own error form, `{"code": 5, "message": "…", "details": []}`, or an empty string. */
function apiMessage(body) {
  try {
    const { message } = JSON.parse(body);
    return typeof message === "string" ? message : "";
  } catch {
    return "";
  }
}

/**
 * Explains what `revokeCredential` or the constructor threw. `direct`: the page itself calls another origin. `again`: an earlier
 * request may have revoked the credential.
 * @returns {{ verdict: "refused" | "unknown", title: string, text: string, field?: string, forget?: boolean }} refused: the credential
 *   is not revoked. unknown: that is not known. field: the input that caused it. forget: the token is of no more use
 */
export function explain(error, { host, direct }, again = false) {
  switch (error?.name) {
    case "SDKValidationError": {
      const text = sentence(error.cause ?? error);
      const [, field] = FIELDS.find(([words]) => words.test(text)) ?? [];
      return { ...refused("Nothing was sent", text), field };
    }
    case "ConnectionError":
      return unknown(`No connection to ${host}`, direct ? NOT_ALLOWED : "Check the network, then try again.");
    case "RequestTimeoutError":
      return unknown(`No answer from ${host} in time`, "Try again.");
    case "RequestAbortedError":
      return unknown("Stopped before the answer came", "");
    case "UnsupportedRuntimeError":
      return refused("This browser is not supported", sentence(error));
  }
  return typeof error?.statusCode === "number" ? explainStatus(error, host, again) : unknown("This page failed", sentence(error));
}

function explainStatus({ statusCode, headers }, host, again) {
  if (statusCode < 300) {
    return unknown(
      `The answer is not the API’s (${statusCode})`,
      `A proxy or a sign-in page may have answered in place of ${host}.`,
    );
  }
  if (statusCode < 400) return unknown(`A redirect from ${host}`, "It was not followed. Check the tenant.");
  if (statusCode >= 500) return unknown(`${host} failed (${statusCode})`, "Try again in a moment.");
  if (statusCode === 404 && again) {
    const text = "The API finds no such credential. An earlier request may have revoked it.";
    return unknown("Not found (404), after an answer that may be lost", text);
  }
  if (statusCode === 429) {
    const seconds = headers.get("retry-after");
    const wait = /^\d+$/.test(seconds) ? `Wait ${seconds} s, as the API asks` : "Wait a little";
    return refused("Too many requests (429)", `The API limits this token. ${wait}, then try again.`);
  }
  const [title, text] = HTTP[statusCode] ?? ["The API refused", "The credential was not revoked."];
  const blame = statusCode === 401 ? { field: "token", forget: true } : {};
  return { ...refused(`${title} (${statusCode})`, text), ...blame };
}

/** The server's own words, for the lines below the explanation. */
export function facts(error) {
  return [
    ["API says", apiMessage(error?.body)],
    ["Request ID", error?.headers?.get?.("x-request-id") ?? ""],
    ["Error", typeof error?.name === "string" ? error.name : ""],
  ];
}
