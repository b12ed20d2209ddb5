//! The schedule of a bulk run, as a state machine: it decides what happens next, and its driver does it.
//!
//! The driver asks [`Scheduler::poll`] what to do, does it, and reports with [`Scheduler::pulled`] and [`Scheduler::answered`].
//! Time, random numbers and the network are the driver's. Guarantees:
//!
//! - Never more than `concurrency` requests are in flight, and input is pulled no faster than it is sent.
//! - Requests are first sent in input order. Each index is settled exactly once. What was revoked is never sent again.
//! - A refusal (429, or 503 with `Retry-After`) pauses the whole run: for as long as the server says, and longer if it keeps
//!   refusing after that; without `Retry-After`, for a short time, doubling, with jitter, up to a minute. A pause that would
//!   make the run wait for more than `max_pause` since the server last accepted a request is not begun: the run stops instead.
//! - [`Pace`] decides how fast requests are sent, and how many may be in flight.
//! - After a pause, one request is sent alone, to probe. Pauses alternate: after one, an item that was not refused goes first,
//!   after the next one the oldest. So neither can starve the other. An item that is refused as the probe, again and again,
//!   while the server accepts others in between, fails: the refusal is its own.
//! - Another failure that may pass is retried, at most `max_attempts` times in all, with `backoff` between. Refusals do not
//!   count: they say nothing about the request.
//! - After a stop or an abort nothing is sent. Requests in flight are settled when they are answered.
//! - Of requests that the driver reports as equal, the first is sent, and the others are settled like it.

use super::limits::Limits;
use super::pace::Pace;
use crate::http::retry::{self, Backoff, Next};
use std::collections::VecDeque;

/// How many requests may be in flight, unless the caller says otherwise: a Worker may have six connections that wait for headers.
pub const DEFAULT_CONCURRENCY: usize = 6;

/// How many attempts an item has, unless the caller says otherwise.
pub const MAX_ATTEMPTS: u32 = 8;

/// How long the server may refuse everything before the run stops, in milliseconds, unless the caller says otherwise.
pub const MAX_PAUSE: f64 = 15.0 * 60_000.0;

/// How many duplicates may wait for their original before no more input is pulled. Bounds memory.
const MAX_WAITING_DUPLICATES: usize = 1024;

/// How many refused items may wait, besides those that fill the concurrency, before no more input is pulled. Bounds memory. It is
/// this high because each of them may be one that the server always refuses, and the items behind them must have their turn.
const MAX_REFUSED_ITEMS: usize = 1024;

/// How many refusals of one item teach the pace. Later ones may be its own, and would slow the others down.
const MAX_TEACHING_REFUSALS: u32 = 3;

/// How often an item may be refused as the only request after a pause, while the server accepts others in between. Under a limit
/// that accepts every second such request, an item that could be revoked is refused so often, and each time in between, once
/// in 500.
const MAX_OWN_REFUSALS: u32 = 4;

/// How long the server may refuse the last items of a run, which leave no other one to compare with, before they fail, in
/// milliseconds. Longer than the windows of common limits, which are a minute at most.
const LAST_ITEMS_PATIENCE: f64 = 65_000.0;

/// How often an item may be refused without `Retry-After` while the server accepts others. Under a limit on concurrent requests
/// that refuses every second one, an item that could be revoked is refused so often once in 4096.
const MAX_REFUSALS_ALONE: u32 = 12;

/// How long a pause is when the server does not say, or keeps refusing after the pause it asked for. The first one is short,
/// because a limit on concurrent requests, which sends no `Retry-After`, is over as soon as a request is answered.
const PAUSE: Backoff = Backoff { initial_interval: 50.0, max_interval: 60_000.0, exponent: 2.0, max_elapsed: f64::INFINITY };

/// The rate of [`Progress`] is measured over this time, in milliseconds: long enough to be steady, short enough to be current.
const RATE_PERIOD: f64 = 10_000.0;

/// How often the rate of [`Progress`] takes a sample, in milliseconds.
const RATE_SAMPLE: f64 = 250.0;

/// What a run is to be like.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How many requests may be in flight; at least one.
    pub concurrency: usize,
    /// Whether the first item that fails for good stops the run.
    pub stop_on_error: bool,
    /// How many items the input has, where that is known. Such an input is read to its end after a stop, to report the rest as
    /// skipped.
    pub total: Option<usize>,
    /// Whether to check only, and send nothing.
    pub dry_run: bool,
    /// How often an item is tried, refusals not counted.
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

