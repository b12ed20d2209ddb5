//! The schedule of a bulk run, as a state machine: it decides what happens next, and its driver does it.
//!
//! The driver asks [`Scheduler::poll`] what to do, does it, and reports what came of it with [`Scheduler::pulled`] and
//! [`Scheduler::answered`]; time, random numbers and the network are the driver's. What is guaranteed:
//!
//! - Never more than `concurrency` requests are in flight, and input is pulled no faster than it is worked off.
//! - Requests are first sent in input order; each index is settled exactly once; what was answered with success is never
//!   sent again.
//! - A 429 pauses the whole run: for as long as the server says, and longer if it keeps refusing after that; without its
//!   word, for one second, doubling, with jitter, up to a minute. A pause that would make the run stand still for more than
//!   `max_pause` since the server last answered otherwise is not begun: the run stops instead.
//! - How many requests fly at once adapts by additive increase, multiplicative decrease (Chiu and Jain, 1989; as TCP avoids
//!   congestion, RFC 5681 §3.1): one less than half as many after a pause, one more for each round of successes. It is the
//!   simplest rule that makes independent clients of one server converge to a fair share. As in NewReno (RFC 6582 §3.2), all
//!   refusals of requests sent before a pause are one event and halve once.
//! - A failure that may pass is tried again, at most `max_attempts` times in all, with `backoff` between. 429s do not count:
//!   they say nothing about the request.
//! - After a stop or an abort nothing is sent. What is in flight is settled as it is answered.
//! - Requests of the same ids are sent once, and settled alike.

mod seen;

use crate::retry::{self, Backoff, Next};
use seen::{Key, Seen};
use std::collections::VecDeque;

/// How many attempts an item has, unless its caller says otherwise.
pub const MAX_ATTEMPTS: u32 = 8;

/// How long a run stands still at most, in milliseconds, unless its caller says otherwise.
pub const MAX_PAUSE: f64 = 15.0 * 60_000.0;

/// How many different requests are remembered at least when nothing is collected, to tell duplicates: 2.6 MB at most.
const REMEMBERED: usize = 16_384;

/// How many duplicates may wait for their original before input is pulled on.
const MAX_WAITING_DUPLICATES: usize = 1024;

/// How long a pause is when the server does not say, or was not content with what it said.
const PAUSE: Backoff = Backoff { initial_interval: 1000.0, max_interval: 60_000.0, exponent: 2.0, max_elapsed: f64::INFINITY };

/// What a run is to be like.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How many requests may be in flight; at least one.
    pub concurrency: usize,
    /// Whether the first item that fails for good stops the run.
    pub stop_on_error: bool,
    /// Whether the input has an end that is worth going to after a stop, to report the rest as skipped.
    pub finite: bool,
    /// Whether every request is to be remembered, to tell duplicates however far apart (memory grows with the input), or the
    /// last 16,384 at least (it does not).
    pub remember_all: bool,
    /// Whether to check only, and send nothing.
    pub dry_run: bool,
    /// How often an item is tried, 429s not counted.
    pub max_attempts: u32,
    /// The waits between attempts of an item.
    pub backoff: Backoff,
    /// How long 429s may make the run stand still, in milliseconds, before it stops.
    pub max_pause: f64,
}

/// What the driver is to do next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Action {
    /// Take the next request, which will have this index, from the input, and call [`Scheduler::pulled`]. Poll on meanwhile.
    Pull(usize),
    /// Send the request of this index, and call [`Scheduler::answered`]. Poll on meanwhile.
    Send(usize),
    /// Report this item. It will not be heard of again, except as the original of duplicates.
    Settle(Settled),
    /// Poll at this time, or sooner when anything is pulled or answered.
    WaitUntil(f64),
    /// Poll when anything is pulled or answered.
    Wait,
    /// All is over.
    Done,
}

