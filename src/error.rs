//! Every failure: its meaning, its message, and its JavaScript class (errors.js).

use js_sys::JsString;
use serde::Serialize;
use wasm_bindgen::prelude::*;

/// Why a call or a constructor failed. It is one pointer, because nearly every function can return it.
#[derive(Debug)]
pub struct Error(Box<Failure>);

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
    Withheld,
    /// The platform lacks a feature.
    Unsupported(String),
    /// The API's response is not success.
    Refused(HttpFailure),
    /// The status is 200, but the response is not the API's success.
    Malformed(HttpFailure, Malformation),
    /// The token endpoint did not return a token.
    TokenRefused(HttpFailure, OAuthError),
    /// The token request that this call waited for failed. All waiting calls get the same error object.
    NoToken {
        /// The error.
        error: JsValue,
        /// Whether a retry may succeed: the token endpoint was unavailable, but did not refuse.
        transient: bool,
    },
}

/// A response that is not success.
#[derive(Debug)]
pub struct HttpFailure {
    /// The message of the error.
    pub message: String,
    /// The `Response` of the platform or of the caller's HTTP client.
    pub response: JsValue,
    /// The HTTP status.
    pub status: u16,
    /// The response came from another origin, or after a redirect.
    pub redirected: bool,
    /// The `Content-Type`, with the call's secret masked.
    pub content_type: String,
    /// The body, with the call's secret masked.
    pub body: JsString,
}

/// What is wrong with the body of a 200.
#[derive(Debug, Default)]
pub struct Malformation {
    /// What is wrong, or the exception of the JSON parser.
    pub cause: JsValue,
    /// The body as JSON or as text, masked.
    pub raw_value: JsValue,
    /// Whether the response contains an error or only a part of a body, so that a retry may succeed.
    pub undecided: bool,
}

/// An OAuth error response (RFC 6749, 5.2).
#[derive(Debug, Default)]
pub struct OAuthError {
    /// Its `error`.
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

    /// The HTTP client did not return a `Response`.
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
    // These constructors read the response, which may throw.
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

/// The second argument of the error classes.
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
            Failure::Withheld => {
                Ok(UnexpectedClientError::new("The request was not sent: the bulk run has stopped", &JsValue::UNDEFINED).into())
            }
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
        // The constructors read the response, which may be a polyfill's and throw.
        built.unwrap_or_else(|cause| Error::unexpected(UNEXPECTED, cause).into())
    }
}
