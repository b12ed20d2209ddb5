//! Every failure: its meaning, its message, and its JavaScript class (errors.js).

use crate::http::outcome::Outcome;
use crate::http::verdict::Head;
use js_sys::JsString;
use serde::Serialize;
use std::rc::Rc;
use wasm_bindgen::prelude::*;

/// Why a call or a constructor failed. It is one pointer, because nearly every function can return it.
#[derive(Clone, Debug)]
pub struct Error(Box<Described>);

#[derive(Clone, Debug)]
struct Described {
    /// Shared by calls that fail for the same reason.
    failure: Rc<Failure>,
    outcome: Outcome,
}

/// What failed.
#[derive(Debug)]
pub enum Failure {
    /// An argument or an option is invalid. The value is the message, or what reading it threw. Nothing was sent.
    Validation(JsValue),
    /// The caller aborted, for this reason.
    Aborted(JsValue),
    /// The time limit or the caller's timeout signal expired.
    TimedOut(JsValue),
    /// The connection failed, with this cause.
    Connection(JsValue),
    /// The platform refused the request, with this cause.
    InvalidRequest(JsValue),
    /// The caller's HTTP client, hook or function failed, or returned something invalid.
    Unexpected(&'static str, JsValue),
    /// The bulk run is paused or has stopped, so the request was not sent.
    NotSent,
    /// The platform lacks a feature.
    Unsupported(String),
    /// The API's response is not success.
    Refused(HttpFailure),
    /// The status is 200, but the response is not the API's success.
    Malformed(HttpFailure),
    /// The token endpoint did not return a token.
    TokenRefused(HttpFailure),
    /// The token request that this call waited for failed.
    NoToken {
        /// Its error.
        error: Error,
        /// How long the token endpoint refuses requests, in milliseconds.
        retry_after: Option<f64>,
    },
}

/// A response that is not success. Serialized, it is the second argument of the JavaScript error class.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpFailure {
    /// The message of the error. A `ResponseValidationError` also has it without its cause, as `rawMessage`.
    #[serde(rename = "rawMessage")]
    pub message: String,
    /// The head of the response.
    #[serde(skip)]
    pub head: Head,
    /// How long the server asks to wait, in milliseconds.
    #[serde(skip)]
    pub retry_after: Option<f64>,
    /// The `Response` of the platform or of the caller's HTTP client.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    pub response: JsValue,
    /// The `Content-Type`, with the call's secret masked.
    pub content_type: String,
    /// The body, with the call's secret masked.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    pub body: JsString,
    /// What is wrong with the body of a 200, or the exception of the JSON parser.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    pub cause: JsValue,
    /// That body as JSON or as text, masked.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    pub raw_value: JsValue,
    /// The `error` of an OAuth error response (RFC 6749, 5.2).
    pub error: Option<String>,
    /// Its `error_description`.
    pub error_description: Option<String>,
}

/// The message of failures in the caller's code.
pub const UNEXPECTED: &str = "Unexpected HTTP client error";

impl Error {
    /// Invalid input, with this message.
    pub fn invalid(detail: impl AsRef<str>) -> Error {
        Error::validation(detail.as_ref().into())
    }

    /// Reading an argument or an option threw this exception.
    pub fn validation(cause: JsValue) -> Error {
        Failure::Validation(cause).into()
    }

    /// The caller's HTTP client, hook or function failed, with this cause.
    pub fn unexpected(message: &'static str, cause: JsValue) -> Error {
        Failure::Unexpected(message, cause).into()
    }

    /// The platform lacks a feature. The text is the message.
    pub fn unsupported(detail: &str) -> Error {
        Failure::Unsupported(detail.to_owned()).into()
    }

    /// The HTTP client did not return a `Response`, or one whose status the Fetch standard does not allow.
    pub fn not_a_response() -> Error {
        let error = Error::unexpected(UNEXPECTED, "the HTTP client did not return a valid Response".into());
        error.with_outcome(Outcome::Unknown)
    }

    /// What failed.
    pub fn failure(&self) -> &Failure {
        &self.0.failure
    }

    /// What the failure means for the credential.
    pub fn outcome(&self) -> Outcome {
        self.0.outcome
    }

    /// Whether a request was sent.
    pub fn was_sent(&self) -> bool {
        self.0.outcome != Outcome::NotSent
    }

    /// The same failure with another meaning for the credential.
    pub fn with_outcome(mut self, outcome: Outcome) -> Error {
        self.0.outcome = outcome;
        self
    }
}

/// Nothing was sent, unless somebody says so with [`Error::with_outcome`].
impl From<Failure> for Error {
    fn from(failure: Failure) -> Error {
        Error(Box::new(Described { failure: Rc::new(failure), outcome: Outcome::NotSent }))
    }
}

#[cfg_attr(feature = "package", wasm_bindgen(raw_module = "./errors.js"))]
#[cfg_attr(not(feature = "package"), wasm_bindgen(module = "/src/errors.js"))]
extern "C" {
    /// Constructs an error.
    #[wasm_bindgen(js_name = newError)]
    fn new_error(class: &str, message: &str, options: &JsValue, outcome: &str) -> JsValue;
}

/// The second argument of the error classes without a response.
#[derive(Serialize)]
struct Cause {
    #[serde(with = "serde_wasm_bindgen::preserve")]
    cause: JsValue,
}

fn object(value: &impl Serialize) -> JsValue {
    serde_wasm_bindgen::to_value(value).unwrap_or_default()
}

impl From<Error> for JsValue {
    fn from(error: Error) -> JsValue {
        const UNEXPECTED_CLIENT: &str = "UnexpectedClientError";
        let options = |cause: &JsValue| object(&Cause { cause: cause.clone() });
        let Described { failure, outcome } = *error.0;
        let (class, message, second) = match &*failure {
            Failure::Validation(cause) => ("SDKValidationError", "Input validation failed", cause.clone()),
            Failure::Aborted(reason) => ("RequestAbortedError", "Request aborted by client", options(reason)),
            Failure::TimedOut(reason) => ("RequestTimeoutError", "Request timed out", options(reason)),
            Failure::Connection(cause) => ("ConnectionError", "Unable to make request", options(cause)),
            Failure::InvalidRequest(cause) => ("InvalidRequestError", "Unable to create request", options(cause)),
            Failure::Unexpected(message, cause) => (UNEXPECTED_CLIENT, *message, options(cause)),
            Failure::NotSent => (UNEXPECTED_CLIENT, "The request was not sent: the bulk run has stopped", JsValue::UNDEFINED),
            Failure::Unsupported(message) => ("UnsupportedRuntimeError", message.as_str(), JsValue::UNDEFINED),
            Failure::NoToken { error, .. } => return error.clone().with_outcome(outcome).into(),
            Failure::Refused(failure) => ("SDKError", failure.message.as_str(), object(failure)),
            Failure::Malformed(failure) => ("ResponseValidationError", failure.message.as_str(), object(failure)),
            Failure::TokenRefused(failure) => ("TokenRequestError", failure.message.as_str(), object(failure)),
        };
        new_error(class, message, &second, outcome.name())
    }
}
