//! How long a token is used (RFC 6749 §5.1), computed on a clock in milliseconds.
//!
//! | expires_in | use |
//! |---|---|
//! | a number of seconds | used until a margin before the end; from two margins before the end, a new one is fetched while this one is still used |
//! | missing | five minutes, half of what the API's documentation shows; a 401 corrects a wrong guess |
//! | zero, negative, NaN | used by the calls that waited for it, and not cached |
//! | more than an hour, infinite | cached for an hour, because the token may be revoked or mis-issued |
//!
//! The margin covers the duration of a request and clock drift. It is a tenth of the lifetime, between 10 and 60 seconds, but
//! never more than a quarter, so that short-lived tokens are used at all.

const SECOND: f64 = 1000.0;
const UNTOLD: f64 = 300.0 * SECOND;
const LONGEST: f64 = 3600.0 * SECOND;

/// When a token is used.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lifetime {
    from: f64,
    refresh: f64,
    end: f64,
}

/// How to use a cached token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Use it.
    Fresh,
    /// Use it, and fetch the next one in the background.
    Ageing,
}

impl Lifetime {
    /// The lifetime of a token requested at `asked`, or `None` if the token is not to be cached. `asked` is when the request was
    /// sent, because the server's count may start at any time after. `expires_in` is the server's value, in seconds.
    pub fn new(asked: f64, expires_in: Option<f64>) -> Option<Self> {
        let lifetime = match expires_in {
            Some(seconds) if seconds > 0.0 => (seconds * SECOND).min(LONGEST),
            Some(_) => return None,
            None => UNTOLD,
        };
        let margin = (lifetime / 10.0).clamp(10.0 * SECOND, 60.0 * SECOND).min(lifetime / 4.0);
        let end = asked + (lifetime - margin);
        asked.is_finite().then_some(Self { from: asked, refresh: end - margin, end })
    }

    /// How to use the token at `now`. `None`: it has expired, or its age is unknown because the clock was set back to before the
    /// request.
    pub fn at(&self, now: f64) -> Option<Freshness> {
        let usable = now >= self.from && now < self.end;
        usable.then_some(if now < self.refresh { Freshness::Fresh } else { Freshness::Ageing })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The seconds after which a token is renewed, and not used any more.
    fn seconds(expires_in: Option<f64>) -> (f64, f64) {
        let lifetime = Lifetime::new(5000.0, expires_in).unwrap();
        ((lifetime.refresh - 5000.0) / 1000.0, (lifetime.end - 5000.0) / 1000.0)
    }

    #[test]
    fn margins() {
        for (expires_in, refresh, end) in [
            (Some(600.0), 480.0, 540.0),
            (Some(300.0), 240.0, 270.0),
            (None, 240.0, 270.0),
            (Some(60.0), 40.0, 50.0),
            (Some(20.0), 10.0, 15.0),
            (Some(1.0), 0.5, 0.75),
            (Some(3600.0), 3480.0, 3540.0),
            (Some(3601.0), 3480.0, 3540.0),
            (Some(3.2e9), 3480.0, 3540.0),
            (Some(f64::INFINITY), 3480.0, 3540.0),
        ] {
            assert_eq!(seconds(expires_in), (refresh, end), "{expires_in:?}");
        }
    }

    #[test]
    fn what_has_no_lifetime_is_not_kept() {
        for expires_in in [0.0, -0.0, -1.0, f64::NAN, f64::NEG_INFINITY] {
            assert_eq!(Lifetime::new(0.0, Some(expires_in)), None, "{expires_in}");
        }
        for clock in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(Lifetime::new(clock, None), None, "{clock}");
        }
    }

    #[test]
    fn ages() {
        let lifetime = Lifetime::new(1000.0, Some(600.0)).unwrap();
        for (now, freshness) in [
            (999.0, None),
            (1000.0, Some(Freshness::Fresh)),
            (480_999.0, Some(Freshness::Fresh)),
            (481_000.0, Some(Freshness::Ageing)),
            (540_999.0, Some(Freshness::Ageing)),
            (541_000.0, None),
            (1e300, None),
            (f64::NAN, None),
        ] {
            assert_eq!(lifetime.at(now), freshness, "{now}");
        }
    }

    proptest! {
        #[test]
        fn is_never_used_past_its_end(asked in 0.0..4e12, expires_in in 0.0..1e12, later in 0.0..2.0) {
            if let Some(lifetime) = Lifetime::new(asked, Some(expires_in)) {
                let now = asked + expires_in * 1000.0 * later;
                let used = lifetime.at(now).is_some();
                prop_assert!(!used || now < asked + expires_in * 1000.0);
                prop_assert!(!used || now < asked + 3_600_000.0);
                prop_assert!(later >= 0.5 || expires_in > 3600.0 || used || expires_in < 0.001);
            }
        }

        #[test]
        fn any_numbers_will_do(asked: f64, expires_in: Option<f64>, now: f64) {
            if let Some(lifetime) = Lifetime::new(asked, expires_in) {
                prop_assert!(lifetime.from <= lifetime.refresh && lifetime.refresh <= lifetime.end);
                lifetime.at(now);
            }
        }
    }
}
