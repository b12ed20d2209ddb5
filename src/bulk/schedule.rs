//! The schedule of a bulk run, as a state machine: it decides what happens next, and a driver does it.
//!
//! The driver calls [`Scheduler::poll`], performs the action, and reports with [`Scheduler::pulled`] and [`Scheduler::answered`].
//! It provides time, random numbers and the network. Guarantees:
//!
//! - At most `concurrency` requests are in flight, and input is read no faster than it is sent.
//! - First attempts are in input order. Each index is settled exactly once. A revoked item is never sent again.
//! - A refusal (429, or 503 with `Retry-After`) pauses the whole run: for as long as the server says, and longer if it keeps
//!   refusing after that; without `Retry-After`, for a short time, doubling, with jitter, up to a minute. A pause that would
//!   make the run wait for more than `max_pause` since the server last accepted a request does not begin: the run stops instead.
//! - The run does not wait for a `Retry-After` of more than `max_pause`. The item fails, and another run may send it. Such a
//!   response does not say what it concerns: the item, whose record may be locked for days, or all requests, because the daily
//!   quota is used up. So the run does not pause but sends one other request. If the server accepts it, the refusal concerned the
//!   item, and the run continues. If it refuses `MAX_LONG_REFUSALS` of them in a row, or has accepted nothing in this run, the
//!   run stops. A wrong guess costs one or two requests; stopping would leave a list of credentials not revoked.
//! - [`Pace`] decides how fast requests are sent, and how many may be in flight.
//! - After a pause, one request is sent alone, as a probe. Pauses alternate: after one, an item that was not refused goes first;
//!   after the next, the oldest item. So neither can starve the other. An item that is repeatedly refused as the probe while the
//!   server accepts others in between fails: the refusal concerns that item.
//! - Other transient failures are retried, up to `max_attempts` attempts, with `backoff` between them. Refusals do not count: they
//!   say nothing about the request.
//! - After a stop or an abort nothing is sent. Requests in flight are settled when their responses arrive.
//! - Of requests that the driver reports as duplicates, the first is sent, and the others are settled like it.

use super::limits::Limits;
use super::pace::Pace;
use crate::http::retry::{self, Backoff};
use std::collections::VecDeque;

/// The default number of requests in flight: a Worker may have six connections that wait for headers.
pub const DEFAULT_CONCURRENCY: usize = 6;

/// The default number of attempts per item.
pub const MAX_ATTEMPTS: u32 = 8;

/// How long the server may refuse everything before the run stops by default, in milliseconds.
pub const MAX_PAUSE: f64 = 15.0 * 60_000.0;

/// The number of duplicates that may wait for their original before the run stops reading input. Bounds memory.
const MAX_WAITING_DUPLICATES: usize = 1024;

/// The number of refused items that may wait before the run stops reading input. Bounds memory. It is high because the server may
/// always refuse each of them, and the items behind them must get their turn.
const MAX_REFUSED_ITEMS: usize = 1024;

/// The number of refusals of one item that affect the pace. Later ones may concern only that item, and would slow down the
/// others.
const MAX_TEACHING_REFUSALS: u32 = 3;

/// How often an item may be refused as a probe while the server accepts others in between. Giving up a valid item is worse than a
/// few more pauses: if a limit accepts every second request, a valid item is refused this often, with another accepted each time
/// in between, once in 4^8 = 65,536.
const MAX_OWN_REFUSALS: u32 = 8;

/// The number of consecutive requests that may be refused with a `Retry-After` beyond `max_pause` before the run stops. More than
/// one, because locked items may be adjacent in a list. Few, because the server has asked for no requests.
const MAX_LONG_REFUSALS: u32 = 3;

/// How long the server may refuse the last items of a run before they fail, in milliseconds. There is no other item to compare
/// with. It is longer than the windows of common limits, which are at most a minute.
const LAST_ITEMS_PATIENCE: f64 = 65_000.0;

/// How often an item may be refused without `Retry-After` while the server accepts others. If a limit on concurrent requests
/// refuses every second one, a valid item is refused this often once in 4096.
const MAX_REFUSALS_ALONE: u32 = 12;

