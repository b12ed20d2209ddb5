//! What may end a wait early: the caller's `AbortSignal`, and a time limit. Works even where the thing waited for ignores both.

use crate::errors::Failure;
use crate::js;
use alloc::rc::Rc;
use core::cell::{Cell, RefCell};
use core::future::{poll_fn, Future};
use core::pin::pin;
use core::task::{Poll, Waker};
use wasm_bindgen::prelude::*;

/// Timers hold 32-bit signed milliseconds (HTML, "timer initialization steps"); longer ones would fire at once.
pub const MAX_TIMER: f64 = 2_147_483_647.0;

#[derive(Default)]
struct State {
    /// Set once: the reason, and whether it is our own time limit.
    fired: RefCell<Option<(JsValue, bool)>>,
    waker: Cell<Option<Waker>>,
    /// Aborts the request on its way, when there is one.
    controller: RefCell<Option<js::AbortController>>,
}

impl State {
    fn fire(&self, reason: JsValue, ours: bool) {
        if let Ok(mut fired) = self.fired.try_borrow_mut() {
            if fired.is_some() {
                return;
            }
            *fired = Some((reason.clone(), ours));
        }
        self.abort(&reason);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    fn abort(&self, reason: &JsValue) {
        // Taken out first: aborting runs listeners, which may come back here.
        let controller = self.controller.try_borrow_mut().ok().and_then(|mut controller| controller.take());
        if let Some(controller) = controller {
            let _ = js::call_method(&controller, "abort", &[reason]);
        }
    }
}

/// Ends a wait when the caller's signal is aborted or the time limit has passed. Dropping it clears the timer, removes the
/// listener, and aborts a request that is still on its way.
pub struct Interrupt {
    state: Rc<State>,
    signal: JsValue,
    listener: Option<Closure<dyn FnMut()>>,
    timer: Option<(JsValue, Closure<dyn FnMut()>)>,
}

impl Interrupt {
    /// `signal`: the caller's, or undefined. `limit`: milliseconds.
    pub fn new(signal: &JsValue, limit: Option<f64>) -> Interrupt {
        let state = Rc::new(State::default());
        let mut interrupt = Interrupt { state, signal: signal.clone(), listener: None, timer: None };
        if js::is_object(signal) {
            interrupt.listen();
        }
        if let Some(limit) = limit.filter(|limit| *limit <= MAX_TIMER) {
            let state = interrupt.state.clone();
            let callback = Closure::new(move || state.fire(timeout_reason(), true));
            if let Ok(timer) = js::set_timeout(callback.as_ref(), limit) {
                interrupt.timer = Some((timer, callback));
            }
        }
        interrupt
    }

    fn listen(&mut self) {
        if js::peek(&self.signal, "aborted").is_truthy() {
            self.state.fire(js::peek(&self.signal, "reason"), false);
            return;
        }
        let (state, signal) = (self.state.clone(), self.signal.clone());
        let callback = Closure::new(move || state.fire(js::peek(&signal, "reason"), false));
        let _ = js::call_method(&self.signal, "addEventListener", &[&"abort".into(), callback.as_ref()]);
        self.listener = Some(callback);
    }

    /// The signal to give to the request: the caller's own where that says all, else one that follows both.
    pub fn request_signal(&self) -> Result<JsValue, JsValue> {
        if self.timer.is_none() {
            return Ok(self.signal.clone());
        }
        let controller = js::AbortController::new()?;
        let signal = js::get(&controller, "signal")?;
        if let Ok(mut slot) = self.state.controller.try_borrow_mut() {
            *slot = Some(controller);
        }
        Ok(signal)
    }

    /// The request has its answer, body and all: dropping this must not abort it any more.
    pub fn finish(&self) {
        if let Ok(mut controller) = self.state.controller.try_borrow_mut() {
            controller.take();
        }
    }

    /// The failure that ended the wait, if one did.
    pub fn failure(&self) -> Option<Failure> {
        let fired = self.state.fired.try_borrow().ok()?;
        fired.as_ref().map(|(reason, ours)| if *ours { Failure::timed_out(reason) } else { Failure::aborted(reason) })
    }

    /// Whether it was the time limit that fired.
    fn timed_out(&self) -> bool {
        self.state.fired.try_borrow().is_ok_and(|fired| matches!(*fired, Some((_, true))))
    }

    /// What `future` gives, unless a signal or the limit comes first. What has arrived counts, even if both came together.
    ///
    /// # Errors
    /// The abort or the timeout.
    pub async fn race<F: Future>(&self, future: F) -> Result<F::Output, Failure> {
        let mut future = pin!(future);
        poll_fn(|context| {
            if let Poll::Ready(output) = future.as_mut().poll(context) {
                return Poll::Ready(Ok(output));
            }
            if let Some(failure) = self.failure() {
                return Poll::Ready(Err(failure));
            }
            self.state.waker.set(Some(context.waker().clone()));
            Poll::Pending
        })
        .await
    }
}

/// Waits `ms` milliseconds.
///
/// # Errors
/// The caller's abort, as soon as it happens.
pub async fn sleep(ms: f64, signal: &JsValue) -> Result<(), Failure> {
    let mut left = ms;
    loop {
        let interrupt = Interrupt::new(signal, Some(left.min(MAX_TIMER)));
        if interrupt.timer.is_none() && interrupt.failure().is_none() {
            return Err(Failure::unexpected("setTimeout failed", &JsValue::UNDEFINED));
        }
        match interrupt.race(core::future::pending::<()>()).await {
            Err(failure) if !interrupt.timed_out() => return Err(failure),
            _ if left <= MAX_TIMER => return Ok(()),
            _ => left -= MAX_TIMER,
        }
    }
}

/// The reason that `AbortSignal.timeout()` gives (DOM, 3.2).
fn timeout_reason() -> JsValue {
    match js::DOMException::new("The operation was aborted due to timeout", "TimeoutError") {
        Ok(exception) => exception.into(),
        Err(_) => JsValue::UNDEFINED,
    }
}

impl Drop for Interrupt {
    fn drop(&mut self) {
        if let Some((timer, _)) = &self.timer {
            let _ = js::clear_timeout(timer);
        }
        if let Some(listener) = &self.listener {
            let _ = js::call_method(&self.signal, "removeEventListener", &[&"abort".into(), listener.as_ref()]);
        }
        self.state.abort(&JsValue::UNDEFINED);
    }
}