/// What the input gave.
#[derive(Clone, Copy, Debug)]
pub enum Pulled<'a> {
    /// A request: app id, connector id, credential id.
    Request([&'a str; 3]),
    /// Something that is no request.
    Invalid,
    /// Its end, or an error of its own.
    End,
}

/// What came of sending a request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome {
    /// It succeeded.
    Revoked,
    /// It failed, and would fail again.
    Failed,
    /// It failed, or its answer was lost, in a way that may pass. Also: it was aborted.
    Unavailable,
    /// The server wants fewer requests, and none for so many milliseconds.
    RateLimited(Option<f64>),
    /// The token is not accepted.
    Unauthorized,
}

/// How an item ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The server said that it is revoked.
    Revoked,
    /// It was tried, or could not be.
    Failed,
    /// It was never sent.
    Skipped,
}

/// An item that has come to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settled {
    /// Its place in the input.
    pub index: usize,
    /// How it ends.
    pub status: Status,
    /// How often it was sent.
    pub attempts: u32,
    /// Of a duplicate: the index of the same request that was sent in its place, settled before this one.
    pub original: Option<usize>,
    /// Whether another run may do better: it was skipped, or failed in a way that may pass. Not set on duplicates, so that the
    /// remaining requests are all different.
    pub remaining: bool,
}

/// Why a run stopped before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The caller wanted it.
    Aborted,
    /// The token is not accepted.
    Unauthorized,
    /// The server refused requests for too long.
    RateLimited,
    /// An item failed, and `stop_on_error` is set.
    Error,
}

/// Where a run stands.
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
}

/// An item between being pulled and being settled.
struct Item {
    index: usize,
    key: Key,
    attempts: u32,
    failures: u32,
    first_sent: f64,
    state: State,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    /// To be sent, not before this time.
    Waiting(f64),
    /// Sent in this epoch.
    InFlight(u32),
}

/// The schedule of a run.
pub struct Scheduler {
    options: Options,
    secret: [u64; 2],
    seen: Seen<Option<Status>>,
    items: Vec<Item>,
    /// Duplicates whose original (second) is not settled.
    duplicates: Vec<(usize, usize)>,
    settled: VecDeque<Settled>,
    progress: Progress,
    pulled: usize,
    pulling: bool,
    ended: bool,
    stopped: Option<Stop>,
    /// How many requests may be in flight at present.
    window: usize,
    /// Successes since the window last changed.
    successes: usize,
    /// Counts pauses: a refusal of a request that was sent before the last one is no new event.
    epoch: u32,
    paused_until: f64,
    /// Since when, and how often in a row, the server has only refused.
    refusing: Option<(f64, u32)>,
}

impl Scheduler {
    /// A run that has not begun. `secret` is random.
    pub fn new(options: Options, secret: [u64; 2]) -> Self {
        let concurrency = options.concurrency.max(1);
        Self {
            options: Options { concurrency, ..options },
            secret,
            seen: Seen::new(if options.remember_all { usize::MAX } else { REMEMBERED }),
            items: Vec::new(),
            duplicates: Vec::new(),
            settled: VecDeque::new(),
            progress: Progress::default(),
            pulled: 0,
            pulling: false,
            ended: false,
            stopped: None,
            window: concurrency,
            successes: 0,
            epoch: 0,
            paused_until: f64::NEG_INFINITY,
            refusing: None,
        }
    }

    /// What to do next. To be asked again at once until it says to wait.
    pub fn poll(&mut self, now: f64) -> Action {
        if let Some(settled) = self.settled.pop_front() {
            let count = match settled.status {
                Status::Revoked => &mut self.progress.revoked,
                Status::Failed => &mut self.progress.failed,
                Status::Skipped => &mut self.progress.skipped,
            };
            *count = count.saturating_add(1);
            return Action::Settle(settled);
        }
        if let Some(index) = self.send(now) {
            return Action::Send(index);
        }
        if self.may_pull(now) {
            self.pulling = true;
            return Action::Pull(self.pulled);
        }
        if self.items.is_empty() && (self.ended || self.stopped.is_some() && !self.options.finite) {
            // Whatever a pull that is under way may still bring comes too late.
            self.ended = true;
            return Action::Done;
        }
        let free = self.progress.in_flight < self.window;
        let next = self.items.iter().filter_map(Item::waits_until).reduce(f64::min);
        match next.filter(|_| free) {
            Some(time) => Action::WaitUntil(time.max(self.paused_until)),
            None => Action::Wait,
        }
    }

