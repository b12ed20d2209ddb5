//! The driver of a bulk run: it carries out the schedule's actions and reports the outcomes.

use super::duplicates::{Duplicates, Original};
use super::input::{request_in, Input, Next};
use super::report::{ItemResult, Report};
use super::schedule::{
    Action, Options, Outcome, Progress, Pulled, Scheduler, Settled, Status, DEFAULT_CONCURRENCY, MAX_ATTEMPTS, MAX_PAUSE,
};
use super::Limits;
use crate::border::notify;
use crate::border::time::{now_since_epoch, Clock};
use crate::border::wait::{sleep, Cancellation, Interrupt, Wait, MAX_TIMER};
use crate::call::{conclude, Attempt, Caller, Revocation};
use crate::error::{Error, Failure, NoToken};
use crate::http::retry::Backoff;
use crate::http::settings::CallSettings;
use crate::http::transport::Trace;
use crate::options::BulkOptions;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::{poll_fn, Future};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;

/// More requests would only queue in the platform.
const MAX_CONCURRENCY: f64 = 1000.0;

/// After this many steps without waiting, the run yields to timers and aborts, so that a long list of duplicates or a dry run
/// does not freeze the page.
const MAX_STEPS: u32 = 2000;

/// Checks one request of the input.
type ReadRequest = Box<dyn Fn(&JsValue) -> Result<Revocation, Error>>;

/// A run, from its arguments to its report.
pub struct Run {
    shared: Rc<Shared>,
    options: BulkOptions,
    read_request: ReadRequest,
    input: Input,
    /// Whether the input has ended.
    ended: bool,
    /// Items between being pulled and being settled.
    items: Vec<Item>,
    duplicates: Duplicates,
    report: Report,
    /// Why the run stopped. It is the error of the skipped items.
    reason: Option<JsValue>,
}

/// The state that the run shares with the calls of its items and of its input.
struct Shared {
    caller: Rc<Caller>,
    settings: Rc<CallSettings>,
    cancellation: Cancellation,
    /// Ends pending calls of the input at the end of the run.
    pulls: Cancellation,
    schedule: RefCell<Scheduler>,
    /// Whether the schedule has stopped, for attempts.
    stopped: Cell<bool>,
    clock: Clock,
    /// What the run has not processed yet.
    events: RefCell<VecDeque<Event>>,
    /// Wakes the run when there is an event.
    waker: Cell<Option<Waker>>,
}

/// An item of the input.
struct Item {
    index: usize,
    request: JsValue,
    /// The first item with its ids: itself, or the one that it duplicates. `None`: it is not a valid request.
    original: Option<Rc<Original>>,
    /// What to send, unless it is a duplicate or invalid.
    revocation: Option<Rc<Revocation>>,
    trace: Rc<Trace>,
    error: Option<JsValue>,
}

/// An event that the run waits for.
enum Event {
    /// The input returned an item or its end, or threw.
    Pulled(usize, Result<Option<JsValue>, JsValue>),
    /// The attempt of an item has ended.
    Ended(usize, Result<(), Error>),
}

