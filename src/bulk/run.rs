//! The driver of a bulk run: it carries out the schedule's actions and reports the outcomes.

use super::duplicates::{Duplicates, Original};
use super::input::{request_in, Input, Next};
use super::report::{progress_object, Ending, Report};
use super::schedule::{Action, Options, Outcome, Pulled, Scheduler, Settled, Status, Stop, DEFAULT_CONCURRENCY, MAX_ATTEMPTS};
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
use std::collections::{HashMap, VecDeque};
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
    /// Items between being pulled and being settled, by index.
    items: HashMap<usize, Item>,
    duplicates: Duplicates,
    report: Report,
    /// The number of requests read from the input.
    pulled: usize,
    /// Whether the input has ended.
    ended: bool,
    /// Why the run stopped. It is the error of the skipped items.
    reason: Option<JsValue>,
    /// Whether there is new progress to report.
    changed: bool,
}

/// The state that the run shares with the calls of its items.
struct Shared {
    caller: Rc<Caller>,
    settings: Rc<CallSettings>,
    cancellation: Cancellation,
    schedule: RefCell<Scheduler>,
    /// Whether the run has stopped: nothing more is sent.
    stopped: Cell<bool>,
    clock: Clock,
    inbox: Inbox,
}

/// An item of the input.
struct Item {
    request: JsValue,
    kind: Kind,
    trace: Rc<Trace>,
    error: Option<JsValue>,
}

enum Kind {
    /// The first item with its ids, sent for itself and its duplicates.
    Original(Rc<Revocation>, Rc<Original>),
    /// The same as an earlier item.
    Duplicate(Rc<Original>),
    /// Not a valid request.
    Invalid,
}

/// An event that the run waits for.
enum Event {
    /// The input returned a request or its end, or threw.
    Pulled(Result<Option<JsValue>, JsValue>),
    /// The attempt of an item has ended.
    Ended(usize, Result<(), Error>),
}

/// Events that the run has not processed yet.
#[derive(Default)]
struct Inbox {
    events: RefCell<VecDeque<Event>>,
    waker: Cell<Option<Waker>>,
}

impl Inbox {
    fn push(&self, event: Event) {
        self.events.borrow_mut().push_back(event);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    fn pop(&self) -> Option<Event> {
        self.events.borrow_mut().pop_front()
    }

    /// Ready when there is an event.
    fn poll(&self, context: &Context<'_>) -> Poll<()> {
        if self.events.borrow().is_empty() {
            self.waker.set(Some(context.waker().clone()));
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    }
}

impl Shared {
    /// Whether this item may be sent now: the run has not stopped and is not paused.
    fn permit(&self, index: usize) -> bool {
        !self.stopped.get() && self.schedule.borrow_mut().may_send(index, self.clock.now())
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
            ..Options::default()
        });
        let cancellation = Cancellation::following(&settings.signal);
        let (schedule, stopped, clock, inbox) = (RefCell::new(schedule), Cell::new(false), Clock::start(), Inbox::default());
        Ok(Run {
            shared: Rc::new(Shared { caller, settings, cancellation, schedule, stopped, clock, inbox }),
            read_request,
            input,
            items: HashMap::new(),
            duplicates: Duplicates::new(!options.collect),
            report: Report::new(options.collect),
            options,
            pulled: 0,
            ended: false,
            reason: None,
            changed: true,
        })
    }

    /// Processes the input and returns the report.
    pub async fn drive(mut self) -> JsValue {
        // Pending pulls are abandoned at the end.
        let pulls = Rc::new(Cancellation::manual());
        let mut steps: u32 = 0;
        loop {
            while let Some(event) = self.shared.inbox.pop() {
                self.take_in(event);
            }
            // Reading a request runs its getters, which may abort.
            self.heed_cancellation();
            let now = self.shared.clock.now();
            let action = self.shared.schedule.borrow_mut().poll(now);
            match action {
                Action::Pull(index) => self.pull(index, &pulls),
                Action::Send(index) => self.send(index),
                Action::Settle(settled) => self.settle(settled),
                Action::WaitUntil(time) => self.wait(Some(time)).await,
                Action::Wait => self.wait(None).await,
                Action::Done => break,
            }
            steps = if matches!(action, Action::WaitUntil(_) | Action::Wait) { 0 } else { steps.saturating_add(1) };
            if steps >= MAX_STEPS {
                steps = 0;
                self.report_progress();
                // A cancelled run does not pause: it only settles items.
                let _ = sleep(&pulls, 0.0).await;
            }
        }
        pulls.cancel();
        self.report_progress();
        if self.shared.stopped.get() && !self.ended {
            self.input.close();
        }
        let progress = self.shared.schedule.borrow().progress(self.shared.clock.now());
        self.report.finish(&progress)
    }

