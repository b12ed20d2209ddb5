//! The driver of a bulk run: it carries out the schedule's actions and reports the outcomes.

use super::duplicates::{Duplicates, Original, MAX_WAITING};
use super::input::{request_in, Input};
use super::report::{ItemResult, Kept, Report};
use super::schedule::{Action, Outcome, Pulled, Scheduler, Settled, Status};
use super::Limits;
use crate::border::task::spawn;
use crate::border::time::{now_since_epoch, Clock};
use crate::border::wait::{sleep, Cancellation, Interrupt, Wait, MAX_TIMER};
use crate::border::{handled, notify, peek};
use crate::call::{conclude, Attempt, Caller, Revocation};
use crate::error::{Error, Failure, NoToken};
use crate::http::retry::Backoff;
use crate::http::settings::CallSettings;
use crate::http::transport::{retry_after_of, Trace};
use crate::options::BulkOptions;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use wasm_bindgen::JsValue;

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
    /// Items between being pulled and being settled, without duplicates.
    items: Vec<Item>,
    duplicates: Duplicates,
    /// The index of the next item, if it is to be pulled when fewer duplicates wait.
    postponed: Option<usize>,
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
    /// The run's wait for an event, which ends it.
    wait: Cell<Option<Rc<Wait>>>,
}

/// A request to send.
struct Item {
    request: JsValue,
    /// Its place in the input, and its duplicates.
    original: Rc<Original>,
    revocation: Rc<Revocation>,
    trace: Rc<Trace>,
    error: Option<JsValue>,
}

/// An event that the run waits for.
enum Event {
    /// The iterator returned a result or threw.
    Pulled(usize, Result<JsValue, JsValue>),
    /// The attempt of an item has ended.
    Ended(usize, Result<(), Error>),
}

