//! The rate of a bulk run: it learns the rate that the server accepts, and stays just below it.
//!
//! Nothing is slowed before the server has refused a request or named a limit.
//!
//! **A refusal with `Retry-After`** means too many requests per time. The new rate is what the server accepted since the last
//! pause: the maximum over any period up to the refusal, as BBR takes the maximum delivery rate (draft-ietf-ccwg-bbr, 2.4), minus
//! what a full token bucket may have added at once. Requests are spaced evenly at that rate by a token bucket, as in the AWS
//! SDKs' adaptive retry mode. The rate then grows along CUBIC's curve (RFC 9438, 4.2): slowly at first, then faster, until the
//! next refusal. A refusal at the same rate confirms it, and the next probe comes later. A refusal at another rate means that the
//! limit has changed, and probes come soon again. If nothing has been measured yet, the rate doubles as in slow start (RFC 5681,
//! 3.1).
//!
//! **A refusal without `Retry-After`**, while others are accepted, means too many requests at once. The number in flight is
//! lowered, and then grows one at a time (additive increase, multiplicative decrease: Chiu and Jain, 1989; RFC 5681, 3.1).
//!
//! **A `Retry-After` of more than a second** means the end of a fixed window. After two of them, the length of a window and its
//! number of requests are known. That many are sent in each window, then none until it ends.
//!
//! **Headers that count remaining requests** ([`Limits`]) are obeyed: no more is sent than remains, plus the measured refill.

use super::limits::Limits;
use std::collections::VecDeque;

/// The number of requests in flight before the first response, which may name a limit: TCP's initial window (RFC 6928).
const INITIAL_WINDOW: usize = 10;

/// What a full token bucket may have added to the accepted requests, as time at its rate, in milliseconds. With a larger bucket
/// the first rate is too high. That costs little, because such a bucket refills during the pause.
const BURST: f64 = 100.0;

/// The interval and the number of samples for measuring a rate, in milliseconds. They bound memory.
const SAMPLE: f64 = 100.0;
const SAMPLES: usize = 128;

/// A rate is reliable if it was measured for this many times the pause before it.
const LONG_RUN: f64 = 1.25;

/// The growth of the rate after the time K, when a refusal is expected. AWS and CUBIC multiply the rate by 0.7 and let it
/// recover. Here the rate is known, and a tenth is more than its error.
const PROBE: f64 = 0.1;

/// K after a first refusal, in milliseconds. A probe costs a pause of a second; more frequent probes would cost over a seventh.
const K_FIRST: f64 = 6_000.0;

/// K after a refusal so early that the rate is uncertain. A rate that is too low then costs more.
const K_UNSURE: f64 = 2_000.0;

/// The growth of K when a probe confirms the rate, and its maximum. At the maximum, probes cost a twentieth, and a higher limit
/// is found within half a minute.
const K_GROWTH: f64 = 2.5;
const K_MAX: f64 = 25_000.0;

/// Rates that differ by less than this count as equal.
const SAME: f64 = 0.06;

/// The part of a confirmed rate that is used: "just below".
const BELOW: f64 = 0.98;

/// The lowest factor by which a confirming refusal lowers the rate.
const EASED: f64 = 0.98;

/// After this multiple of K without a refusal (the rate is then a fifth above the refused one), the limit has changed. The rate
/// then doubles in this time, in milliseconds.
const MOVED: f64 = 1.3;
const MOVED_DOUBLING: f64 = 4_000.0;

/// The time in which the rate doubles if nothing was measured, in milliseconds: ten round trips to a nearby server.
const SLOW_START_DOUBLING: f64 = 250.0;

/// The part of the growth since the last estimate that is kept: the limit is somewhere in between.
const KEPT: f64 = 0.25;

/// The timer delay that is compensated by sending faster, in milliseconds.
const CATCH_UP: f64 = 25.0;

/// `Retry-After` and resets are whole seconds. Up to this value, in milliseconds, they mean only "soon".
const ROUNDING: f64 = 1_000.0;

/// Every this many windows, more than the known quota is sent, to find out whether the limit has risen.
const PROBED_WINDOW: u32 = 8;

/// The part that stays in flight after a refusal for too many at once. CUBIC's is 0.7, but with few requests that is too coarse.
const NARROW: f64 = 0.85;

/// The time until one more request is in flight, in milliseconds: initial, minimum and maximum. It doubles with each refusal and
/// halves with each increase.
const WIDEN: f64 = 500.0;
const WIDEN_MIN: f64 = 250.0;
const WIDEN_MAX: f64 = 8_000.0;

