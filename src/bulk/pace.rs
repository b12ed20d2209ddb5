//! How fast a bulk run sends: learns the rate that the server accepts, and stays just below it.
//!
//! Without a limit nothing is slowed: the pace binds only after the server has refused a request, or named a limit.
use super::limits::Limits;
use std::collections::VecDeque;

const INITIAL_WINDOW: usize = 10;
const BURST: f64 = 200.0;
const PROBE: f64 = 0.1;
const K_MIN: f64 = 6_000.0;
const K_MAX: f64 = 120_000.0;
const RAMP: f64 = 250.0;
const CATCH_UP: f64 = 25.0;
const SAMPLE: f64 = 100.0;
const SAMPLES: usize = 128;
const ROUNDING: f64 = 1_000.0;
const WIDEN: f64 = 2_000.0;
const WIDEN_MIN: f64 = 250.0;
const WIDEN_MAX: f64 = 60_000.0;

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

#[derive(Default)]
struct Run {
    began: Option<f64>,
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
    hold_until: f64,
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
            hold_until: f64::NEG_INFINITY,
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
        Some(spaced.max(self.hold_until)).filter(|time| *time > now)
    }

    /// A request was sent.
    pub fn sent(&mut self, now: f64) {
        self.run.began.get_or_insert(now);
        if now >= self.widen_at && self.window < self.concurrency {
            self.window = self.window.saturating_add(1);
            self.widen_every = (self.widen_every / 2.0).max(WIDEN_MIN);
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
        if retry_after.is_none() && in_flight > self.run.proven {
            self.window = in_flight.saturating_sub(1).max(1);
            self.widen_every = (self.widen_every * 2.0).min(WIDEN_MAX);
            self.widen_at = now + self.widen_every;
            return;
        }
        let Some(first) = self.run.first_answer else { return };
        let count = self.run.accepted as f64;
        let time = now - first;
        let mut base =
            self.run.points.iter().map(|(at, before)| (count - *before as f64) / (now - at + BURST)).fold(0.0, f64::max);
        let pause = retry_after.unwrap_or(0.0);
        if pause > ROUNDING {
            base = base.min(count / (time + pause - ROUNDING));
        }
        let elapsed = self.run.began.map_or(0.0, |began| now - began);
        let k = match self.bound {
            Some(bound) if elapsed < 1.5 * bound.k && !matches!(bound.growth, Growth::Ramp) => (bound.k * 2.0).min(K_MAX),
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
        self.run = Run::default();
        self.next = until;
        if self.widen_at.is_finite() {
            self.widen_at = self.widen_at.max(until);
        }
    }

    /// Takes in what an answer said of the server's limits, with so many other requests in flight.
    pub fn limits(&mut self, _limits: &Limits, _in_flight: usize, _now: f64) {}

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
            Growth::Cubic => 1.0 + PROBE * (elapsed / bound.k).powi(3),
        };
        (bound.base * factor).min(self.cap)
    }
}
