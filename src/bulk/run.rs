//! The driver of a bulk run: it carries out the schedule's actions and reports the outcomes.

use super::duplicates::{Duplicates, MAX_WAITING, Original};
use super::input::{Input, request_in};
use super::report::{ItemResult, Record, Report};
use super::schedule::{self, Action, Pulled, Scheduler, Settled, Status};
use crate::border::task::spawn;
use crate::border::time::Clock;
use crate::border::wait::{Cancellation, Interrupt, Wait, sleep};
use crate::border::{notify, peek};
use crate::call::{Call, Caller, Revocation};
use crate::error::{Error, Failure, HttpFailure};
use crate::http::attempts::may_retry;
use crate::http::outcome::Outcome;
use crate::http::settings::{CallSettings, Retry};
use crate::http::transport::{Method, Observer, Response};
use crate::http::verdict::is_json;
use crate::kept::Kept;
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
    input_ended: bool,
    /// Items between being pulled and being settled, without duplicates.
    items: Vec<Item>,
    duplicates: Duplicates,
    /// The index of the next item, if it is to be pulled when fewer duplicates wait.
    postponed: Option<usize>,
    report: Report,
    /// Why the run stopped.
    reason: Option<Error>,
    /// The error of all items that the stop kept from being sent.
    skipped: Option<JsValue>,
}

/// The state that the run shares with the attempts of its items and with pending calls of its input.
struct Shared {
    caller: Rc<Caller>,
    settings: Rc<CallSettings>,
    retry: Retry,
    cancellation: Cancellation,
    /// Ends pending calls of the input at the end of the run.
    pulls: Cancellation,
    schedule: RefCell<Scheduler>,
    /// Whether the run has stopped.
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
    record: Rc<Record>,
    /// The failure of its last attempt.
    error: Option<Error>,
}

/// An event that the run waits for.
enum Event {
    /// The iterator returned a result or threw.
    Pulled(usize, Result<JsValue, JsValue>),
    /// The attempt to revoke an item has ended.
    Ended(usize, Result<(), Error>),
    /// The attempt to ask about an item has ended: see [`Call::ask`].
    Asked(usize, Result<Option<String>, Error>),
}

impl Shared {
    fn push(&self, event: Event) {
        self.events.borrow_mut().push_back(event);
        self.wake();
    }

    /// Continues the run, if it waits.
    fn wake(&self) {
        if let Some(wait) = self.wait.take() {
            wait.complete();
        }
    }
}

/// Watches the requests of an item for the run: what their heads decide does not wait for their bodies.
struct Watch<'a> {
    shared: &'a Shared,
    index: usize,
    record: &'a Record,
}

