//! A bulk run: does what the schedule of [`crate::bulk`] says, and reports what came of it.

use crate::bulk::{Action, Options, Outcome, Pulled, Scheduler, Settled, Status, Stop, MAX_ATTEMPTS, MAX_PAUSE};
use crate::call::{self, Operation, Trail};
use crate::client::Core;
use crate::errors::{Failure, Kind};
use crate::input::{wrong_type, Faults, Input, Type};
use crate::interrupt::{sleep, Interrupt, MAX_TIMER};
use crate::js;
use crate::options::CallOptions;
use crate::retry::Backoff;
use alloc::collections::VecDeque;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::task::Waker;
use wasm_bindgen::prelude::*;

/// A Worker may have six connections that wait for headers.
const CONCURRENCY: f64 = 6.0;

/// More would only queue inside the platform.
const MAX_CONCURRENCY: f64 = 1000.0;

/// So many steps without waiting, then timers and aborts get their turn: a long list of duplicates, or one that is checked only,
/// must not freeze the page.
const MAX_STEPS: u32 = 2000;

/// What is waited for.
enum Event {
    /// The input gave this, or threw.
    Pulled(Result<JsValue, JsValue>),
    /// This item's request ended.
    Answered(usize, Result<JsValue, Failure>, Trail),
}

/// Where the tasks of a run leave what happened, for the run to pick up.
#[derive(Default)]
struct Events {
    queue: RefCell<VecDeque<Event>>,
    waker: Cell<Option<Waker>>,
    /// The other way round, for tasks that have not yet sent what they are to send.
    stopped: Cell<bool>,
}

impl Events {
    fn push(&self, event: Event) {
        if let Ok(mut queue) = self.queue.try_borrow_mut() {
            queue.push_back(event);
        }
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    fn take(&self) -> Option<Event> {
        self.queue.try_borrow_mut().ok()?.pop_front()
    }

    /// Whether there is any; if not, `waker` is woken when there is.
    fn any(&self, waker: &Waker) -> bool {
        let empty = self.queue.try_borrow().is_ok_and(|queue| queue.is_empty());
        if empty {
            self.waker.set(Some(waker.clone()));
        }
        !empty
    }
}

/// The requests, as they come.
struct Source {
    iterator: JsValue,
    /// How many there are, where the input can tell.
    total: Option<f64>,
    /// Whether it may be read to its end after a stop. An asynchronous one might never give an answer.
    finite: bool,
    /// Whether its end has come.
    ended: bool,
}

impl Source {
    fn new(requests: &JsValue) -> Result<Source, Failure> {
        let throws = |thrown: JsValue| Failure::getter(&thrown);
        if js::is_object(requests) {
            for (symbol, at_once) in [(js_sys::Symbol::async_iterator(), false), (js_sys::Symbol::iterator(), true)] {
                let method = js::get_symbol(requests, &symbol).map_err(throws)?;
                if method.is_function() {
                    let total = js::peek(requests, if js::is_array(requests) { "length" } else { "size" }).as_f64();
                    let iterator = js::call(&method, requests, &[]).map_err(throws)?;
                    return Ok(Source { iterator, total, finite: at_once && total.is_some(), ended: false });
                }
            }
        }
        Err(wrong_type("", "requests", "an array, an iterable or an async iterable", requests))
    }

    /// Asks for the next request; it comes as an event. What a synchronous iterator gives comes at once.
    fn pull(&self, events: &Rc<Events>) {
        let next = js::call_method(&self.iterator, "next", &[]);
        match next {
            Ok(promise) if js::peek(&promise, "then").is_function() => {
                let events = events.clone();
                js::spawn(async move {
                    let next = Interrupt::new(&JsValue::UNDEFINED, None).wait(Ok(promise)).await;
                    events.push(Event::Pulled(next));
                });
            }
            next => events.push(Event::Pulled(next)),
        }
    }

