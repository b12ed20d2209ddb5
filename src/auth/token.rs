//! How long a token is used (RFC 6749 §5.1), computed on a clock in milliseconds.
//!
//! | expires_in | use |
//! |---|---|
//! | a number of seconds | used until a margin before the end |
//! | missing | five minutes, half of what the API's documentation shows; a 401 corrects a wrong guess |
//! | zero, negative, NaN | used by the calls that waited for it, and not cached |
//! | more than an hour, infinite | cached for an hour, because the token may be revoked or mis-issued |
//!
//! The margin covers the duration of a request and clock drift. It is a tenth of the lifetime, between 10 and 60 seconds, but
//! never more than a quarter, so that short-lived tokens are used at all.

const SECOND: f64 = 1000.0;
const DEFAULT_LIFETIME: f64 = 300.0 * SECOND;
const MAX_LIFETIME: f64 = 3600.0 * SECOND;

/// When a token is used.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lifetime {
    from: f64,
    end: f64,
}

impl Lifetime {
    /// The lifetime of a token requested at `asked`, or `None` if the token is not to be cached. `asked` is when the request was
    /// sent, because the server's count may start at any time after. `expires_in` is the server's value, in seconds.
    pub fn new(asked: f64, expires_in: Option<f64>) -> Option<Self> {
        let lifetime = match expires_in {
            Some(seconds) if seconds > 0.0 => (seconds * SECOND).min(MAX_LIFETIME),
            Some(_) => return None,
            None => DEFAULT_LIFETIME,
        };
        let margin = (lifetime / 10.0).clamp(10.0 * SECOND, 60.0 * SECOND).min(lifetime / 4.0);
        let end = asked + (lifetime - margin);
        asked.is_finite().then_some(Self { from: asked, end })
    }

    /// Whether to use the token at `now`. Not if it has expired, or its age is unknown because the clock was set back to before the
    /// request.
    pub fn covers(&self, now: f64) -> bool {
        now >= self.from && now < self.end
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_token_is_used_until_a_margin_before_its_end() {
        for (expires_in, end) in [
            (Some(600.0), 540.0),
            (Some(300.0), 270.0),
            (None, 270.0),
            (Some(60.0), 50.0),
            (Some(20.0), 15.0),
            (Some(1.0), 0.75),
            (Some(3600.0), 3540.0),
            (Some(3601.0), 3540.0),
            (Some(3.2e9), 3540.0),
            (Some(f64::INFINITY), 3540.0),
        ] {
            assert_eq!(Lifetime::new(5000.0, expires_in).unwrap().end, 5000.0 + end * 1000.0, "{expires_in:?}");
        }
    }

    #[test]
    fn a_token_without_a_lifetime_is_not_cached() {
        for expires_in in [0.0, -0.0, -1.0, f64::NAN, f64::NEG_INFINITY] {
            assert_eq!(Lifetime::new(0.0, Some(expires_in)), None, "{expires_in}");
        }
        for clock in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(Lifetime::new(clock, None), None, "{clock}");
        }
    }

    #[test]
    fn a_token_is_used_from_its_request_to_its_end() {
        let lifetime = Lifetime::new(1000.0, Some(600.0)).unwrap();
        for (now, covered) in
            [(999.0, false), (1000.0, true), (540_999.0, true), (541_000.0, false), (1e300, false), (f64::NAN, false)]
        {
            assert_eq!(lifetime.covers(now), covered, "{now}");
        }
    }

    proptest! {
        #[test]
        fn a_token_is_never_used_past_its_end(asked in 0.0..4e12, expires_in in 0.0..1e12, later in 0.0..2.0) {
            if let Some(lifetime) = Lifetime::new(asked, Some(expires_in)) {
                let now = asked + expires_in * 1000.0 * later;
                let used = lifetime.covers(now);
                prop_assert!(!used || now < asked + expires_in * 1000.0);
                prop_assert!(!used || now < asked + 3_600_000.0);
                prop_assert!(later >= 0.5 || expires_in > 3600.0 || used || expires_in < 0.001);
            }
        }

        #[test]
        fn any_numbers_give_a_period(asked: f64, expires_in: Option<f64>, now: f64) {
            if let Some(lifetime) = Lifetime::new(asked, expires_in) {
                prop_assert!(lifetime.from <= lifetime.end);
                prop_assert!(!lifetime.covers(now) || now >= asked);
            }
        }
    }
}