/// The period over which the refill of a limit is measured, in milliseconds.
const REFILL_SAMPLE: f64 = 100.0;

/// The measured refill is raised by this factor, so that a wrong low value does not last. A value that is too high does no harm:
/// the next response says what remains.
const REFILL_MARGIN: f64 = 1.02;

/// The part of a policy's rate that is used, because requests do not arrive as evenly as they are sent.
const POLICY_MARGIN: f64 = 0.99;

/// The longest wait for a reset that headers name, in milliseconds: a minute plus rounding. After it, one request tests the
/// server, whose `Retry-After` then counts.
const MAX_RESET: f64 = 61_000.0;

/// The lowest rate, in requests per millisecond: one in a thousand seconds.
const MIN_RATE: f64 = 1e-6;

/// A rate learned from a refusal, in requests per millisecond, and how it grows.
#[derive(Clone, Copy, Debug)]
struct Learned {
    rate: f64,
    growth: Growth,
}

#[derive(Clone, Copy, Debug)]
enum Growth {
    SlowStart,
    Cubic { k: f64 },
}

impl Learned {
    /// The rate this long after the pause, in milliseconds.
    fn at(&self, elapsed: f64) -> f64 {
        self.rate
            * match self.growth {
                Growth::SlowStart => (elapsed / SLOW_START_DOUBLING).exp2(),
                Growth::Cubic { k } => {
                    let moved = (elapsed - MOVED * k).max(0.0);
                    (1.0 + PROBE * (elapsed / k).min(MOVED).powi(3)) * (moved / MOVED_DOUBLING).exp2()
                }
            }
    }
}

/// The requests sent and accepted since the last pause.
#[derive(Default)]
struct Run {
    began: Option<f64>,
    sent: u64,
    accepted: u64,
    first_answer: Option<f64>,
    last_answer: f64,
    /// Pairs of a time and the number of requests accepted before it.
    samples: VecDeque<(f64, u64)>,
}

impl Run {
    fn accept(&mut self, now: f64) {
        self.first_answer.get_or_insert(now);
        self.last_answer = now;
        if self.samples.back().is_none_or(|(time, _)| now - time >= SAMPLE) {
            self.samples.push_back((now, self.accepted));
            if self.samples.len() > SAMPLES {
                self.samples.pop_front();
            }
        }
        self.accepted = self.accepted.saturating_add(1);
    }

    /// The highest rate of accepted requests over any period up to now. `extra` requests are subtracted for a full bucket, and
    /// `allowance` ms are added to the period for its refill. Only periods of `least` ms or more count.
    fn rate(&self, now: f64, allowance: f64, extra: f64, least: f64) -> f64 {
        let samples = self.samples.iter().filter(|(time, _)| now - time >= least);
        samples
            .map(|(time, before)| (self.accepted.saturating_sub(*before) as f64 - extra) / (now - time + allowance))
            .fold(0.0, f64::max)
    }

    fn elapsed(&self, now: f64) -> f64 {
        self.began.map_or(0.0, |began| (now - began).max(0.0))
    }
}

/// A fixed window.
#[derive(Clone, Copy, Debug)]
struct Window {
    /// The number of requests it accepts.
    quota: u64,
    /// The end of the last known window.
    end: f64,
    /// The length of a window, known after two have ended.
    length: Option<f64>,
    /// The number of windows since the quota was last probed.
    passed: u32,
}

/// The limit as responses state it.
#[derive(Clone, Copy, Debug)]
struct Said {
    /// The number of requests left at a time, minus those in flight.
    left: f64,
    at: f64,
    /// Until when that is valid.
    reset: f64,
    /// The refill per millisecond: the lower of the last two measurements, so that the start of a window does not count.
    refill: f64,
    last_refill: Option<f64>,
    /// The start of the current measurement, the number left then, and the number taken since.
    since: f64,
    left_since: f64,
    taken: f64,
}

impl Said {
    fn earliest(&self, now: f64) -> Option<f64> {
        if now >= self.reset || self.left >= 1.0 {
            return None;
        }
        Some((self.at + (1.0 - self.left) / (self.refill * REFILL_MARGIN)).min(self.reset))
    }
}