/// The length of a pause if the server does not name one, or keeps refusing after it. The first pause is short, because a limit
/// on concurrent requests, which sends no `Retry-After`, ends as soon as a request completes.
const PAUSE: Backoff = Backoff { initial_interval: 50.0, max_interval: 60_000.0, exponent: 2.0, max_elapsed: f64::INFINITY };

/// The rate of [`Progress`] is measured over this time, in milliseconds: long enough to be steady, short enough to be current.
const RATE_PERIOD: f64 = 10_000.0;

/// The sampling interval of the rate of [`Progress`], in milliseconds.
const RATE_SAMPLE: f64 = 250.0;

/// The options of a run.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The maximum number of requests in flight; at least one.
    pub concurrency: usize,
    /// Whether the first item that finally fails stops the run.
    pub stop_on_error: bool,
    /// The number of items, if known. Such an input is read to its end after a stop, to report the rest as skipped.
    pub total: Option<usize>,
    /// Whether to validate only and send nothing.
    pub dry_run: bool,
    /// The maximum number of attempts per item, without refusals.
    pub max_attempts: u32,
    /// The waits between attempts of an item.
    pub backoff: Backoff,
    /// How long the server may refuse everything, in milliseconds, before the run stops.
    pub max_pause: f64,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            concurrency: DEFAULT_CONCURRENCY,
            stop_on_error: false,
            total: None,
            dry_run: false,
            max_attempts: MAX_ATTEMPTS,
            backoff: Backoff::DEFAULT,
            max_pause: MAX_PAUSE,
        }
    }
}

/// The next action of the driver.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Action {
    /// Read the next request from the input, which gets this index, and call [`Scheduler::pulled`]. Keep polling meanwhile.
    Pull(usize),
    /// Send the request with this index. Call [`Scheduler::may_send`] just before. Report the outcome with
    /// [`Scheduler::answered`]. Keep polling meanwhile.
    Send(usize),
    /// Report this item. It does not appear again, except as the original of duplicates.
    Settle(Settled),
    /// Poll at this time, or sooner after a pull or an outcome. The time is always in the future.
    WaitUntil(f64),
    /// Poll after a pull or an outcome.
    Wait,
    /// The run is over.
    Done,
}

/// What the input returned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pulled {
    /// A request.
    Request,
    /// The same request as an earlier one.
    Duplicate {
        /// The index of that request.
        original: usize,
        /// How it was settled, if it has been reported.
        status: Option<Status>,
    },
    /// An invalid request.
    Invalid,
    /// Its end or an exception.
    End,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome {
    /// The server revoked the credential.
    Revoked,
    /// It failed, and a retry would fail again.
    Failed,
    /// It failed temporarily, its response was lost, or it was aborted.
    Unavailable,
    /// The outcome is unknown, and the item is not retried in this run.
    Lost,
    /// The request was not sent, because the run stopped.
    Unsent,
    /// The server refused the request because there are too many.
    RateLimited {
        /// How long to send nothing, in milliseconds, if the server names it.
        retry_after: Option<f64>,
    },
    /// The server refused the token.
    Unauthorized,
}

/// How an item ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The server revoked the credential.
    Revoked,
    /// All attempts failed, or the item is invalid.
    Failed,
    /// It was never sent.
    Skipped,
}

/// An item that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settled {
    /// Its index in the input.
    pub index: usize,
    /// How it ended.
    pub status: Status,
    /// The number of times it was sent.
    pub attempts: u32,
    /// For a duplicate: the index of the item that was sent instead. It was settled before this one.
    pub original: Option<usize>,
    /// Whether another run may revoke it: the item was skipped, or its failure is not final. Not set for duplicates, so that the
    /// remaining requests are all different.
    pub remaining: bool,
}

/// Why a run stopped before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The caller aborted.
    Aborted,
    /// The server does not accept the token.
    Unauthorized,
    /// The server refused requests for too long.
    RateLimited,
    /// An item failed, and `stop_on_error` is set.
    Error,
}

/// The progress of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Progress {
    /// Items settled as revoked.
    pub revoked: usize,
    /// Items settled as failed.
    pub failed: usize,
    /// Items settled as skipped.
    pub skipped: usize,
    /// Requests in flight.
    pub in_flight: usize,
    /// The end of the current pause.
    pub paused_until: Option<f64>,
    /// Items settled as revoked or failed per second, over the last ten seconds. `None`: none yet, or the run has stopped.
    pub rate_per_second: Option<f64>,
    /// The estimated time until all items are settled, in milliseconds. `None`: without a rate, or without a known total.
    pub eta_ms: Option<f64>,
}

