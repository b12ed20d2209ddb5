//! The attempts of one call and the waits between them.

use super::retry::{self, StatusCodes};
use super::settings::{CallSettings, Retry};
use super::transport::{Response, Text};
use super::verdict::Head;
use crate::border::time::Clock;
use crate::border::wait::{Cancellation, sleep};
use crate::error::{Error, Failure};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

/// A request on its way.
pub type Sending<'s, 'a> = Pin<Box<dyn Future<Output = Result<Response<'a>, Error>> + 's>>;

/// Sends with these retries, and reads the body of the last response.
///
/// # Errors
/// The last failure, or the cancellation.
pub async fn run<'s, 'a>(mut retries: Retries<'_>, send: &'s dyn Fn() -> Sending<'s, 'a>) -> Result<(Response<'a>, Text), Error> {
    loop {
        match retries.next(send().await).await? {
            Next::Done(response, text) => return Ok((response, text)),
            Next::Again(wait) => retries.wait(wait).await?,
        }
    }
}

/// What follows an attempt.
pub enum Next<'a> {
    /// This was the last response, with its body.
    Done(Response<'a>, Text),
    /// Another attempt, after a wait of so many milliseconds.
    Again(f64),
}

/// The retries of one call.
pub struct Retries<'a> {
    settings: &'a CallSettings,
    cancellation: &'a Cancellation,
    /// `None`: without retries nothing is timed.
    clock: Option<Rc<Clock>>,
    count: u32,
}

impl<'a> Retries<'a> {
    /// The retries of these settings, from now on.
    pub fn new(settings: &'a CallSettings, cancellation: &'a Cancellation) -> Retries<'a> {
        let clock = settings.backoff().map(|_| Rc::new(Clock::start()));
        Retries { settings, cancellation, clock, count: 0 }
    }

    /// The retries of another request of the same call, in what is left of its time.
    pub fn anew(&self) -> Retries<'a> {
        Retries { clock: self.clock.clone(), count: 0, ..*self }
    }

    /// Decides what follows an attempt. The body of a response that is thrown away is cancelled.
    ///
    /// # Errors
    /// The failure of the last attempt.
    pub async fn next<'r>(&self, sent: Result<Response<'r>, Error>) -> Result<Next<'r>, Error> {
        let error = match sent {
            Ok(response) => match self.after_response(&response) {
                Some(wait) => return Ok(Next::Again(wait)),
                None => match response.read().await {
                    Ok((response, text)) => return Ok(Next::Done(response, text)),
                    Err(error) => error,
                },
            },
            Err(error) => error,
        };
        self.after_error(&error).map(Next::Again).ok_or(error)
    }

    /// Waits between two attempts.
    ///
    /// # Errors
    /// The cancellation.
    pub async fn wait(&mut self, wait: f64) -> Result<(), Error> {
        self.count = self.count.saturating_add(1);
        let Some(clock) = &self.clock else { return Ok(()) };
        let end = clock.now() + wait;
        sleep(self.cancellation, wait).await?;
        clock.reached(end);
        Ok(())
    }

    fn after_response(&self, response: &Response<'_>) -> Option<f64> {
        let Head { status, redirected, .. } = response.head;
        may_retry_status(status, redirected, &self.settings.codes).then(|| self.next_wait(response.retry_after())).flatten()
    }

    fn after_error(&self, error: &Error) -> Option<f64> {
        may_retry(error.failure(), self.settings.retry?, &self.settings.codes).then(|| self.next_wait(None)).flatten()
    }

    fn next_wait(&self, retry_after: Option<f64>) -> Option<f64> {
        let now = self.clock.as_ref()?.now();
        retry::next(&self.settings.backoff()?, self.count, now, retry_after, js_sys::Math::random())
    }
}

/// Whether a failed attempt may be sent again: the rule of single calls, token requests and bulk runs.
pub fn may_retry(failure: &Failure, retry: Retry, codes: &StatusCodes) -> bool {
    match failure {
        Failure::Refused(failure) => may_retry_status(failure.status, failure.redirected, codes),
        Failure::Connection(_) => retry.connection_errors,
        Failure::TimedOut(_) => retry.timeouts,
        _ => false,
    }
}

/// The same, as soon as the head of a response is there.
fn may_retry_status(status: u16, redirected: bool, codes: &StatusCodes) -> bool {
    !redirected && codes.contains(status)
}
