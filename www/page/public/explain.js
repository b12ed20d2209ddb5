// What to tell the person at the page: an error of the package, put as what it means for the credential and what to do about it.

/**
 * @typedef {object} Explanation
 * @property {"refused" | "unknown"} verdict  refused: it was not revoked. unknown: the answer does not tell.
 * @property {string} title
 * @property {string} text     what it means, and what to do
 * @property {string} [field]  the id of the input that is to blame
 * @property {boolean} [forget]  what the page authorised with is of no more use
 */

/** The fields of the form, by the words with which the package names its options in what it says of them. */
const FIELDS = [
  [/\bappId\b/, "appId"],
  [/\bconnectorId\b/, "connectorId"],
  [/\b(tenantDomain|serverURL)\b/, "tenant"],
  [/\bclientID\b/, "clientID"],
  [/\bclientSecret\b/, "secret"],
  [/\b(bearerAuth|security|token)\b/i, "secret"],
  [/\bid\b/, "id"],
];

const NOT_KNOWN = "Whether the credential was revoked is not known. Revoking it once more does no harm.";

const HTTP = {
  400: ["The API did not accept the request", "Check the three ids."],
  401: [
    "The token was not accepted",
    "It may have expired, or belong to another tenant. Get a new one and enter it: this one has been forgotten.",
  ],
  403: [
    "The token may not do this",
    "It is valid, but may not revoke credentials of this connector. Use one of an administrator of the app, or ask one.",
  ],
  404: ["No such credential", "Check the three ids and the tenant. A credential that has been deleted is not found either."],
  409: ["The credential is being changed by someone else", "Try again in a moment."],
};

function sentence(error) {
  const message = error instanceof Error ? error.message : String(error);
  return /[.!?]$/.test(message) ? message : `${message}.`;
}

/** The text of the API's own error form, `{"code": 5, "message": "…", "details": []}`; empty when it is any other. */
function apiMessage(body) {
  try {
    const { message } = JSON.parse(body);
    return typeof message === "string" ? message : "";
  } catch {
    return "";
  }
}

/** Seconds to wait by a Retry-After header, in either of its forms; null when it has none that can be read. */
export function retryAfter(headers, now = Date.now()) {
  const value = headers?.get("retry-after")?.trim() ?? "";
  if (/^\d+$/.test(value)) return Number(value);
  const date = /\D/.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(date) ? null : Math.max(0, Math.ceil((date - now) / 1000));
}

/**
 * @param {unknown} error  what `revokeCredential` or the constructor threw
 * @param {{ host: string, direct: boolean }} where  direct: the page itself calls another origin
 * @returns {Explanation}
 */
export function explain(error, { host, direct }) {
  switch (error?.name) {
    case "SDKValidationError": {
      const [, field] = FIELDS.find(([words]) => words.test(sentence(error.cause ?? error))) ?? [];
      return { verdict: "refused", title: "Nothing was sent", text: sentence(error.cause ?? error), field };
    }
    case "ConnectionError":
      return {
        verdict: "unknown",
        title: `No connection to ${host}`,
        text: direct
          ? `Either the network is down, or the API does not allow calls from this page. For the latter, set C1_TENANT in the Worker. ${NOT_KNOWN}`
          : `Check the network, then try again. ${NOT_KNOWN}`,
      };
    case "RequestTimeoutError":
      return { verdict: "unknown", title: `No answer from ${host} in time`, text: `Try again. ${NOT_KNOWN}` };
    case "RequestAbortedError":
      return { verdict: "unknown", title: "Cut off before the answer came", text: NOT_KNOWN };
    case "TokenRequestError":
      return explainTokenRequest(error, host);
    case "UnsupportedRuntimeError":
      return { verdict: "refused", title: "This browser cannot do it", text: sentence(error) };
    case "ResponseValidationError":
      return {
        verdict: "unknown",
        title: `The answer is not the API’s (${error.statusCode})`,
        text: `Something between this page and ${host} may have answered in its place: a proxy, or a sign-in page. ${NOT_KNOWN}`,
      };
  }
  return typeof error?.statusCode === "number"
    ? explainStatus(error, host)
    : { verdict: "unknown", title: "It went wrong in this page", text: `${sentence(error)} ${NOT_KNOWN}` };
}

function explainStatus(error, host) {
  const { statusCode } = error;
  if (statusCode === 429) {
    const seconds = retryAfter(error.headers);
    return {
      verdict: "refused",
      title: "Too many requests (429)",
      text: `The API is limiting this token. ${seconds === null ? "Wait a little" : `Wait ${seconds} s, as it asks`}, then try again.`,
    };
  }
  if (HTTP[statusCode]) {
    const [title, text] = HTTP[statusCode];
    const unauthorised = statusCode === 401;
    return {
      verdict: "refused",
      title: `${title} (${statusCode})`,
      text,
      field: unauthorised ? "secret" : undefined,
      forget: unauthorised,
    };
  }
  if (statusCode < 400) {
    return {
      verdict: "refused",
      title: `A redirect from ${host}`,
      text: "It was not followed, and nothing was revoked. Check the tenant’s name.",
    };
  }
  if (statusCode < 500) return { verdict: "refused", title: `The API refused it (${statusCode})`, text: "Nothing was revoked." };
  return { verdict: "unknown", title: `A failure of ${host} (${statusCode})`, text: `Try again in a moment. ${NOT_KNOWN}` };
}

/** No token was had, so no revocation was sent. */
function explainTokenRequest(error, host) {
  if (error.statusCode === 400 || error.statusCode === 401) {
    return {
      verdict: "refused",
      title: `The API key was not accepted (${error.statusCode})`,
      text: `Check the client ID and the secret: they must belong together, and to ${host}. This one has been forgotten.`,
      field: "secret",
      forget: true,
    };
  }
  return {
    ...explainStatus(error, host),
    verdict: "refused",
    text: "No token was obtained, so nothing was revoked. Try again in a moment.",
  };
}

/** What the server said, and which request it was, in the server's own words: the lines below the explanation. */
export function facts(error) {
  return [
    ["API says", error?.errorDescription || apiMessage(error?.body)],
    ["Request ID", error?.headers?.get?.("x-request-id") ?? ""],
    ["Error", typeof error?.name === "string" ? error.name : ""],
  ].filter(([, value]) => value !== "");
}