/// An item between being pulled and being settled.
struct Item {
    index: usize,
    attempts: u32,
    failures: u32,
    first_sent: f64,
    state: State,
    refusals: u32,
    /// Refusals that the server's limit does not explain, and the number of accepted requests at the last one.
    own_refusals: u32,
    refused_probes: u32,
    accepted_before: u64,
    /// Refusals without a pause, while the server accepted others.
    refusals_alone: u32,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    /// To be sent at this time or later.
    Waiting(f64),
    /// Sent in this epoch. `in_flight`: requests in flight then, itself included.
    InFlight { epoch: u32, in_flight: usize },
}

/// The refusal of a request.
struct Refusal {
    index: usize,
    /// The epoch of the request, the number in flight with it, and whether it was the probe.
    epoch: u32,
    in_flight: usize,
    probed: bool,
    retry_after: Option<f64>,
}

/// A period in which the server has refused everything.
#[derive(Clone, Copy)]
struct Refusing {
    since: f64,
    /// The number of pauses in it.
    times: u32,
    /// How many times in a row it asked for a pause that is too long.
    too_long: u32,
    /// The probe sent since the last pause.
    probe: Option<usize>,
}

/// The schedule of a run.
pub struct Scheduler {
    options: Options,
    pace: Pace,
    items: Vec<Item>,
    duplicates: Vec<WaitingDuplicate>,
    settled: VecDeque<Settled>,
    progress: Progress,
    /// Pairs of a time and the number of items settled by then, for the rate.
    samples: VecDeque<(f64, usize)>,
    pulled: usize,
    pulling: bool,
    ended: bool,
    stopped: Option<Stop>,
    /// The latest time. Time never goes backwards.
    now: f64,
    /// Counts pauses. The refusal of a request sent before the last pause is not a new event.
    epoch: u32,
    paused_until: f64,
    refusing: Option<Refusing>,
    /// The number of requests that the server has accepted, successful or not, and whether there was one in this epoch.
    accepted: u64,
    accepts: bool,
}

struct WaitingDuplicate {
    index: usize,
    original: usize,
}

impl Scheduler {
    /// A run that has not begun.
    pub fn new(options: Options) -> Self {
        let concurrency = options.concurrency.max(1);
        Self {
            options: Options { concurrency, ..options },
            pace: Pace::new(concurrency),
            items: Vec::new(),
            duplicates: Vec::new(),
            settled: VecDeque::new(),
            progress: Progress::default(),
            samples: VecDeque::new(),
            pulled: 0,
            pulling: false,
            ended: false,
            stopped: None,
            now: f64::NEG_INFINITY,
            epoch: 0,
            paused_until: f64::NEG_INFINITY,
            refusing: None,
            accepted: 0,
            accepts: false,
        }
    }

    /// Returns the next action. Call it repeatedly until it returns a wait.
    pub fn poll(&mut self, now: f64) -> Action {
        let now = self.advance(now);
        if let Some(settled) = self.settled.pop_front() {
            self.count(settled.status, now);
            return Action::Settle(settled);
        }
        // The next item may be a better probe than those at hand.
        let pull_first = self.prefers_fresh() && !self.items.iter().any(|item| item.is_due(now) && !item.was_refused());
        if pull_first && self.may_pull(now) {
            return self.pull();
        }
        if let Some(index) = self.send(now) {
            return Action::Send(index);
        }
        if self.may_pull(now) {
            return self.pull();
        }
        if self.items.is_empty() && (self.ended || self.stopped.is_some() && self.options.total.is_none()) {
            // The result of a pending pull comes too late.
            self.ended = true;
            return Action::Done;
        }
        match self.items.iter().filter_map(Item::waits_until).reduce(f64::min) {
            Some(time) if self.has_room() => {
                let time = time.max(self.paused_until).max(self.pace.earliest(now).unwrap_or(now));
                // An item that is already due waits for something else: `send` has checked.
                if time > now {
                    Action::WaitUntil(time)
                } else {
                    Action::Wait
                }
            }
            _ => Action::Wait,
        }
    }