/// The pace of a run. Times are in milliseconds and never go backwards.
pub struct Pace {
    concurrency: usize,
    /// The number of requests that may be in flight, when it next grows, and the interval after that.
    window: usize,
    widen_at: Option<f64>,
    widen_every: f64,
    /// Whether there was any response.
    answered: bool,
    learned: Option<Learned>,
    /// The maximum rate of the server's policy.
    policy: f64,
    /// When the next request is due, evenly spaced.
    next: f64,
    run: Run,
    /// The length of the pause before this run, and its start.
    paused: f64,
    paused_at: f64,
    /// The fewest requests accepted between a pause and a refusal: the bucket is no larger.
    burst: f64,
    fixed: Option<Window>,
    said: Option<Said>,
}

impl Pace {
    /// A pace without a limit.
    pub fn new(concurrency: usize) -> Pace {
        Pace {
            concurrency,
            window: concurrency,
            widen_at: None,
            widen_every: WIDEN,
            answered: false,
            learned: None,
            policy: f64::INFINITY,
            next: f64::NEG_INFINITY,
            run: Run::default(),
            paused: 0.0,
            paused_at: 0.0,
            burst: f64::INFINITY,
            fixed: None,
            said: None,
        }
    }

    /// The number of requests that may be in flight; at least one.
    pub fn window(&self) -> usize {
        if self.answered {
            self.window
        } else {
            self.window.min(INITIAL_WINDOW)
        }
    }

    /// When the next request may be sent. `None`: now.
    pub fn earliest(&self, now: f64) -> Option<f64> {
        let spaced = self.rate(now).is_finite().then_some(self.next - CATCH_UP);
        let full = self.fixed.filter(|window| self.run.sent >= window.quota);
        let next_window = full.and_then(|window| Some(window.end + window.length?));
        let said = self.said.and_then(|said| said.earliest(now));
        [spaced, next_window, said].into_iter().flatten().reduce(f64::max).filter(|time| *time > now)
    }

    /// A request is sent.
    pub fn sent(&mut self, now: f64) {
        self.enter_window(now);
        self.run.began.get_or_insert(now);
        self.run.sent = self.run.sent.saturating_add(1);
        if let Some(said) = &mut self.said {
            said.left -= 1.0;
        }
        if self.widen_at.is_some_and(|time| now >= time) && self.window < self.concurrency {
            self.window = self.window.saturating_add(1);
            self.widen_every = (self.widen_every / 2.0).max(WIDEN_MIN);
            self.widen_at = Some(now + self.widen_every);
        }
        let rate = self.rate(now);
        if rate.is_finite() {
            self.next = self.next.max(now) + 1.0 / rate;
        }
    }

    /// The server accepted a request that was sent since the last pause.
    pub fn accepted(&mut self, now: f64) {
        self.answered = true;
        self.run.accept(now);
    }

    /// The server refused a request: the first one since the last pause. `in_flight`: requests in flight when it was sent, itself
    /// included.
    pub fn refused(&mut self, in_flight: usize, retry_after: Option<f64>, now: f64) {
        self.answered = true;
        if retry_after.is_none() && (in_flight > 1 || self.window > 1) {
            self.window = ((in_flight as f64 * NARROW) as usize).clamp(1, self.concurrency);
            self.widen_every = (self.widen_every * 2.0).min(WIDEN_MAX);
            self.widen_at = Some(now + self.widen_every);
        } else {
            self.learn(retry_after.unwrap_or(0.0), now);
        }
    }

    /// Another request, sent before the pause, was also refused.
    pub fn refused_as_well(&mut self, in_flight: usize, retry_after: Option<f64>) {
        if retry_after.is_none() && self.widen_at.is_some() {
            self.window = self.window.min(in_flight.saturating_sub(1)).max(1);
        }
    }

    /// Nothing is sent until then.
    pub fn pause_until(&mut self, until: f64) {
        if self.run.first_answer.is_some() {
            self.paused_at = self.run.last_answer;
        }
        self.paused = until - self.paused_at;
        self.run = Run::default();
        self.next = until;
        self.widen_at = self.widen_at.map(|time| time.max(until));
    }

