//! The attempts of one call and the waits between them.

use super::retry::{self, Backoff, Next, StatusCodes};
use super::transport::{Answer, RequestSettings};
use crate::border::time::Clock;
use crate::border::wait::Cancellation;
use crate::error::{Error, Failure};
use wasm_bindgen::JsValue;

/// The settings of a call: its own options, merged over the client's.
#[derive(Default)]
pub struct CallSettings {
    /// For each request.
    pub request: RequestSettings,
    /// The caller's signal, or undefined.
    pub signal: JsValue,
    /// The retry configuration, if the caller set one.
    pub retry: Option<Retry>,
    /// The statuses to retry.
    pub codes: StatusCodes,
}

/// A `RetryConfig`.
#[derive(Clone)]
pub struct Retry {
    /// `None`: no retries.
    pub backoff: Option<Backoff>,
    /// Whether connection failures are retried.
    pub connection_errors: bool,
}

/// Sends with the retries of the settings, and evaluates the last response.
///
/// # Errors
/// The last failure, or the cancellation.
pub async fn run<'a, T>(
    settings: &CallSettings,
    cancellation: &Cancellation,
    send: impl AsyncFn() -> Result<Answer<'a>, Error>,
    conclude: impl AsyncFn(Answer<'a>) -> Result<T, Error>,
) -> Result<T, Error> {
    let mut schedule = Schedule { settings, clock: Clock::start(), retries: 0 };
    loop {
        let wait = match send().await {
            Ok(answer) => match schedule.after_answer(&answer) {
                Some(wait) => wait,
                None => match conclude(answer).await {
                    Err(error) => schedule.after_failure(&error).ok_or(error)?,
                    done => return done,
                },
            },
            Err(error) => schedule.after_failure(&error).ok_or(error)?,
        };
        schedule.clock.sleep(cancellation, wait).await?;
    }
}

struct Schedule<'a> {
    settings: &'a CallSettings,
    clock: Clock,
    retries: u32,
}

impl Schedule<'_> {
    fn after_answer(&mut self, answer: &Answer<'_>) -> Option<f64> {
        if !self.settings.codes.contains(answer.head.status) {
            return None;
        }
        self.next(answer.retry_after())
    }

    fn after_failure(&mut self, error: &Error) -> Option<f64> {
        let retried = self.settings.retry.as_ref().is_some_and(|retry| retry.connection_errors);
        if retried && matches!(error.failure(), Failure::Connection(_)) {
            self.next(None)
        } else {
            None
        }
    }

    /// The wait before the next attempt, if there is to be one.
    fn next(&mut self, retry_after: Option<f64>) -> Option<f64> {
        let backoff = self.settings.retry.as_ref()?.backoff.as_ref()?;
        match retry::next(backoff, self.retries, self.clock.now(), retry_after, js_sys::Math::random()) {
            Next::Wait(wait) => {
                self.retries = self.retries.saturating_add(1);
                Some(wait)
            }
            Next::GiveUp => None,
        }
    }
}
