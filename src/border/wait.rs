//! Waits for foreign promises. They may never settle and may ignore signals. A [`Wait`] ends anyway.

use super::Incomplete;
use super::task::{Deferred, promise_of, settled};
use crate::error::{Error, Failure, UNEXPECTED};
use js_sys::{JsString, Promise};
use wasm_bindgen::prelude::*;

mod js {
    use super::*;

    #[cfg_attr(feature = "package", wasm_bindgen(raw_module = "./border.js"))]
    #[cfg_attr(not(feature = "package"), wasm_bindgen(module = "/src/border/border.js"))]
    extern "C" {
        pub type Interruption;
        #[wasm_bindgen(method, getter, js_name = timedOut)]
        pub fn timed_out(this: &Interruption) -> bool;
        #[wasm_bindgen(method, getter)]
        pub fn reason(this: &Interruption) -> JsValue;

        pub type Cancellation;
        #[wasm_bindgen(constructor)]
        pub fn new(signal: &JsValue, cancellable: bool) -> Cancellation;
        #[wasm_bindgen(method, getter)]
        pub fn interruption(this: &Cancellation) -> Option<Interruption>;
        #[wasm_bindgen(method)]
        pub fn cancel(this: &Cancellation);
        #[wasm_bindgen(method)]
        pub fn close(this: &Cancellation);

        pub type Wait;
        #[wasm_bindgen(constructor, catch)]
        pub fn new(cancellation: Option<&Cancellation>, limit: Option<f64>) -> Result<Wait, JsValue>;
        #[wasm_bindgen(method, getter)]
        pub fn interruption(this: &Wait) -> Option<Interruption>;
        #[wasm_bindgen(method, catch)]
        pub fn signal(this: &Wait) -> Result<Option<JsValue>, JsValue>;
        #[wasm_bindgen(method)]
        pub fn race(this: &Wait, value: &JsValue) -> Promise;
        #[wasm_bindgen(method)]
        pub fn pause(this: &Wait) -> Promise;
        #[wasm_bindgen(method)]
        pub fn end(this: &Wait, complete: bool);

        #[wasm_bindgen(js_name = readBody)]
        pub fn read_body(response: &JsValue, max: u32, wait: Option<&Wait>) -> Promise;
    }
}

/// Why a wait ended without a result.
#[derive(Debug)]
pub enum Interrupt {
    /// The caller aborted, with this reason.
    Aborted(JsValue),
    /// The time limit or the caller's timeout signal expired.
    TimedOut(JsValue),
    /// The awaited promise rejected with this.
    Thrown(JsValue),
}

/// An interruption comes from the caller or a time limit. Anything else is unexpected.
impl From<Interrupt> for Error {
    fn from(interrupt: Interrupt) -> Error {
        let failure = match interrupt {
            Interrupt::Aborted(reason) => Failure::Aborted(reason),
            Interrupt::TimedOut(reason) => Failure::TimedOut(reason),
            Interrupt::Thrown(cause) => Failure::Unexpected(UNEXPECTED, cause),
        };
        failure.into()
    }
}

impl From<js::Interruption> for Interrupt {
    fn from(interruption: js::Interruption) -> Interrupt {
        let reason = interruption.reason();
        if interruption.timed_out() { Interrupt::TimedOut(reason) } else { Interrupt::Aborted(reason) }
    }
}

/// Cancels the waits of a call or bulk run when the caller's signal aborts. It has one listener, which is removed on drop. `None`:
/// nothing cancels them.
pub struct Cancellation(Option<js::Cancellation>);

impl Cancellation {
    /// Cancels nothing.
    pub const NONE: Cancellation = Cancellation(None);

    /// Follows the caller's signal (or undefined).
    pub fn following(signal: Option<&JsValue>) -> Cancellation {
        Cancellation(Some(js::Cancellation::new(signal.unwrap_or(&JsValue::UNDEFINED), false)))
    }

    /// Follows no signal, and is cancelled by [`Cancellation::cancel`].
    pub fn manual() -> Cancellation {
        Cancellation(Some(js::Cancellation::new(&JsValue::UNDEFINED, true)))
    }

    /// Cancels all waits.
    pub fn cancel(&self) {
        if let Some(cancellation) = &self.0 {
            cancellation.cancel();
        }
    }

    /// Returns why it was cancelled, if it was.
    pub fn interrupt(&self) -> Option<Interrupt> {
        self.0.as_ref()?.interruption().map(Interrupt::from)
    }
}