    /// Reports what the input returned.
    pub fn pulled(&mut self, pulled: Pulled, now: f64) {
        let now = self.advance(now);
        if !self.pulling || self.ended {
            return;
        }
        self.pulling = false;
        let index = self.pulled;
        self.pulled = index.saturating_add(1);
        match pulled {
            Pulled::End => self.ended = true,
            Pulled::Invalid => {
                self.settled.push_back(Settled { index, status: Status::Failed, attempts: 0, original: None, remaining: false });
                self.item_failed();
            }
            Pulled::Duplicate { original, status } => {
                let unreported = self.settled.iter().find(|settled| settled.index == original);
                match unreported.map(|settled| settled.status).or(status) {
                    None => self.duplicates.push(WaitingDuplicate { index, original }),
                    Some(status) => self.settled.push_back(duplicate(index, original, status)),
                }
            }
            Pulled::Request if self.stopped.is_some() || self.options.dry_run => {
                let skipped = Settled { index, status: Status::Skipped, attempts: 0, original: None, remaining: true };
                self.settled.push_back(skipped);
            }
            Pulled::Request => self.items.push(Item::new(index, now)),
        }
    }

    /// Whether the request with this index, from an [`Action::Send`], may be sent now. Call it when everything else is ready,
    /// such as the token. If false, the driver drops the attempt and reports nothing. The attempt does not count, and another
    /// [`Action::Send`] follows, or the item is settled.
    pub fn may_send(&mut self, index: usize, now: f64) -> bool {
        let now = self.advance(now);
        let paused_until = self.paused_until;
        let Some(item) = self.items.iter_mut().find(|item| item.index == index && item.waits_until().is_none()) else {
            return false;
        };
        if self.stopped.is_none() && now >= paused_until {
            // A pause may have come and gone while the token was fetched.
            item.state = State::InFlight { epoch: self.epoch, in_flight: self.progress.in_flight };
            return true;
        }
        item.attempts = item.attempts.saturating_sub(1);
        item.state = State::Waiting(paused_until);
        let status = if item.attempts == 0 { Status::Skipped } else { Status::Failed };
        self.progress.in_flight = self.progress.in_flight.saturating_sub(1);
        self.forget_probe(index);
        if self.stopped.is_some() {
            self.settle(index, status, true);
        }
        false
    }

    /// Reports the outcome of the request with this index, and the limits that its response names. `random` is between 0 and 1.
    pub fn answered(&mut self, index: usize, outcome: Outcome, limits: Option<Limits>, now: f64, random: f64) {
        let now = self.advance(now);
        let Some(item) = self.items.iter_mut().find(|item| item.index == index) else { return };
        let State::InFlight { epoch, in_flight } = item.state else { return };
        item.state = State::Waiting(now);
        self.progress.in_flight = self.progress.in_flight.saturating_sub(1);
        let probed = self.forget_probe(index);
        if let Some(limits) = limits {
            self.pace.limits(&limits, self.progress.in_flight, now);
        }
        let refused = matches!(outcome, Outcome::RateLimited { .. });
        if !refused && outcome != Outcome::Unsent && epoch == self.epoch {
            self.refusing = None;
        }
        match outcome {
            Outcome::Revoked => {
                self.accepted(epoch, now);
                self.settle(index, Status::Revoked, false);
            }
            Outcome::Failed => {
                self.accepted(epoch, now);
                self.settle(index, Status::Failed, false);
                self.item_failed();
            }
            Outcome::Unauthorized => {
                self.settle(index, Status::Failed, true);
                self.stop(Stop::Unauthorized);
            }
            Outcome::Unsent => self.settle(index, Status::Skipped, true),
            _ if self.stopped.is_some() => self.settle(index, Status::Failed, true),
            Outcome::Unavailable if self.retry(index, now, random) => {}
            Outcome::Unavailable | Outcome::Lost => {
                self.settle(index, Status::Failed, true);
                self.item_failed();
            }
            Outcome::RateLimited { retry_after } => {
                let refusal = Refusal { index, epoch, in_flight, probed, retry_after };
                self.refused(&refusal, now, random);
            }
        }
        if self.in_doubt() && self.progress.in_flight == 0 {
            self.stop(Stop::RateLimited);
        }
    }

