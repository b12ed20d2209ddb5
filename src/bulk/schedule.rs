//! The schedule of a bulk run, as a state machine: it decides what happens next, and a driver does it.
//!
//! The driver calls [`Scheduler::poll`] and performs the action. It provides time, which never goes backwards, random numbers and the
//! network. At most `concurrency` requests are in flight, first attempts are in input order, and each request is settled exactly
//! once. A revoked item is never sent again. The rules:
//!
//! 1. Whoever asks for fewer requests, the API (429, or 503 with `Retry-After`) or the token endpoint, pauses the whole run: for as
//!    long as it says, and longer if it keeps refusing after that; if it does not say, for a short time that doubles. Reports of
//!    several attempts from before the pause are one pause. Nothing is sent before it is over. Then one request is sent alone. When
//!    it is accepted, [`Pace`] decides how fast the run continues.
//! 2. A rate-limited item goes behind all others. The `MAX_RATE_LIMITED`th time, it fails. What happens before the API has accepted
//!    anything does not count.
//! 3. An item whose `Retry-After` is longer than `MAX_PAUSE` fails. If that happens to `MAX_TOO_LONG` probes in a row, or nothing is
//!    accepted in pauses of `MAX_PAUSE` together, the run stops.
//! 4. Other transient failures are retried, up to `MAX_RETRIES` times, after `Retry-After` or a backoff. If the API has never answered
//!    and `MAX_UNREACHABLE` items have no retries left, the run stops.
//! 5. At most `INITIAL_WINDOW` requests are in flight until the first response.
//!
//! **An attempt** begins with [`Action::Send`] and ends with one [`Scheduler::attempt_ended`]. In between, [`Scheduler::may_send`] is
//! called before each of its requests. An item has at most one attempt, so a report cannot be about an earlier one.

use super::pace::Pace;
use crate::http::retry::{self, Backoff};
use serde::Serialize;
use std::collections::VecDeque;

/// The maximum number of retries per item. Being rate limited does not count: it says nothing about the request.
const MAX_RETRIES: u32 = 7;

/// The longest time without an accepted request, as the sum of pauses in milliseconds.
const MAX_PAUSE: f64 = 15.0 * 60_000.0;

/// How often an item may be rate limited. So many pauses for the last item of a run take over a minute, which is longer than the
/// windows of common limits.
const MAX_RATE_LIMITED: u32 = 12;

/// The number of rate-limited items that may wait before the run stops reading input. Bounds memory. It is high because the server
/// may always refuse each of them, and the items behind them must get their turn.
const MAX_RATE_LIMITED_ITEMS: usize = 1024;

/// The number of requests in a row whose `Retry-After` may be longer than `MAX_PAUSE`. Such a response does not say what it
/// concerns: the item, whose record may be locked for days, or all requests, because the daily quota is used up. More than one,
/// because locked items may be adjacent in a list.
const MAX_TOO_LONG: u32 = 3;

/// The number of items that may use up their retries without any response.
const MAX_UNREACHABLE: u32 = 3;

/// The number of requests in flight before the first response, which may name a limit: TCP's initial window (RFC 6928).
const INITIAL_WINDOW: usize = 10;

/// The length of a pause if the server does not name one, or keeps refusing after it. The first pause is short, because a limit
/// on concurrent requests, which sends no `Retry-After`, ends as soon as a request completes.
const PAUSE: Backoff = Backoff { initial_interval: 50.0, max_interval: 60_000.0, exponent: 2.0, max_elapsed: f64::INFINITY };

/// How often such pauses double: to 6.4 seconds, and once more for every two times that the item itself was rate limited before. If
/// each of many items is refused, that may concern each of them, and the run must get past them before it stops.
const MAX_DOUBLINGS: u32 = 7;

