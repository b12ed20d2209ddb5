//! How fast a bulk run sends: learns the rate that the server accepts, and stays just below it.
//!
//! Without a limit nothing is slowed: the pace binds only after the server has refused a request, or named a limit.
use super::limits::Limits;
use std::collections::VecDeque;

const INITIAL_WINDOW: usize = 10;
const BURST: f64 = 100.0;
const PROBE: f64 = 0.1;
const K_MIN: f64 = 6_000.0;
const K_MAX: f64 = 25_000.0;
const BELOW: f64 = 0.98;
const RAMP: f64 = 250.0;
const CATCH_UP: f64 = 25.0;
const SAMPLE: f64 = 100.0;
const SAMPLES: usize = 128;
const ROUNDING: f64 = 1_000.0;
const WIDEN: f64 = 500.0;
const WIDEN_MIN: f64 = 250.0;
const WIDEN_MAX: f64 = 8_000.0;
const NARROW: f64 = 0.85;
const K_UNSURE: f64 = 2_000.0;
const MOVED: f64 = 1.3;
const DOUBLE: f64 = 4_000.0;
const SAME: f64 = 0.05;
const K_GROWTH: f64 = 2.5;
const REFILL_SAMPLE: f64 = 100.0;

#[derive(Clone, Copy, Debug)]
enum Growth {
    Ramp,
    Cubic,
}

#[derive(Clone, Copy, Debug)]
struct Bound {
    base: f64,
    growth: Growth,
    k: f64,
}

/// A fixed window, known from pauses: how many requests it takes, when it ends, and how long the next ones are.
#[derive(Clone, Copy, Debug)]
struct Window {
    quota: u64,
    end: f64,
    length: Option<f64>,
}

/// What answers said of the limit: so many requests are left at this time, and they come back at this rate.
#[derive(Clone, Copy, Debug)]
struct Said {
    left: f64,
    at: f64,
    reset: f64,
    refill: Option<f64>,
    /// The start of a measurement of the refill: when, how many were left, how many were accepted since.
    since: f64,
    left_then: f64,
    accepted: f64,
    last: Option<f64>,
}

#[derive(Default)]
struct Run {
    began: Option<f64>,
    sent: u64,
    /// The last answer.
    last: f64,
    first_answer: Option<f64>,
    accepted: u64,
    points: VecDeque<(f64, u64)>,
    proven: usize,
}

/// The pace of a run.
pub struct Pace {
    concurrency: usize,
    answered: bool,
    bound: Option<Bound>,
    cap: f64,
    run: Run,
    /// When the next request is due, at an even spacing.
    next: f64,
    window: usize,
    widen_at: f64,
    widen_every: f64,
    /// The smallest number of requests that were accepted between a pause and a refusal: no burst is larger.
    burst: f64,
    /// How long the pause before this run was.
    paused: f64,
    paused_at: f64,
    fixed: Option<Window>,
    said: Option<Said>,
}

impl Said {
    fn earliest(&self, now: f64) -> Option<f64> {
        if now >= self.reset {
            return None;
        }
        let refill = self.refill.unwrap_or(0.0) * 0.98;
        let missing = 1.0 - self.left;
        if missing <= 0.0 {
            return None;
        }
        Some((self.at + missing / refill).min(self.reset))
    }
}

impl Pace {
    /// A pace without a limit.
    pub fn new(concurrency: usize) -> Pace {
        Pace {
            concurrency,
            answered: false,
            bound: None,
            cap: f64::INFINITY,
            run: Run::default(),
            next: f64::NEG_INFINITY,
            window: concurrency,
            widen_at: f64::INFINITY,
            widen_every: WIDEN,
            burst: f64::INFINITY,
            paused: 0.0,
            paused_at: 0.0,
            fixed: None,
            said: None,
        }
    }

    /// How many requests may be in flight.
    pub fn window(&self) -> usize {
        if self.answered {
            self.window
        } else {
            self.window.min(INITIAL_WINDOW)
        }
    }

    /// When the next request may be sent. `None`: now.
    pub fn earliest(&self, now: f64) -> Option<f64> {
        let spaced = if self.rate(now).is_finite() { self.next - CATCH_UP } else { f64::NEG_INFINITY };
        let held = self.fixed.filter(|fixed| self.run.sent >= fixed.quota).and_then(|fixed| Some(fixed.end + fixed.length?));
        let said = self.said.and_then(|said| said.earliest(now));
        [Some(spaced), held, said].into_iter().flatten().reduce(f64::max).filter(|time| *time > now)
    }

    /// A request was sent.
    pub fn sent(&mut self, now: f64) {
        if let Some(Window { end, length: Some(length), .. }) = &mut self.fixed {
            // A new window.
            while now >= *end + *length {
                *end += *length;
                self.run = Run::default();
            }
        }
        self.run.began.get_or_insert(now);
        self.run.sent = self.run.sent.saturating_add(1);
        if let Some(said) = &mut self.said {
            said.left -= 1.0;
        }
        if now >= self.widen_at && self.window < self.concurrency {
            self.window = self.window.saturating_add(1);
            self.widen_every = (self.widen_every * 0.5).max(WIDEN_MIN);
            self.widen_at = now + self.widen_every;
        }
        let rate = self.rate(now);
        if rate.is_finite() {
            self.next = self.next.max(now) + 1.0 / rate;
        }
    }

    /// The server accepted a request that was sent with so many in flight, itself included.
    pub fn accepted(&mut self, in_flight: usize, now: f64) {
        self.answered = true;
        self.run.proven = self.run.proven.max(in_flight);
        self.run.first_answer.get_or_insert(now);
        self.run.last = now;
        if self.run.points.back().is_none_or(|(time, _)| now - time >= SAMPLE) {
            self.run.points.push_back((now, self.run.accepted));
            if self.run.points.len() > SAMPLES {
                self.run.points.pop_front();
            }
        }
        self.run.accepted = self.run.accepted.saturating_add(1);
    }