    /// Stops the run: nothing more is sent. The first reason is kept.
    pub fn stop(&mut self, reason: Stop) {
        if self.stopped.is_some() {
            return;
        }
        self.stopped = Some(reason);
        while let Some(item) = self.items.iter().find(|item| item.waits_until().is_some()) {
            let status = if item.attempts == 0 { Status::Skipped } else { Status::Failed };
            self.settle(item.index, status, true);
        }
    }

    /// Returns why the run stopped early, if it did.
    pub fn stopped(&self) -> Option<Stop> {
        self.stopped
    }

    /// Returns the progress of the run.
    pub fn progress(&self, now: f64) -> Progress {
        let now = now.max(self.now);
        let running = self.stopped.is_none();
        let paused_until = Some(self.paused_until).filter(|until| running && *until > now);
        let rate_per_second = self.rate(now).filter(|_| running);
        let done = self.progress.revoked.saturating_add(self.progress.failed).saturating_add(self.progress.skipped);
        let left = self.options.total.map(|total| total.saturating_sub(done) as f64);
        let pause = paused_until.map_or(0.0, |until| until - now);
        let eta_ms = rate_per_second.zip(left).map(|(rate, left)| pause + left / rate * 1000.0);
        Progress { paused_until, rate_per_second, eta_ms, ..self.progress }
    }

    /// Advances the time, which never goes backwards. NaN is ignored.
    fn advance(&mut self, now: f64) -> f64 {
        self.now = self.now.max(now);
        if self.now == f64::NEG_INFINITY {
            self.now = 0.0;
        }
        self.now
    }

    fn count(&mut self, status: Status, now: f64) {
        let count = match status {
            Status::Revoked => &mut self.progress.revoked,
            Status::Failed => &mut self.progress.failed,
            Status::Skipped => &mut self.progress.skipped,
        };
        *count = count.saturating_add(1);
        if self.samples.back().is_none_or(|(time, _)| now - time >= RATE_SAMPLE) {
            let before = self.worked_off().saturating_sub(usize::from(status != Status::Skipped));
            self.samples.push_back((now, before));
        }
        while self.samples.get(1).is_some_and(|(time, _)| now - time >= RATE_PERIOD) {
            self.samples.pop_front();
        }
    }

    fn worked_off(&self) -> usize {
        self.progress.revoked.saturating_add(self.progress.failed)
    }

    fn rate(&self, now: f64) -> Option<f64> {
        let (since, before) = self.samples.front()?;
        let items = self.worked_off().saturating_sub(*before) as f64;
        let time = now - since;
        (items > 0.0 && time > 0.0).then_some(items / time * 1000.0)
    }

    fn pull(&mut self) -> Action {
        self.pulling = true;
        Action::Pull(self.pulled)
    }

    /// Whether to prefer a request that was not refused: after every second pause, and while the server refuses one after
    /// another.
    fn prefers_fresh(&self) -> bool {
        self.refusing.is_some_and(|refusing| refusing.times > 1 || self.epoch % 2 == 1)
    }

    /// Whether the server has asked for a pause that is too long, and accepted nothing yet. The responses to the requests in
    /// flight then show whether that concerns all requests.
    fn in_doubt(&self) -> bool {
        self.accepted == 0 && self.refusing.is_some_and(|refusing| refusing.too_long > 0)
    }

    /// Whether another request may be in flight.
    fn has_room(&self) -> bool {
        let probing = self.refusing.is_some_and(|refusing| refusing.probe.is_some());
        let in_doubt = self.in_doubt() && self.progress.in_flight > 0;
        !probing && !in_doubt && self.progress.in_flight < self.pace.window()
    }

    /// The next request to send now: of those due, the first in input order, so that refused items go before new ones.
    fn send(&mut self, now: f64) -> Option<usize> {
        if !self.has_room() || now < self.paused_until {
            return None;
        }
        let prefers_fresh = self.prefers_fresh();
        let order = |item: &&mut Item| (prefers_fresh && item.was_refused(), item.index);
        let item = self.items.iter_mut().filter(|item| item.is_due(now)).min_by_key(order)?;
        if self.pace.earliest(now).is_some() {
            return None;
        }
        self.pace.sent(now);
        if item.attempts == 0 {
            item.first_sent = now;
            item.accepted_before = self.accepted;
        }
        item.attempts = item.attempts.saturating_add(1);
        self.progress.in_flight = self.progress.in_flight.saturating_add(1);
        item.state = State::InFlight { epoch: self.epoch, in_flight: self.progress.in_flight };
        if let Some(refusing) = &mut self.refusing {
            refusing.probe = Some(item.index);
        }
        Some(item.index)
    }