    /// Nothing more is wanted.
    fn close(&self) {
        if !self.ended {
            js::ignore_result(js::call_method(&self.iterator, "return", &[]));
        }
    }
}

/// An item that has been pulled and not yet reported.
struct Entry {
    index: usize,
    request: JsValue,
    operation: Option<Rc<Operation>>,
    trail: Trail,
    error: JsValue,
}

/// A run under way.
struct Run {
    core: Rc<Core>,
    options: Rc<CallOptions>,
    scheduler: Scheduler,
    events: Rc<Events>,
    source: Source,
    entries: Vec<Entry>,
    /// The index that the request which is being pulled will have.
    pulling: usize,
    results: Option<js_sys::Array>,
    /// Of the items that are reported and collected: whether their requests are for another run.
    remaining: Vec<bool>,
    /// The result that was reported last: duplicates, which come right after their original, repeat it.
    last: JsValue,
    /// Why the run stopped.
    reason: JsValue,
    input_error: Option<JsValue>,
    on_progress: JsValue,
    on_result: JsValue,
}

/// Revokes the credentials of all `requests`, and gives the report.
///
/// # Errors
/// Bad options, and `requests` that cannot be iterated. Items never make it fail.
pub async fn revoke_all(core: Rc<Core>, requests: JsValue, options: JsValue) -> Result<JsValue, Failure> {
    let faults = Faults::default();
    let input = Input::new(&options, "options", "", &faults);
    let call = CallOptions::read(&input, &options, &core.options);
    let concurrency = input.number("concurrency").unwrap_or(CONCURRENCY);
    if concurrency < 1.0 {
        input.wrong("concurrency", " must be 1 or more");
    }
    let collect = input.flag("collect", true);
    let stop_on_error = input.flag("stopOnError", false);
    let dry_run = input.flag("dryRun", false);
    let on_progress = input.read("onProgress", Type::Function);
    let on_result = input.read("onResult", Type::Function);
    faults.check()?;
    let source = Source::new(&requests)?;
    let (backoff, max_attempts) = match &call.retry {
        None => (Backoff::DEFAULT, MAX_ATTEMPTS),
        Some(retry) => match retry.backoff {
            Some(backoff) => (backoff, MAX_ATTEMPTS),
            None => (Backoff::DEFAULT, 1),
        },
    };
    let scheduler = Scheduler::new(
        Options {
            concurrency: concurrency.min(MAX_CONCURRENCY) as usize,
            // A dry run checks the whole input.
            stop_on_error: stop_on_error && !dry_run,
            finite: source.finite,
            remember_all: collect,
            dry_run,
            max_attempts,
            backoff,
            max_pause: MAX_PAUSE,
        },
        [random_bits(), random_bits()],
    );
    let run = Run {
        core,
        options: Rc::new(call),
        scheduler,
        events: Rc::default(),
        source,
        entries: Vec::new(),
        pulling: 0,
        results: if collect { Some(js_sys::Array::new()) } else { None },
        remaining: Vec::new(),
        last: JsValue::UNDEFINED,
        reason: JsValue::UNDEFINED,
        input_error: None,
        on_progress,
        on_result,
    };
    Ok(run.finish().await)
}

/// The timer for a wait: whole milliseconds, as timers and clocks count, and never too early.
fn timer(wait: f64) -> f64 {
    let wait = wait.clamp(0.0, MAX_TIMER);
    let whole = f64::from(wait as i32);
    if whole < wait {
        whole + 1.0
    } else {
        whole
    }
}

fn random_bits() -> u64 {
    (js_sys::Math::random() * 9_007_199_254_740_992.0) as u64
}

impl Run {
    async fn finish(mut self) -> JsValue {
        let mut changed = true;
        let mut steps = 0_u32;
        loop {
            let now = js_sys::Date::now();
            // Asked again after the events: reading a request runs its getters, which may abort.
            self.heed_signal();
            while let Some(event) = self.events.take() {
                self.take(event, now);
                changed = true;
            }
            self.heed_signal();
            steps = steps.saturating_add(1);
            if steps > MAX_STEPS {
                steps = 0;
                self.progress(now);
                let _ = sleep(0.0, &JsValue::UNDEFINED).await;
                continue;
            }
            let limit = match self.scheduler.poll(now) {
                Action::Pull(index) => {
                    self.pulling = index;
                    self.source.pull(&self.events);
                    continue;
                }
                Action::Send(index) => {
                    self.send(index);
                    changed = true;
                    continue;
                }
                Action::Settle(settled) => {
                    self.settle(settled);
                    changed = true;
                    continue;
                }
                Action::WaitUntil(time) => Some(timer(time - now)),
                Action::Wait => None,
                Action::Done => break,
            };
            if changed {
                self.progress(now);
                changed = false;
            }
            // A timer or an abort ends the wait as an event does; which it was shows above. An abort that comes after a stop, or was
            // the stop, reaches what is in flight by itself.
            let signal = if self.scheduler.stopped().is_some() { &JsValue::UNDEFINED } else { &self.options.signal };
            let _ = Interrupt::new(signal, limit).until(&|waker| self.events.any(waker)).await;
            steps = 0;
        }
        self.progress(js_sys::Date::now());
        if self.scheduler.stopped().is_some() {
            self.source.close();
        }
        self.report()
    }

