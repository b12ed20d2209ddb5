//! The options of a client and of a call, checked.

use crate::platform::{number, FetchOptions, Input, Session};
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
pub fn server(input: &Input, allow_insecure: bool) -> Option<String> {
    const NAME: &str = "serverURL";
    match server::parse_server_url(&input.text(NAME, "a string or a URL", MAX_URL_LENGTH)?, allow_insecure) {
        Ok(server) => Some(server),
        Err(error) => {
            input.wrong(NAME, error.message());
            None
        }
    }
}

/// A `RetryConfig`, as the option of this name gives it.
fn retry(input: &Input, name: &str, prefix: &str) -> Option<Retry> {
    let config = input.inner(name, prefix)?;
    let backoff = match config.text("strategy", "a string", 16).as_deref() {
        Some("none") => None,
        Some("backoff") => {
            let fields = config.inner("backoff", "backoff.").unwrap_or_else(|| config.of(&JsValue::UNDEFINED, "", ""));
            let or = |name: &str, default: f64| {
                let number = number(fields.number(name)).unwrap_or(default);
                if number < 0.0 {
                    fields.wrong(name, " must not be negative");
                }
                number
            };
            let Backoff { initial_interval, max_interval, exponent, max_elapsed } = Backoff::DEFAULT;
            Some(Backoff {
                initial_interval: or("initialInterval", initial_interval),
                max_interval: or("maxInterval", max_interval),
                exponent: or("exponent", exponent),
                max_elapsed: or("maxElapsedTime", max_elapsed),
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
const MAX_CODES: u32 = 1000;

fn retry_codes(input: &Input) -> StatusCodes {
    const NAME: &str = "retryCodes";
    let Some(given) = input.codes(NAME, 3, MAX_CODES) else { return StatusCodes::default_set() };
    let mut codes = StatusCodes::none();
    if !given.as_bytes().chunks(3).all(|code| codes.add(code)) {
        input.wrong(NAME, " must be an array of codes such as \"429\" and \"5XX\"");
    }
    codes
}

/// What a client was constructed with, besides its credentials and its server.
pub struct ClientOptions {
    /// What the platform needs to know.
    pub session: Session,
    /// For calls that say nothing else.
    pub retry: Option<Retry>,
    /// For calls that say nothing else: milliseconds, or NaN.
    pub timeout: f64,
    /// http is allowed to hosts other than loopback ones.
    pub allow_insecure: bool,
}

impl ClientOptions {
    /// Reads the client's properties.
    pub fn read(input: &Input) -> ClientOptions {
        let user_agent = input.text("userAgent", "a string", 1024);
        if user_agent.as_ref().is_some_and(|agent| agent.is_empty() || !agent.bytes().all(|byte| matches!(byte, b' '..=b'~'))) {
            input.wrong("userAgent", " must be printable ASCII");
        }
        let user_agent = user_agent.as_deref().unwrap_or(concat!("c1-revoke/", env!("CARGO_PKG_VERSION")));
        ClientOptions {
            session: input.session(user_agent),
            retry: retry(input, "retryConfig", "retryConfig."),
            timeout: input.number("timeoutMs"),
            allow_insecure: input.flag("allowInsecureHTTP", false),
        }
    }
}

/// What one call was given: `RequestOptions`.
pub struct CallOptions {
    /// What the platform needs to know: the caller's `RequestInit`, headers and signal, and the time limit of each attempt.
    pub fetch: FetchOptions,
    /// How the call is tried again, if anything says so.
    pub retry: Option<Retry>,
    /// On which answers.
    pub codes: StatusCodes,
    /// In place of the client's server.
    pub server: Option<String>,
}

impl CallOptions {
    /// Reads a call's options; what they do not say, the client's do.
    pub fn read(input: &Input, client: &ClientOptions) -> CallOptions {
        // Zero and less mean none, as in the official SDK; so does NaN.
        let mut limit = number(input.number("timeoutMs")).unwrap_or(client.timeout);
        if limit <= 0.0 {
            limit = f64::NAN;
        }
        CallOptions {
            fetch: input.fetch_options(limit),
            retry: retry(input, "retries", "retries.").or_else(|| client.retry.clone()),
            codes: retry_codes(input),
            server: server(input, client.allow_insecure),
        }
    }
}
