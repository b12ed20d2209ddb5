//! Clients: this crate's schedule, and those it is compared with.

use super::servers::{Reply, Verdict};
use c1_revoke::bulk::{Action, Outcome, Pulled, Scheduler};
use c1_revoke::http::retry::Backoff;

/// What a client does next.
pub enum Step {
    Send(usize),
    WaitUntil(f64),
    Wait,
    Done,
}

pub trait Client {
    fn next(&mut self, now: f64) -> Step;
    fn answered(&mut self, item: usize, reply: &Reply, now: f64, random: f64);
}

/// This crate's schedule.
pub struct Ours {
    scheduler: Scheduler,
    items: usize,
}

impl Ours {
    pub fn new(items: usize, concurrency: usize) -> Ours {
        Ours { scheduler: Scheduler::new(concurrency, true, Some(Backoff::DEFAULT)), items }
    }
}

impl Client for Ours {
    fn next(&mut self, now: f64) -> Step {
        loop {
            match self.scheduler.poll(now) {
                Action::Pull(index) => {
                    let pulled = if index < self.items { Pulled::Request } else { Pulled::End };
                    self.scheduler.pulled(pulled, now);
                }
                // Nothing is in doubt here, so nothing is asked.
                Action::Send(index) | Action::Ask(index) => {
                    assert!(self.scheduler.may_send(index, now));
                    return Step::Send(index);
                }
                Action::Settle(_) => {}
                Action::Wait(until) => return until.map_or(Step::Wait, Step::WaitUntil),
                Action::Done => return Step::Done,
            }
        }
    }

    fn answered(&mut self, item: usize, reply: &Reply, now: f64, random: f64) {
        let outcome = match reply.verdict {
            Verdict::Accepted => Outcome::Revoked,
            Verdict::Refused => {
                self.scheduler.rate_limited(item, reply.retry_after, now, random);
                Outcome::RateLimited
            }
            Verdict::Unavailable => Outcome::Unavailable { retry_after: None },
        };
        self.scheduler.attempt_ended(item, outcome, now, random);
    }
}

/// The backoff of an item that retries by itself: 500 ms, growing by half, with jitter.
fn backoff(retry: i32, random: f64) -> f64 {
    (500.0 * 1.5_f64.powi(retry)).min(60_000.0) * (0.5 + random / 2.0)
}

/// A pool of workers, each of which retries its item by itself: after `Retry-After`, or a backoff.
pub struct Pool {
    fresh: usize,
    items: usize,
    idle: usize,
    in_flight: usize,
    /// Until when, which item.
    waiting: Vec<(f64, usize)>,
    retries: Vec<i32>,
}

impl Pool {
    pub fn new(items: usize, concurrency: usize) -> Pool {
        Pool { fresh: 0, items, idle: concurrency, in_flight: 0, waiting: Vec::new(), retries: vec![0; items] }
    }
}

impl Client for Pool {
    fn next(&mut self, now: f64) -> Step {
        let item = match self.waiting.iter().position(|(time, _)| *time <= now) {
            Some(at) => self.waiting.remove(at).1,
            None if self.idle > 0 && self.fresh < self.items => {
                self.idle -= 1;
                self.fresh += 1;
                self.fresh - 1
            }
            None => {
                let next = self.waiting.iter().map(|(time, _)| *time).reduce(f64::min);
                return next.map_or(if self.in_flight > 0 { Step::Wait } else { Step::Done }, Step::WaitUntil);
            }
        };
        self.in_flight += 1;
        Step::Send(item)
    }

    fn answered(&mut self, item: usize, reply: &Reply, now: f64, random: f64) {
        self.in_flight -= 1;
        if reply.verdict == Verdict::Accepted {
            self.idle += 1;
        } else {
            let wait = reply.retry_after.unwrap_or_else(|| backoff(self.retries[item], random));
            self.retries[item] += 1;
            self.waiting.push((now + wait, item));
        }
    }
}