    /// Whether another request would be sent if there were one. One request is read during a pause, so that a run notices the end
    /// of its input without waiting.
    fn may_pull(&self, now: f64) -> bool {
        if self.ended || self.pulling {
            return false;
        }
        if self.stopped.is_some() {
            return self.options.total.is_some();
        }
        let prefers_fresh = self.prefers_fresh();
        let fresh = self.items.iter().filter(|item| !item.was_refused()).count();
        self.progress.in_flight < self.pace.window()
            && fresh / 2 < self.options.concurrency
            && self.items.len().saturating_sub(fresh) < MAX_REFUSED_ITEMS
            && self.duplicates.len() < MAX_WAITING_DUPLICATES
            && !self.items.iter().any(|item| item.is_due(now) && !(prefers_fresh && item.was_refused()))
    }

    fn settle(&mut self, index: usize, status: Status, remaining: bool) {
        let Self { items, settled, duplicates, .. } = self;
        items.retain(|item| {
            if item.index == index {
                settled.push_back(Settled { index, status, attempts: item.attempts, original: None, remaining });
            }
            item.index != index
        });
        duplicates.retain(|waiting| {
            if waiting.original == index {
                settled.push_back(duplicate(waiting.index, index, status));
            }
            waiting.original != index
        });
    }

    fn item_failed(&mut self) {
        if self.options.stop_on_error {
            self.stop(Stop::Error);
        }
    }

    /// The server has accepted a request. A request from before the last pause says nothing about the rate after it.
    fn accepted(&mut self, epoch: u32, now: f64) {
        self.accepted = self.accepted.saturating_add(1);
        if epoch == self.epoch {
            self.accepts = true;
            self.pace.accepted(now);
        }
    }

    /// Schedules another attempt of the item, if it has one left.
    fn retry(&mut self, index: usize, now: f64, random: f64) -> bool {
        let Options { backoff, max_attempts, .. } = self.options;
        let Some(item) = self.items.iter_mut().find(|item| item.index == index) else { return false };
        let retry = item.failures;
        item.failures = retry.saturating_add(1);
        match retry::next(&backoff, retry, now - item.first_sent, None, random) {
            Some(wait) if item.failures < max_attempts => {
                item.state = State::Waiting(now + wait);
                true
            }
            _ => false,
        }
    }

    /// Clears the probe if it is this item. Returns whether it was.
    fn forget_probe(&mut self, index: usize) -> bool {
        match &mut self.refusing {
            Some(refusing) if refusing.probe == Some(index) => {
                refusing.probe = None;
                true
            }
            _ => false,
        }
    }

    fn refused(&mut self, refusal: &Refusal, now: f64, random: f64) {
        let Refusal { epoch, in_flight, retry_after, .. } = *refusal;
        if retry_after.is_some_and(|wait| wait.is_nan() || wait > self.options.max_pause) {
            self.refused_for_too_long(refusal, now);
            return;
        }
        if retry_after.is_none() && self.refusing.is_none() && (self.accepts || epoch != self.epoch) {
            self.refused_alone(refusal, now, random);
            return;
        }
        let refusing = self.refusing.unwrap_or(Refusing { since: now, times: 0, too_long: 0, probe: None });
        let suspect = self.note_refusal(refusal, refusing.since, now);
        let mut wait = retry_after.unwrap_or(0.0);
        if epoch == self.epoch {
            self.next_epoch();
            self.refusing = Some(Refusing { times: refusing.times.saturating_add(1), probe: None, ..refusing });
            // The server's own timing is obeyed exactly, the first time.
            if retry_after.is_none() || refusing.times > 0 {
                wait = wait.max(PAUSE.wait(refusing.times, random));
            }
            if !suspect {
                self.pace.refused(in_flight, retry_after, now);
            }
        } else {
            self.pace.refused_as_well(in_flight, retry_after);
        }
        let until = now + wait;
        // NaN and infinity stop the run, too.
        if until.is_finite() && until - refusing.since <= self.options.max_pause {
            self.paused_until = self.paused_until.max(until);
            self.pace.pause_until(self.paused_until);
        } else {
            self.stop(Stop::RateLimited);
        }
    }