    fn heed_signal(&mut self) {
        if self.scheduler.stopped().is_none() && js::peek(&self.options.signal, "aborted").is_truthy() {
            self.scheduler.stop(Stop::Aborted);
            let failure = Failure::aborted(&js::peek(&self.options.signal, "reason"));
            self.note_stop(&failure.error);
        }
    }

    /// If the run has just stopped, this is why.
    fn note_stop(&mut self, reason: &JsValue) {
        if self.scheduler.stopped().is_some() && !self.events.stopped.replace(true) {
            self.reason = reason.clone();
        }
    }

    fn take(&mut self, event: Event, now: f64) {
        match event {
            Event::Pulled(next) => self.pulled(next, now),
            Event::Answered(index, result, trail) => {
                let unsent = self.events.stopped.get() && trail.attempts == 0;
                let outcome = if unsent { Outcome::Unsent } else { outcome(&result, &trail, &self.options) };
                let Some(entry) = self.entries.iter_mut().find(|entry| entry.index == index) else { return };
                entry.error = result.err().map_or(JsValue::UNDEFINED, |failure| failure.error);
                let error = entry.error.clone();
                entry.trail = trail;
                self.scheduler.answered(index, outcome, now, js_sys::Math::random());
                self.note_stop(&error);
            }
        }
    }

    fn pulled(&mut self, next: Result<JsValue, JsValue>, now: f64) {
        let request =
            next.and_then(|next| if js::get(&next, "done")?.is_truthy() { Ok(None) } else { js::get(&next, "value").map(Some) });
        let request = match request {
            Ok(Some(request)) => request,
            end => {
                self.source.ended = true;
                self.input_error = end.err();
                return self.scheduler.pulled(Pulled::End, now);
            }
        };
        let mut entry = Entry::new(self.pulling, request);
        match self.core.prepare(&entry.request, &self.options) {
            Ok(prepared) => {
                // The URL is made of the three ids, and tells them apart.
                self.scheduler.pulled(Pulled::Request([&prepared.url, "", ""]), now);
                entry.operation = Some(Rc::new(Operation::Revoke(prepared)));
            }
            Err(failure) => {
                entry.error = failure.error;
                let error = entry.error.clone();
                self.scheduler.pulled(Pulled::Invalid, now);
                self.note_stop(&error);
            }
        }
        self.entries.push(entry);
    }

    fn send(&mut self, index: usize) {
        let Some(entry) = self.entries.iter_mut().find(|entry| entry.index == index) else { return };
        let Some(operation) = entry.operation.clone() else { return };
        let mut trail = core::mem::take(&mut entry.trail);
        let (core, options, events) = (self.core.clone(), self.options.clone(), self.events.clone());
        js::spawn(async move {
            let stopped = || events.stopped.get();
            let result = call::attempt(&core, &operation, &options, &mut trail, &|_, _| false, &stopped).await;
            events.push(Event::Answered(index, result, trail));
        });
    }

    fn settle(&mut self, settled: Settled) {
        let Some(at) = self.entries.iter().position(|entry| entry.index == settled.index) else { return };
        let entry = self.entries.swap_remove(at);
        let status = match settled.status {
            Status::Revoked => "revoked",
            Status::Failed => "failed",
            Status::Skipped => "skipped",
        };
        let result = js::object(&[
            ("index", &number(settled.index)),
            ("request", &entry.request),
            ("status", &JsValue::from_str(status)),
            ("attempts", &JsValue::from(entry.trail.attempts)),
        ]);
        let put = |key, value: &JsValue| {
            if !value.is_undefined() {
                js::set(&result, key, value);
            }
        };
        if let Some(original) = settled.original {
            put("duplicateOf", &number(original));
            let source = self.result(original);
            for key in ["statusCode", "error", "sentAt", "answeredAt", "requestId"] {
                put(key, &js::peek(&source, key));
            }
        } else {
            let trail = &entry.trail;
            let error = if entry.error.is_undefined() && settled.status != Status::Revoked { &self.reason } else { &entry.error };
            put("statusCode", &trail.status.map_or(JsValue::UNDEFINED, JsValue::from));
            put("error", error);
            put("sentAt", &timestamp(trail.sent));
            put("answeredAt", &timestamp(trail.answered));
            put("requestId", trail.request_id.as_ref().unwrap_or(&JsValue::UNDEFINED));
            self.last = result.clone();
        }
        if let Some(results) = &self.results {
            results.set(u32::try_from(settled.index).unwrap_or(u32::MAX), result.clone());
            if self.remaining.len() <= settled.index {
                self.remaining.resize(settled.index.saturating_add(1), false);
            }
            if let Some(remaining) = self.remaining.get_mut(settled.index) {
                *remaining = settled.remaining;
            }
        }
        notify(&self.on_result, &result);
    }

