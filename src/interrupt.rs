//! What may end a wait early: the caller's `AbortSignal`, and a time limit. Works even where the thing waited for ignores both.

use crate::errors::Failure;
use crate::js;
use alloc::rc::Rc;
use core::cell::{Cell, RefCell};
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

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

    /// Waits for what a call gave: a promise, a thenable, a plain value; or what it threw. When a signal or the limit comes first,
    /// the result is an error, and [`Interrupt::failure`] says which. What has arrived counts, even if both came together.
    pub fn wait(&self, result: Result<JsValue, JsValue>) -> Wait<'_> {
        let source = match result {
            Ok(value) => Source::Promise(JsFuture::from(js::promise_of(&value))),
            Err(thrown) => Source::Thrown(thrown),
        };
        Wait { interrupt: self, source }
    }

    /// Waits until `ready`, which is asked whenever its waker is woken.
    pub fn until<'a>(&'a self, ready: &'a dyn Fn(&Waker) -> bool) -> Wait<'a> {
        Wait { interrupt: self, source: Source::Condition(ready) }
    }

    /// The failure that `thrown` stands for: the interruption, if it was one, else what `otherwise` makes of it.
    pub fn explain(&self, thrown: &JsValue, otherwise: impl FnOnce(&JsValue) -> Failure) -> Failure {
        self.failure().unwrap_or_else(|| otherwise(thrown))
    }
}

enum Source<'a> {
    Promise(JsFuture),
    Thrown(JsValue),
    Condition(&'a dyn Fn(&Waker) -> bool),
}

/// A wait that can be interrupted. One concrete type, because each type of future costs its own code.
pub struct Wait<'a> {
    interrupt: &'a Interrupt,
    source: Source<'a>,
}

impl Future for Wait<'_> {
    type Output = Result<JsValue, JsValue>;

    #[inline(never)]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let done = match &mut self.source {
            Source::Promise(future) => Pin::new(future).poll(context),
            Source::Thrown(thrown) => return Poll::Ready(Err(thrown.clone())),
            Source::Condition(ready) if ready(context.waker()) => Poll::Ready(Ok(JsValue::UNDEFINED)),
            Source::Condition(_) => Poll::Pending,
        };
        if done.is_pending() {
            if self.interrupt.state.fired.try_borrow().is_ok_and(|fired| fired.is_some()) {
                return Poll::Ready(Err(JsValue::UNDEFINED));
            }
            self.interrupt.state.waker.set(Some(context.waker().clone()));
        }
        done
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
        let _ = interrupt.until(&|_| false).await;
        match interrupt.failure() {
            Some(failure) if !interrupt.timed_out() => return Err(failure),
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