impl Drop for Cancellation {
    fn drop(&mut self) {
        if let Some(cancellation) = &self.0 {
            cancellation.close();
        }
    }
}

/// A wait that ends early when it is cancelled or its time limit expires. Dropping it clears the timer and aborts the request
/// that uses its signal. `None`: nothing can end it early.
pub struct Wait(Option<js::Wait>);

impl Wait {
    /// Begins a wait of at most `limit` milliseconds.
    ///
    /// # Errors
    /// It is already cancelled, or timers do not work.
    pub fn begin(cancellation: &Cancellation, limit: Option<f64>) -> Result<Wait, Interrupt> {
        if let Some(interrupt) = cancellation.interrupt() {
            return Err(interrupt);
        }
        if cancellation.0.is_none() && limit.is_none() {
            return Ok(Wait(None));
        }
        js::Wait::new(cancellation.0.as_ref(), limit).map(Some).map(Wait).map_err(Interrupt::Thrown)
    }

    /// Begins a wait without a limit of its own.
    pub fn of(cancellation: &Cancellation) -> Wait {
        Wait(js::Wait::new(cancellation.0.as_ref(), None).ok())
    }

    /// Returns the signal for a request that must not outlive this wait, or `None` if nothing can end it.
    ///
    /// # Errors
    /// `AbortController` is missing.
    pub fn signal(&self) -> Result<Option<JsValue>, JsValue> {
        self.0.as_ref().map_or(Ok(None), js::Wait::signal)
    }

    /// Returns why it was interrupted, if it was.
    pub fn interrupt(&self) -> Option<Interrupt> {
        self.0.as_ref()?.interruption().map(Interrupt::from)
    }

    /// Returns a promise that settles like this value, or rejects when the wait is interrupted.
    pub fn racing(&self, value: &JsValue) -> Promise {
        self.0.as_ref().map_or_else(|| promise_of(value), |wait| wait.race(value))
    }

    /// Waits for a promise, or for any other value.
    ///
    /// # Errors
    /// The promise rejects, or the wait ends first.
    pub async fn race(&self, value: &JsValue) -> Result<JsValue, Interrupt> {
        self.settled(&self.racing(value)).await
    }

    /// Waits for the promise that a call returned. An exception of the call counts as a rejection.
    ///
    /// # Errors
    /// The call threw, the promise rejects, or the wait ends first.
    pub async fn race_call(&self, returned: Result<JsValue, JsValue>) -> Result<JsValue, Interrupt> {
        self.race(&returned.map_err(Interrupt::Thrown)?).await
    }

    /// Reads the body of a response, up to `max` bytes. Returns its text, or what there is of it.
    ///
    /// # Errors
    /// Reading fails, or the wait ends first. `Thrown(undefined)`: this is not a response.
    pub async fn read_body(&self, response: &JsValue, max: u32) -> Result<Result<JsString, Incomplete>, Interrupt> {
        let read = self.settled(&js::read_body(response, max, self.0.as_ref())).await?;
        Ok(read.dyn_into().map_err(JsCast::unchecked_into))
    }

    /// Waits until the wait itself ends, and returns why.
    pub async fn over(&self) -> Interrupt {
        let promise = self.0.as_ref().map_or_else(|| Deferred::new().promise(), js::Wait::pause);
        self.settled(&promise).await.map_or_else(|interrupt| interrupt, Interrupt::Thrown)
    }

    /// Ends the wait without aborting its request, which is complete.
    pub fn complete(&self) {
        if let Some(wait) = &self.0 {
            wait.end(true);
        }
    }

    /// Waits for a promise of [`Wait::racing`].
    ///
    /// # Errors
    /// It rejects.
    pub async fn settled(&self, promise: &Promise) -> Result<JsValue, Interrupt> {
        // Prefer our own reason: some engines report every abort as the same error.
        settled(promise).await.map_err(|thrown| self.interrupt().unwrap_or(Interrupt::Thrown(thrown)))
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        if let Some(wait) = &self.0 {
            wait.end(false);
        }
    }
}

/// Waits `ms` milliseconds.
///
/// # Errors
/// It was cancelled, or timers do not work.
pub async fn sleep(cancellation: &Cancellation, ms: f64) -> Result<(), Interrupt> {
    // Timers count whole milliseconds. Round up, so as not to be early.
    match Wait::begin(cancellation, Some(ms.ceil().max(0.0)))?.over().await {
        Interrupt::TimedOut(_) if cancellation.interrupt().is_none() => Ok(()),
        over => Err(over),
    }
}
