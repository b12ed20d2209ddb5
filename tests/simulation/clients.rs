//! Clients: this crate's schedule, and those it is compared with.

use super::servers::{Reply, Verdict};
use c1_revoke::bulk::{Action, Limits, Outcome, Pulled, Scheduler};
use c1_revoke::http::retry::Backoff;
use std::collections::VecDeque;

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
                Action::Settle(_) => {}
                Action::Wait(until) => return until.map_or(Step::Wait, Step::WaitUntil),
                Action::Done => {
                    assert!(!self.scheduler.stopped(), "stopped");
                    return Step::Done;
                }
            }
        }
    }

    fn answered(&mut self, item: usize, reply: &Reply, now: f64, random: f64) {
        let header = |name: &str| reply.headers.iter().find(|(other, _)| *other == name).map(|(_, value)| value.clone());
        let limits = Limits::read(header, 1.8e12 + now);
        let outcome = match reply.verdict {
            Verdict::Accepted => Outcome::Revoked,
            Verdict::Refused => Outcome::RateLimited { retry_after: reply.retry_after },
            Verdict::Unavailable => Outcome::Unavailable,
        };
        self.scheduler.answered(item, outcome, limits, now, random);
    }
}

/// The schedule before this one: pause for `Retry-After`, half as many in flight, one more after each round of successes.
pub struct Halving {
    waiting: VecDeque<usize>,
    fresh: usize,
    items: usize,
    concurrency: usize,
    window: usize,
    successes: usize,
    in_flight: Vec<(usize, u32)>,
    epoch: u32,
    paused_until: f64,
    refusals: i32,
    /// 503 without `Retry-After`: the item alone waits.
    later: Vec<(f64, usize, i32)>,
}

impl Halving {
    pub fn new(items: usize, concurrency: usize) -> Halving {
        Halving {
            waiting: VecDeque::new(),
            fresh: 0,
            items,
            concurrency,
            window: concurrency,
            successes: 0,
            in_flight: Vec::new(),
            epoch: 0,
            paused_until: 0.0,
            refusals: 0,
            later: Vec::new(),
        }
    }
}

impl Client for Halving {
    fn next(&mut self, now: f64) -> Step {
        while let Some(at) = self.later.iter().position(|(time, _, _)| *time <= now) {
            let (_, item, _) = self.later.remove(at);
            self.waiting.push_back(item);
        }
        let next_later = self.later.iter().map(|(time, _, _)| *time).fold(f64::INFINITY, f64::min);
        let more = !self.waiting.is_empty() || self.fresh < self.items;
        if self.in_flight.len() >= self.window || !more {
            return if self.in_flight.is_empty() && !more && next_later.is_infinite() {
                Step::Done
            } else if next_later.is_finite() {
                Step::WaitUntil(next_later)
            } else {
                Step::Wait
            };
        }
        if now < self.paused_until {
            return Step::WaitUntil(self.paused_until);
        }
        let item = self.waiting.pop_front().unwrap_or_else(|| {
            self.fresh += 1;
            self.fresh - 1
        });
        self.in_flight.push((item, self.epoch));
        Step::Send(item)
    }

    fn answered(&mut self, item: usize, reply: &Reply, now: f64, random: f64) {
        let at = self.in_flight.iter().position(|(other, _)| *other == item).unwrap();
        let (_, epoch) = self.in_flight.remove(at);
        match reply.verdict {
            Verdict::Accepted if epoch == self.epoch => {
                self.refusals = 0;
                self.successes += 1;
                if self.successes >= self.window && self.window < self.concurrency {
                    self.window += 1;
                    self.successes = 0;
                }
            }
            Verdict::Accepted => {}
            Verdict::Unavailable => self.later.push((now + backoff(0, random), item, 0)),
            Verdict::Refused => {
                self.waiting.push_back(item);
                let mut wait = reply.retry_after.unwrap_or(0.0);
                if epoch == self.epoch {
                    self.epoch += 1;
                    self.window = (self.window / 2).max(1);
                    self.successes = 0;
                    if self.refusals > 0 || reply.retry_after.is_none() {
                        wait = wait.max((1000.0 * 2_f64.powi(self.refusals)).min(60_000.0) * (0.5 + random / 2.0));
                    }
                    self.refusals += 1;
                }
                self.paused_until = self.paused_until.max(now + wait);
            }
        }
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