    /// Waits until something happens, or until this time.
    async fn wait(&mut self, until: Option<f64>) {
        if self.changed {
            self.report_progress();
        }
        let clock = &self.shared.clock;
        let limit = until.map(|until| (until - clock.now()).ceil().clamp(0.0, MAX_TIMER));
        match Wait::begin(&self.shared.cancellation, limit) {
            Ok(wait) => {
                let mut over = pin!(wait.over());
                let timed_out = poll_fn(|context| match self.shared.inbox.poll(context) {
                    Poll::Ready(()) => Poll::Ready(false),
                    Poll::Pending => over.as_mut().poll(context).map(|interrupt| matches!(interrupt, Interrupt::TimedOut(_))),
                });
                if let (true, Some(limit), Some(until)) = (timed_out.await, limit, until) {
                    if limit < MAX_TIMER {
                        clock.reached(until);
                    }
                }
            }
            // Waiting is impossible without timers.
            Err(Interrupt::Thrown(cause)) => self.stop(Stop::Error, Error::unexpected("setTimeout failed", cause)),
            // A progress callback has just cancelled the run. The next step handles it.
            Err(_) if !self.shared.stopped.get() => {}
            // Requests in flight are awaited.
            Err(_) => poll_fn(|context| self.shared.inbox.poll(context)).await,
        }
    }

    fn heed_cancellation(&mut self) {
        if let Some(interrupt) = self.shared.cancellation.interrupt() {
            self.stop(Stop::Aborted, interrupt.into());
        }
    }

    fn stop(&mut self, stop: Stop, error: Error) {
        if !self.shared.stopped.replace(true) {
            self.shared.schedule.borrow_mut().stop(stop);
            self.reason = Some(error.into());
            self.changed = true;
        }
    }

    /// If the schedule has just stopped, the error of this item is the reason.
    fn note_stop(&mut self, index: usize) {
        if self.shared.schedule.borrow().stopped().is_some() && !self.shared.stopped.replace(true) {
            self.reason = self.items.get(&index).and_then(|item| item.error.clone());
        }
    }

    fn take_in(&mut self, event: Event) {
        self.changed = true;
        // The abort is processed before the requests that it ended, so that items not sent are skipped.
        if matches!(event, Event::Ended(_, Err(_))) {
            self.heed_cancellation();
        }
        match event {
            Event::Pulled(result) => self.pulled(result),
            Event::Ended(index, Err(error)) if matches!(error.failure(), Failure::Withheld) => {
                // During a pause, the schedule has taken the item back. After a stop, the item must be settled.
                if self.shared.stopped.get() {
                    self.shared.schedule.borrow_mut().may_send(index, self.shared.clock.now());
                }
            }
            Event::Ended(index, result) => self.ended(index, result),
        }
    }

    fn pull(&mut self, index: usize, pulls: &Rc<Cancellation>) {
        // A patched iterator of an array or a `Set` may never end.
        if self.shared.stopped.get() && self.input.total.is_none_or(|total| index >= total) {
            self.shared.schedule.borrow_mut().pulled(Pulled::End, self.shared.clock.now());
            return;
        }
        match self.input.next() {
            Ok(Next::Now(result)) => self.pulled(request_in(&result)),
            Err(thrown) => self.pulled(Err(thrown)),
            Ok(Next::Later(promise)) => {
                let (shared, pulls) = (self.shared.clone(), pulls.clone());
                spawn_local(async move {
                    let Ok(wait) = Wait::begin(&pulls, None) else { return };
                    match wait.race(&promise).await {
                        Ok(result) => shared.inbox.push(Event::Pulled(request_in(&result))),
                        Err(Interrupt::Thrown(thrown)) => shared.inbox.push(Event::Pulled(Err(thrown))),
                        // The run is over.
                        Err(Interrupt::Aborted(_) | Interrupt::TimedOut(_)) => {}
                    }
                });
            }
        }
    }