    /// Records the limits that a response names, while `in_flight` other requests are in flight.
    pub fn limits(&mut self, limits: &Limits, in_flight: usize, now: f64) {
        self.policy = match (limits.quota, limits.window) {
            // In longer windows the whole quota may be sent at once, so spacing gains nothing.
            (Some(quota), Some(window)) if quota > 0.0 && window > 0.0 && window <= ROUNDING => quota / window * POLICY_MARGIN,
            _ => f64::INFINITY,
        };
        let (Some(remaining), Some(reset)) = (limits.remaining, limits.reset) else { return };
        let refill = if self.policy.is_finite() { self.policy } else { 0.0 };
        let said = self.said.get_or_insert(Said {
            left: remaining,
            at: now,
            reset: now,
            refill,
            last_refill: None,
            since: now,
            left_since: remaining,
            taken: 0.0,
        });
        said.left = remaining - in_flight as f64;
        said.at = now;
        said.reset = now + reset.min(MAX_RESET);
        said.taken += 1.0;
        if now - said.since >= REFILL_SAMPLE {
            let refill = ((said.taken + remaining - said.left_since) / (now - said.since)).max(0.0);
            said.refill = said.last_refill.map_or(refill, |last| last.min(refill));
            said.last_refill = Some(refill);
            said.since = now;
            said.left_since = remaining;
            said.taken = 0.0;
        }
    }

    /// The current rate, in requests per second. `None`: no limit is known.
    #[cfg(test)]
    fn learned(&self, now: f64) -> Option<f64> {
        let rate = self.rate(now) * 1000.0;
        rate.is_finite().then_some(rate)
    }

    fn rate(&self, now: f64) -> f64 {
        let learned = self.learned.map_or(f64::INFINITY, |learned| learned.at(self.run.elapsed(now)));
        learned.min(self.policy)
    }

    /// Learns the rate from a refusal with a pause.
    fn learn(&mut self, pause: f64, now: f64) {
        let Some(first_answer) = self.run.first_answer else { return };
        let time = now - first_answer;
        let accepted = self.run.accepted as f64;
        let estimate = self.run.rate(now, BURST, 0.0, 0.0);
        self.learned = Some(match self.learned {
            None if time < SAMPLE => Learned { rate: estimate.max(MIN_RATE), growth: Growth::SlowStart },
            None => Learned { rate: estimate.max(MIN_RATE), growth: Growth::Cubic { k: K_FIRST } },
            Some(before) => self.learn_again(before, estimate, time, now),
        });
        self.burst = self.burst.min(accepted);
        self.note_window(pause, now);
    }

    /// A new estimate after an earlier one is more careful, because another refusal costs more than a low rate.
    fn learn_again(&self, before: Learned, estimate: f64, time: f64, now: f64) -> Learned {
        let low = self.run.rate(now, 2.0 * BURST, 0.0, 0.0);
        let without_burst = self.run.rate(now, 0.0, self.burst, 2.0 * BURST);
        let long = time > LONG_RUN * self.paused;
        let careful = if long {
            low + KEPT * (self.rate(now) - low).min(2.0 * PROBE * low).max(0.0)
        } else {
            // The geometric mean of the run's rate and the rate of pause and run together, which is too low if a bucket
            // overflowed.
            (self.run.accepted as f64 / (time + self.paused) * low).sqrt()
        };
        let rate = estimate.min(careful.max(without_burst)).max(MIN_RATE);
        let k = match before.growth {
            Growth::Cubic { k } if (rate / before.rate - 1.0).abs() < SAME => {
                // Estimates are slightly low. Without this, refusals with another cause, such as an overload every few seconds,
                // would soon lower the rate to nothing.
                let rate = (before.rate * EASED).max(rate * BELOW);
                return Learned { rate, growth: Growth::Cubic { k: (k * K_GROWTH).min(K_MAX) } };
            }
            _ if !long && without_burst < careful => K_UNSURE,
            _ => K_FIRST,
        };
        Learned { rate, growth: Growth::Cubic { k } }
    }

    /// A pause of more than a second lasts until the end of a window.
    fn note_window(&mut self, pause: f64, now: f64) {
        let (end, accepted) = (now + pause, self.run.accepted);
        self.fixed = match self.fixed {
            _ if pause <= ROUNDING => None,
            None => Some(Window { quota: accepted, end, length: None, passed: 0 }),
            Some(window) if end - window.end > ROUNDING => Some(Window {
                // If the next window was expected too early, few are accepted. That says nothing about its quota.
                quota: if accepted < window.quota / 4 { window.quota } else { accepted },
                end,
                length: Some(end - window.end),
                passed: 0,
            }),
            Some(window) => Some(Window { end, ..window }),
        };
    }

