//! The options of a client and of a call, checked.

use crate::errors::Failure;
use crate::input::{wrong_type, Input};
use crate::js;
use crate::retry::{Backoff, StatusCodes};
use crate::server::{self, MAX_URL_LENGTH};
use alloc::string::String;
use js_sys::Object;
use wasm_bindgen::prelude::*;

/// How often and when a call is tried again.
#[derive(Clone)]
pub struct Retry {
    /// `None`: never.
    pub backoff: Option<Backoff>,
    /// Whether a failed connection counts.
    pub connection_errors: bool,
}

/// The server, as one of the options names it.
///
/// # Errors
/// By the option's name, what is wrong with it.
pub fn server(input: &Input<'_>, allow_insecure: bool) -> Result<Option<String>, Failure> {
    let Some(value) = input.value("serverURL")? else { return Ok(None) };
    // A URL object gives its text; so does any string object.
    let url = match js::as_js_string(&value) {
        Some(url) => url,
        None => js::peek(&value, "href")
            .dyn_into::<js_sys::JsString>()
            .map_err(|_| input.wrong_type("serverURL", "a string or a URL", &value))?,
    };
    if url.length() > MAX_URL_LENGTH {
        return Err(input.wrong("serverURL", " is too long", &JsValue::UNDEFINED));
    }
    // A string with lone surrogates is not ASCII in any reading, and so refused.
    server::parse_server_url(&String::from(&url), allow_insecure)
        .map(Some)
        .map_err(|error| input.wrong("serverURL", error.message(), &JsValue::UNDEFINED))
}

/// A time limit in milliseconds; zero and less mean none, as in the official SDK.
fn timeout(input: &Input<'_>) -> Result<Option<f64>, Failure> {
    input.number("timeoutMs")
}

/// A limit that counts.
pub fn limit(timeout: Option<f64>) -> Option<f64> {
    timeout.filter(|ms| *ms > 0.0)
}

/// A `RetryConfig`.
///
/// # Errors
/// By name, the field that is wrong.
pub fn retry(input: &Input<'_>, name: &str) -> Result<Option<Retry>, Failure> {
    let Some(config) = input.object(name)? else { return Ok(None) };
    let config = Input::new(&config, name, name_prefix(name))?;
    let backoff = match config.string("strategy", 16)?.as_deref() {
        Some("none") => None,
        Some("backoff") => Some(backoff(&config)?),
        _ => return Err(config.wrong("strategy", " must be \"none\" or \"backoff\"", &JsValue::UNDEFINED)),
    };
    Ok(Some(Retry { backoff, connection_errors: config.boolean("retryConnectionErrors")?.unwrap_or(false) }))
}

fn name_prefix(name: &str) -> &'static str {
    if name == "retries" {
        "retries."
    } else {
        "retryConfig."
    }
}

fn backoff(config: &Input<'_>) -> Result<Backoff, Failure> {
    let fields = config.object("backoff")?.unwrap_or(JsValue::UNDEFINED);
    let fields = Input::new(&fields, "backoff", "backoff.")?;
    let or = |name, default| fields.non_negative(name).map(|number| number.unwrap_or(default));
    Ok(Backoff {
        initial_interval: or("initialInterval", Backoff::DEFAULT.initial_interval)?,
        max_interval: or("maxInterval", Backoff::DEFAULT.max_interval)?,
        exponent: or("exponent", Backoff::DEFAULT.exponent)?,
        max_elapsed: or("maxElapsedTime", Backoff::DEFAULT.max_elapsed)?,
    })
}

fn retry_codes(input: &Input<'_>) -> Result<Option<StatusCodes>, Failure> {
    const EXPECTED: &str = "an array of status codes such as \"429\" or \"5XX\"";
    let Some(value) = input.value("retryCodes")? else { return Ok(None) };
    if !js_sys::Array::is_array(&value) {
        return Err(input.wrong_type("retryCodes", EXPECTED, &value));
    }
    let mut codes = StatusCodes::none();
    for code in js::array_from(&value).map_err(|thrown| Failure::getter(&thrown))?.iter() {
        let text = if code.as_f64().is_some() { Some(js::text(&code)) } else { code.as_string() };
        if !text.is_some_and(|text| codes.add(&text)) {
            return Err(input.wrong("retryCodes", " must hold status codes such as \"429\" or \"5XX\" only", &code));
        }
    }
    Ok(Some(codes))
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
    ///
    /// # Errors
    /// By name, the option that is wrong.
    pub fn read(input: &Input<'_>) -> Result<ClientOptions, Failure> {
        const CLIENT: &str = "an object with a method request(Request): Promise<Response>";
        let http_client = match input.object_with("httpClient", &["request"], CLIENT)? {
            Some(client) => Some(client),
            None => input.object_with("defaultClient", &["request"], CLIENT)?,
        };
        let user_agent = input.string("userAgent", 1024)?;
        if user_agent.as_ref().is_some_and(|agent| !agent.bytes().all(|byte| matches!(byte, b' '..=b'~')) || agent.is_empty()) {
            return Err(input.wrong("userAgent", " must be printable ASCII", &JsValue::UNDEFINED));
        }
        let user_agent = if js::is_browser() {
            JsValue::UNDEFINED
        } else {
            JsValue::from_str(user_agent.as_deref().unwrap_or(concat!("c1-revoke/", env!("CARGO_PKG_VERSION"))))
        };
        Ok(ClientOptions {
            http_client: http_client.unwrap_or(JsValue::UNDEFINED),
            user_agent,
            retry: retry(input, "retryConfig")?,
            timeout: timeout(input)?,
            logger: input
                .object_with("debugLogger", &["group", "groupEnd", "log"], "an object with the methods group, groupEnd and log")?
                .unwrap_or(JsValue::UNDEFINED),
            allow_insecure: input.boolean("allowInsecureHTTP")?.unwrap_or(false),
        })
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
    ///
    /// # Errors
    /// By name, the option that is wrong.
    pub fn read(options: &JsValue, client: &ClientOptions) -> Result<CallOptions, Failure> {
        let input = Input::new(options, "options", "")?;
        let mut init = JsValue::UNDEFINED;
        let mut headers = JsValue::UNDEFINED;
        let mut signal = JsValue::UNDEFINED;
        if js::is_object(options) {
            let deprecated = input.object("fetchOptions")?.unwrap_or(JsValue::UNDEFINED);
            init = js::assign(&Object::new(), &deprecated, options).map_err(|thrown| Failure::getter(&thrown))?;
            let merged = Input::new(&init, "options", "")?;
            signal = merged.value("signal")?.unwrap_or(JsValue::UNDEFINED);
            headers = merged.value("headers")?.unwrap_or(JsValue::UNDEFINED);
            let is_signal = signal.is_undefined()
                || js::is_object(&signal)
                    && js::peek(&signal, "aborted").as_bool().is_some()
                    && js::peek(&signal, "addEventListener").is_function();
            if !is_signal {
                return Err(wrong_type("", "signal", "an AbortSignal", &signal));
            }
        }
        let retry = match retry(&input, "retries")? {
            Some(retry) => Some(retry),
            None => client.retry.clone(),
        };
        Ok(CallOptions {
            init,
            headers,
            signal,
            timeout: limit(timeout(&input)?.or(client.timeout)),
            retry,
            codes: retry_codes(&input)?.unwrap_or_else(StatusCodes::default_set),
            server: server(&input, client.allow_insecure)?,
        })
    }
}