    /// Tells what the input gave.
    pub fn pulled(&mut self, pulled: Pulled, now: f64) {
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
            Pulled::Request(ids) => self.request(index, Key::new(self.secret, ids), now),
        }
    }

    /// Tells what came of sending the request of this index. `random` is between 0 and 1.
    pub fn answered(&mut self, index: usize, outcome: Outcome, now: f64, random: f64) {
        let Some(at) = self.items.iter().position(|item| item.index == index) else {
            return;
        };
        let Some((item, epoch)) = self.items.get_mut(at).and_then(|item| match item.state {
            State::InFlight(epoch) => Some((item, epoch)),
            State::Waiting(_) => None,
        }) else {
            return;
        };
        item.state = State::Waiting(now);
        if outcome == Outcome::Unavailable {
            let failures = item.failures;
            item.failures = failures.saturating_add(1);
            let elapsed = now - item.first_sent;
            match retry::next(&self.options.backoff, failures, elapsed, None, random) {
                Next::Wait(wait) if item.failures < self.options.max_attempts => item.state = State::Waiting(now + wait),
                _ => item.failures = u32::MAX,
            }
        }
        let exhausted = item.failures == u32::MAX;
        self.progress.in_flight = self.progress.in_flight.saturating_sub(1);
        if !matches!(outcome, Outcome::RateLimited(_)) && epoch == self.epoch {
            self.refusing = None;
        }
        match outcome {
            Outcome::Revoked => {
                self.succeeded(epoch);
                self.settle(index, Status::Revoked, false);
            }
            Outcome::Failed => {
                self.succeeded(epoch);
                self.settle(index, Status::Failed, false);
                self.item_failed();
            }
            Outcome::Unauthorized => {
                self.settle(index, Status::Failed, true);
                self.stop(Stop::Unauthorized);
            }
            Outcome::Unavailable if exhausted && self.stopped.is_none() => {
                self.settle(index, Status::Failed, true);
                self.item_failed();
            }
            _ if self.stopped.is_some() => self.settle(index, Status::Failed, true),
            Outcome::RateLimited(retry_after) => self.refused(epoch, retry_after, now, random),
            Outcome::Unavailable => {}
        }
    }

    /// Sends nothing more. The first reason stays.
    pub fn stop(&mut self, reason: Stop) {
        if self.stopped.is_some() {
            return;
        }
        self.stopped = Some(reason);
        let waiting: Vec<(usize, u32)> =
            self.items.iter().filter(|item| item.waits_until().is_some()).map(|item| (item.index, item.attempts)).collect();
        for (index, attempts) in waiting {
            self.settle(index, if attempts == 0 { Status::Skipped } else { Status::Failed }, true);
        }
    }

    /// Why the run stopped before its end, if it did.
    pub fn stopped(&self) -> Option<Stop> {
        self.stopped
    }

    /// Where the run stands.
    pub fn progress(&self, now: f64) -> Progress {
        let paused = self.stopped.is_none() && self.paused_until > now;
        Progress { paused_until: paused.then_some(self.paused_until), ..self.progress }
    }

    /// The next request to send now: of those that are due the first of the input, so that what was refused goes before
    /// what is new.
    fn send(&mut self, now: f64) -> Option<usize> {
        if self.progress.in_flight >= self.window || now < self.paused_until {
            return None;
        }
        let item = self.items.iter_mut().filter(|item| item.is_due(now)).min_by_key(|item| item.index)?;
        if item.attempts == 0 {
            item.first_sent = now;
        }
        item.attempts = item.attempts.saturating_add(1);
        item.state = State::InFlight(self.epoch);
        self.progress.in_flight = self.progress.in_flight.saturating_add(1);
        Some(item.index)
    }

    /// Whether another request would be sent if there were one. One may wait for the end of a pause, so that a run whose input
    /// is at its end does not wait to learn it.
    fn may_pull(&self, now: f64) -> bool {
        if self.ended || self.pulling {
            return false;
        }
        if self.stopped.is_some() {
            return self.options.finite;
        }
        self.progress.in_flight < self.window
            && self.items.len() / 2 < self.options.concurrency
            && self.duplicates.len() < MAX_WAITING_DUPLICATES
            && !self.items.iter().any(|item| item.is_due(now))
    }

    fn request(&mut self, index: usize, key: Key, now: f64) {
        match self.seen.get(key) {
            Some((original, None)) => self.duplicates.push((index, original)),
            Some((original, Some(status))) => self.settled.push_back(duplicate(index, original, status)),
            None if self.stopped.is_some() || self.options.dry_run => {
                self.seen.insert(key, index, Some(Status::Skipped));
                let skipped = Settled { index, status: Status::Skipped, attempts: 0, original: None, remaining: true };
                self.settled.push_back(skipped);
            }
            None => {
                self.seen.insert(key, index, None);
                self.items.push(Item { index, key, attempts: 0, failures: 0, first_sent: now, state: State::Waiting(now) });
            }
        }
    }

    fn settle(&mut self, index: usize, status: Status, remaining: bool) {
        let Self { items, seen, settled, duplicates, .. } = self;
        items.retain(|item| {
            if item.index == index {
                seen.update(item.key, index, Some(status));
                settled.push_back(Settled { index, status, attempts: item.attempts, original: None, remaining });
            }
            item.index != index
        });
        duplicates.retain(|(same, original)| {
            if *original == index {
                settled.push_back(duplicate(*same, index, status));
            }
            *original != index
        });
    }

    fn item_failed(&mut self) {
        if self.options.stop_on_error {
            self.stop(Stop::Error);
        }
    }

    /// Additive increase. An answer to a request from before the last pause says nothing about the window after it.
    fn succeeded(&mut self, epoch: u32) {
        if epoch == self.epoch && self.window < self.options.concurrency {
            self.successes = self.successes.saturating_add(1);
            if self.successes >= self.window {
                self.window = self.window.saturating_add(1);
                self.successes = 0;
            }
        }
    }

    /// Multiplicative decrease, and a pause.
    fn refused(&mut self, epoch: u32, retry_after: Option<f64>, now: f64, random: f64) {
        let (since, times) = self.refusing.unwrap_or((now, 0));
        let wait = if epoch == self.epoch {
            self.epoch = epoch.wrapping_add(1);
            self.window = (self.window / 2).max(1);
            self.successes = 0;
            self.refusing = Some((since, times.saturating_add(1)));
            match retry_after {
                // The server's own timing is taken as it is, at first.
                Some(wait) if times == 0 => wait,
                _ => PAUSE.wait(times, random).max(retry_after.unwrap_or(0.0)),
            }
        } else {
            retry_after.unwrap_or(0.0)
        };
        let until = now + wait;
        // Written so that NaN and infinity stop the run.
        if until.is_finite() && until - since <= self.options.max_pause {
            self.paused_until = self.paused_until.max(until);
        } else {
            self.stop(Stop::RateLimited);
        }
    }
}

impl Item {
    fn waits_until(&self) -> Option<f64> {
        match self.state {
            State::Waiting(until) => Some(until),
            State::InFlight(_) => None,
        }
    }

    fn is_due(&self, now: f64) -> bool {
        self.waits_until().is_some_and(|until| until <= now)
    }
}

fn duplicate(index: usize, original: usize, status: Status) -> Settled {
    Settled { index, status, attempts: 0, original: Some(original), remaining: false }
}