impl Shared {
    fn push(&self, event: Event) {
        self.events.borrow_mut().push_back(event);
        if let Some(wait) = self.wait.take() {
            wait.complete();
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
        let backoff = settings.retry.as_ref().map_or(Some(Backoff::DEFAULT), |retry| retry.backoff);
        let schedule = Scheduler::new(options.concurrency, input.total.is_some(), backoff);
        let shared = Shared {
            cancellation: Cancellation::following(settings.signal.as_ref()),
            pulls: Cancellation::manual(),
            caller,
            settings,
            schedule: RefCell::new(schedule),
            stopped: Cell::new(false),
            clock: Clock::start(),
            events: RefCell::default(),
            wait: Cell::default(),
        };
        Ok(Run {
            shared: Rc::new(shared),
            read_request,
            input,
            ended: false,
            items: Vec::new(),
            duplicates: Duplicates::new(!options.collect),
            postponed: None,
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
        self.report_progress();
        if self.shared.stopped.get() && !self.ended {
            self.input.close();
        }
        self.report.finish()
    }

    /// Waits until something happens, or until this time.
    async fn wait(&mut self, until: Option<f64>) {
        self.report_progress();
        let shared = self.shared.clone();
        let now = shared.clock.now();
        let limit = until.map(|until| (until - now).ceil().clamp(0.0, MAX_TIMER));
        // After a stop, only the requests in flight are awaited.
        let cancellation = if shared.stopped.get() { &shared.pulls } else { &shared.cancellation };
        match Wait::begin(cancellation, limit).map(Rc::new) {
            Ok(wait) => {
                shared.wait.set(Some(wait.clone()));
                if let (Interrupt::TimedOut(_), Some(limit)) = (wait.over().await, limit) {
                    shared.clock.reached(now + limit);
                }
            }
            // Waiting is impossible without timers.
            Err(Interrupt::Thrown(cause)) => self.stop(Some(Error::unexpected("setTimeout failed", cause).into())),
            // A progress callback has just cancelled the run. The next step handles it.
            Err(_) => {}
        }
    }

    /// Processes what has happened. An abort is processed first, so that items that it kept from being sent are skipped.
    fn take_in_events(&mut self) {
        loop {
            if !self.shared.stopped.get() {
                if let Some(interrupt) = self.shared.cancellation.interrupt() {
                    self.stop(Some(Error::from(interrupt).into()));
                }
            }
            let event = self.shared.events.borrow_mut().pop_front();
            match event {
                Some(Event::Pulled(index, result)) => self.pulled(index, result),
                Some(Event::Ended(index, result)) => self.ended(index, result),
                None => break,
            }
        }
    }

    /// Stops the run. The first reason is kept.
    fn stop(&mut self, reason: Option<JsValue>) {
        self.shared.schedule.borrow_mut().stop();
        if !self.shared.stopped.replace(true) {
            self.reason = reason;
        }
    }

    fn pull(&mut self, index: usize) {
        let waiting = self.items.iter().map(|item| item.original.waiting.borrow().len());
        if waiting.sum::<usize>() >= MAX_WAITING {
            self.postponed = Some(index);
            return;
        }
        // A patched iterator of an array or a `Set` may never end.
        if self.shared.stopped.get() && self.input.total.is_none_or(|total| index >= total) {
            self.shared.schedule.borrow_mut().pulled(Pulled::End, self.shared.clock.now());
            return;
        }
        match self.input.next() {
            Ok(promise) if peek(&promise, "then").is_function() => {
                let (shared, promise) = (self.shared.clone(), handled(&promise));
                spawn(async move {
                    let Ok(wait) = Wait::begin(&shared.pulls, None) else { return };
                    let result = match wait.race(&promise).await {
                        Ok(result) => Ok(result),
                        Err(Interrupt::Thrown(thrown)) => Err(thrown),
                        // The run is over.
                        Err(Interrupt::Aborted(_) | Interrupt::TimedOut(_)) => return,
                    };
                    shared.push(Event::Pulled(index, result));
                });
            }
            result => self.pulled(index, result),
        }
    }

    /// Processes what the iterator returned or threw.
    fn pulled(&mut self, index: usize, result: Result<JsValue, JsValue>) {
        let pulled = match result.and_then(|result| request_in(&result)) {
            Ok(Some(request)) => self.add(index, request),
            Ok(None) => Pulled::End,
            Err(thrown) => {
                self.report.input_error = Some(Kept(thrown));
                Pulled::End
            }
        };
        self.ended |= pulled == Pulled::End;
        self.shared.schedule.borrow_mut().pulled(pulled, self.shared.clock.now());
    }

    /// Takes in a request. If it is not to be sent, it is reported, at once or with its original.
    fn add(&mut self, index: usize, request: JsValue) -> Pulled {
        let revocation = match (self.read_request)(&request) {
            Ok(revocation) => Rc::new(revocation),
            Err(error) => {
                let invalid = ItemResult::new(index, request, Status::Failed, Some(error.into()), &Trace::default());
                self.report_result(&invalid, false);
                return Pulled::Other;
            }
        };
        let original = self.duplicates.original(&revocation.url, index);
        if original.index != index {
            match original.result.get() {
                Some(result) => self.report_result(&result.of_duplicate(index, request), false),
                None => original.waiting.borrow_mut().push((index, request)),
            }
            return Pulled::Other;
        }
        let item = Item { request, original, revocation, trace: Rc::default(), error: None };
        if self.options.dry_run {
            self.end(item, Status::Skipped, true);
            return Pulled::Other;
        }
        self.items.push(item);
        Pulled::Request
    }

    fn send(&mut self, index: usize) {
        let Some(item) = self.items.iter().find(|item| item.original.index == index) else { return };
        let (shared, revocation, trace) = (self.shared.clone(), item.revocation.clone(), item.trace.clone());
        spawn(async move {
            let Shared { caller, settings, cancellation, stopped, schedule, clock, .. } = &*shared;
            let attempt = Attempt { caller, revocation: &revocation, settings, cancellation, trace: Some(&trace), stopped };
            let result = match attempt.send(|| schedule.borrow_mut().may_send(index, clock.now())).await {
                Ok(answer) => conclude(answer).await.map(|_| ()),
                Err(error) => Err(error),
            };
            shared.push(Event::Ended(index, result));
        });
    }

    fn ended(&mut self, index: usize, result: Result<(), Error>) {
        let Some(item) = self.items.iter_mut().find(|item| item.original.index == index) else { return };
        let Item { trace, error, .. } = item;
        let outcome = match &result {
            Ok(()) => Outcome::Revoked,
            Err(error) => outcome(error.failure(), trace, &self.shared),
        };
        if outcome != Outcome::Unsent {
            // The error of an earlier attempt no longer matters.
            *error = result.err().map(JsValue::from);
        }
        let limits = Limits::read(|name| trace.header(name), now_since_epoch());
        let (error, now) = (error.clone(), self.shared.clock.now());
        self.shared.schedule.borrow_mut().answered(index, outcome, limits, now, js_sys::Math::random());
        if self.shared.schedule.borrow().stopped() {
            self.stop(error);
        }
    }

    fn settle(&mut self, settled: Settled) {
        let Settled { index, status, remaining } = settled;
        let Some(place) = self.items.iter().position(|item| item.original.index == index) else { return };
        let item = self.items.swap_remove(place);
        self.end(item, status, remaining);
        if let Some(index) = self.postponed.take() {
            self.pull(index);
        }
    }

    /// Reports an item and the duplicates that wait for its result.
    fn end(&mut self, item: Item, status: Status, remaining: bool) {
        let Item { request, original, trace, error, .. } = item;
        let sent = trace.requests.get() > 0;
        let status = if sent && status == Status::Skipped { Status::Failed } else { status };
        let error = error.or_else(|| self.reason.clone().filter(|_| status != Status::Revoked));
        let result = original.result.get_or_init(|| ItemResult::new(original.index, request, status, error, &trace));
        self.report_result(result, remaining);
        for (index, request) in original.waiting.take() {
            self.report_result(&result.of_duplicate(index, request), false);
        }
    }

    /// Reports a result. `remaining`: whether another run may revoke the item. Not set for duplicates, so that the remaining requests
    /// are all different.
    fn report_result(&mut self, result: &ItemResult, remaining: bool) {
        let ItemResult { index, request, status, error, .. } = result;
        let object = serde_wasm_bindgen::to_value(result).unwrap_or_default();
        self.report.count(*status, self.shared.clock.now());
        if self.options.collect {
            self.report.keep(*index, object.clone(), remaining.then(|| request.0.clone()));
        }
        if let Some(on_result) = &self.options.on_result {
            notify(on_result, &object);
        }
        if *status == Status::Failed && self.options.stop_on_error {
            self.stop(error.as_ref().map(|error| error.0.clone()));
        }
    }

    fn report_progress(&self) {
        if let Some(on_progress) = &self.options.on_progress {
            let progress = self.report.progress(self.input.total, &self.shared.schedule.borrow(), self.shared.clock.now());
            notify(on_progress, &progress);
        }
    }
}

/// What the failure of an attempt means for the run. Only a decision of the server itself is final.
fn outcome(failure: &Failure, trace: &Trace, Shared { settings, stopped, .. }: &Shared) -> Outcome {
    let connection_errors = settings.retry.as_ref().is_none_or(|retry| retry.connection_errors);
    let unsent = stopped.get() && trace.requests.get() == 0;
    match failure {
        Failure::Withheld => Outcome::Unsent,
        Failure::Aborted(_) | Failure::TimedOut(_) if unsent => Outcome::Unsent,
        Failure::Refused(failure) if failure.redirected => Outcome::Lost,
        Failure::Refused(failure) => match (failure.status, retry_after_of(&failure.response)) {
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