    /// The server refused a request that was sent with so many in flight, itself included: the first since the last pause.
    pub fn refused(&mut self, in_flight: usize, retry_after: Option<f64>, now: f64) {
        self.answered = true;
        if retry_after.is_none() && (in_flight > 1 || self.window > 1) {
            self.window = ((in_flight as f64 * NARROW) as usize).max(1);
            self.widen_every = (self.widen_every * 2.0).min(WIDEN_MAX);
            self.widen_at = now + self.widen_every;
            return;
        }
        let Some(first) = self.run.first_answer else { return };
        let count = self.run.accepted as f64;
        let time = now - first;
        let over = |allowance: f64| {
            self.run.points.iter().map(|(at, before)| (count - *before as f64) / (now - at + allowance)).fold(0.0, f64::max)
        };
        let mut base = over(BURST);
        let mut unsure = false;
        if self.bound.is_some() {
            let long_run = count / (time + self.paused);
            let sure = time > 2.0 * self.paused;
            let careful = if sure {
                let least = over(2.0 * BURST);
                least + 0.25 * (self.rate(now) - least).clamp(0.0, 0.2 * least)
            } else {
                (long_run * over(2.0 * BURST)).sqrt()
            };
            let known_burst = self
                .run
                .points
                .iter()
                .filter(|(at, _)| now - at >= 2.0 * BURST)
                .map(|(at, before)| (count - *before as f64 - self.burst) / (now - at))
                .fold(0.0, f64::max);
            unsure = !sure && known_burst < careful;
            base = base.min(careful.max(known_burst));
        }
        self.burst = self.burst.min(count);
        let pause = retry_after.unwrap_or(0.0);
        if pause > ROUNDING {
            let end = now + pause;
            self.fixed = Some(match self.fixed {
                Some(fixed) if end - fixed.end > ROUNDING => Window {
                    quota: if self.run.accepted >= fixed.quota / 4 { self.run.accepted } else { fixed.quota },
                    end,
                    length: Some(end - fixed.end),
                },
                Some(fixed) => Window { end, ..fixed },
                None => Window { quota: self.run.accepted, end, length: None },
            });
        } else {
            self.fixed = None;
        }
        let k = match self.bound {
            // The same rate again: it is known, and probed more rarely. Another one: the limit has moved.
            Some(bound) if (base / bound.base - 1.0).abs() < SAME && !matches!(bound.growth, Growth::Ramp) => {
                base *= BELOW;
                (bound.k * K_GROWTH).min(K_MAX)
            }
            Some(_) if unsure => K_UNSURE,
            _ => K_MIN,
        };
        let growth = if time < SAMPLE && self.bound.is_none() { Growth::Ramp } else { Growth::Cubic };
        self.bound = Some(Bound { base: base.max(1e-6), growth, k });
    }

    /// Another request that was sent before the pause was refused as well.
    pub fn refused_as_well(&mut self, in_flight: usize, retry_after: Option<f64>) {
        if retry_after.is_none() && self.widen_at.is_finite() {
            self.window = self.window.min(in_flight.saturating_sub(1).max(1));
        }
    }

    /// Nothing is sent until then.
    pub fn pause_until(&mut self, until: f64) {
        if self.run.began.is_some() {
            self.paused_at = self.run.last;
        }
        self.paused = until - self.paused_at;
        self.run = Run::default();
        self.next = until;
        if self.widen_at.is_finite() {
            self.widen_at = self.widen_at.max(until);
        }
    }

    /// Takes in what an answer said of the server's limits, with so many other requests in flight.
    pub fn limits(&mut self, limits: &Limits, in_flight: usize, now: f64) {
        let Some(remaining) = limits.remaining else { return };
        let policy =
            limits.quota.zip(limits.window).filter(|(_, window)| *window <= ROUNDING).map(|(quota, window)| quota / window);
        let new =
            Said { left: 0.0, at: now, reset: now, refill: policy, since: now, left_then: remaining, accepted: 0.0, last: None };
        let said = self.said.get_or_insert(new);
        said.left = remaining - in_flight as f64;
        said.at = now;
        said.reset = now + limits.reset.unwrap_or(0.0);
        said.accepted += 1.0;
        if now - said.since >= REFILL_SAMPLE {
            let refill = ((said.accepted + remaining - said.left_then) / (now - said.since)).max(0.0);
            said.refill = Some(said.last.map_or(refill, |last| last.min(refill)));
            said.last = Some(refill);
            said.since = now;
            said.left_then = remaining;
            said.accepted = 0.0;
        }
    }

    /// Sends no more than so many requests a second; `None`: as many as the server accepts.
    pub fn cap(&mut self, per_second: Option<f64>) {
        self.cap = per_second.map_or(f64::INFINITY, |rate| (rate / 1000.0).max(1e-6));
    }

    /// The rate that was learned, in requests a second.
    pub fn learned(&self, now: f64) -> Option<f64> {
        let rate = self.rate(now) * 1000.0;
        rate.is_finite().then_some(rate)
    }

    fn rate(&self, now: f64) -> f64 {
        let Some(bound) = self.bound else { return self.cap };
        let elapsed = self.run.began.map_or(0.0, |began| now - began);
        let factor = match bound.growth {
            Growth::Ramp => (elapsed / RAMP).exp2(),
            Growth::Cubic => {
                let probed = (elapsed / bound.k).min(MOVED);
                (1.0 + PROBE * probed.powi(3)) * ((elapsed - MOVED * bound.k).max(0.0) / DOUBLE).exp2()
            }
        };
        (bound.base * factor).min(self.cap)
    }
}
