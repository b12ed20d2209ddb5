//! The retry schedule: which responses to retry, when, and for how long.

use std::ops::RangeInclusive;

/// Exponential backoff; times in milliseconds. The defaults are the official SDK's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backoff {
    /// Upper bound of the first wait.
    pub initial_interval: f64,
    /// Upper bound of every wait.
    pub max_interval: f64,
    /// Factor from one wait's upper bound to the next one's.
    pub exponent: f64,
    /// A wait that would end later than this after the start of the call does not begin.
    pub max_elapsed: f64,
}

impl Backoff {
    /// 500 ms, 60 s, 1.5, 1 h.
    pub const DEFAULT: Backoff =
        Backoff { initial_interval: 500.0, max_interval: 60_000.0, exponent: 1.5, max_elapsed: 3_600_000.0 };

    /// The wait before retry `retry` (0 is the first one): between half its upper bound and all of it, chosen by `random` (0 to 1).
    /// This is "equal jitter": clients that failed together do not retry together, and none retries immediately.
    pub fn wait(&self, retry: u32, random: f64) -> f64 {
        // Finite, because zero times infinity is not a number.
        let factor = self.exponent.powi(i32::try_from(retry).unwrap_or(i32::MAX)).min(f64::MAX);
        let longest = (self.initial_interval * factor).min(self.max_interval);
        longest * (0.5 + random.clamp(0.0, 1.0) / 2.0)
    }
}

/// The wait before retry `retry` (0 is the first), `elapsed` ms after the call began. The first retry obeys the server: it waits
/// `retry_after` ms, without jitter. Later ones wait at least as long as the backoff, so that `Retry-After: 0`, or a date in the
/// past, does not cause retries without a pause. `None`: the budget allows no other wait.
pub fn next(backoff: &Backoff, retry: u32, elapsed: f64, retry_after: Option<f64>, random: f64) -> Option<f64> {
    let wait = match retry_after {
        Some(asked) if retry == 0 => asked,
        Some(asked) => asked.max(backoff.wait(retry, random)),
        None => backoff.wait(retry, random),
    };
    // False for NaN.
    (elapsed.max(0.0) + wait <= backoff.max_elapsed).then_some(wait)
}

/// A set of status codes, given as `"429"` or `"5XX"`.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct StatusCodes(Vec<RangeInclusive<u16>>);

impl StatusCodes {
    /// 429, 500, 502, 503, 504.
    pub fn default_set() -> StatusCodes {
        StatusCodes(vec![429..=429, 500..=500, 502..=504])
    }

    /// Reads codes (`"503"`) and classes (`"5XX"`, any case). `None`: one is neither.
    pub fn parse(patterns: &[String]) -> Option<StatusCodes> {
        patterns.iter().map(|pattern| range(pattern)).collect::<Option<_>>().map(StatusCodes)
    }

    /// Whether `status` is in the set.
    pub fn contains(&self, status: u16) -> bool {
        self.0.iter().any(|range| range.contains(&status))
    }
}

/// The codes that a pattern stands for.
fn range(pattern: &str) -> Option<RangeInclusive<u16>> {
    let bound = |digit| pattern.replace(['x', 'X'], digit).parse().ok();
    match pattern.as_bytes() {
        [b'1'..=b'5', b'0'..=b'9', b'0'..=b'9'] | [b'1'..=b'5', b'x' | b'X', b'x' | b'X'] => Some(bound("0")?..=bound("9")?),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_default_schedule() {
        let backoff = Backoff::DEFAULT;
        assert_eq!([0, 1, 2, 100].map(|retry| backoff.wait(retry, 1.0)), [500.0, 750.0, 1125.0, 60_000.0]);
        assert_eq!(backoff.wait(0, 0.0), 250.0);
        assert_eq!(backoff.wait(u32::MAX, 1.0), 60_000.0);
        assert_eq!(Backoff { initial_interval: 0.0, ..backoff }.wait(u32::MAX, 1.0), 0.0);
    }

    #[test]
    fn the_budget_ends_the_call() {
        let backoff = Backoff { max_elapsed: 1000.0, ..Backoff::DEFAULT };
        assert_eq!(next(&backoff, 0, 500.0, None, 1.0), Some(500.0));
        assert_eq!(next(&backoff, 0, 501.0, None, 1.0), None);
        assert_eq!(next(&backoff, 0, 0.0, Some(1000.0), 0.0), Some(1000.0));
        assert_eq!(next(&backoff, 0, 0.0, Some(259_200_000.0), 0.0), None);
        assert_eq!(next(&backoff, 0, 0.0, Some(f64::INFINITY), 0.0), None);
        assert_eq!(next(&backoff, 0, -5.0, Some(1000.0), 0.0), Some(1000.0));
    }

    #[test]
    fn the_server_s_wish_alone_counts_for_the_first_retry_only() {
        let backoff = Backoff::DEFAULT;
        assert_eq!(next(&backoff, 0, 0.0, Some(0.0), 1.0), Some(0.0));
        assert_eq!(next(&backoff, 1, 0.0, Some(0.0), 1.0), Some(750.0));
        assert_eq!(next(&backoff, 1, 0.0, Some(7000.0), 1.0), Some(7000.0));
        let brief = Backoff { max_elapsed: 700.0, ..backoff };
        assert_eq!(next(&brief, 1, 0.0, Some(0.0), 1.0), None);
    }

    #[test]
    fn status_codes() {
        let codes = StatusCodes::parse(&["429", "5XX", "4xX"].map(str::to_owned)).unwrap();
        assert!(codes.contains(501) && codes.contains(599) && codes.contains(404) && !codes.contains(302));
        for bad in ["", "5", "5X", "5X1", "XXX", "600", "099", "4290", "٤29", " 429", "+42", "4+2", "4X9"] {
            assert_eq!(StatusCodes::parse(&["429".to_owned(), bad.to_owned()]), None, "{bad}");
        }
        assert_eq!(StatusCodes::parse(&[]), Some(StatusCodes::default()));
        let default = StatusCodes::default_set();
        assert!((0..=u16::MAX).filter(|status| default.contains(*status)).eq([429, 500, 502, 503, 504]));
    }

    proptest! {
        #[test]
        fn waits_stay_inside_their_bounds(
            initial_interval in 0.0..1e6f64, max_interval in 0.0..1e6f64, exponent in 0.0..10.0f64, retry: u32, random in 0.0..1.0f64
        ) {
            let backoff = Backoff { initial_interval, max_interval, exponent, max_elapsed: f64::INFINITY };
            let wait = backoff.wait(retry.min(5000), random);
            prop_assert!(wait >= 0.0 && wait <= max_interval);
            if exponent <= 1.0 {
                prop_assert!(wait <= initial_interval);
            }
        }

        #[test]
        fn a_wait_never_passes_the_budget(
            max_elapsed in 0.0..1e5f64, elapsed in -1e5..1e5f64, retry in 0..30u32, after in proptest::option::of(0.0..1e6f64), random in 0.0..1.0f64
        ) {
            let backoff = Backoff { max_elapsed, ..Backoff::DEFAULT };
            if let Some(wait) = next(&backoff, retry, elapsed, after, random) {
                prop_assert!(elapsed + wait <= max_elapsed);
                prop_assert!(wait >= after.unwrap_or(0.0));
                prop_assert!(retry == 0 || wait >= backoff.wait(retry, random));
            }
        }
    }
}