    /// Starts the next window if its time has come.
    fn enter_window(&mut self, now: f64) {
        let Some(Window { quota, end, length: Some(length), passed }) = &mut self.fixed else { return };
        let windows = ((now - *end) / *length).floor();
        if windows < 1.0 {
            return;
        }
        *end += windows * *length;
        *passed = passed.saturating_add(1);
        if *passed % PROBED_WINDOW == 0 {
            *quota = quota.saturating_add(*quota / 8).saturating_add(1);
        }
        self.run = Run::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends at this spacing, each request being accepted at once, and returns the time after the last one.
    fn accept(pace: &mut Pace, from: f64, count: u32, spacing: f64) -> f64 {
        (0..count).fold(from, |now, _| {
            pace.sent(now);
            pace.accepted(now);
            now + spacing
        })
    }

    fn learned(pace: &Pace, now: f64) -> f64 {
        pace.learned(now).unwrap()
    }

    #[test]
    fn nothing_binds_without_a_refusal() {
        let mut pace = Pace::new(32);
        assert_eq!(pace.window(), INITIAL_WINDOW);
        let now = accept(&mut pace, 0.0, 1000, 0.1);
        assert_eq!((pace.window(), pace.earliest(now), pace.learned(now)), (32, None, None));
    }

    #[test]
    fn a_refusal_teaches_the_rate_that_was_accepted() {
        let mut pace = Pace::new(6);
        let now = accept(&mut pace, 0.0, 400, 5.0);
        pace.refused(6, Some(1000.0), now);
        pace.pause_until(now + 1000.0);
        let rate = learned(&pace, now + 1000.0);
        assert!((180.0..=200.0).contains(&rate), "{rate}");
        let mut sent = 0;
        let mut time = now + 1000.0;
        while time < now + 2000.0 {
            match pace.earliest(time) {
                Some(later) => time = later,
                None => {
                    pace.sent(time);
                    sent += 1;
                }
            }
        }
        assert!((180..=206).contains(&sent), "{sent}");
    }

    #[test]
    fn a_rate_that_is_confirmed_is_probed_more_rarely_and_one_that_is_not_refused_grows() {
        let mut pace = Pace::new(6);
        let mut now = accept(&mut pace, 0.0, 1000, 5.0);
        for _ in 0..4 {
            pace.refused(6, Some(1000.0), now);
            now += 1000.0;
            pace.pause_until(now);
            now = accept(&mut pace, now, 2000, 5.0);
        }
        let growth = |pace: &Pace, time| learned(pace, now + time) / learned(pace, now - 10_000.0);
        assert!(learned(&pace, now - 9000.0) < 200.0);
        assert!(growth(&pace, 0.0) < 1.03, "{}", growth(&pace, 0.0));
        assert!(growth(&pace, 60_000.0) > 3.0);
    }

    #[test]
    fn refusals_without_retry_after_leave_fewer_in_flight_and_more_come_back() {
        let mut pace = Pace::new(6);
        let now = accept(&mut pace, 0.0, 100, 5.0);
        pace.refused(6, None, now);
        assert_eq!((pace.window(), pace.learned(now)), (5, None));
        pace.refused_as_well(4, None);
        assert_eq!(pace.window(), 3);
        accept(&mut pace, now, 2000, 5.0);
        assert_eq!(pace.window(), 6);
        for _ in 0..99 {
            pace.refused(pace.window(), None, now);
        }
        assert_eq!(pace.window(), 1);
    }

    #[test]
    fn a_window_that_is_known_is_filled_and_waited_for() {
        let mut pace = Pace::new(6);
        for start in [0.0, 60_000.0] {
            let now = accept(&mut pace, start, 100, if start == 0.0 { 10.0 } else { 20.0 });
            assert_eq!(pace.earliest(now), None);
            pace.refused(6, Some(start + 60_000.0 - now), now);
            pace.pause_until(start + 60_000.0);
        }
        let now = accept(&mut pace, 120_000.0, 100, 20.0);
        assert_eq!(pace.earliest(now + 500.0), Some(180_000.0));
        assert_eq!(pace.earliest(180_000.0), None);
    }

    #[test]
    fn what_headers_leave_is_kept_to() {
        let mut pace = Pace::new(6);
        let left = |remaining| Limits { remaining: Some(remaining), reset: Some(5000.0), ..Limits::default() };
        pace.limits(&left(2.0), 0, 0.0);
        for _ in 0..2 {
            assert_eq!(pace.earliest(0.0), None);
            pace.sent(0.0);
        }
        assert_eq!(pace.earliest(0.0), Some(5000.0));
        assert_eq!(pace.earliest(5000.0), None);
        pace.limits(&Limits { reset: Some(1e12), ..left(0.0) }, 0, 5000.0);
        assert_eq!(pace.earliest(5000.0), Some(5000.0 + MAX_RESET), "a reset far ahead is not waited for");
    }
}
