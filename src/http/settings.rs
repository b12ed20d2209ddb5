//! The settings of a call.

use super::retry::{Backoff, StatusCodes};
use crate::border::wait::Cancellation;
use js_sys::Object;
use wasm_bindgen::JsValue;

/// The settings of a call: its own options, merged over the client's.
#[derive(Clone, Default)]
pub struct CallSettings {
    /// All options, which may contain fields of `RequestInit`.
    pub init: Option<Object>,
    /// The option `headers`. It takes precedence over our headers, as in the official SDK.
    pub headers: Option<JsValue>,
    /// The time limit of each attempt in milliseconds, including the response body.
    pub limit: Option<f64>,
    /// The caller's signal.
    pub signal: Option<JsValue>,
    /// The retry configuration, if the caller set one.
    pub retry: Option<Retry>,
    /// The statuses to retry.
    pub codes: StatusCodes,
    /// Whether the API is asked what happened when the outcome is unknown.
    pub confirm: bool,
}

impl CallSettings {
    /// The settings of the attempts of a bulk run: by default they are retried, and so are time limits.
    pub fn of_bulk_run(&self) -> CallSettings {
        let default = Retry { backoff: Some(Backoff::DEFAULT), connection_errors: true, timeouts: true };
        let given = self.retry.as_ref().map(|retry| Retry { timeouts: retry.connection_errors, ..retry.clone() });
        CallSettings { retry: Some(given.unwrap_or(default)), ..self.clone() }
    }

    /// The waits between attempts. `None`: no retries.
    pub fn backoff(&self) -> Option<Backoff> {
        self.retry.as_ref()?.backoff
    }

    /// Cancels a call when the caller's signal aborts.
    pub fn cancellation(&self) -> Cancellation {
        self.signal.as_ref().map_or(Cancellation::NONE, |signal| Cancellation::following(Some(signal)))
    }
}

/// A `RetryConfig`.
#[derive(Clone)]
pub struct Retry {
    /// `None`: no retries.
    pub backoff: Option<Backoff>,
    /// Whether connection failures are retried.
    pub connection_errors: bool,
    /// Whether attempts that reached their time limit are retried, as in bulk runs.
    pub timeouts: bool,
}