/// The next action of the driver.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Action {
    /// Read the next request from the input, which gets this index, and call [`Scheduler::pulled`]. Keep polling meanwhile.
    Pull(usize),
    /// Begin an attempt to send the request with this index. Call [`Scheduler::may_send`] just before each request, and
    /// [`Scheduler::attempt_ended`] at the end. Keep polling meanwhile.
    Send(usize),
    /// Begin an attempt to ask what has become of the item with this index, whose outcome is unknown. Otherwise as [`Action::Send`].
    Ask(usize),
    /// Report this item. It does not appear again.
    Settle(Settled),
    /// Poll after a report, and at this time, which is in the future.
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
    /// The API revoked the credential.
    Revoked,
    /// It failed, and a retry would fail again.
    Failed,
    /// The API answered with a failure that may pass.
    Unavailable {
        /// How long to wait before a retry, in milliseconds, if the API names it.
        retry_after: Option<f64>,
    },
    /// There was no response, and the item may be retried.
    Unreachable,
    /// The outcome is unknown, and the item is not retried in this run. Or it was asked about in vain.
    Lost,
    /// The request was not sent: [`Scheduler::may_send`] returned false, or the attempt was aborted before.
    NotSent,
    /// The API refused the request because there are too many. [`Scheduler::rate_limited`] has been called.
    RateLimited,
    /// There is no token, because the token endpoint asks for a pause.
    NoToken {
        /// How long to send nothing, in milliseconds, if the token endpoint names it.
        retry_after: Option<f64>,
    },
    /// The API or the token endpoint refused the credentials of the caller.
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
    /// Attempts that failed, without rate-limited ones.
    failures: u32,
    rate_limited: u32,
    /// The lowest goes first: 0, or the epoch after it was last rate limited.
    turn: u32,
    question: Option<Question>,
}

/// What has become of an item whose outcome is unknown?
#[derive(Clone, Copy)]
struct Question {
    /// Its current attempt asks.
    asked: bool,
    /// The item has no retries left.
    last: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    /// To be sent at this time or later.
    Waiting(f64),
    /// Its attempt began in this epoch.
    InFlight(u32),
    /// Rate limited. Its attempt still reads the body of the response. Then it waits, or fails.
    RateLimited { fails: bool },
}

/// What was refused since the API last accepted a request.
#[derive(Clone, Copy, Default)]
struct Refusing {
    /// The number of pauses, and their length in milliseconds. A machine that sleeps does not make them longer.
    pauses: u32,
    paused: f64,
    /// How many requests in a row were asked to wait too long.
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
    input_ended: bool,
    /// Whether the run has stopped before its end.
    stopped: bool,
    /// Counts pauses, also when one grows longer, and requests to wait too long. Only an attempt of the current epoch may send. A
    /// response to an earlier one says nothing about the time since.
    epoch: u32,
    paused_until: f64,
    refusing: Option<Refusing>,
    /// Whether the API has ever responded, and ever accepted a request, successful or not.
    answered: bool,
    accepted: bool,
    /// The number of items that had no retries left and no response.
    unreachable: u32,
}

