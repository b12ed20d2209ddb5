//! The options of a client and of a call, checked.

use crate::errors::Failure;
use crate::input::{Input, Type};
use crate::js;
use crate::retry::{Backoff, StatusCodes};
use crate::server::{self, MAX_URL_LENGTH};
use alloc::string::String;
use wasm_bindgen::prelude::*;

/// How often and when a call is tried again.
#[derive(Clone)]
pub struct Retry {
    /// `None`: never.
    pub backoff: Option<Backoff>,
    /// Whether a failed connection counts.
    pub connection_errors: bool,
}

/// The server, as the option `serverURL` names it.
pub fn server(input: &Input<'_>, allow_insecure: bool) -> Option<String> {
    const NAME: &str = "serverURL";
    let value = input.read(NAME, Type::Any);
    if value.is_undefined() {
        return None;
    }
    // A URL object gives its text.
    let text = js::as_js_string(&value).or_else(|| js::as_js_string(&js::peek(&value, "href")));
    let Some(text) = text else {
        input.wrong_type(NAME, "a string or a URL", &value);
        return None;
    };
    if text.length() > MAX_URL_LENGTH {
        input.wrong(NAME, " is too long");
        return None;
    }
    // A string with lone surrogates is not ASCII in any reading, and so refused.
    match server::parse_server_url(&String::from(&text), allow_insecure) {
        Ok(server) => Some(server),
        Err(error) => {
            input.wrong(NAME, error.message());
            None
        }
    }
}

/// A limit that counts: zero and less mean none, as in the official SDK.
pub fn limit(timeout: Option<f64>) -> Option<f64> {
    timeout.filter(|ms| *ms > 0.0)
}

/// A `RetryConfig`, as the option of this name gives it.
fn retry(input: &Input<'_>, name: &str, prefix: &str) -> Option<Retry> {
    let config = input.read(name, Type::Object);
    if config.is_undefined() {
        return None;
    }
    let config = Input::new(&config, name, prefix, input.faults);
    let backoff = match config.string("strategy", 16).as_deref() {
        Some("none") => None,
        Some("backoff") => {
            let fields = config.read("backoff", Type::Object);
            let fields = Input::new(&fields, "", "backoff.", input.faults);
            Some(Backoff {
                initial_interval: fields.non_negative_or("initialInterval", Backoff::DEFAULT.initial_interval),
                max_interval: fields.non_negative_or("maxInterval", Backoff::DEFAULT.max_interval),
                exponent: fields.non_negative_or("exponent", Backoff::DEFAULT.exponent),
                max_elapsed: fields.non_negative_or("maxElapsedTime", Backoff::DEFAULT.max_elapsed),
            })
        }
        _ => {
            config.wrong("strategy", " must be \"none\" or \"backoff\"");
            None
        }
    };
    Some(Retry { backoff, connection_errors: config.flag("retryConnectionErrors", false) })
}

/// More codes than there are.
const MAX_CODES: f64 = 1000.0;

fn retry_codes(input: &Input<'_>) -> StatusCodes {
    const NAME: &str = "retryCodes";
    let value = input.read(NAME, Type::Any);
    if value.is_undefined() {
        return StatusCodes::default_set();
    }
    let mut codes = StatusCodes::none();
    // A sparse array can be so long that copying it never ends.
    let good = js::is_array(&value)
        && js::peek(&value, "length").as_f64().is_some_and(|length| length <= MAX_CODES)
        && js::array_from(&value).is_ok_and(|values| {
            values.iter().all(|code| (code.is_string() || code.as_f64().is_some()) && codes.add(&js::text(&code)))
        });
    if !good {
        input.wrong(NAME, " must be an array of status codes such as \"429\" or \"5XX\"");
    }
    codes
}

/// What a client was constructed with, besides its credentials and its server.
pub struct ClientOptions {
    /// The caller's HTTP client, or undefined: the platform's `fetch`.
    pub http_client: JsValue,
    /// The `user-agent` outside browsers, or undefined inside.
    pub user_agent: JsValue,
    /// For calls that say nothing else.
    pub retry: Option<Retry>,
    /// For calls that say nothing else.
    pub timeout: Option<f64>,
    /// The caller's logger, or undefined.
    pub logger: JsValue,
    /// http is allowed to hosts other than loopback ones.
    pub allow_insecure: bool,
}

impl ClientOptions {
    /// Reads the client's properties.
    pub fn read(input: &Input<'_>) -> ClientOptions {
        const CLIENT: &str = "an object with a method request(Request): Promise<Response>";
        let mut http_client = input.object_with("httpClient", &["request"], CLIENT);
        if http_client.is_undefined() {
            http_client = input.object_with("defaultClient", &["request"], CLIENT);
        }
        let user_agent = input.string("userAgent", 1024);
        if user_agent.as_ref().is_some_and(|agent| agent.is_empty() || !agent.bytes().all(|byte| matches!(byte, b' '..=b'~'))) {
            input.wrong("userAgent", " must be printable ASCII");
        }
        let user_agent = if js::is_browser() {
            JsValue::UNDEFINED
        } else {
            JsValue::from_str(user_agent.as_deref().unwrap_or(concat!("c1-revoke/", env!("CARGO_PKG_VERSION"))))
        };
        const LOGGER: &str = "an object with the methods group, groupEnd and log";
        ClientOptions {
            http_client,
            user_agent,
            retry: retry(input, "retryConfig", "retryConfig."),
            timeout: input.number("timeoutMs"),
            logger: input.object_with("debugLogger", &["group", "groupEnd", "log"], LOGGER),
            allow_insecure: input.flag("allowInsecureHTTP", false),
        }
    }
}

/// What one call was given: `RequestOptions`.
pub struct CallOptions {
    /// Every field of the caller's, to be handed to `Request` as `RequestInit`.
    pub init: JsValue,
    /// The caller's headers, or undefined.
    pub headers: JsValue,
    /// The caller's signal, or undefined.
    pub signal: JsValue,
    /// Milliseconds for each attempt.
    pub timeout: Option<f64>,
    /// How the call is tried again, if anything says so.
    pub retry: Option<Retry>,
    /// On which answers.
    pub codes: StatusCodes,
    /// In place of the client's server.
    pub server: Option<String>,
}

impl CallOptions {
    /// Reads a call's options; what they do not say, the client's do.
    pub fn read(input: &Input<'_>, options: &JsValue, client: &ClientOptions) -> CallOptions {
        let mut init = JsValue::UNDEFINED;
        if js::is_object(options) {
            let deprecated = input.read("fetchOptions", Type::Object);
            match js::assign(&js::bare_object(), &deprecated, options) {
                Ok(merged) => init = merged,
                Err(thrown) => input.faults.note(Failure::getter(&thrown)),
            }
        }
        let merged = Input::new(&init, "", "", input.faults);
        let signal = merged.object_with("signal", &["addEventListener"], "an AbortSignal");
        CallOptions {
            headers: merged.read("headers", Type::Any),
            init,
            signal,
            timeout: limit(input.number("timeoutMs").or(client.timeout)),
            retry: retry(input, "retries", "retries.").or_else(|| client.retry.clone()),
            codes: retry_codes(input),
            server: server(input, client.allow_insecure),
        }
    }
}
