//! The schedule of a bulk run, as a state machine: it decides what happens next, and a driver does it.
//!
//! The driver calls [`Scheduler::poll`], performs the action, and reports with [`Scheduler::pulled`] and [`Scheduler::answered`].
//! It provides time, which never goes backwards, random numbers and the network. Guarantees:
//!
//! - At most `concurrency` requests are in flight, and input is read no faster than it is sent.
//! - First attempts are in input order. Each request is settled exactly once. A revoked item is never sent again.
//! - A refusal (429, or 503 with `Retry-After`) pauses the whole run: for as long as the server says, and longer if it keeps
//!   refusing after that; without `Retry-After`, for a short time, doubling, with jitter, up to a minute. A pause that would
//!   make the run wait for more than `MAX_PAUSE` since the server last accepted a request does not begin: the run stops instead.
//! - The run does not wait for a `Retry-After` of more than `MAX_PAUSE`. The item fails, and another run may send it. Such a
//!   response does not say what it concerns: the item, whose record may be locked for days, or all requests, because the daily
//!   quota is used up. So the run does not pause but sends one other request. If the server accepts it, the refusal concerned the
//!   item, and the run continues. If it refuses `MAX_LONG_REFUSALS` of them in a row, or has accepted nothing in this run, the
//!   run stops. A wrong guess costs one or two requests; stopping would leave a list of credentials not revoked.
//! - [`Pace`] decides how fast requests are sent, and how many may be in flight.
//! - A refusal without `Retry-After` while the server accepts others does not pause the run. Only the item waits.
//! - After a pause, one request is sent alone, as a probe. Pauses alternate: after one, the item that was refused least often goes
//!   first; after the next, the oldest item. So neither can starve the other.
//! - An item that is refused repeatedly, with others accepted in between, fails: the refusals concern that item. Of the last items
//!   of a run, each that is refused repeatedly fails after a number of pauses in a row.
//! - Other transient failures are retried, up to `MAX_RETRIES` times, with `backoff` between them. Refusals do not count: they
//!   say nothing about the request.
//! - After a stop or an abort nothing is sent. Requests in flight are settled when their responses arrive.

use super::limits::Limits;
use super::pace::Pace;
use crate::http::retry::{self, Backoff};
use serde::Serialize;
use std::collections::VecDeque;

/// The maximum number of retries per item, without refusals.
const MAX_RETRIES: u32 = 7;

/// How long the server may refuse everything before the run stops, in milliseconds.
const MAX_PAUSE: f64 = 15.0 * 60_000.0;

/// The number of refused items that may wait before the run stops reading input. Bounds memory. It is high because the server may
/// always refuse each of them, and the items behind them must get their turn.
const MAX_REFUSED_ITEMS: usize = 1024;

/// The number of refusals of one item that affect the pace. Later ones may concern only that item, and would slow down the
/// others.
const MAX_TEACHING_REFUSALS: u32 = 3;

/// How often an item may be refused, with others accepted in between. Giving up a valid item is worse than a few more pauses: if
/// a limit refuses every second request, a valid item is refused this often once in 65,536.
const MAX_REFUSALS: u32 = 16;

/// How often each of the last items of a run may be refused, in as many pauses in a row. There is no other item to compare with.
/// So many pauses take over a minute, which is longer than the windows of common limits.
const MAX_LAST_REFUSALS: u32 = 12;

/// The number of consecutive requests that may be refused with a `Retry-After` beyond `MAX_PAUSE` before the run stops. More than
/// one, because locked items may be adjacent in a list. Few, because the server has asked for no requests.
const MAX_LONG_REFUSALS: u32 = 3;

/// The length of a pause if the server does not name one, or keeps refusing after it. The first pause is short, because a limit
/// on concurrent requests, which sends no `Retry-After`, ends as soon as a request completes.
const PAUSE: Backoff = Backoff { initial_interval: 50.0, max_interval: 60_000.0, exponent: 2.0, max_elapsed: f64::INFINITY };

/// The next action of the driver.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Action {
    /// Read the next request from the input, which gets this index, and call [`Scheduler::pulled`]. Keep polling meanwhile.
    Pull(usize),
    /// Send the request with this index. Call [`Scheduler::may_send`] just before. Report the outcome with
    /// [`Scheduler::answered`]. Keep polling meanwhile.
    Send(usize),
    /// Report this item. It does not appear again.
    Settle(Settled),
    /// Poll after a pull or an outcome, and at this time, which is in the future.
    Wait(Option<f64>),
    /// The run is over.
    Done,
}

/// What the input returned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pulled {
    /// A request.
    Request,
    /// Something that is not sent, such as an invalid request or a duplicate. The schedule does not settle it.
    Other,
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
    /// The request was not sent after all: [`Scheduler::may_send`] returned false, or it was aborted before.
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Status {
    /// The server revoked the credential.
    Revoked,
    /// All attempts failed, or the request is invalid.
    Failed,
    /// It was never sent.
    Skipped,
}