    /// Processes what the input returned: a request, its end, or an exception.
    fn pulled(&mut self, next: Result<Option<JsValue>, JsValue>) {
        self.changed = true;
        let index = self.pulled;
        let pulled = match next {
            Ok(Some(request)) => {
                self.pulled = index.saturating_add(1);
                self.add(index, request)
            }
            Ok(None) => {
                self.ended = true;
                Pulled::End
            }
            Err(thrown) => {
                self.ended = true;
                self.report.input_error = Some(thrown);
                Pulled::End
            }
        };
        self.shared.schedule.borrow_mut().pulled(pulled, self.shared.clock.now());
        self.note_stop(index);
    }

    fn add(&mut self, index: usize, request: JsValue) -> Pulled {
        let (kind, error, pulled) = match (self.read_request)(&request) {
            Err(error) => (Kind::Invalid, Some(error.into()), Pulled::Invalid),
            Ok(revocation) => {
                let original = self.duplicates.original(&revocation.url, index);
                if original.index == index {
                    (Kind::Original(Rc::new(revocation), original), None, Pulled::Request)
                } else {
                    let status = original.ending.borrow().as_ref().map(|ending| ending.status);
                    let pulled = Pulled::Duplicate { original: original.index, status };
                    (Kind::Duplicate(original), None, pulled)
                }
            }
        };
        self.items.insert(index, Item { request, kind, trace: Rc::default(), error });
        pulled
    }

    fn send(&mut self, index: usize) {
        self.changed = true;
        let Some(Item { kind: Kind::Original(revocation, _), trace, .. }) = self.items.get(&index) else { return };
        let (shared, revocation, trace) = (self.shared.clone(), revocation.clone(), trace.clone());
        spawn_local(async move {
            let Shared { caller, settings, cancellation, stopped, .. } = &*shared;
            let attempt = Attempt { caller, revocation: &revocation, settings, cancellation, trace: &trace, stopped };
            let result = match attempt.send(|| shared.permit(index)).await {
                Ok(answer) => conclude(answer).await.map(|_| ()),
                Err(error) => Err(error),
            };
            shared.inbox.push(Event::Ended(index, result));
        });
    }

    fn ended(&mut self, index: usize, result: Result<(), Error>) {
        let Some(item) = self.items.get_mut(&index) else { return };
        let trace = &item.trace;
        let outcome = match result.as_ref().map_err(Error::failure) {
            Ok(()) => Outcome::Revoked,
            Err(Failure::Aborted(_) | Failure::TimedOut(_)) if trace.requests.get() == 0 && self.shared.stopped.get() => {
                Outcome::Unsent
            }
            Err(failure) => outcome(failure, trace, &self.shared.settings),
        };
        // The error of an earlier attempt no longer matters.
        item.error = result.err().map(JsValue::from);
        let limits = Limits::read(|name| trace.header(name), now_since_epoch());
        let now = self.shared.clock.now();
        self.shared.schedule.borrow_mut().answered(index, outcome, limits, now, js_sys::Math::random());
        self.note_stop(index);
    }

    fn settle(&mut self, settled: Settled) {
        self.changed = true;
        let Settled { index, status, remaining, .. } = settled;
        let Some(Item { request, kind, trace, error }) = self.items.remove(&index) else { return };
        let own = || {
            let error = error.or_else(|| self.reason.clone().filter(|_| status != Status::Revoked));
            Ending::new(status, error, &trace)
        };
        let (ending, duplicate_of) = match &kind {
            Kind::Duplicate(original) => (original.ending.borrow().clone().unwrap_or_else(own), Some(original.index)),
            Kind::Original(..) | Kind::Invalid => (own(), None),
        };
        if remaining {
            self.report.add_remaining(index, request.clone());
        }
        let result = self.report.add(index, request, trace.requests.get(), &ending, duplicate_of);
        if let Kind::Original(_, original) = kind {
            original.ending.replace(Some(ending));
        }
        if let Some(on_result) = &self.options.on_result {
            notify(on_result, &result);
        }
    }

    fn report_progress(&mut self) {
        self.changed = false;
        let Some(on_progress) = &self.options.on_progress else { return };
        let now = self.shared.clock.now();
        let progress = self.shared.schedule.borrow().progress(now);
        let paused_until = progress.paused_until.map(|until| (now_since_epoch() + (until - now)).round());
        notify(on_progress, &progress_object(&progress, self.input.total, paused_until));
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
