//! The error classes, and how failures become them. The classes themselves are `errors.js`: they must extend `Error`.

use crate::js;
use wasm_bindgen::prelude::*;

#[cfg_attr(feature = "package", wasm_bindgen(raw_module = "../errors.js"))]
#[cfg_attr(not(feature = "package"), wasm_bindgen(module = "/src/errors.js"))]
extern "C" {
    type SDKValidationError;
    #[wasm_bindgen(constructor)]
    fn new(message: &str, cause: &JsValue, raw: &JsValue) -> SDKValidationError;

    type SDKError;
    #[wasm_bindgen(catch, constructor)]
    fn new(message: &JsValue, meta: &JsValue) -> Result<SDKError, JsValue>;

    type ResponseValidationError;
    #[wasm_bindgen(catch, constructor)]
    fn new(message: &str, meta: &JsValue) -> Result<ResponseValidationError, JsValue>;

    type UnexpectedClientError;
    #[wasm_bindgen(constructor)]
    fn new(message: &str, options: &JsValue) -> UnexpectedClientError;

    type InvalidRequestError;
    #[wasm_bindgen(constructor)]
    fn new(message: &str, options: &JsValue) -> InvalidRequestError;

    type RequestAbortedError;
    #[wasm_bindgen(constructor)]
    fn new(message: &str, options: &JsValue) -> RequestAbortedError;

    type RequestTimeoutError;
    #[wasm_bindgen(constructor)]
    fn new(message: &str, options: &JsValue) -> RequestTimeoutError;

    type ConnectionError;
    #[wasm_bindgen(constructor)]
    fn new(message: &str, options: &JsValue) -> ConnectionError;

    type UnsupportedRuntimeError;
    #[wasm_bindgen(constructor)]
    fn new(message: &str, options: &JsValue) -> UnsupportedRuntimeError;

    type TokenRequestError;
    #[wasm_bindgen(catch, constructor)]
    fn new(message: &JsValue, meta: &JsValue) -> Result<TokenRequestError, JsValue>;
}

/// What kind of failure an error tells of, for those who must decide on it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Bad input; nothing was sent.
    Input,
    /// The API answered with another status than success.
    Status,
    /// A 200 whose body is not the API's.
    Response,
    /// The connection failed.
    Connection,
    /// An attempt took longer than its timeout.
    TimedOut,
    /// The caller aborted.
    Aborted,
    /// No token could be had.
    Token,
    /// A fault in the caller's own client, hook or function.
    Unexpected,
    /// Not an error: the answer is thrown away because the request will be tried again.
    Again,
}

/// A failed call: the error to hand over, and what to know of it.
#[derive(Clone)]
pub struct Failure {
    /// What kind it is.
    pub kind: Kind,
    /// An instance of one of the error classes.
    pub error: JsValue,
}

impl Failure {
    /// Bad input. `detail` says what is wrong and what to do; `raw` is the value, unless it is a secret.
    pub fn input(detail: &str, raw: &JsValue) -> Failure {
        Failure { kind: Kind::Input, error: invalid(&JsValue::from_str(detail), raw) }
    }

    /// A getter of the caller's object threw.
    pub fn getter(cause: &JsValue) -> Failure {
        Failure { kind: Kind::Input, error: invalid(cause, &JsValue::UNDEFINED) }
    }

    /// The caller aborted, with this reason. A reason that tells of a timeout (`AbortSignal.timeout()`) makes it one.
    pub fn aborted(reason: &JsValue) -> Failure {
        if js::peek_string(reason, "name").as_deref() == Some("TimeoutError") {
            return Failure::timed_out(reason);
        }
        let error = RequestAbortedError::new("Request aborted by client", &cause(reason)).into();
        Failure { kind: Kind::Aborted, error }
    }

    /// An attempt took too long.
    pub fn timed_out(reason: &JsValue) -> Failure {
        Failure { kind: Kind::TimedOut, error: RequestTimeoutError::new("Request timed out", &cause(reason)).into() }
    }

    /// The connection failed.
    pub fn connection(reason: &JsValue) -> Failure {
        Failure { kind: Kind::Connection, error: ConnectionError::new("Unable to make request", &cause(reason)).into() }
    }

    /// Something that nobody foresaw, or a fault in the caller's own code.
    pub fn unexpected(message: &str, reason: &JsValue) -> Failure {
        Failure { kind: Kind::Unexpected, error: UnexpectedClientError::new(message, &cause(reason)).into() }
    }

    /// The platform refused to make the request.
    pub fn request(reason: &JsValue) -> Failure {
        Failure { kind: Kind::Input, error: InvalidRequestError::new("Unable to create request", &cause(reason)).into() }
    }

    /// An answer that is not success.
    pub fn status(message: &JsValue, response: &JsValue, body: &JsValue) -> Failure {
        match SDKError::new(message, &js::object(&[("response", response), ("body", body)])) {
            Ok(error) => Failure { kind: Kind::Status, error: error.into() },
            Err(thrown) => Failure::unexpected("Unexpected HTTP client error", &thrown),
        }
    }

    /// A 200 whose body is not the API's.
    pub fn response(cause: &JsValue, value: &JsValue, response: &JsValue, body: &JsValue) -> Failure {
        const MESSAGE: &str = "Response validation failed";
        let meta = js::object(&[
            ("response", response),
            ("body", body),
            ("cause", cause),
            ("rawValue", value),
            ("rawMessage", &JsValue::from_str(MESSAGE)),
        ]);
        match ResponseValidationError::new(MESSAGE, &meta) {
            Ok(error) => Failure { kind: Kind::Response, error: error.into() },
            Err(thrown) => Failure::unexpected("Unexpected HTTP client error", &thrown),
        }
    }

    /// The runtime lacks something.
    pub fn unsupported(message: &str) -> Failure {
        Failure { kind: Kind::Token, error: UnsupportedRuntimeError::new(message, &JsValue::UNDEFINED).into() }
    }

    /// No token, for a reason that is already an error.
    pub fn token(error: JsValue) -> Failure {
        Failure { kind: Kind::Token, error }
    }

    /// The token endpoint's answer is not a token.
    pub fn token_request(message: &JsValue, meta: &JsValue) -> Failure {
        match TokenRequestError::new(message, meta) {
            Ok(error) => Failure::token(error.into()),
            Err(thrown) => Failure::unexpected("Unexpected HTTP client error", &thrown),
        }
    }

    /// The answer is thrown away, to try again.
    pub fn again() -> Failure {
        Failure { kind: Kind::Again, error: JsValue::UNDEFINED }
    }
}

fn invalid(cause: &JsValue, raw: &JsValue) -> JsValue {
    SDKValidationError::new("Input validation failed", cause, raw).into()
}

fn cause(reason: &JsValue) -> JsValue {
    js::object(&[("cause", reason)])
}
