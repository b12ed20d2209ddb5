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
                Action::Send(index) => {
                    assert!(self.scheduler.may_send(index, now));
                    return Step::Send(index);
                }
                Action::Ask(_) => unreachable!("nothing is in doubt here"),
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

/// A pool of workers, each of which retries its item by itself: after `Retry-After`, or a backoff. With a limiter, each attempt
/// waits for it.
pub struct Pool {
    fresh: usize,
    items: usize,
    idle: usize,
    in_flight: usize,
    /// Until when, which item, which retry.
    waiting: Vec<(f64, usize, i32)>,
    retries: std::collections::HashMap<usize, i32>,
    limiter: Option<Adaptive>,
}

impl Pool {
    /// Without a limiter: the naive pool.
    pub fn naive(items: usize, concurrency: usize) -> Pool {
        Pool { fresh: 0, items, idle: concurrency, in_flight: 0, waiting: Vec::new(), retries: Default::default(), limiter: None }
    }

    /// With the rate limiter of the AWS SDKs' adaptive retry mode.
    pub fn adaptive(items: usize, concurrency: usize) -> Pool {
        Pool { limiter: Some(Adaptive::default()), ..Pool::naive(items, concurrency) }
    }
}

impl Client for Pool {
    fn next(&mut self, now: f64) -> Step {
        let due = self.waiting.iter().position(|(time, _, _)| *time <= now);
        let fresh = self.idle > 0 && self.fresh < self.items;
        if due.is_some() || fresh {
            if let Some(time) = self.limiter.as_mut().and_then(|limiter| limiter.acquire(now)) {
                return Step::WaitUntil(time);
            }
            self.in_flight += 1;
            return Step::Send(match due {
                Some(at) => self.waiting.remove(at).1,
                None => {
                    self.idle -= 1;
                    self.fresh += 1;
                    self.fresh - 1
                }
            });
        }
        let next = self.waiting.iter().map(|(time, _, _)| *time).fold(f64::INFINITY, f64::min);
        if next.is_finite() {
            Step::WaitUntil(next)
        } else if self.in_flight > 0 {
            Step::Wait
        } else {
            Step::Done
        }
    }

    fn answered(&mut self, item: usize, reply: &Reply, now: f64, random: f64) {
        self.in_flight -= 1;
        if let Some(limiter) = &mut self.limiter {
            limiter.answered(reply.verdict == Verdict::Refused, now);
        }
        if reply.verdict == Verdict::Accepted {
            self.idle += 1;
            self.retries.remove(&item);
        } else {
            let retry = self.retries.entry(item).or_insert(0);
            let wait = reply.retry_after.unwrap_or_else(|| backoff(*retry, random));
            *retry += 1;
            self.waiting.push((now + wait, item, *retry));
        }
    }
}

/// The client-side rate limiter of the AWS SDKs' adaptive retry mode, after its public description; times in seconds.
#[derive(Default)]
struct Adaptive {
    enabled: bool,
    fill_rate: f64,
    capacity: f64,
    tokens: f64,
    filled_at: f64,
    measured: f64,
    bucket: f64,
    count: f64,
    last_max: f64,
    last_throttle: f64,
}

impl Adaptive {
    const SMOOTH: f64 = 0.8;
    const BETA: f64 = 0.7;
    const SCALE: f64 = 0.4;
    const MIN_RATE: f64 = 0.5;

    fn acquire(&mut self, now: f64) -> Option<f64> {
        if !self.enabled {
            return None;
        }
        self.fill(now / 1000.0);
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return None;
        }
        Some(now + ((1.0 - self.tokens) / self.fill_rate * 1000.0).max(0.01))
    }

    fn fill(&mut self, now: f64) {
        self.tokens = (self.tokens + (now - self.filled_at) * self.fill_rate).min(self.capacity);
        self.filled_at = now;
    }

    fn answered(&mut self, throttled: bool, now: f64) {
        let now = now / 1000.0;
        self.count += 1.0;
        let bucket = (now * 2.0).floor() / 2.0;
        if bucket > self.bucket {
            self.measured = self.count / (bucket - self.bucket) * Self::SMOOTH + self.measured * (1.0 - Self::SMOOTH);
            self.count = 0.0;
            self.bucket = bucket;
        }
        let window = (self.last_max * (1.0 - Self::BETA) / Self::SCALE).cbrt();
        let wanted = if throttled {
            let rate = if self.enabled { self.measured.min(self.fill_rate) } else { self.measured };
            self.last_max = rate;
            self.last_throttle = now;
            self.enabled = true;
            rate * Self::BETA
        } else {
            Self::SCALE * (now - self.last_throttle - window).powi(3) + self.last_max
        };
        if self.enabled {
            let rate = wanted.min(2.0 * self.measured).max(Self::MIN_RATE);
            self.fill(now);
            self.fill_rate = rate;
            self.capacity = rate.max(1.0);
            self.tokens = self.tokens.min(self.capacity);
        }
    }
}