/// An item that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settled {
    /// Its index in the input.
    pub index: usize,
    /// How it ended. `Skipped`: the run stopped first. If the item had been sent before, it has failed: the driver knows that.
    pub status: Status,
    /// Whether another run may revoke it: the item was skipped, or its failure is not final.
    pub remaining: bool,
}

/// An item between being pulled and being settled.
struct Item {
    index: usize,
    state: State,
    first_sent: f64,
    /// Attempts that failed, without refusals.
    failures: u32,
    refusals: u32,
    /// Refusals with others accepted in between, and the number of accepted requests at the last one.
    own_refusals: u32,
    accepted_before: u64,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    /// To be sent at this time or later.
    Waiting(f64),
    /// Sent in this epoch, when so many requests were in flight, itself included.
    InFlight { epoch: u32, in_flight: usize },
}

/// A period in which the server has refused everything.
#[derive(Clone, Copy)]
struct Refusing {
    since: f64,
    /// The number of pauses in it.
    pauses: u32,
    /// How many times in a row the server asked for a pause that is too long.
    too_long: u32,
}

/// The schedule of a run. Times are in milliseconds, begin at 0 and never go backwards.
#[derive(Default)]
pub struct Scheduler {
    concurrency: usize,
    finite: bool,
    backoff: Option<Backoff>,
    pace: Pace,
    items: Vec<Item>,
    settled: VecDeque<Settled>,
    pulled: usize,
    pulling: bool,
    ended: bool,
    /// Whether the run has stopped before its end.
    stopped: bool,
    /// Counts pauses and other refusals that affect the pace. The refusal of a request sent before the last one is not a new event.
    epoch: u32,
    /// Whether the server has accepted a request sent in this epoch.
    accepts: bool,
    /// The number of requests that the server has accepted, successful or not.
    accepted: u64,
    paused_until: f64,
    refusing: Option<Refusing>,
}

impl Scheduler {
    /// A run that has not begun.
    ///
    /// - `concurrency`: the maximum number of requests in flight; at least one.
    /// - `finite`: whether the input is known to end. It is then read to its end after a stop, to report the rest as skipped.
    /// - `backoff`: the waits between attempts of an item. `None`: an item is sent again only after refusals.
    pub fn new(concurrency: usize, finite: bool, backoff: Option<Backoff>) -> Self {
        Self { concurrency, finite, backoff, pace: Pace::new(concurrency), ..Self::default() }
    }

    /// Returns the next action. Call it repeatedly until it returns a wait.
    pub fn poll(&mut self, now: f64) -> Action {
        if let Some(settled) = self.settled.pop_front() {
            return Action::Settle(settled);
        }
        if self.may_pull(now) {
            self.pulling = true;
            return Action::Pull(self.pulled);
        }
        if let Some(index) = self.send(now) {
            return Action::Send(index);
        }
        if self.items.is_empty() && (self.ended || self.stopped && !self.finite) {
            // The result of a pending pull comes too late.
            self.ended = true;
            return Action::Done;
        }
        let next = self.items.iter().filter_map(Item::waits_until).reduce(f64::min).filter(|_| self.has_room());
        let next = next.map(|time| time.max(self.paused_until).max(self.pace.earliest()));
        // An item that is already due waits for something else: `send` has checked.
        Action::Wait(next.filter(|time| *time > now))
    }

    /// Reports what the input returned.
    pub fn pulled(&mut self, pulled: Pulled, now: f64) {
        if !self.pulling || self.ended {
            return;
        }
        self.pulling = false;
        let index = self.pulled;
        self.pulled = index.saturating_add(1);
        match pulled {
            Pulled::End => self.ended = true,
            Pulled::Other => {}
            Pulled::Request => {
                self.items.push(Item {
                    index,
                    state: State::Waiting(now),
                    first_sent: now,
                    failures: 0,
                    refusals: 0,
                    own_refusals: 0,
                    accepted_before: 0,
                });
                if self.stopped {
                    self.settle(index, Status::Skipped, true);
                }
            }
        }
    }

    /// Whether the request with this index, from an [`Action::Send`], may be sent now. Call it when everything else is ready,
    /// such as the token. If false because of a pause, another [`Action::Send`] follows, and what is reported does not matter. If
    /// false because the run has stopped, report [`Outcome::Unsent`].
    pub fn may_send(&mut self, index: usize, now: f64) -> bool {
        let Self { epoch, paused_until, stopped, .. } = *self;
        let Some(item) = self.item(index) else { return false };
        let State::InFlight { in_flight, .. } = item.state else { return false };
        let allowed = !stopped && now >= paused_until;
        if allowed {
            // A pause may have come and gone while the token was fetched.
            item.state = State::InFlight { epoch, in_flight };
        } else if !stopped {
            item.state = State::Waiting(paused_until);
        }
        allowed
    }