impl Shared {
    fn push(&self, event: Event) {
        self.events.borrow_mut().push_back(event);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    /// Ready when there is an event.
    fn poll_event(&self, context: &Context<'_>) -> Poll<()> {
        if self.events.borrow().is_empty() {
            self.waker.set(Some(context.waker().clone()));
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    }
}

impl Run {
    /// Creates a run.
    ///
    /// # Errors
    /// The input cannot be iterated.
    pub fn new(
        caller: Rc<Caller>,
        settings: Rc<CallSettings>,
        options: BulkOptions,
        requests: &JsValue,
        read_request: ReadRequest,
    ) -> Result<Run, Error> {
        let input = Input::open(requests)?;
        let (backoff, max_attempts) = match &settings.retry {
            None => (Backoff::DEFAULT, MAX_ATTEMPTS),
            Some(retry) => retry.backoff.map_or((Backoff::DEFAULT, 1), |backoff| (backoff, MAX_ATTEMPTS)),
        };
        let schedule = Scheduler::new(Options {
            concurrency: options.concurrency.map_or(DEFAULT_CONCURRENCY, |most| most.min(MAX_CONCURRENCY) as usize),
            // A dry run checks the whole input.
            stop_on_error: options.stop_on_error && !options.dry_run,
            total: input.total,
            dry_run: options.dry_run,
            max_attempts,
            backoff,
            max_pause: MAX_PAUSE,
        });
        let shared = Shared {
            cancellation: Cancellation::following(&settings.signal),
            pulls: Cancellation::manual(),
            caller,
            settings,
            schedule: RefCell::new(schedule),
            stopped: Cell::new(false),
            clock: Clock::start(),
            events: RefCell::default(),
            waker: Cell::default(),
        };
        Ok(Run {
            shared: Rc::new(shared),
            read_request,
            input,
            ended: false,
            items: Vec::new(),
            duplicates: Duplicates::new(!options.collect),
            report: Report::default(),
            options,
            reason: None,
        })
    }

    /// Processes the input and returns the report.
    pub async fn drive(mut self) -> JsValue {
        let mut steps: u32 = 0;
        loop {
            self.take_in_events();
            let now = self.shared.clock.now();
            let action = self.shared.schedule.borrow_mut().poll(now);
            steps = steps.saturating_add(1);
            match action {
                Action::Pull(index) => self.pull(index),
                Action::Send(index) => self.send(index),
                Action::Settle(settled) => self.settle(settled),
                Action::Wait(until) => {
                    self.wait(until).await;
                    steps = 0;
                }
                Action::Done => break,
            }
            if steps >= MAX_STEPS {
                steps = 0;
                self.report_progress();
                // A cancelled run does not pause: it only settles items.
                let _ = sleep(&self.shared.pulls, 0.0).await;
            }
        }
        self.shared.pulls.cancel();
        let progress = self.report_progress();
        if self.shared.stopped.get() && !self.ended {
            self.input.close();
        }
        self.report.finish(&progress)
    }

    /// Waits until something happens, or until this time.
    async fn wait(&mut self, until: Option<f64>) {
        self.report_progress();
        let shared = self.shared.clone();
        let limit = until.map(|until| (until - shared.clock.now()).ceil().clamp(0.0, MAX_TIMER));
        match Wait::begin(&shared.cancellation, limit) {
            Ok(wait) => {
                let mut over = pin!(wait.over());
                let timed_out = poll_fn(|context| match shared.poll_event(context) {
                    Poll::Ready(()) => Poll::Ready(false),
                    Poll::Pending => over.as_mut().poll(context).map(|interrupt| matches!(interrupt, Interrupt::TimedOut(_))),
                });
                if let (true, Some(until)) = (timed_out.await && limit < Some(MAX_TIMER), until) {
                    shared.clock.reached(until);
                }
            }
            // Waiting is impossible without timers.
            Err(Interrupt::Thrown(cause)) => self.stop(Error::unexpected("setTimeout failed", cause)),
            // A progress callback has just cancelled the run. The next step handles it.
            Err(_) if !shared.stopped.get() => {}
            // Requests in flight are awaited.
            Err(_) => poll_fn(|context| shared.poll_event(context)).await,
        }
    }

    /// Processes what has happened. An abort is processed first, so that items that it kept from being sent are skipped.
    fn take_in_events(&mut self) {
        loop {
            if let Some(interrupt) = self.shared.cancellation.interrupt() {
                self.stop(interrupt.into());
            }
            let event = self.shared.events.borrow_mut().pop_front();
            match event {
                Some(Event::Pulled(index, result)) => self.pulled(index, result),
                Some(Event::Ended(index, result)) => self.ended(index, result),
                None => break,
            }
        }
    }

    fn stop(&mut self, error: Error) {
        self.shared.schedule.borrow_mut().stop();
        self.note_stop(|| Some(error.into()));
    }

    /// If the schedule has just stopped, this error is the reason.
    fn note_stop(&mut self, error: impl FnOnce() -> Option<JsValue>) {
        if self.shared.schedule.borrow().stopped() && !self.shared.stopped.replace(true) {
            self.reason = error();
        }
    }

    fn pull(&mut self, index: usize) {
        // A patched iterator of an array or a `Set` may never end.
        if self.shared.stopped.get() && self.input.total.is_none_or(|total| index >= total) {
            self.shared.schedule.borrow_mut().pulled(Pulled::End, self.shared.clock.now());
            return;
        }
        match self.input.next() {
            Ok(Next::Now(result)) => self.pulled(index, request_in(&result)),
            Err(thrown) => self.pulled(index, Err(thrown)),
            Ok(Next::Later(promise)) => {
                let shared = self.shared.clone();
                spawn_local(async move {
                    let Ok(wait) = Wait::begin(&shared.pulls, None) else { return };
                    let result = match wait.race(&promise).await {
                        Ok(result) => request_in(&result),
                        Err(Interrupt::Thrown(thrown)) => Err(thrown),
                        // The run is over.
                        Err(Interrupt::Aborted(_) | Interrupt::TimedOut(_)) => return,
                    };
                    shared.push(Event::Pulled(index, result));
                });
            }
        }
    }

    /// Processes what the input returned: a request, its end, or an exception.
    fn pulled(&mut self, index: usize, next: Result<Option<JsValue>, JsValue>) {
        let pulled = match next {
            Ok(Some(request)) => self.add(index, request),
            Ok(None) => Pulled::End,
            Err(thrown) => {
                self.report.input_error = Some(thrown);
                Pulled::End
            }
        };
        self.ended |= pulled == Pulled::End;
        self.shared.schedule.borrow_mut().pulled(pulled, self.shared.clock.now());
        let error = self.items.last().and_then(|item| item.error.clone());
        self.note_stop(|| error);
    }

    fn add(&mut self, index: usize, request: JsValue) -> Pulled {
        let mut item = Item { index, request, original: None, revocation: None, trace: Rc::default(), error: None };
        let pulled = match (self.read_request)(&item.request) {
            Err(error) => {
                item.error = Some(error.into());
                Pulled::Invalid
            }
            Ok(revocation) => {
                let original = self.duplicates.original(&revocation.url, index);
                let status = original.result.borrow().as_ref().map(|result| result.status);
                let first = original.index;
                item.original = Some(original);
                if first == index {
                    item.revocation = Some(Rc::new(revocation));
                    Pulled::Request
                } else {
                    Pulled::Duplicate { original: first, status }
                }
            }
        };
        self.items.push(item);
        pulled
    }

    fn send(&mut self, index: usize) {
        let Some(item) = self.items.iter().find(|item| item.index == index) else { return };
        let Some(revocation) = item.revocation.clone() else { return };
        let (shared, trace) = (self.shared.clone(), item.trace.clone());
        spawn_local(async move {
            let Shared { caller, settings, cancellation, stopped, schedule, clock, .. } = &*shared;
            let attempt = Attempt { caller, revocation: &revocation, settings, cancellation, trace: &trace, stopped };
            let result = match attempt.send(|| schedule.borrow_mut().may_send(index, clock.now())).await {
                Ok(answer) => conclude(answer).await.map(|_| ()),
                Err(error) => Err(error),
            };
            shared.push(Event::Ended(index, result));
        });
    }

    fn ended(&mut self, index: usize, result: Result<(), Error>) {
        let Some(item) = self.items.iter_mut().find(|item| item.index == index) else { return };
        let Item { trace, error, .. } = item;
        let unsent = trace.requests.get() == 0 && self.shared.stopped.get();
        let outcome = match result.as_ref().map_err(Error::failure) {
            Ok(()) => Outcome::Revoked,
            Err(Failure::Withheld) => Outcome::Unsent,
            Err(Failure::Aborted(_) | Failure::TimedOut(_)) if unsent => Outcome::Unsent,
            Err(failure) => outcome(failure, trace, &self.shared.settings),
        };
        if outcome != Outcome::Unsent {
            // The error of an earlier attempt no longer matters.
            *error = result.err().map(JsValue::from);
        }
        let limits = Limits::read(|name| trace.header(name), now_since_epoch());
        let (error, now) = (error.clone(), self.shared.clock.now());
        self.shared.schedule.borrow_mut().answered(index, outcome, limits, now, js_sys::Math::random());
        self.note_stop(|| error);
    }

    fn settle(&mut self, settled: Settled) {
        let Settled { index, status, remaining, .. } = settled;
        let Some(place) = self.items.iter().position(|item| item.index == index) else { return };
        let Item { request, original, trace, error, .. } = self.items.swap_remove(place);
        let of_original = original.as_ref().and_then(|original| {
            let result = original.result.borrow();
            result.as_ref().map(|result| result.of_duplicate(index, request.clone()))
        });
        let result = of_original.unwrap_or_else(|| {
            let error = error.or_else(|| self.reason.clone().filter(|_| status != Status::Revoked));
            ItemResult::new(index, request.clone(), status, error, &trace)
        });
        let object = result.to_object();
        if self.options.collect {
            self.report.add(index, object.clone(), remaining.then_some(request));
        }
        if let Some(original) = original.filter(|original| original.index == index) {
            original.result.replace(Some(result));
        }
        if let Some(on_result) = &self.options.on_result {
            notify(on_result, &object);
        }
    }

    fn report_progress(&self) -> Progress {
        let now = self.shared.clock.now();
        let progress = self.shared.schedule.borrow().progress(now);
        if let Some(on_progress) = &self.options.on_progress {
            let paused_until = progress.paused_until.map(|until| (now_since_epoch() + (until - now)).round());
            let shown = Progress { paused_until, ..progress };
            notify(on_progress, &serde_wasm_bindgen::to_value(&shown).unwrap_or_default());
        }
        progress
    }
}

/// What the failure of an attempt means for the run. Only a decision of the server itself is final.
fn outcome(failure: &Failure, trace: &Trace, settings: &CallSettings) -> Outcome {
    let connection_errors = settings.retry.as_ref().is_none_or(|retry| retry.connection_errors);
    match failure {
        Failure::Refused(failure) if failure.redirected => Outcome::Lost,
        Failure::Refused(failure) => match (failure.status, trace.retry_after()) {
            (429, retry_after) => Outcome::RateLimited { retry_after },
            // A 503 with Retry-After applies to the whole service (RFC 9110, 15.6.4).
            (503, Some(wait)) => Outcome::RateLimited { retry_after: Some(wait) },
            (401, _) => Outcome::Unauthorized,
            (status, _) if settings.codes.contains(status) => Outcome::Unavailable,
            // Request Timeout, Too Early.
            (408 | 425 | 500.., _) => Outcome::Lost,
            _ => Outcome::Failed,
        },
        Failure::Malformed { undecided: false, .. } => Outcome::Failed,
        Failure::Connection(_) | Failure::TimedOut(_) if connection_errors => Outcome::Unavailable,
        Failure::Aborted(_) | Failure::NoToken(NoToken { transient: true, .. }) => Outcome::Unavailable,
        Failure::NoToken(_) => Outcome::Unauthorized,
        _ => Outcome::Lost,
    }
}
