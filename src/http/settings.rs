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
#[derive(Clone, Copy)]
pub struct Retry {
    /// `None`: no retries.
    pub backoff: Option<Backoff>,
    /// Whether connection failures are retried.
    pub connection_errors: bool,
    /// Whether attempts that reached their time limit are retried, as in bulk runs.
    pub timeouts: bool,
}

impl Retry {
    /// The retries of the items of a bulk run: by default there are some, and attempts that reached their time limit are retried.
    pub fn of_bulk_run(given: Option<Retry>) -> Retry {
        let default = Retry { backoff: Some(Backoff::DEFAULT), connection_errors: true, timeouts: true };
        given.map_or(default, |retry| Retry { timeouts: retry.connection_errors, ..retry })
    }
}