    /// Reports the outcome of the request with this index, and the limits that its response names. `random` is between 0 and 1.
    pub fn answered(&mut self, index: usize, outcome: Outcome, limits: Option<Limits>, now: f64, random: f64) {
        let Some(item) = self.item(index) else { return };
        let State::InFlight { epoch, in_flight } = item.state else { return };
        item.state = State::Waiting(now);
        // A response to a request from before the last refusal says nothing about the time after it.
        let new = epoch == self.epoch;
        if let Some(limits) = limits {
            self.pace.limits(&limits, self.in_flight(), now);
        }
        if new && !matches!(outcome, Outcome::RateLimited { .. } | Outcome::Unsent) {
            self.refusing = None;
        }
        match outcome {
            Outcome::Revoked | Outcome::Failed => {
                self.accepted = self.accepted.saturating_add(1);
                if new {
                    self.accepts = true;
                    self.pace.accepted(now);
                }
                let status = if outcome == Outcome::Revoked { Status::Revoked } else { Status::Failed };
                self.settle(index, status, false);
            }
            Outcome::Unauthorized => {
                self.settle(index, Status::Failed, true);
                self.stop();
            }
            Outcome::Unsent if self.stopped => self.settle(index, Status::Skipped, true),
            Outcome::Unsent => {}
            Outcome::Unavailable if !self.stopped && self.retry(index, now, random).is_some() => {}
            Outcome::RateLimited { retry_after } if !self.stopped => {
                self.refused(index, new, in_flight, retry_after, now, random);
            }
            Outcome::Unavailable | Outcome::Lost | Outcome::RateLimited { .. } => self.settle(index, Status::Failed, true),
        }
        if self.in_doubt() && self.in_flight() == 0 {
            self.stop();
        }
    }

    /// Stops the run: nothing more is sent.
    pub fn stop(&mut self) {
        self.stopped = true;
        while let Some(item) = self.items.iter().find(|item| item.waits_until().is_some()) {
            self.settle(item.index, Status::Skipped, true);
        }
    }

    /// Whether the run has stopped before its end.
    pub fn stopped(&self) -> bool {
        self.stopped
    }

    /// How long the current pause still lasts, in milliseconds. `None`: there is none, or the run has stopped.
    pub fn pause_left(&self, now: f64) -> Option<f64> {
        Some(self.paused_until - now).filter(|left| *left > 0.0 && !self.stopped)
    }

    /// The number of requests in flight.
    pub fn in_flight(&self) -> usize {
        self.items.iter().filter(|item| item.waits_until().is_none()).count()
    }

    fn item(&mut self, index: usize) -> Option<&mut Item> {
        self.items.iter_mut().find(|item| item.index == index)
    }

    /// Whether the request that was refused least often goes first: after every second pause, and while the server refuses one
    /// after another. Else the first one in input order does.
    fn prefers_fresh(&self) -> bool {
        self.refusing.is_some_and(|refusing| refusing.pauses > 1 || self.epoch % 2 == 1)
    }

    /// Whether the server has asked for a pause that is too long, and accepted nothing yet. The responses to the requests in
    /// flight then show whether that concerns all requests.
    fn in_doubt(&self) -> bool {
        self.accepted == 0 && self.refusing.is_some_and(|refusing| refusing.too_long > 0)
    }

    /// Whether another request may be in flight. While the server refuses everything, one request is sent as a probe.
    fn has_room(&self) -> bool {
        let awaited = |state| matches!(state, State::InFlight { epoch, .. } if epoch == self.epoch || self.in_doubt());
        let probing = self.refusing.is_some() && self.items.iter().any(|item| awaited(item.state));
        !probing && self.in_flight() < self.pace.window()
    }

    /// The next request to send now, of those that are due.
    fn send(&mut self, now: f64) -> Option<usize> {
        if !self.has_room() || now < self.paused_until.max(self.pace.earliest()) {
            return None;
        }
        let prefers_fresh = self.prefers_fresh();
        let sent = State::InFlight { epoch: self.epoch, in_flight: self.in_flight().saturating_add(1) };
        let order = |item: &&mut Item| (if prefers_fresh { item.refusals } else { 0 }, item.index);
        let item = self.items.iter_mut().filter(|item| item.is_due(now)).min_by_key(order)?;
        self.pace.sent(now);
        if !item.was_sent() {
            item.first_sent = now;
        }
        item.state = sent;
        Some(item.index)
    }

