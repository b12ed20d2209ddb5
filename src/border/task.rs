//! Runs the futures of this crate, each in the context of its caller.
//!
//! A task is continued by the promise that it awaits, inside that promise's own reaction, and by nothing else. So a caller's code
//! that a task calls (`security`, hooks, `fetch`, callbacks) sees the async context in which the call was made: AsyncLocalStorage,
//! zone.js, OpenTelemetry, the request of a Worker. A queue that all tasks share, as in wasm-bindgen-futures, runs one caller's
//! code in another caller's context.
//!
//! A task therefore awaits only [`settled`], one promise at a time, and only promises that border.js has made: they settle once, and
//! their `then` is the platform's. There is no waker. Awaiting anything else would never end; debug builds panic.

use crate::error::Error;
use js_sys::Promise;
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use wasm_bindgen::prelude::*;

#[cfg_attr(feature = "package", wasm_bindgen(raw_module = "./border.js"))]
#[cfg_attr(not(feature = "package"), wasm_bindgen(module = "/src/border/border.js"))]
extern "C" {
    /// A promise of the value.
    #[wasm_bindgen(js_name = promiseOf)]
    pub fn promise_of(value: &JsValue) -> Promise;
    /// Calls `resume(task, fulfilled, value)` when the promise settles.
    #[wasm_bindgen(js_name = whenSettled)]
    fn when_settled(promise: &Promise, task: f64, resume: &Closure<dyn Fn(f64, bool, JsValue)>);

    /// A promise and the functions that settle it.
    pub type Deferred;
    /// A pending promise.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Deferred;
    /// The promise.
    #[wasm_bindgen(method, getter)]
    pub fn promise(this: &Deferred) -> Promise;
    /// Fulfils it.
    #[wasm_bindgen(method)]
    pub fn resolve(this: &Deferred, value: &JsValue);
    /// Rejects it.
    #[wasm_bindgen(method)]
    pub fn reject(this: &Deferred, reason: &JsValue);
}

/// A call in progress. It is boxed, so that what runs it is not compiled for each kind of call.
type Future<T> = Pin<Box<dyn std::future::Future<Output = T>>>;

/// A future that is run to its end.
struct Task {
    /// Unique, and increasing. A count of tasks does not reach the limit of exact numbers, 2^53.
    number: f64,
    /// Missing while it runs.
    future: RefCell<Option<Future<()>>>,
    awaited: Cell<Awaited>,
}

/// What a task awaits.
#[derive(Default)]
enum Awaited {
    #[default]
    Nothing,
    Promise,
    Settled(Result<JsValue, JsValue>),
}

thread_local! {
    /// The tasks that are not done, in the order of their numbers.
    static TASKS: RefCell<Vec<Rc<Task>>> = const { RefCell::new(Vec::new()) };
    static COUNT: Cell<f64> = const { Cell::new(0.0) };
    static CURRENT: RefCell<Option<Rc<Task>>> = const { RefCell::new(None) };
    /// One for all promises: creating a closure for each takes time.
    static RESUME: Closure<dyn Fn(f64, bool, JsValue)> = Closure::new(|number, fulfilled, value| {
        let task = TASKS.with_borrow(|tasks| tasks.get(place_of(number, tasks)?).cloned());
        if let Some(task) = task {
            task.awaited.set(Awaited::Settled(if fulfilled { Ok(value) } else { Err(value) }));
            task.run();
        }
    });
}

/// The place of a task among those that are not done.
fn place_of(number: f64, tasks: &[Rc<Task>]) -> Option<usize> {
    tasks.binary_search_by(|task| task.number.total_cmp(&number)).ok()
}

impl Task {
    fn run(self: Rc<Task>) {
        // Missing while it runs: `settled` then takes the result.
        let Some(mut future) = self.future.take() else { return };
        let before = CURRENT.replace(Some(self.clone()));
        let polled = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        CURRENT.set(before);
        if polled.is_pending() {
            debug_assert!(!matches!(self.awaited.take(), Awaited::Nothing), "a task may await nothing but `settled`");
            self.future.replace(Some(future));
        } else {
            TASKS.with_borrow_mut(|tasks| place_of(self.number, tasks).map(|place| tasks.remove(place)));
        }
    }
}

/// Waits for a promise of border.js.
///
/// # Errors
/// It rejects.
pub async fn settled(promise: &Promise) -> Result<JsValue, JsValue> {
    poll_fn(|_| {
        let Some(task) = CURRENT.with_borrow(Option::clone) else { return Poll::Pending };
        if let Awaited::Settled(result) = task.awaited.take() {
            return Poll::Ready(result);
        }
        task.awaited.set(Awaited::Promise);
        RESUME.with(|resume| when_settled(promise, task.number, resume));
        // A page may have replaced `then` by one that calls back at once.
        match task.awaited.replace(Awaited::Promise) {
            Awaited::Settled(result) => Poll::Ready(result),
            Awaited::Nothing | Awaited::Promise => Poll::Pending,
        }
    })
    .await
}

/// Runs a future. It begins in a microtask.
pub fn spawn(future: impl std::future::Future<Output = ()> + 'static) {
    run(Box::pin(future));
}

fn run(future: Future<()>) {
    let begun = async {
        let _ = settled(&promise_of(&JsValue::UNDEFINED)).await;
        future.await;
    };
    let number = COUNT.get() + 1.0;
    COUNT.set(number);
    let task = Rc::new(Task { number, future: RefCell::new(Some(Box::pin(begun))), awaited: Cell::default() });
    TASKS.with_borrow_mut(|tasks| tasks.push(task.clone()));
    task.run();
}

/// Runs a call to its end, and returns its promise.
pub fn promise(call: impl std::future::Future<Output = Result<JsValue, Error>> + 'static) -> Promise {
    promise_of_call(Box::pin(call))
}

fn promise_of_call(call: Future<Result<JsValue, Error>>) -> Promise {
    let deferred = Deferred::new();
    let promise = deferred.promise();
    spawn(async move {
        match call.await {
            Ok(value) => deferred.resolve(&value),
            Err(error) => deferred.reject(&error.into()),
        }
    });
    promise
}
