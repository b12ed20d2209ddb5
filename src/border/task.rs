//! Runs futures that wait for promises.
//!
//! wasm-bindgen-futures makes two closures for each promise, which the glue registers for finalization, and continues a future in a
//! further microtask, which `queueMicrotask` makes slow in workerd and Chromium. Here all promises share one closure, and it continues
//! the future itself: every future of this crate waits for promises only, one at a time.

use crate::error::Error;
use js_sys::{Function, Promise};
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::mem::replace;
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
    /// Calls the `resolve` or `reject` of a promise, without `Function.prototype.call`, which a page may have patched.
    fn settle(how: &Function, value: &JsValue);
    #[wasm_bindgen(js_name = whenSettled)]
    fn when_settled(promise: &Promise, place: usize, number: u32, settled: &Closure<dyn Fn(usize, u32, bool, JsValue)>);
}

/// A future that runs, until it is done.
struct Task(RefCell<Option<Pin<Box<dyn Future<Output = ()>>>>>);

impl Task {
    fn run(self: Rc<Task>) {
        let Some(mut future) = self.0.take() else { return };
        let before = CURRENT.replace(Some(self.clone()));
        // Promises know their task, so no waker is needed.
        if future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending() {
            self.0.replace(Some(future));
        }
        CURRENT.set(before);
    }
}

/// What is known of the promise that a [`Settled`] waits for.
enum State {
    /// Nobody waits for a promise here.
    Free,
    Pending(Option<Rc<Task>>),
    Settled(Result<JsValue, JsValue>),
}

thread_local! {
    static CURRENT: Cell<Option<Rc<Task>>> = const { Cell::new(None) };
    /// The awaited promises. The number tells a promise from an earlier one in the same place, which may settle late.
    static AWAITED: RefCell<Vec<(u32, State)>> = const { RefCell::new(Vec::new()) };
    static FREE: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
    static SETTLED: Closure<dyn Fn(usize, u32, bool, JsValue)> = Closure::new(|place, number, fulfilled, value| {
        let result = if fulfilled { Ok(value) } else { Err(value) };
        let before = AWAITED.with_borrow_mut(|awaited| match awaited.get_mut(place) {
            Some((current, state @ State::Pending(_))) if *current == number => replace(state, State::Settled(result)),
            _ => State::Free,
        });
        if let State::Pending(Some(task)) = before {
            task.run();
        }
    });
}

/// Waits for a promise of border.js, which settles once.
pub struct Settled(usize);

impl Settled {
    /// Begins to wait.
    pub fn of(promise: &Promise) -> Settled {
        let free = FREE.with_borrow_mut(Vec::pop);
        let (place, number) = AWAITED.with_borrow_mut(|awaited| {
            let place = free.unwrap_or(awaited.len());
            if let Some((number, state)) = awaited.get_mut(place) {
                *number = number.wrapping_add(1);
                *state = State::Pending(None);
                return (place, *number);
            }
            awaited.push((0, State::Pending(None)));
            (place, 0)
        });
        SETTLED.with(|settled| when_settled(promise, place, number, settled));
        Settled(place)
    }

    fn exchange(&self, new: State) -> State {
        AWAITED.with_borrow_mut(|awaited| awaited.get_mut(self.0).map_or(State::Free, |(_, state)| replace(state, new)))
    }
}

impl Future for Settled {
    type Output = Result<JsValue, JsValue>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        let task = CURRENT.take();
        CURRENT.set(task.clone());
        match self.exchange(State::Pending(task)) {
            State::Settled(result) => Poll::Ready(result),
            State::Pending(_) | State::Free => Poll::Pending,
        }
    }
}

impl Drop for Settled {
    fn drop(&mut self) {
        // Dropped outside the borrow, because it may be the last reference of a task.
        drop(self.exchange(State::Free));
        FREE.with_borrow_mut(|free| free.push(self.0));
    }
}

/// Runs a future, which begins in a microtask.
pub fn spawn(future: impl Future<Output = ()> + 'static) {
    let begun = async move {
        let _ = Settled::of(&promise_of(&JsValue::UNDEFINED)).await;
        future.await;
    };
    Rc::new(Task(RefCell::new(Some(Box::pin(begun))))).run();
}

/// Runs a call to its end, and returns its promise. The box keeps the code that settles promises from being compiled for each kind
/// of call.
pub fn promise(call: impl Future<Output = Result<JsValue, Error>> + 'static) -> Promise {
    let call: Pin<Box<dyn Future<Output = Result<JsValue, Error>>>> = Box::pin(call);
    let mut call = Some(call);
    Promise::new(&mut |resolve, reject| {
        let Some(call) = call.take() else { return };
        spawn(async move {
            match call.await {
                Ok(value) => settle(&resolve, &value),
                Err(error) => settle(&reject, &error.into()),
            }
        });
    })
}
