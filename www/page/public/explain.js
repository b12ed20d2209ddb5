// Puts an error of the package into words: what it means for the credential, and what to do.

/**
 * @typedef {object} Explanation
 * @property {"refused" | "unknown"} verdict  refused: the credential is not revoked. unknown: that is not known
 * @property {string} title
 * @property {string} text     what it means, and what to do
 * @property {string} [field]  the id of the input that caused it
 * @property {boolean} [forget]  the token is of no more use
 */

/** The fields of the form, by the words that the package uses for its options. */
const FIELDS = [
  [/\bappId\b/, "appId"],
  [/\bconnectorId\b/, "connectorId"],
  [/\b(tenantDomain|serverURL)\b/, "tenant"],
  [/\b(bearerAuth|security|token)\b/i, "token"],
  [/\bid\b/, "id"],
];

const NOT_KNOWN = "It is not known whether the credential was revoked. Revoking it again does no harm.";

const HTTP = {
  400: ["The API did not accept the request", "Check the three IDs."],
  401: [
    "The token was not accepted",
    "It may have expired, or belong to another tenant. The page has forgotten it. Enter a new one.",
  ],
  403: [
    "The token may not do this",
    "It is valid, but it may not revoke credentials of this connector. Use the token of an administrator of the app.",
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

/** The seconds to wait by a Retry-After header, in either of its forms. Null without a header that can be read. */
function retryAfter(headers, now = Date.now()) {
  const value = headers.get("retry-after") ?? "";
  const seconds = /^\d+$/.test(value) ? Number(value) : Math.ceil((Date.parse(value) - now) / 1000);
  return seconds >= 0 ? seconds : null;
}

/**
 * @param {unknown} error  what `revokeCredential` or the constructor threw
 * @param {{ host: string, direct: boolean }} where  direct: the page itself calls another origin
 * @param {boolean} [again]  whether an earlier request for the same credential may have revoked it
 * @returns {Explanation}
 */
export function explain(error, { host, direct }, again = false) {
  switch (error?.name) {
    case "SDKValidationError": {
      const text = sentence(error.cause ?? error);
      const [, field] = FIELDS.find(([words]) => words.test(text)) ?? [];
      return { verdict: "refused", title: "Nothing was sent", text, field };
    }
    case "ConnectionError": {
      const cause = direct
        ? "Either the network is down, or the API does not allow calls from this page. In that case, set C1_TENANT in the Worker."
        : "Check the network, then try again.";
      return { verdict: "unknown", title: `No connection to ${host}`, text: `${cause} ${NOT_KNOWN}` };
    }
    case "RequestTimeoutError":
      return { verdict: "unknown", title: `No answer from ${host} in time`, text: `Try again. ${NOT_KNOWN}` };
    case "RequestAbortedError":
      return { verdict: "unknown", title: "Stopped before the answer came", text: NOT_KNOWN };
    case "UnsupportedRuntimeError":
      return { verdict: "refused", title: "This browser is not supported", text: sentence(error) };
  }
  return typeof error?.statusCode === "number"
    ? explainStatus(error, host, again)
    : { verdict: "unknown", title: "This page failed", text: `${sentence(error)} ${NOT_KNOWN}` };
}

function explainStatus({ statusCode, headers }, host, again) {
  if (statusCode === 404 && again) {
    return {
      verdict: "unknown",
      title: "Not found (404), after an answer that may be lost",
      text: "The API finds no such credential. An earlier request may have revoked it. Check the connector in C1.",
    };
  }
  if (statusCode === 429) {
    const seconds = retryAfter(headers);
    const wait = seconds === null ? "Wait a little" : `Wait ${seconds} s, as the API asks`;
    return { verdict: "refused", title: "Too many requests (429)", text: `The API limits this token. ${wait}, then try again.` };
  }
  if (HTTP[statusCode]) {
    const [title, text] = HTTP[statusCode];
    const blame = statusCode === 401 ? { field: "token", forget: true } : {};
    return { verdict: "refused", title: `${title} (${statusCode})`, text, ...blame };
  }
  if (statusCode >= 400 && statusCode < 500) {
    return { verdict: "refused", title: `The API refused (${statusCode})`, text: "The credential was not revoked." };
  }
  if (statusCode >= 300 && statusCode < 400) {
    return { verdict: "unknown", title: `A redirect from ${host}`, text: `It was not followed. Check the tenant. ${NOT_KNOWN}` };
  }
  return statusCode < 300
    ? {
        verdict: "unknown",
        title: `The answer is not the API’s (${statusCode})`,
        text: `A proxy or a sign-in page between this page and ${host} may have answered. ${NOT_KNOWN}`,
      }
    : { verdict: "unknown", title: `${host} failed (${statusCode})`, text: `Try again in a moment. ${NOT_KNOWN}` };
}

/** The server's own words, for the lines below the explanation. */
export function facts(error) {
  return [
    ["API says", apiMessage(error?.body)],
    ["Request ID", error?.headers?.get?.("x-request-id") ?? ""],
    ["Error", typeof error?.name === "string" ? error.name : ""],
  ];
}