/// What the driver is to do next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Action {
    /// Take the next request, which will have this index, from the input, and call [`Scheduler::pulled`]. Poll on meanwhile.
    Pull(usize),
    /// Send the request of this index. Ask [`Scheduler::may_send`] right before. Report its answer with
    /// [`Scheduler::answered`]. Poll on meanwhile.
    Send(usize),
    /// Report this item. It will not be mentioned again, except as the original of duplicates.
    Settle(Settled),
    /// Poll at this time, or sooner when anything is pulled or answered. The time is always in the future.
    WaitUntil(f64),
    /// Poll when anything is pulled or answered.
    Wait,
    /// The run is over.
    Done,
}

/// What the input gave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pulled {
    /// A request.
    Request,
    /// The same request as an earlier one.
    Duplicate {
        /// The index of that one.
        original: usize,
        /// How that one was settled, if it has been reported.
        status: Option<Status>,
    },
    /// Something that is no valid request.
    Invalid,
    /// Its end, or an error of its own.
    End,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome {
    /// The server revoked the credential.
    Revoked,
    /// It failed, and would fail again.
    Failed,
    /// It failed, or its answer was lost, in a way that may pass. Also: it was aborted.
    Unavailable,
    /// Whether the server revoked the credential is not known, and the item is not retried in this run.
    Lost,
    /// The request was not sent, because the run stopped.
    Unsent,
    /// The server refused the request because there are too many.
    RateLimited {
        /// How long nothing may be sent, in milliseconds, if the server said it.
        retry_after: Option<f64>,
    },
    /// The server does not accept the token.
    Unauthorized,
}

/// How an item ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The server revoked the credential.
    Revoked,
    /// The item was tried without success, or is not valid.
    Failed,
    /// It was never sent.
    Skipped,
}

/// An item that has come to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settled {
    /// Its place in the input.
    pub index: usize,
    /// How it ended.
    pub status: Status,
    /// How often it was sent.
    pub attempts: u32,
    /// Of a duplicate: the index of the same request that was sent in its place, settled before this one.
    pub original: Option<usize>,
    /// Whether another run may do better: the item was skipped, or failed in a way that may pass. Not set on duplicates, so that
    /// the remaining requests are all different.
    pub remaining: bool,
}

/// Why a run stopped before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The caller wanted it.
    Aborted,
    /// The server does not accept the token.
    Unauthorized,
    /// The server refused requests for too long.
    RateLimited,
    /// An item failed, and `stop_on_error` is set.
    Error,
}

/// The state of a run, for its caller.
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
    /// When the pause ends, if there is one.
    pub paused_until: Option<f64>,
    /// Items settled as revoked or failed in a second, over the last ten seconds. `None`: none yet, or the run has stopped.
    pub rate_per_second: Option<f64>,
    /// The estimated time until all items are settled, in milliseconds. `None`: without a rate, or without a known total.
    pub eta_ms: Option<f64>,
    /// How many requests a second the run has learned to send. `None`: no limit is known.
    pub learned_per_second: Option<f64>,
}

/// An item between being pulled and being settled.
struct Item {
    index: usize,
    attempts: u32,
    failures: u32,
    first_sent: f64,
    state: State,
    refusals: u32,
    /// Refusals that the server's limit does not explain, and how many requests the server had accepted at the last one.
    own_refusals: u32,
    refused_probes: u32,
    accepted_before: u64,
    /// Refusals without a pause, while the server accepted others.
    refusals_alone: u32,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    /// To be sent, not before this time.
    Waiting(f64),
    /// Sent in this epoch, with so many in flight, itself included.
    InFlight { epoch: u32, in_flight: usize },
}

/// The answer to a request that the server refused.
struct Refusal {
    index: usize,
    /// When the request was sent, how many were in flight with it, and whether it was the probe.
    epoch: u32,
    in_flight: usize,
    probed: bool,
    retry_after: Option<f64>,
}

/// A time in which the server has refused everything.
#[derive(Clone, Copy)]
struct Refusing {
    since: f64,
    /// How many pauses it asked for.
    times: u32,
    /// The request that was sent since the last pause, to probe.
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
    /// When how many items were settled, for the rate.
    samples: VecDeque<(f64, usize)>,
    pulled: usize,
    pulling: bool,
    ended: bool,
    stopped: Option<Stop>,
    /// The latest time seen. Time never goes back.
    now: f64,
    /// Counts pauses: a refusal of a request that was sent before the last one is no new event.
    epoch: u32,
    paused_until: f64,
    refusing: Option<Refusing>,
    /// Requests that the server has accepted, whether or not they succeeded, and whether it has in this epoch.
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

