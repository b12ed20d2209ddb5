//! A bulk run: does what the schedule of [`crate::bulk`] says, and reports what came of it.

use crate::answer::Rejection;
use crate::bulk::{Action, Options, Outcome, Pulled, Scheduler, Status, Stop, MAX_ATTEMPTS, MAX_PAUSE};
use crate::call::{Call, Operation, Prepared};
use crate::client::Core;
use crate::options::CallOptions;
use crate::platform::{check, number, Input, RunDriver};
use crate::retry::Backoff;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use wasm_bindgen::prelude::*;

/// A Worker may have six connections that wait for headers.
const CONCURRENCY: f64 = 6.0;

/// More would only queue inside the platform.
const MAX_CONCURRENCY: f64 = 1000.0;

/// So many steps without waiting, then timers and aborts get their turn: a long list of duplicates, or one that is checked only,
/// must not freeze the page.
const MAX_STEPS: u32 = 2000;

/// A run under way, shared with the calls of its items.
pub struct State {
    core: Rc<Core>,
    options: Rc<CallOptions>,
    driver: RunDriver,
    /// For calls that have not yet sent what they are to send.
    stopped: Cell<bool>,
    work: RefCell<Work>,
}

struct Work {
    scheduler: Scheduler,
    /// The checked requests of items that are not settled.
    prepared: Vec<(usize, Rc<Prepared>)>,
    /// The index that the request which is being pulled will have.
    pulling: usize,
    /// Whether there is progress to be told of.
    changed: bool,
    steps: u32,
}

/// A run under way. Its driver tells it when there is something to do.
#[wasm_bindgen]
pub struct Run {
    state: Rc<State>,
}

#[wasm_bindgen]
impl Run {
    /// Time has passed, or the caller's signal was aborted.
    pub fn wake(&self) {
        self.state.with(|_| {});
    }

    /// What was pulled has come.
    pub fn pulled(&self) {
        self.state.with(|work| self.state.pulled(work));
    }
}

/// Revokes the credentials of all `requests`, and gives the promise of the report.
///
/// # Errors
/// Bad options, and `requests` that cannot be iterated. Items never make it fail.
pub fn revoke_all(core: &Rc<Core>, requests: &JsValue, options: &JsValue) -> Result<JsValue, JsValue> {
    let input = Input::new(options, "options");
    let call = CallOptions::read(&input, &core.options);
    let concurrency = number(input.number("concurrency")).unwrap_or(CONCURRENCY);
    if concurrency < 1.0 {
        input.wrong("concurrency", " must be 1 or more");
    }
    let collect = input.flag("collect", true);
    let stop_on_error = input.flag("stopOnError", false);
    let dry_run = input.flag("dryRun", false);
    let on_progress = input.value("onProgress", "a function");
    let on_result = input.value("onResult", "a function");
    check(&input)?;
    let driver = RunDriver::new(&call.fetch, collect, &on_progress, &on_result);
    let finite = driver.open(requests, &input);
    check(&input)?;
    let (backoff, max_attempts) = match &call.retry {
        None => (Backoff::DEFAULT, MAX_ATTEMPTS),
        Some(retry) => match retry.backoff {
            Some(backoff) => (backoff, MAX_ATTEMPTS),
            None => (Backoff::DEFAULT, 1),
        },
    };
    let options = Options {
        concurrency: concurrency.min(MAX_CONCURRENCY) as usize,
        // A dry run checks the whole input.
        stop_on_error: stop_on_error && !dry_run,
        finite,
        dry_run,
        max_attempts,
        backoff,
        max_pause: MAX_PAUSE,
    };
    let state = Rc::new(State {
        core: core.clone(),
        options: Rc::new(call),
        driver,
        stopped: Cell::new(false),
        work: RefCell::new(Work {
            scheduler: Scheduler::new(options),
            prepared: Vec::new(),
            pulling: 0,
            changed: true,
            steps: 0,
        }),
    });
    Ok(state.driver.start(Run { state: state.clone() }))
}

impl State {
    /// Whether nothing more is to be sent.
    pub fn stopped(&self) -> bool {
        self.stopped.get()
    }

    /// An item's call has ended.
    pub fn answered(self: &Rc<State>, index: usize, outcome: Outcome, attempts: u32) {
        self.with(|work| {
            let outcome = if attempts == 0 && self.stopped() { Outcome::Unsent } else { outcome };
            work.scheduler.answered(index, outcome, js_sys::Date::now(), js_sys::Math::random());
            self.note_stop(work, Some(index));
            work.changed = true;
        });
    }

    /// Takes in what has happened, and does what the schedule then says, until it says to wait.
    fn with(self: &Rc<State>, event: impl FnOnce(&mut Work)) {
        // Drivers tell nothing while they are being asked.
        let Ok(mut work) = self.work.try_borrow_mut() else { return };
        self.heed_signal(&mut work);
        event(&mut work);
        self.pump(&mut work);
    }