    /// The server asks for a pause that is too long. A request sent before the last such response is not a new event.
    fn refused_for_too_long(&mut self, refusal: &Refusal, now: f64) {
        self.settle(refusal.index, Status::Failed, true);
        self.item_failed();
        if refusal.epoch != self.epoch {
            return;
        }
        self.next_epoch();
        let refusing = self.refusing.unwrap_or(Refusing { since: now, times: 0, too_long: 0, probe: None });
        let too_long = refusing.too_long.saturating_add(1);
        self.refusing = Some(Refusing { too_long, probe: None, ..refusing });
        if too_long >= MAX_LONG_REFUSALS {
            self.stop(Stop::RateLimited);
        }
    }

    /// The server accepts others and asks for no pause: there are too many requests at once. Only this item waits.
    fn refused_alone(&mut self, refusal: &Refusal, now: f64, random: f64) {
        let Some(item) = self.items.iter_mut().find(|item| item.index == refusal.index) else { return };
        item.state = State::Waiting(now + PAUSE.wait(item.refusals_alone, random));
        item.refusals_alone = item.refusals_alone.saturating_add(1);
        let exhausted = item.refusals_alone >= MAX_REFUSALS_ALONE;
        let suspect = item.refusals >= MAX_TEACHING_REFUSALS;
        item.refusals = item.refusals.saturating_add(1);
        if exhausted {
            self.settle(refusal.index, Status::Failed, true);
            self.item_failed();
        }
        if refusal.epoch != self.epoch {
            self.pace.refused_as_well(refusal.in_flight, None);
            return;
        }
        self.next_epoch();
        if !suspect {
            self.pace.refused(refusal.in_flight, None, now);
        }
    }

    fn next_epoch(&mut self) {
        self.epoch = self.epoch.wrapping_add(1);
        self.accepts = false;
    }

    /// Counts a refusal of this item, and settles the item if the refusals concern only it. Returns whether the item was refused
    /// so often that this refusal says nothing about the server's rate.
    fn note_refusal(&mut self, refusal: &Refusal, since: f64, now: f64) -> bool {
        let nothing_else = self.ended && self.items.iter().all(|item| item.was_refused() || item.index == refusal.index);
        let patient = self.accepted == 0 || now - since < LAST_ITEMS_PATIENCE;
        let Some(item) = self.items.iter_mut().find(|item| item.index == refusal.index) else { return true };
        let suspect = item.refusals >= MAX_TEACHING_REFUSALS;
        item.refusals = item.refusals.saturating_add(1);
        if !refusal.probed {
            return suspect;
        }
        item.refused_probes = item.refused_probes.saturating_add(1);
        if self.accepted > item.accepted_before {
            item.accepted_before = self.accepted;
            item.own_refusals = item.own_refusals.saturating_add(1);
        }
        let last = nothing_else && !patient && item.refused_probes >= MAX_OWN_REFUSALS;
        if last || item.own_refusals >= MAX_OWN_REFUSALS {
            self.settle(refusal.index, Status::Failed, true);
            self.item_failed();
        }
        suspect
    }
}

impl Item {
    fn new(index: usize, now: f64) -> Item {
        Item {
            index,
            attempts: 0,
            failures: 0,
            first_sent: now,
            state: State::Waiting(now),
            refusals: 0,
            own_refusals: 0,
            refused_probes: 0,
            accepted_before: 0,
            refusals_alone: 0,
        }
    }

    fn waits_until(&self) -> Option<f64> {
        match self.state {
            State::Waiting(until) => Some(until),
            State::InFlight { .. } => None,
        }
    }

    fn was_refused(&self) -> bool {
        self.refusals > 0
    }

    fn is_due(&self, now: f64) -> bool {
        self.waits_until().is_some_and(|until| until <= now)
    }
}

fn duplicate(index: usize, original: usize, status: Status) -> Settled {
    Settled { index, status, attempts: 0, original: Some(original), remaining: false }
}

#[cfg(test)]
mod tests;