    /// What to do next. To be called again at once, until it says to wait.
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
            // What a pull that is under way may still bring comes too late.
            self.ended = true;
            return Action::Done;
        }
        match self.items.iter().filter_map(Item::waits_until).reduce(f64::min) {
            Some(time) if self.has_room() => {
                let time = time.max(self.paused_until).max(self.pace.earliest(now).unwrap_or(now));
                // An item that is due already waits for something else: `send` has checked.
                if time > now {
                    Action::WaitUntil(time)
                } else {
                    Action::Wait
                }
            }
            _ => Action::Wait,
        }
    }

    /// Reports what the input gave.
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

    /// Whether the request of this index, for which [`Action::Send`] was given, may be sent now. To be asked when everything
    /// else that it needs is ready, such as its token. If not, the driver drops it and reports nothing: the attempt does not
    /// count, and there will be another [`Action::Send`], or the item is settled.
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

    /// Reports the answer to the request of this index, and what it said of the server's limits. `random` is between 0 and 1.
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
    }

    /// Sends nothing more. The first reason stays.
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

    /// Why the run stopped before its end, if it did.
    pub fn stopped(&self) -> Option<Stop> {
        self.stopped
    }

    /// Sends no more than so many requests a second, whatever the server accepts; `None` lifts this. For several runs that
    /// share a limit, each with its part of it.
    pub fn limit_rate(&mut self, per_second: Option<f64>) {
        self.pace.cap(per_second);
    }

    /// The state of the run.
    pub fn progress(&self, now: f64) -> Progress {
        let now = now.max(self.now);
        let running = self.stopped.is_none();
        let paused_until = Some(self.paused_until).filter(|until| running && *until > now);
        let rate_per_second = self.rate(now).filter(|_| running);
        let done = self.progress.revoked.saturating_add(self.progress.failed).saturating_add(self.progress.skipped);
        let left = self.options.total.map(|total| total.saturating_sub(done) as f64);
        let eta_ms = rate_per_second.zip(left).map(|(rate, left)| left / rate * 1000.0);
        Progress { paused_until, rate_per_second, eta_ms, learned_per_second: self.pace.learned(now), ..self.progress }
    }

    /// The time, which is never less than it was. What is no number counts as no time.
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
        if self.samples.back().map_or(true, |(time, _)| now - time >= RATE_SAMPLE) {
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

    /// Whether the next request to send should be one that was not refused: after every second pause, and while the server
    /// refuses one after the other.
    fn prefers_fresh(&self) -> bool {
        self.refusing.is_some_and(|refusing| refusing.times > 1 || self.epoch % 2 == 1)
    }

    /// Whether another request may be in flight.
    fn has_room(&self) -> bool {
        let probing = self.refusing.is_some_and(|refusing| refusing.probe.is_some());
        !probing && self.progress.in_flight < self.pace.window()
    }

    /// The next request to send now: of those that are due the first of the input, so that what was refused goes before what
    /// is new.
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

    /// Whether another request would be sent if there were one. One may wait for the end of a pause, so that a run whose input
    /// is at its end does not wait to learn it.
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

    /// The server has taken a request. What was sent before the last pause teaches nothing about the time after it.
    fn accepted(&mut self, epoch: u32, now: f64) {
        self.accepted = self.accepted.saturating_add(1);
        if epoch == self.epoch {
            self.accepts = true;
            self.pace.accepted(now);
        }
    }

    /// Lets the item wait for another attempt, if it has one.
    fn retry(&mut self, index: usize, now: f64, random: f64) -> bool {
        let Options { backoff, max_attempts, .. } = self.options;
        let Some(item) = self.items.iter_mut().find(|item| item.index == index) else { return false };
        let retry = item.failures;
        item.failures = retry.saturating_add(1);
        match retry::next(&backoff, retry, now - item.first_sent, None, random) {
            Next::Wait(wait) if item.failures < max_attempts => {
                item.state = State::Waiting(now + wait);
                true
            }
            _ => false,
        }
    }

    /// If this item was the probe, it is no longer.
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
        if retry_after.is_none() && self.refusing.is_none() && (self.accepts || epoch != self.epoch) {
            self.refused_alone(refusal, now, random);
            return;
        }
        let refusing = self.refusing.unwrap_or(Refusing { since: now, times: 0, probe: None });
        let suspect = self.note_refusal(refusal, refusing.since, now);
        let mut wait = retry_after.unwrap_or(0.0);
        if epoch == self.epoch {
            self.next_epoch();
            self.refusing = Some(Refusing { times: refusing.times.saturating_add(1), probe: None, ..refusing });
            // The server's own timing is taken as it is, at first.
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
        // Written so that NaN and infinity stop the run.
        if until.is_finite() && until - refusing.since <= self.options.max_pause {
            self.paused_until = self.paused_until.max(until);
            self.pace.pause_until(self.paused_until);
        } else {
            self.stop(Stop::RateLimited);
        }
    }

    /// The server has accepted others just now, and asks for no pause: it takes fewer at once. The item waits by itself.
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

    /// Counts a refusal of this item, and settles it when that is its own too often. Returns whether the item was refused
    /// so often before that this refusal teaches nothing about the server's rate.
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
