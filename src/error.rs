//! Every failure, once: what it means, its text, and the JavaScript class that it becomes (errors.js).

use js_sys::JsString;
use serde::Serialize;
use wasm_bindgen::prelude::*;

/// Why a call or a constructor failed. One pointer, because nearly every function may return it.
#[derive(Debug)]
pub struct Error(Box<Failure>);

/// What failed.
#[derive(Debug)]
pub enum Failure {
    /// An argument or an option is invalid, as this text says, or reading it threw this. Nothing was sent.
    Validation(JsValue),
    /// The caller aborted, with this reason.
    Aborted(JsValue),
    /// The time limit is over, or the caller's signal tells of a timeout.
    TimedOut(JsValue),
    /// The connection failed, for this cause.
    Connection(JsValue),
    /// The platform does not accept the request, for this cause.
    InvalidRequest(JsValue),
    /// The caller's HTTP client, hook or function failed, or returned something else than it should.
    Unexpected(&'static str, JsValue),
    /// A bulk run pauses or has stopped, so that the request was not sent.
    Withheld,
    /// A piece of the platform is missing.
    Unsupported(String),
    /// The API answered with something else than success.
    Refused(HttpFailure),
    /// The API answered with 200, and something that is not its success.
    Malformed(HttpFailure, Malformation),
    /// The token endpoint answered with something else than a token.
    TokenRefused(HttpFailure, OAuthError),
    /// The token request failed that this call waited for. Everyone who waits for it gets the same error object.
    NoToken {
        /// The error.
        error: JsValue,
        /// Whether another request may succeed: the token endpoint was unavailable, not unwilling.
        transient: bool,
    },
}

/// A response that is not success.
#[derive(Debug)]
pub struct HttpFailure {
    /// What the error says.
    pub message: String,
    /// The platform's `Response`, or what a client of the caller's gave for one.
    pub response: JsValue,
    /// Its status.
    pub status: u16,
    /// It came from another URL than the request went to.
    pub redirected: bool,
    /// Its `Content-Type`, without the call's secret.
    pub content_type: String,
    /// Its body, without the call's secret.
    pub body: JsString,
}

/// What is wrong with the body of a 200.
#[derive(Debug, Default)]
pub struct Malformation {
    /// What is wrong, or what the JSON parser threw.
    pub cause: JsValue,
    /// The body as JSON, or its text.
    pub raw_value: JsValue,
    /// Whether the answer holds an error, or a part of something: the credential may not be revoked.
    pub undecided: bool,
}

/// What a token endpoint says of a refusal (RFC 6749, 5.2).
#[derive(Debug, Default)]
pub struct OAuthError {
    /// Its `error`.
    pub error: Option<String>,
    /// Its `error_description`.
    pub error_description: Option<String>,
}

/// The message of failures in a caller's code.
pub const UNEXPECTED: &str = "Unexpected HTTP client error";

impl Error {
    /// Invalid input, as this text says.
    pub fn invalid(detail: impl AsRef<str>) -> Error {
        Error::validation(detail.as_ref().into())
    }

    /// Reading an argument or an option threw this.
    pub fn validation(cause: JsValue) -> Error {
        Failure::Validation(cause).into()
    }

    /// The caller's HTTP client, hook or function failed, for this cause.
    pub fn unexpected(message: &'static str, cause: JsValue) -> Error {
        Failure::Unexpected(message, cause).into()
    }

    /// A piece of the platform is missing, as this text says.
    pub fn unsupported(detail: &str) -> Error {
        Failure::Unsupported(detail.to_owned()).into()
    }

    /// The client returned something that is no `Response`.
    pub fn not_a_response() -> Error {
        Error::unexpected(UNEXPECTED, "the HTTP client did not return a Response".into())
    }