    fn pump(self: &Rc<State>, work: &mut Work) {
        loop {
            let now = js_sys::Date::now();
            // Each time: reading a request runs its getters, which may abort.
            self.heed_signal(work);
            work.steps = work.steps.saturating_add(1);
            let wait = if work.steps > MAX_STEPS {
                work.changed = true;
                0.0
            } else {
                match work.scheduler.poll(now) {
                    Action::Pull(index) => {
                        work.pulling = index;
                        if self.driver.pull() {
                            self.pulled(work);
                        }
                        continue;
                    }
                    Action::Send(index) => {
                        self.send(work, index);
                        continue;
                    }
                    Action::Settle(settled) => {
                        work.changed = true;
                        work.prepared.retain(|(index, _)| *index != settled.index);
                        let original = settled.original.map_or(-1.0, |index| index as f64);
                        self.driver.settle(settled.index, settled.status as u8, original, settled.remaining);
                        continue;
                    }
                    Action::WaitUntil(time) => (time - now).max(0.0),
                    Action::Wait => f64::NAN,
                    Action::Done => {
                        self.progress(work, now);
                        return self.driver.finish(work.scheduler.stopped().is_some());
                    }
                }
            };
            if work.changed {
                self.progress(work, now);
            }
            work.changed = false;
            work.steps = 0;
            return self.driver.rest(wait);
        }
    }

    fn heed_signal(&self, work: &mut Work) {
        if work.scheduler.stopped().is_none() && self.driver.aborted() {
            work.scheduler.stop(Stop::Aborted);
            self.note_stop(work, None);
        }
    }

    /// If the run has just stopped, the error of this item is why.
    fn note_stop(&self, work: &Work, index: Option<usize>) {
        if work.scheduler.stopped().is_some() && !self.stopped.replace(true) {
            if let Some(index) = index {
                self.driver.stopped_by(index);
            }
        }
    }

    fn pulled(&self, work: &mut Work) {
        let now = js_sys::Date::now();
        let index = work.pulling;
        work.changed = true;
        let Some(entry) = self.driver.take(index) else { return work.scheduler.pulled(Pulled::End, now) };
        match self.core.prepare(&entry.request(), &self.options) {
            Ok(prepared) => {
                // The URL is made of the three ids, and tells them apart.
                let first = self.driver.first(&prepared.url, index);
                if first == index {
                    work.scheduler.pulled(Pulled::Request, now);
                    work.prepared.push((index, Rc::new(prepared)));
                } else {
                    let status = Status::numbered(self.driver.found());
                    work.scheduler.pulled(Pulled::Duplicate(first, status), now);
                }
            }
            Err(error) => {
                self.driver.invalid(index, &error);
                work.scheduler.pulled(Pulled::Invalid, now);
                self.note_stop(work, Some(index));
            }
        }
    }

    fn send(self: &Rc<State>, work: &mut Work, index: usize) {
        work.changed = true;
        let Some((_, prepared)) = work.prepared.iter().find(|(other, _)| *other == index) else { return };
        let driver = self.driver.driver(index, &self.core.options.session);
        let item = Some((self.clone(), index));
        let call = Call::new(&self.core, Operation::Revoke(prepared.clone()), &self.options, driver.clone(), item);
        self.driver.send(index, &driver, call);
    }

    fn progress(&self, work: &Work, now: f64) {
        let progress = work.scheduler.progress(now);
        let paused_until = progress.paused_until.unwrap_or(f64::NAN);
        self.driver.progress(progress.revoked, progress.failed, progress.skipped, progress.in_flight, paused_until);
    }
}

/// What an answer that is an error means for the run. Only what the server itself has decided is final.
pub fn refused(status: u16, retry_after: Option<f64>, options: &CallOptions) -> Outcome {
    match status {
        429 => Outcome::RateLimited(retry_after),
        // With its Retry-After a 503 speaks for the whole service (RFC 9110, 15.6.4).
        503 if retry_after.is_some() => Outcome::RateLimited(retry_after),
        401 => Outcome::Unauthorized,
        status if options.codes.contains(status) => Outcome::Unavailable,
        // Request Timeout, Too Early.
        408 | 425 | 500.. => Outcome::Lost,
        _ => Outcome::Failed,
    }
}

/// What it means that there is no answer.
pub fn without_answer(rejection: Rejection, options: &CallOptions) -> Outcome {
    let connection_errors = options.retry.as_ref().map_or(true, |retry| retry.connection_errors);
    match rejection {
        Rejection::Aborted => Outcome::Unavailable,
        Rejection::Connection | Rejection::TimedOut if connection_errors => Outcome::Unavailable,
        _ => Outcome::Lost,
    }
}
