//! The attempts of one call and the waits between them.

use super::retry;
use super::settings::{CallSettings, Retry};
use super::transport::{retry_after_of, Answer};
use crate::border::time::Clock;
use crate::border::wait::{sleep, Cancellation};
use crate::error::{Error, Failure};

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
    let Some(Retry { backoff: Some(backoff), connection_errors }) = &settings.retry else { return conclude(send().await?).await };
    let clock = Clock::start();
    let mut retries = 0_u32;
    loop {
        let next = |retry_after| retry::next(backoff, retries, clock.now(), retry_after, js_sys::Math::random());
        let after_failure = |error: &Error| {
            let retried = *connection_errors && matches!(error.failure(), Failure::Connection(_));
            retried.then(|| next(None)).flatten()
        };
        let sent = send().await;
        let wait = match &sent {
            Ok(answer) if settings.codes.contains(answer.head.status) => next(retry_after_of(&answer.response)),
            Ok(_) => None,
            Err(error) => after_failure(error),
        };
        let wait = match wait {
            Some(wait) => {
                // This cancels the body.
                drop(sent);
                wait
            }
            None => match conclude(sent?).await {
                Err(error) => after_failure(&error).ok_or(error)?,
                done => return done,
            },
        };
        let end = clock.now() + wait;
        sleep(cancellation, wait).await?;
        clock.reached(end);
        retries = retries.saturating_add(1);
    }
}