impl Observer for Watch<'_> {
    fn may_send(&self) -> bool {
        self.shared.schedule.borrow().may_send(self.index, self.shared.clock.now())
    }

    fn sent(&self, method: Method) {
        if method == Method::Post {
            self.record.sent();
        }
    }

    fn answered(&self, method: Method, response: &Response<'_>) {
        if method == Method::Post {
            self.record.answered(response);
        }
        let retry_after = response.retry_after();
        if is_rate_limit(response.head.status, retry_after) {
            let Shared { schedule, clock, .. } = self.shared;
            schedule.borrow_mut().rate_limited(self.index, retry_after, clock.now(), js_sys::Math::random());
            self.shared.wake();
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
        let retry = Retry::of_bulk_run(settings.retry);
        let schedule = Scheduler::new(options.concurrency, input.total.is_some(), retry.backoff);
        let shared = Shared {
            cancellation: Cancellation::following(settings.signal.as_ref()),
            pulls: Cancellation::manual(),
            caller,
            settings,
            retry,
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
            input_ended: false,
            items: Vec::new(),
            duplicates: Duplicates::new(!options.collect),
            postponed: None,
            report: Report::default(),
            options,
            reason: None,
            skipped: None,
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
                Action::Send(index) => self.attempt(index, Method::Post),
                Action::Ask(index) => self.attempt(index, Method::Get),
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
        if self.shared.stopped.get() && !self.input_ended {
            self.input.close();
        }
        self.report.finish()
    }

    /// Waits until something happens, or until this time.
    async fn wait(&mut self, until: Option<f64>) {
        self.report_progress();
        let shared = self.shared.clone();
        let now = shared.clock.now();
        let limit = until.map(|until| (until - now).ceil().max(0.0));
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
            Err(Interrupt::Thrown(cause)) => self.stop(Some(Error::unexpected("setTimeout failed", cause))),
            // A progress callback has just cancelled the run. The next step handles it.
            Err(_) => {}
        }
    }

    /// Processes what has happened. An abort is processed first, so that items that it kept from being sent are skipped.
    fn take_in_events(&mut self) {
        loop {
            if !self.shared.stopped.get()
                && let Some(interrupt) = self.shared.cancellation.interrupt()
            {
                self.stop(Some(interrupt.into()));
            }
            let event = self.shared.events.borrow_mut().pop_front();
            match event {
                Some(Event::Pulled(index, result)) => self.pulled(index, result),
                Some(Event::Ended(index, result)) => self.ended(index, result),
                Some(Event::Asked(index, result)) => self.asked(index, result),
                None => break,
            }
        }
    }

    /// Stops the run. The first reason is kept.
    fn stop(&mut self, reason: Option<Error>) {
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
                let shared = self.shared.clone();
                let wait = Wait::of(&shared.pulls);
                // Before anything else, so that a rejection has a handler.
                let racing = wait.racing(&promise);
                spawn(async move {
                    let result = match wait.settled(&racing).await {
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
        self.input_ended |= pulled == Pulled::End;
        self.shared.schedule.borrow_mut().pulled(pulled, self.shared.clock.now());
    }

    /// Takes in a request. If it is not to be sent, it is reported, at once or with its original.
    fn add(&mut self, index: usize, request: JsValue) -> Pulled {
        let revocation = match (self.read_request)(&request) {
            Ok(revocation) => Rc::new(revocation),
            Err(error) => {
                self.failed(Some(&error));
                let invalid = ItemResult::new(index, request, Status::Failed, Some(error.into()), &Record::default());
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
        let item = Item { request, original, revocation, record: Rc::default(), error: None };
        if self.options.dry_run {
            self.end(item, Status::Skipped, true);
            return Pulled::Other;
        }
        self.items.push(item);
        Pulled::Request
    }

    /// Begins an attempt to revoke an item, or to ask about it.
    fn attempt(&mut self, index: usize, method: Method) {
        let shared = self.shared.clone();
        let Some(Item { revocation, record, .. }) = self.item(index) else { return };
        let (revocation, record) = (revocation.clone(), record.clone());
        spawn(async move {
            let Shared { caller, settings, cancellation, .. } = &*shared;
            let observer = &Watch { shared: &shared, index, record: &record };
            let call = Call { caller, revocation: &revocation, settings, cancellation, observer, outcome: &record.outcome };
            let event = match method {
                Method::Post => Event::Ended(index, call.attempt().await.map(|_| ())),
                Method::Get => Event::Asked(index, call.ask().await),
            };
            shared.push(event);
        });
    }

    fn item(&mut self, index: usize) -> Option<&mut Item> {
        self.items.iter_mut().find(|item| item.original.index == index)
    }

    fn ended(&mut self, index: usize, result: Result<(), Error>) {
        let shared = self.shared.clone();
        let Some(item) = self.item(index) else { return };
        let in_doubt = item.record.outcome.get() == Outcome::Unknown;
        let outcome = match &result {
            Ok(()) => schedule::Outcome::Revoked,
            Err(error) => match schedule_outcome(error, &shared) {
                // The refusal says nothing of an earlier request: another run may revoke the item.
                schedule::Outcome::Failed if in_doubt => schedule::Outcome::Lost,
                outcome => outcome,
            },
        };
        if outcome != schedule::Outcome::NotSent {
            // The failure of an earlier attempt no longer matters.
            item.error = result.err();
            if in_doubt && shared.settings.confirm {
                shared.schedule.borrow_mut().in_doubt(index);
            }
        }
        self.attempt_ended(index, outcome);
    }

    /// Processes the answer to a question. Without one, or if the credential is in use, the retries go on.
    fn asked(&mut self, index: usize, result: Result<Option<String>, Error>) {
        let shared = self.shared.clone();
        let Some(item) = self.item(index) else { return };
        let outcome = match result {
            Ok(Some(deleted_at)) => {
                item.record.deleted_at.replace(Some(deleted_at));
                schedule::Outcome::Revoked
            }
            Ok(None) => schedule::Outcome::Lost,
            Err(error) if item.record.outcome.get() == Outcome::Absent => {
                item.error = Some(error);
                schedule::Outcome::Failed
            }
            Err(error) => match schedule_outcome(&error, &shared) {
                schedule::Outcome::Failed | schedule::Outcome::Unauthorized => schedule::Outcome::Lost,
                outcome => outcome,
            },
        };
        self.attempt_ended(index, outcome);
    }

    fn attempt_ended(&mut self, index: usize, outcome: schedule::Outcome) {
        let now = self.shared.clock.now();
        self.shared.schedule.borrow_mut().attempt_ended(index, outcome, now, js_sys::Math::random());
        if self.shared.schedule.borrow().stopped() {
            let error = self.item(index).and_then(|item| item.error.clone());
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
        let Item { request, original, record, error, .. } = item;
        let sent = record.requests.get() > 0;
        let status = if sent && status == Status::Skipped { Status::Failed } else { status };
        if status == Status::Failed {
            self.failed(error.as_ref());
        }
        let error = match error {
            _ if status == Status::Revoked => None,
            None if !sent => self.skipped(),
            error => error.or_else(|| self.reason.clone()).map(|error| error.with_outcome(record.outcome.get()).into()),
        };
        let result = ItemResult::new(original.index, request, status, error, &record);
        self.report_result(&result, remaining);
        for (index, request) in original.waiting.take() {
            self.report_result(&result.of_duplicate(index, request), false);
        }
        let _ = original.result.set(if self.options.collect { result } else { result.brief() });
    }

    /// An item has failed.
    fn failed(&mut self, error: Option<&Error>) {
        if self.options.stop_on_error {
            self.stop(error.cloned());
        }
    }

    /// The error of an item that was not sent: why the run stopped.
    fn skipped(&mut self) -> Option<JsValue> {
        let Run { reason, skipped, .. } = self;
        if skipped.is_none() {
            *skipped = reason.clone().map(|reason| reason.with_outcome(Outcome::NotSent).into());
        }
        skipped.clone()
    }

    /// Reports a result. `remaining`: whether another run may revoke the item. Not set for duplicates, so that the remaining requests
    /// are all different.
    fn report_result(&mut self, result: &ItemResult, remaining: bool) {
        let ItemResult { index, request, .. } = result;
        let object = serde_wasm_bindgen::to_value(result).unwrap_or_default();
        self.report.count(result, self.shared.clock.now());
        if self.options.collect {
            self.report.keep(*index, object.clone(), remaining.then(|| request.0.clone()));
        }
        if let Some(on_result) = &self.options.on_result {
            notify(on_result, &object);
        }
    }

    fn report_progress(&self) {
        if let Some(on_progress) = &self.options.on_progress {
            let progress = self.report.progress(self.input.total, &self.shared.schedule.borrow(), self.shared.clock.now());
            notify(on_progress, &progress);
        }
    }
}

/// Whether a response asks for fewer requests. A 503 with `Retry-After` applies to the whole service (RFC 9110, 15.6.4).
fn is_rate_limit(status: u16, retry_after: Option<f64>) -> bool {
    status == 429 || status == 503 && retry_after.is_some()
}

/// What the failure of an attempt means for the run. Only a decision of the API itself is final.
fn schedule_outcome(error: &Error, Shared { settings, retry, stopped, .. }: &Shared) -> schedule::Outcome {
    use schedule::Outcome;
    let failure = error.failure();
    match failure {
        Failure::NotSent => Outcome::NotSent,
        Failure::Aborted(_) | Failure::TimedOut(_) if stopped.get() && !error.was_sent() => Outcome::NotSent,
        Failure::Connection(_) | Failure::TimedOut(_) if may_retry(failure, *retry, &settings.codes) => Outcome::Unreachable,
        Failure::Aborted(_) => Outcome::Unavailable { retry_after: None },
        Failure::NoToken { retry_after, .. } if retry_after.is_some() => Outcome::NoToken { retry_after: *retry_after },
        Failure::NoToken { error, .. } => match error.failure() {
            Failure::Connection(_) | Failure::TimedOut(_) => Outcome::Unreachable,
            _ => Outcome::Unauthorized,
        },
        Failure::Refused(HttpFailure { status, redirected, retry_after, content_type, .. }) => match *status {
            _ if *redirected => Outcome::Lost,
            status if is_rate_limit(status, *retry_after) => Outcome::RateLimited,
            401 => Outcome::Unauthorized,
            _ if may_retry(failure, *retry, &settings.codes) => Outcome::Unavailable { retry_after: *retry_after },
            // Request Timeout, Misdirected Request, Too Early.
            408 | 421 | 425 => Outcome::Lost,
            400..=499 if is_json(content_type) => Outcome::Failed,
            _ => Outcome::Lost,
        },
        _ => Outcome::Lost,
    }
}