    /// What failed.
    pub fn failure(&self) -> &Failure {
        &self.0
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Error {
        Error(Box::new(failure))
    }
}

#[cfg_attr(feature = "package", wasm_bindgen(raw_module = "../errors.js"))]
#[cfg_attr(not(feature = "package"), wasm_bindgen(module = "/src/errors.js"))]
extern "C" {
    type SDKValidationError;
    #[wasm_bindgen(constructor)]
    fn new(message: &str, cause: &JsValue) -> SDKValidationError;
    type RequestAbortedError;
    #[wasm_bindgen(constructor)]
    fn new(message: &str, options: &JsValue) -> RequestAbortedError;
    type RequestTimeoutError;
    #[wasm_bindgen(constructor)]
    fn new(message: &str, options: &JsValue) -> RequestTimeoutError;
    type ConnectionError;
    #[wasm_bindgen(constructor)]
    fn new(message: &str, options: &JsValue) -> ConnectionError;
    type InvalidRequestError;
    #[wasm_bindgen(constructor)]
    fn new(message: &str, options: &JsValue) -> InvalidRequestError;
    type UnexpectedClientError;
    #[wasm_bindgen(constructor)]
    fn new(message: &str, options: &JsValue) -> UnexpectedClientError;
    type UnsupportedRuntimeError;
    #[wasm_bindgen(constructor)]
    fn new(message: &str) -> UnsupportedRuntimeError;
    // These read the response, which may throw.
    type SDKError;
    #[wasm_bindgen(constructor, catch)]
    fn new(message: &str, options: &JsValue) -> Result<SDKError, JsValue>;
    type ResponseValidationError;
    #[wasm_bindgen(constructor, catch)]
    fn new(message: &str, options: &JsValue) -> Result<ResponseValidationError, JsValue>;
    type TokenRequestError;
    #[wasm_bindgen(constructor, catch)]
    fn new(message: &str, options: &JsValue) -> Result<TokenRequestError, JsValue>;
}

/// What the classes are constructed with besides their message.
#[derive(Serialize)]
struct Options {
    #[serde(with = "serde_wasm_bindgen::preserve")]
    cause: JsValue,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HttpOptions {
    #[serde(with = "serde_wasm_bindgen::preserve")]
    response: JsValue,
    content_type: String,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    body: JsString,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    cause: JsValue,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    raw_value: JsValue,
    raw_message: &'static str,
    error: Option<String>,
    error_description: Option<String>,
}

fn options(cause: JsValue) -> JsValue {
    serde_wasm_bindgen::to_value(&Options { cause }).unwrap_or_default()
}

fn http_options(failure: HttpFailure, malformation: Malformation, oauth: OAuthError) -> JsValue {
    let HttpFailure { response, content_type, body, .. } = failure;
    let Malformation { cause, raw_value, .. } = malformation;
    let OAuthError { error, error_description } = oauth;
    let raw_message = MALFORMED;
    let options = HttpOptions { response, content_type, body, cause, raw_value, raw_message, error, error_description };
    serde_wasm_bindgen::to_value(&options).unwrap_or_default()
}

const MALFORMED: &str = "Response validation failed";

impl From<Error> for JsValue {
    fn from(error: Error) -> JsValue {
        let built = match *error.0 {
            Failure::Validation(cause) => Ok(SDKValidationError::new("Input validation failed", &cause).into()),
            Failure::Aborted(reason) => Ok(RequestAbortedError::new("Request aborted by client", &options(reason)).into()),
            Failure::TimedOut(reason) => Ok(RequestTimeoutError::new("Request timed out", &options(reason)).into()),
            Failure::Connection(cause) => Ok(ConnectionError::new("Unable to make request", &options(cause)).into()),
            Failure::InvalidRequest(cause) => Ok(InvalidRequestError::new("Unable to create request", &options(cause)).into()),
            Failure::Unexpected(message, cause) => Ok(UnexpectedClientError::new(message, &options(cause)).into()),
            Failure::Unsupported(message) => Ok(UnsupportedRuntimeError::new(&message).into()),
            Failure::NoToken { error, .. } => Ok(error),
            Failure::Withheld => Ok(UnexpectedClientError::new("The request was not sent", &JsValue::UNDEFINED).into()),
            Failure::Refused(failure) => {
                let message = failure.message.clone();
                let options = http_options(failure, Malformation::default(), OAuthError::default());
                SDKError::new(&message, &options).map(JsValue::from)
            }
            Failure::Malformed(failure, malformation) => {
                let options = http_options(failure, malformation, OAuthError::default());
                ResponseValidationError::new(MALFORMED, &options).map(JsValue::from)
            }
            Failure::TokenRefused(failure, oauth) => {
                let message = format!("Token request failed: {}", failure.message);
                let options = http_options(failure, Malformation::default(), oauth);
                TokenRequestError::new(&message, &options).map(JsValue::from)
            }
        };
        // The classes read the response, which may be a polyfill's and throw.
        built.unwrap_or_else(|cause| Error::unexpected(UNEXPECTED, cause).into())
    }
}