impl Scheduler {
    /// A run that has not begun.
    ///
    /// - `concurrency`: the maximum number of requests in flight; at least one.
    /// - `finite`: whether the input is known to end. It is then read to its end after a stop, to report the rest as skipped.
    /// - `backoff`: the waits between attempts of an item. `None`: an item is sent again only after pauses.
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
        if let Some(action) = self.send(now) {
            return action;
        }
        if self.items.is_empty() && (self.input_ended || self.stopped && !self.finite) {
            // The result of a pending pull comes too late.
            self.input_ended = true;
            return Action::Done;
        }
        let next = self.items.iter().filter_map(Item::waits_until).reduce(f64::min).filter(|_| self.has_room());
        let next = next.map(|time| time.max(self.paused_until).max(self.pace.earliest()));
        // An item that is already due waits for something else: `send` has checked.
        Action::Wait(next.filter(|time| *time > now))
    }

    /// Reports what the input returned.
    pub fn pulled(&mut self, pulled: Pulled, now: f64) {
        if !self.pulling || self.input_ended {
            return;
        }
        self.pulling = false;
        let index = self.pulled;
        self.pulled = index.saturating_add(1);
        match pulled {
            Pulled::End => self.input_ended = true,
            Pulled::Other => {}
            Pulled::Request => {
                let state = State::Waiting(now);
                self.items.push(Item { index, state, first_sent: now, failures: 0, rate_limited: 0, turn: 0, question: None });
                if self.stopped {
                    self.settle(index, Status::Skipped, true);
                }
            }
        }
    }

    /// Whether the attempt of the item with this index may send a request now. Call it when everything else is ready, such as the
    /// token, and again before any further request of the attempt. False: the run has stopped, or a pause has begun since the attempt
    /// began, even if it is over: of all that waited, only one request is sent then. The attempt ends, usually with
    /// [`Outcome::NotSent`].
    pub fn may_send(&self, index: usize, now: f64) -> bool {
        let current = State::InFlight(self.epoch);
        let is_current = self.items.iter().any(|item| item.index == index && item.state == current);
        is_current && now >= self.paused_until && !self.stopped
    }

    /// Reports that the API refused a request because there are too many, as soon as the head of the response is there.
    /// `retry_after`: how long to send nothing, in milliseconds, if the API names it. `random` is between 0 and 1.
    pub fn rate_limited(&mut self, index: usize, retry_after: Option<f64>, now: f64, random: f64) {
        let (in_flight, accepted) = (self.in_flight(), self.accepted);
        let Some(&mut Item { state: State::InFlight(epoch), rate_limited, .. }) = self.item(index) else { return };
        let (new, too_long) = (epoch == self.epoch, is_too_long(retry_after));
        self.answered = true;
        if !too_long {
            if new {
                self.pace.rate_limited(in_flight, retry_after, now);
            }
            self.pause(new, retry_after, MAX_DOUBLINGS.saturating_add(rate_limited / 2), now, random);
        } else if new {
            self.epoch = self.epoch.saturating_add(1);
            let refusing = self.refusing.get_or_insert_default();
            refusing.too_long = refusing.too_long.saturating_add(1);
            if refusing.too_long >= MAX_TOO_LONG {
                self.stop();
            }
        }
        let turn = self.epoch;
        if let Some(item) = self.item(index) {
            item.turn = turn;
            item.rate_limited = rate_limited.saturating_add(1);
            item.state = State::RateLimited { fails: too_long || accepted && item.rate_limited >= MAX_RATE_LIMITED };
        }
    }

    /// Reports that the attempt of the item with this index leaves its outcome unknown, just before its end is reported. The item is then
    /// asked about before another attempt, or before it is settled.
    pub fn in_doubt(&mut self, index: usize) {
        if let Some(item) = self.item(index) {
            item.question = Some(Question { asked: false, last: false });
        }
    }

    /// Reports how the attempt of the item with this index ended. `random` is between 0 and 1.
    pub fn attempt_ended(&mut self, index: usize, outcome: Outcome, now: f64, random: f64) {
        let stopped = self.stopped;
        let Some(item) = self.item(index) else { return };
        let state = std::mem::replace(&mut item.state, State::Waiting(now));
        let epoch = match state {
            State::InFlight(epoch) => epoch,
            State::RateLimited { fails } => {
                if fails || stopped {
                    if let Some(question) = &mut item.question {
                        question.last = true;
                    }
                    self.give_up(index, now);
                }
                return;
            }
            State::Waiting(_) => {
                item.state = state;
                return;
            }
        };
        match outcome {
            Outcome::Unreachable | Outcome::NotSent | Outcome::RateLimited | Outcome::NoToken { .. } => {}
            _ => {
                self.answered = true;
                if !std::mem::replace(&mut self.accepted, true) {
                    self.items.iter_mut().for_each(|item| item.rate_limited = 0);
                }
                if epoch == self.epoch {
                    self.refusing = None;
                    self.pace.accepted(now);
                }
            }
        }
        match outcome {
            Outcome::Revoked => self.settle(index, Status::Revoked, false),
            Outcome::Failed => self.settle(index, Status::Failed, false),
            Outcome::Unauthorized => {
                self.settle(index, Status::Failed, true);
                self.stop();
            }
            Outcome::NotSent | Outcome::NoToken { .. } if self.stopped => self.settle(index, Status::Skipped, true),
            Outcome::NotSent => {}
            Outcome::NoToken { retry_after } => self.pause(epoch == self.epoch, retry_after, u32::MAX, now, random),
            Outcome::Unavailable { retry_after } if self.retry(index, retry_after, now, random) => {}
            Outcome::Unreachable if self.retry(index, None, now, random) => {}
            Outcome::Unreachable => {
                self.give_up(index, now);
                if self.item(index).is_none() {
                    self.unreachable = self.unreachable.saturating_add(1);
                }
                if !self.answered && self.unreachable >= MAX_UNREACHABLE {
                    self.stop();
                }
            }
            Outcome::Unavailable { .. } | Outcome::Lost | Outcome::RateLimited => self.give_up(index, now),
        }
    }

    /// Settles an item whose attempt failed for good, unless it is to be asked about first. After a question without an answer, the
    /// retries go on if there are any.
    fn give_up(&mut self, index: usize, now: f64) {
        let stopped = self.stopped;
        let Some(item) = self.item(index) else { return };
        item.state = State::Waiting(now);
        item.question = match item.question.filter(|_| !stopped) {
            Some(Question { asked: false, .. }) => Some(Question { asked: false, last: true }),
            Some(Question { asked: true, last: false }) => None,
            None | Some(Question { asked: true, last: true }) => return self.settle(index, Status::Failed, true),
        };
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

    /// The number of requests in flight: of attempts whose result is not yet known. One that is rate limited and reads the body of the
    /// response is none, so that a slow body keeps nothing from being sent.
    pub fn in_flight(&self) -> usize {
        self.items.iter().filter(|item| matches!(item.state, State::InFlight(_))).count()
    }

    fn item(&mut self, index: usize) -> Option<&mut Item> {
        self.items.iter_mut().find(|item| item.index == index)
    }

    /// The number of requests that may be in flight.
    fn window(&self) -> usize {
        self.pace.window().min(if self.answered { usize::MAX } else { INITIAL_WINDOW })
    }

    /// Whether another request may be in flight. After a pause, one is sent alone, as a probe.
    fn has_room(&self) -> bool {
        let probe = State::InFlight(self.epoch);
        let probing = self.refusing.is_some() && self.items.iter().any(|item| item.state == probe);
        !probing && self.in_flight() < self.window()
    }

    /// The next attempt to begin now, of the items that are due.
    fn send(&mut self, now: f64) -> Option<Action> {
        if !self.has_room() || now < self.paused_until.max(self.pace.earliest()) {
            return None;
        }
        let epoch = self.epoch;
        let item = self.items.iter_mut().filter(|item| item.is_due(now)).min_by_key(|item| (item.turn, item.index))?;
        if item.failures == 0 && item.turn == 0 {
            item.first_sent = now;
        }
        item.state = State::InFlight(epoch);
        let action = match &mut item.question {
            Some(question) => {
                question.asked = true;
                Action::Ask(item.index)
            }
            None => Action::Send(item.index),
        };
        self.pace.sent(now);
        Some(action)
    }

    /// Whether to read another request: it would be sent before those at hand. One is read during a pause, so that a run notices the
    /// end of its input without waiting.
    fn may_pull(&self, now: f64) -> bool {
        if self.input_ended || self.pulling {
            return false;
        }
        if self.stopped {
            return self.finite;
        }
        let fresh = self.items.iter().filter(|item| item.turn == 0).count();
        self.in_flight() < self.window()
            && fresh / 2 < self.concurrency
            && self.items.len().saturating_sub(fresh) < MAX_RATE_LIMITED_ITEMS
            && !self.items.iter().any(|item| item.turn == 0 && item.is_due(now))
    }

    fn settle(&mut self, index: usize, status: Status, remaining: bool) {
        let Some(place) = self.items.iter().position(|item| item.index == index) else { return };
        self.items.remove(place);
        self.settled.push_back(Settled { index, status, remaining });
    }

    /// Schedules another attempt of the item. False: it has none left.
    fn retry(&mut self, index: usize, retry_after: Option<f64>, now: f64, random: f64) -> bool {
        let (Some(backoff), false) = (self.backoff, self.stopped) else { return false };
        let Some(item) = self.item(index).filter(|item| item.failures < MAX_RETRIES) else { return false };
        let wait = retry::next(&backoff, item.failures, now - item.first_sent, retry_after, random);
        let Some(wait) = wait.filter(|_| !is_too_long(retry_after)) else { return false };
        item.failures = item.failures.saturating_add(1);
        item.state = State::Waiting(now + wait);
        true
    }

    /// Pauses the run, or stops it if its pauses have been too long. `new`: an attempt of this epoch asks for it. `doublings`: how often
    /// a pause that the server does not name may have doubled.
    fn pause(&mut self, new: bool, retry_after: Option<f64>, doublings: u32, now: f64, random: f64) {
        let Refusing { pauses, .. } = self.refusing.unwrap_or_default();
        let mut wait = retry_after.unwrap_or(0.0);
        // The server's own timing is obeyed exactly, the first time.
        if new && (retry_after.is_none() || pauses > 0) {
            wait = wait.max(PAUSE.wait(pauses.min(doublings), random));
        }
        let begun = self.paused_until.max(now);
        let until = begun.max(now + wait);
        if !new && until == begun {
            return;
        }
        self.epoch = self.epoch.saturating_add(1);
        self.paused_until = until;
        self.pace.pause_until(until);
        let refusing = self.refusing.get_or_insert_default();
        refusing.paused += until - begun;
        if new {
            refusing.pauses = pauses.saturating_add(1);
            refusing.too_long = 0;
        }
        if refusing.paused > MAX_PAUSE {
            self.stop();
        }
    }
}

/// Whether a server asks to wait for longer than the run does.
fn is_too_long(retry_after: Option<f64>) -> bool {
    retry_after.is_some_and(|wait| wait.is_nan() || wait > MAX_PAUSE)
}

impl Item {
    fn waits_until(&self) -> Option<f64> {
        match self.state {
            State::Waiting(until) => Some(until),
            State::InFlight(_) | State::RateLimited { .. } => None,
        }
    }

    fn is_due(&self, now: f64) -> bool {
        self.waits_until().is_some_and(|until| until <= now)
    }
}

#[cfg(test)]
mod tests;
