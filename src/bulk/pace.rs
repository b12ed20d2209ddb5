//! The rate of a bulk run: it learns the rate that the server accepts, and stays just below it.
//!
//! Nothing is slowed before the server has refused a request.
//!
//! **A refusal with `Retry-After`** means too many requests per time. The new rate is what the server accepted since the last
//! pause: the maximum over any period up to the refusal, as BBR takes the maximum delivery rate (draft-ietf-ccwg-bbr, 2.4).
//! Requests are spaced evenly at that rate, as in the AWS SDKs' adaptive retry mode. The rate then grows along CUBIC's
//! curve (RFC 9438, 4.2): slowly at first, then faster, until the next refusal. A refusal at the same rate confirms it.
//!
//! **A refusal without `Retry-After`**, while others are accepted, means too many requests at once. The number in flight is
//! lowered, and then grows one at a time (additive increase, multiplicative decrease: Chiu and Jain, 1989; RFC 5681, 3.1).

use std::collections::VecDeque;

/// What a full token bucket may have added to the accepted requests, as time at its rate, in milliseconds. With a larger bucket
/// the first rate is too high. That costs little, because such a bucket refills during the pause.
const BURST: f64 = 130.0;

/// The interval between the samples of a [`Meter`], and the time that they cover, in milliseconds.
const SAMPLE: f64 = 100.0;
const MEASURED: f64 = 10_000.0;

/// The growth of the rate after the time K, when a refusal is expected. AWS and CUBIC multiply the rate by 0.7 and let it
/// recover. Here the rate is known, and a tenth is more than its error.
const PROBE: f64 = 0.1;

/// K after a refusal so early that the rate is unknown, in milliseconds: it then doubles within a second.
const K_UNKNOWN: f64 = 400.0;

/// K after any other refusal, in milliseconds. A probe costs a pause of a second, so probes cost a twentieth. If the limit has
/// risen, the rate doubles within 40 seconds.
const K: f64 = 18_000.0;

/// Rates that differ by less than this count as equal.
const RATE_TOLERANCE: f64 = 0.06;

/// The part of a confirmed rate that is used: "just below".
const RATE_MARGIN: f64 = 0.98;

/// The timer delay that is compensated by sending faster, in milliseconds.
const CATCH_UP: f64 = 25.0;

/// The part that stays in flight after a refusal for too many at once. CUBIC's is 0.7, but with few requests that is too coarse.
const CONCURRENCY_DECREASE: f64 = 0.85;

/// The time until one more request is in flight, in milliseconds.
const INCREASE_INTERVAL: f64 = 2_000.0;

/// The lowest rate, in requests per `Retry-After`: the server says that it accepts one after that time. Without a minimum, a list in
/// which one item in three is always refused lowers the rate to nothing.
const MIN_RATE: f64 = 0.5;

/// Counts events, and measures their rate over the last ten seconds.
#[derive(Default)]
pub struct Meter {
    count: u64,
    /// Pairs of a time and the number of events before it.
    samples: VecDeque<(f64, u64)>,
}

impl Meter {
    /// Counts an event.
    pub fn count(&mut self, now: f64) {
        if self.samples.back().is_none_or(|(time, _)| now - time >= SAMPLE) {
            self.samples.push_back((now, self.count));
        }
        while self.samples.get(1).is_some_and(|(time, _)| now - time >= MEASURED) {
            self.samples.pop_front();
        }
        self.count = self.count.saturating_add(1);
    }

    /// The length of each measured period up to now, in milliseconds, and the number of events in it; the longest period first.
    pub fn periods(&self, now: f64) -> impl Iterator<Item = (f64, f64)> + '_ {
        self.samples.iter().map(move |(time, before)| (now - time, self.count.saturating_sub(*before) as f64))
    }
}

/// A rate learned from a refusal, in requests per millisecond, and the time K until the next one is expected.
#[derive(Clone, Copy, Debug)]
struct Learned {
    rate: f64,
    k: f64,
}

impl Learned {
    /// The rate this long after the pause, in milliseconds.
    fn at(&self, elapsed: f64) -> f64 {
        self.rate * (1.0 + PROBE * (elapsed.max(0.0) / self.k).powi(3))
    }
}

/// The pace of a run. Times are in milliseconds, begin at 0 and never go backwards.
#[derive(Default)]
pub struct Pace {
    concurrency: usize,
    /// The number of requests that may be in flight, and when it next grows.
    window: usize,
    increase_at: f64,
    learned: Option<Learned>,
    /// When the next request is due, evenly spaced.
    next: f64,
    /// The end of the last pause, or when a rate was learned without one.
    since: f64,
    /// The requests accepted since the last pause.
    accepted: Meter,
}

impl Pace {
    /// A pace without a limit.
    pub fn new(concurrency: usize) -> Pace {
        Pace { concurrency, window: concurrency, ..Pace::default() }
    }

    /// The number of requests that may be in flight; at least one.
    pub fn window(&self) -> usize {
        self.window
    }

    /// When the next request may be sent.
    pub fn earliest(&self) -> f64 {
        self.next - CATCH_UP
    }

    /// A request is sent.
    pub fn sent(&mut self, now: f64) {
        if now >= self.increase_at && self.window < self.concurrency {
            self.window = self.window.saturating_add(1);
            self.increase_at = now + INCREASE_INTERVAL;
        }
        self.next = self.next.max(now) + 1.0 / self.rate(now);
    }

    /// The server accepted a request that was sent since the last pause.
    pub fn accepted(&mut self, now: f64) {
        self.accepted.count(now);
    }