    /// The result of an item that was reported, as far as it is still known.
    fn result(&self, index: usize) -> JsValue {
        match &self.results {
            Some(results) => results.get(u32::try_from(index).unwrap_or(u32::MAX)),
            None if js::peek(&self.last, "index").as_f64() == number(index).as_f64() => self.last.clone(),
            None => JsValue::UNDEFINED,
        }
    }

    fn progress(&self, now: f64) {
        if self.on_progress.is_undefined() {
            return;
        }
        let progress = self.scheduler.progress(now);
        let done = progress.revoked.saturating_add(progress.failed).saturating_add(progress.skipped);
        let object = js::object(&[("done", &number(done))]);
        if let Some(total) = self.source.total {
            js::set(&object, "total", &total.into());
        }
        for (key, count) in [("revoked", progress.revoked), ("failed", progress.failed), ("inFlight", progress.in_flight)] {
            js::set(&object, key, &number(count));
        }
        if let Some(until) = progress.paused_until {
            js::set(&object, "pausedUntil", &until.into());
        }
        notify(&self.on_progress, &object);
    }

    fn report(self) -> JsValue {
        let progress = self.scheduler.progress(0.0);
        let results = self.results.unwrap_or_default();
        let remaining = js_sys::Array::new();
        for (result, _) in results.iter().zip(&self.remaining).filter(|(_, remaining)| **remaining) {
            remaining.set(remaining.length(), js::peek(&result, "request"));
        }
        // `remaining()` gives a copy each time: the array's own `slice`, bound to it and to its whole length.
        let slice = js::peek(&remaining, "slice");
        let copy = js::call_method(&slice, "bind", &[&remaining, &0.into(), &f64::INFINITY.into()]).unwrap_or_default();
        let report = js::object(&[
            ("revoked", &number(progress.revoked)),
            ("failed", &number(progress.failed)),
            ("skipped", &number(progress.skipped)),
            ("results", &results),
            ("remaining", &copy),
        ]);
        if let Some(error) = &self.input_error {
            js::set(&report, "inputError", error);
        }
        report
    }
}

impl Entry {
    fn new(index: usize, request: JsValue) -> Entry {
        Entry { index, request, operation: None, trail: Trail::default(), error: JsValue::UNDEFINED }
    }
}

/// What an attempt's result means for the run. Only what the server itself has decided is final.
fn outcome(result: &Result<JsValue, Failure>, trail: &Trail, options: &CallOptions) -> Outcome {
    let Err(failure) = result else { return Outcome::Revoked };
    let connection_errors = options.retry.as_ref().map_or(true, |retry| retry.connection_errors);
    match failure.kind {
        Kind::Status => match trail.status {
            Some(429) => Outcome::RateLimited(trail.retry_after),
            // With its Retry-After a 503 speaks for the whole service (RFC 9110, 15.6.4).
            Some(503) if trail.retry_after.is_some() => Outcome::RateLimited(trail.retry_after),
            Some(401) => Outcome::Unauthorized,
            Some(status) if options.codes.contains(status) => Outcome::Unavailable,
            // Request Timeout, Too Early.
            Some(408 | 425 | 500..) => Outcome::Lost,
            _ => Outcome::Failed,
        },
        Kind::Response => Outcome::Failed,
        Kind::Aborted | Kind::Again => Outcome::Unavailable,
        Kind::Connection | Kind::TimedOut if connection_errors => Outcome::Unavailable,
        // A token endpoint that is down for a moment is no refusal.
        Kind::Token => match js::peek(&failure.error, "statusCode").as_f64() {
            Some(status) if status >= 500.0 || status == 429.0 => Outcome::Unavailable,
            None if js::peek_string(&failure.error, "name")
                .is_some_and(|name| name == "ConnectionError" || name == "RequestTimeoutError") =>
            {
                Outcome::Unavailable
            }
            _ => Outcome::Unauthorized,
        },
        _ => Outcome::Lost,
    }
}

/// Calls the caller back. What it throws, or its promise rejects with, must not stop the revocation of the rest.
fn notify(callback: &JsValue, argument: &JsValue) {
    if !callback.is_undefined() {
        js::ignore_result(js::call(callback, &JsValue::UNDEFINED, &[argument]));
    }
}

fn number(count: usize) -> JsValue {
    JsValue::from(count as f64)
}

/// ISO 8601, UTC.
fn timestamp(time: Option<f64>) -> JsValue {
    time.map_or(JsValue::UNDEFINED, |time| js_sys::Date::new(&time.into()).to_iso_string().into())
}