    /// Whether to read another request: one would be sent, or go before those at hand. One request is read during a pause, so
    /// that a run notices the end of its input without waiting.
    fn may_pull(&self, now: f64) -> bool {
        if self.ended || self.pulling {
            return false;
        }
        if self.stopped {
            return self.finite;
        }
        let prefers_fresh = self.prefers_fresh();
        let fresh = self.items.iter().filter(|item| !item.was_refused()).count();
        self.in_flight() < self.pace.window()
            && fresh / 2 < self.concurrency
            && self.items.len().saturating_sub(fresh) < MAX_REFUSED_ITEMS
            && !self.items.iter().any(|item| item.is_due(now) && !(prefers_fresh && item.was_refused()))
    }

    fn settle(&mut self, index: usize, status: Status, remaining: bool) {
        let Some(place) = self.items.iter().position(|item| item.index == index) else { return };
        self.items.remove(place);
        self.settled.push_back(Settled { index, status, remaining });
    }

    /// Schedules another attempt of the item, and returns the wait until then. `None`: it has none left.
    fn retry(&mut self, index: usize, now: f64, random: f64) -> Option<f64> {
        let backoff = self.backoff?;
        let item = self.item(index).filter(|item| item.failures < MAX_RETRIES)?;
        let wait = retry::next(&backoff, item.failures, now - item.first_sent, None, random)?;
        item.failures = item.failures.saturating_add(1);
        item.state = State::Waiting(now + wait);
        Some(wait)
    }

    /// Decides what a refusal means. `new`: whether the request was sent after the last refusal. Otherwise its refusal is not a new
    /// event for the run.
    fn refused(&mut self, index: usize, new: bool, in_flight: usize, retry_after: Option<f64>, now: f64, random: f64) {
        // There are too many requests at once: only the item waits.
        let alone = retry_after.is_none() && self.refusing.is_none() && (self.accepts || !new);
        if new {
            self.epoch = self.epoch.wrapping_add(1);
            self.accepts = false;
        }
        if retry_after.is_some_and(|wait| wait.is_nan() || wait > MAX_PAUSE) {
            self.settle(index, Status::Failed, true);
            if new {
                let refusing = self.refusing(now);
                refusing.too_long = refusing.too_long.saturating_add(1);
                if refusing.too_long >= MAX_LONG_REFUSALS {
                    self.stop();
                }
            }
            return;
        }
        let accepted = self.accepted;
        let Some(item) = self.item(index) else { return };
        item.refusals = item.refusals.saturating_add(1);
        if accepted > item.accepted_before {
            item.accepted_before = accepted;
            item.own_refusals = item.own_refusals.saturating_add(1);
        }
        if alone {
            item.state = State::Waiting(now + PAUSE.wait(item.own_refusals, random));
        }
        let (refusals, own_refusals) = (item.refusals, item.own_refusals);
        let last = accepted > 0 && self.ended && self.items.iter().all(Item::was_refused);
        let pauses = self.refusing.map_or(0, |refusing| refusing.pauses);
        if own_refusals >= MAX_REFUSALS || last && pauses.min(refusals) >= MAX_LAST_REFUSALS {
            self.settle(index, Status::Failed, true);
        }
        if new && refusals <= MAX_TEACHING_REFUSALS {
            self.pace.refused(in_flight, retry_after, now);
        }
        if !alone {
            self.pause(new, retry_after, now, random);
        }
    }

    /// Pauses the run, or stops it if the pause would be too long.
    fn pause(&mut self, new: bool, retry_after: Option<f64>, now: f64, random: f64) {
        let refusing = self.refusing(now);
        let mut wait = retry_after.unwrap_or(0.0);
        if new {
            // The server's own timing is obeyed exactly, the first time.
            if retry_after.is_none() || refusing.pauses > 0 {
                wait = wait.max(PAUSE.wait(refusing.pauses, random));
            }
            refusing.pauses = refusing.pauses.saturating_add(1);
        }
        let (since, until) = (refusing.since, now + wait);
        if until - since <= MAX_PAUSE {
            self.paused_until = self.paused_until.max(until);
            self.pace.pause_until(self.paused_until);
        } else {
            self.stop();
        }
    }

    fn refusing(&mut self, now: f64) -> &mut Refusing {
        self.refusing.get_or_insert(Refusing { since: now, pauses: 0, too_long: 0 })
    }
}

impl Item {
    fn waits_until(&self) -> Option<f64> {
        match self.state {
            State::Waiting(until) => Some(until),
            State::InFlight { .. } => None,
        }
    }

    /// Whether an attempt of it has ended.
    fn was_sent(&self) -> bool {
        self.failures > 0 || self.was_refused()
    }

    fn was_refused(&self) -> bool {
        self.refusals > 0
    }

    fn is_due(&self, now: f64) -> bool {
        self.waits_until().is_some_and(|until| until <= now)
    }
}

#[cfg(test)]
mod tests;