    /// The server refused a request that was sent since the last pause. `in_flight`: requests in flight, itself included.
    pub fn rate_limited(&mut self, in_flight: usize, retry_after: Option<f64>, now: f64) {
        if retry_after.is_none() && self.window > 1 {
            self.window = ((in_flight as f64 * CONCURRENCY_DECREASE) as usize).clamp(1, self.concurrency);
            self.increase_at = now + INCREASE_INTERVAL;
        } else {
            // `Retry-After` is in seconds. Without it, the minimum is next to nothing: one in half an hour.
            self.learn(MIN_RATE / retry_after.unwrap_or(1e6).max(1_000.0), now);
        }
    }

    /// Nothing is sent until then.
    pub fn pause_until(&mut self, until: f64) {
        self.accepted = Meter::default();
        self.since = until;
        self.next = until;
    }

    /// The current rate, in requests per millisecond. Infinity: no limit is known.
    fn rate(&self, now: f64) -> f64 {
        self.learned.map_or(f64::INFINITY, |learned| learned.at(now - self.since))
    }

    /// Learns the rate from a refusal. `min`: the lowest one.
    fn learn(&mut self, min: f64, now: f64) {
        let rates = self.accepted.periods(now).map(|(time, accepted)| accepted / (time + BURST));
        let Some((time, _)) = self.accepted.periods(now).next() else { return };
        let rate = rates.fold(min, f64::max);
        self.since = now;
        self.learned = Some(match self.learned {
            None if time < SAMPLE => Learned { rate, k: K_UNKNOWN },
            // Estimates are slightly low. Without the minimum, refusals with another cause, such as an overload every few
            // seconds, would soon lower the rate to nothing.
            Some(before) if (rate / before.rate - 1.0).abs() < RATE_TOLERANCE => {
                Learned { rate: rate.max(before.rate) * RATE_MARGIN, k: K }
            }
            _ => Learned { rate, k: K },
        });
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

    /// The rate in requests per second.
    fn learned(pace: &Pace, now: f64) -> f64 {
        pace.rate(now) * 1000.0
    }

    #[test]
    fn without_a_refusal_there_is_no_limit() {
        let mut pace = Pace::new(32);
        let now = accept(&mut pace, 0.0, 1000, 0.1);
        assert_eq!((pace.window(), learned(&pace, now)), (32, f64::INFINITY));
        assert!(pace.earliest() <= now);
    }

    #[test]
    fn the_rate_that_was_accepted_is_learned_with_retry_after() {
        let mut pace = Pace::new(6);
        let now = accept(&mut pace, 0.0, 400, 5.0);
        pace.rate_limited(6, Some(1000.0), now);
        pace.pause_until(now + 1000.0);
        let rate = learned(&pace, now + 1000.0);
        assert!((180.0..=200.0).contains(&rate), "{rate}");
        let mut sent = 0;
        let mut time = now + 1000.0;
        while time < now + 2000.0 {
            time = time.max(pace.earliest());
            pace.sent(time);
            sent += 1;
        }
        assert!((180..=206).contains(&sent), "{sent}");
    }

    #[test]
    fn a_confirmed_rate_stays_and_grows_after_a_while() {
        let mut pace = Pace::new(6);
        let mut now = accept(&mut pace, 0.0, 1000, 5.0);
        for _ in 0..4 {
            pace.rate_limited(6, Some(1000.0), now);
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
    fn fewer_are_in_flight_without_retry_after_and_one_more_every_two_seconds() {
        let mut pace = Pace::new(6);
        let now = accept(&mut pace, 0.0, 100, 5.0);
        pace.rate_limited(6, None, now);
        assert_eq!((pace.window(), learned(&pace, now)), (5, f64::INFINITY));
        let now = accept(&mut pace, now + 1900.0, 1, 99.0);
        assert_eq!(pace.window(), 5);
        let now = accept(&mut pace, now + 1.0, 1, 5.0);
        assert_eq!(pace.window(), 6);
        for _ in 0..99 {
            pace.rate_limited(pace.window(), None, now);
        }
        assert_eq!(pace.window(), 1);
    }

    #[test]
    fn a_rate_is_learned_without_retry_after_if_one_is_in_flight() {
        let mut pace = Pace::new(1);
        let now = accept(&mut pace, 0.0, 100, 5.0);
        pace.rate_limited(1, None, now);
        let rate = learned(&pace, now + 100.0);
        assert!((120.0..=200.0).contains(&rate), "{rate}");
    }

    #[test]
    fn the_rate_is_at_least_half_of_what_retry_after_promises() {
        let mut pace = Pace::new(6);
        let mut now = 0.0;
        for _ in 0..1000 {
            now = accept(&mut pace, now, 1, 100_000.0);
            pace.rate_limited(6, Some(10_000.0), now);
            pace.pause_until(now);
        }
        // Half of one in ten seconds; a confirmed rate is a little lower.
        assert_eq!(learned(&pace, now), 0.05 * RATE_MARGIN);
    }

    #[test]
    fn a_meter_keeps_ten_seconds() {
        let mut meter = Meter::default();
        (0..10_000).for_each(|event| meter.count(f64::from(event) * 10.0));
        let periods: Vec<_> = meter.periods(100_000.0).collect();
        assert_eq!(periods[0], (10_100.0, 1010.0));
        assert_eq!(periods[100], (100.0, 10.0));
        assert_eq!(periods.len(), 101);
    }
}
