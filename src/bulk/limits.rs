//! Reads a server's rate limits from the headers of a response.
//!
//! | header | source |
//! |---|---|
//! | `RateLimit: "default";r=50;t=30`, `RateLimit-Policy: "default";q=100;w=60` | draft-ietf-httpapi-ratelimit-headers-10 (structured fields, RFC 9651) |
//! | `RateLimit: limit=100, remaining=50, reset=30` | the same draft, version 7 |
//! | `RateLimit-Limit`, `RateLimit-Remaining`, `RateLimit-Reset`; `RateLimit-Policy: 100;w=60` | the same draft, up to version 6 |
//! | `X-RateLimit-Limit`, `X-RateLimit-Remaining`, `X-RateLimit-Reset` | no standard; the reset is in seconds, or a time |
//!
//! Of several limits, the one with the fewest remaining requests counts. Invalid values are ignored.

/// A reset of this or more is a time in seconds since 1970 (this one is in 2001), not a number of seconds to wait (31 years).
const EPOCH_SECONDS: f64 = 1e9;

/// A reset of this or more is a time in milliseconds since 1970. As seconds, it would be in the year 5138.
const EPOCH_MILLISECONDS: f64 = 1e11;

/// The limits that a response names.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Limits {
    /// The number of requests that the server still accepts before the reset.
    pub remaining: Option<f64>,
    /// The time until the reset, in milliseconds.
    pub reset: Option<f64>,
    /// The number of requests that the server accepts in a window.
    pub quota: Option<f64>,
    /// The length of a window, in milliseconds. If it is known, this and the quota are greater than 0.
    pub window: Option<f64>,
}

impl Limits {
    /// Reads the headers of a response. `header` returns the value of a header by its lowercase name. `now` is the time in
    /// milliseconds since 1970. `None`: the headers name no limits.
    pub fn read(header: impl Fn(&str) -> Option<String>, now: f64) -> Option<Limits> {
        let mut limits = header("ratelimit").and_then(|value| read_service(&value)).unwrap_or_default();
        for prefix in ["ratelimit-", "x-ratelimit-"] {
            let field = |name: &str| header(&format!("{prefix}{name}"));
            limits.remaining = limits.remaining.or_else(|| number(&field("remaining")?));
            limits.quota = limits.quota.or_else(|| number(field("limit")?.split([',', ';']).next()?));
            limits.reset = limits.reset.or_else(|| reset(&field("reset")?, now));
        }
        if let Some(policy) = header("ratelimit-policy").and_then(|value| read_policy(&value, limits.quota)) {
            limits.quota = policy.quota;
            limits.window = policy.window;
        }
        (limits != Limits::default()).then_some(limits)
    }
}

/// Reads the value of `RateLimit`: the limit with the fewest remaining requests.
fn read_service(value: &str) -> Option<Limits> {
    // Version 7 has one limit, with commas between its parameters.
    let (limits, parameters) = if value.contains(';') { (',', ';') } else { (';', ',') };
    let read = |item| {
        let limits = Limits { window: None, ..read_parameters(item, parameters) };
        Some((limits.remaining?, limits))
    };
    value.split(limits).filter_map(read).min_by(|(one, _), (other, _)| one.total_cmp(other)).map(|(_, limits)| limits)
}

/// Reads the value of `RateLimit-Policy`: the policy with this quota, else the one with the lowest rate.
fn read_policy(value: &str, quota: Option<f64>) -> Option<Limits> {
    let read = |item| {
        let policy = read_parameters(item, ';');
        let rate = policy.quota.filter(|quota| *quota > 0.0)? / policy.window.filter(|window| *window > 0.0)?;
        Some((if policy.quota == quota { 0.0 } else { rate }, policy))
    };
    value.split(',').filter_map(read).min_by(|(one, _), (other, _)| one.total_cmp(other)).map(|(_, policy)| policy)
}

/// Reads the parameters of one limit or policy. Until version 6, a policy begins with its quota, without a name.
fn read_parameters(item: &str, separator: char) -> Limits {
    let mut limits = Limits { quota: item.split(separator).next().and_then(number), ..Limits::default() };
    for (name, value) in item.split(separator).filter_map(|parameter| parameter.split_once('=')) {
        match name.trim() {
            "r" | "remaining" => limits.remaining = number(value),
            "t" | "reset" => limits.reset = number(value).map(|seconds| seconds * 1000.0),
            "q" | "limit" => limits.quota = number(value),
            "w" => limits.window = number(value).map(|seconds| seconds * 1000.0),
            // The quota does not count requests, but for example bytes.
            "qu" if value.trim().trim_matches('"') != "requests" => limits.quota = None,
            _ => {}
        }
    }
    limits
}

/// A number that is written in decimal digits.
fn number(value: &str) -> Option<f64> {
    // Some servers send fractions of a second; whole seconds are exact enough.
    let whole = value.trim().split('.').next()?;
    let digits = whole.len() <= 16 && whole.bytes().all(|byte| byte.is_ascii_digit());
    whole.parse().ok().filter(|_: &u64| digits).map(|number| number as f64)
}

/// The time until a reset that is given in seconds, or as a time in seconds or milliseconds since 1970.
fn reset(value: &str, now: f64) -> Option<f64> {
    let until = match number(value) {
        Some(time) if time >= EPOCH_MILLISECONDS => time,
        Some(time) if time >= EPOCH_SECONDS => time * 1000.0,
        Some(wait) => return Some(wait * 1000.0),
        None => return None,
    };
    Some((until - now).max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: f64 = 1_795_000_000_000.0;

    fn read(headers: &[(&str, &str)]) -> Option<Limits> {
        Limits::read(|name| headers.iter().find(|(other, _)| *other == name).map(|(_, value)| (*value).to_owned()), NOW)
    }

    fn limits(remaining: f64, reset: f64) -> Limits {
        Limits { remaining: Some(remaining), reset: Some(reset), ..Limits::default() }
    }

    #[test]
    fn structured_fields() {
        assert_eq!(read(&[("ratelimit", "\"default\";r=50;t=30")]), Some(limits(50.0, 30_000.0)));
        let both = read(&[("ratelimit", "\"a\";r=50;t=30"), ("ratelimit-policy", "\"a\";q=100;w=60")]);
        assert_eq!(both, Some(Limits { quota: Some(100.0), window: Some(60_000.0), ..limits(50.0, 30_000.0) }));
        let tightest = read(&[("ratelimit", "\"day\";r=5000;t=3600, \"second\"; r=2; t=1")]);
        assert_eq!(tightest, Some(limits(2.0, 1000.0)));
    }

    #[test]
    fn older_forms() {
        let flat = read(&[("ratelimit", "limit=100, remaining=50, reset=30")]);
        assert_eq!(flat, Some(Limits { quota: Some(100.0), ..limits(50.0, 30_000.0) }));
        let fields = read(&[
            ("ratelimit-limit", "100, 100;w=60"),
            ("ratelimit-remaining", "50"),
            ("ratelimit-reset", "30"),
            ("ratelimit-policy", "1000;w=3600, 100;w=60"),
        ]);
        assert_eq!(fields, Some(Limits { quota: Some(100.0), window: Some(60_000.0), ..limits(50.0, 30_000.0) }));
    }

    #[test]
    fn the_policy_with_the_lowest_rate_counts() {
        let policy =
            read(&[("ratelimit-policy", "\"second\";q=10;w=1, \"hour\";q=3600;w=3600, \"bytes\";q=1;w=60;qu=\"bytes\"")]);
        assert_eq!(policy, Some(Limits { quota: Some(3600.0), window: Some(3_600_000.0), ..Limits::default() }));
    }

    #[test]
    fn a_reset_is_in_seconds_or_a_time() {
        for reset in ["30", "1795000030", "1795000030000"] {
            let found = read(&[("x-ratelimit-remaining", "50"), ("x-ratelimit-reset", reset)]);
            assert_eq!(found, Some(limits(50.0, 30_000.0)), "{reset}");
        }
        assert_eq!(read(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1700000000")]), Some(limits(0.0, 0.0)));
    }

    #[test]
    fn nonsense_is_ignored() {
        for value in ["", "-1", "NaN", "inf", "1e9", "many", "0x10", "99999999999999999999", "\"a\";r=-5;t=x", "r", ";;=,=;"] {
            for name in ["ratelimit", "ratelimit-policy", "x-ratelimit-remaining", "x-ratelimit-reset", "ratelimit-limit"] {
                assert_eq!(read(&[(name, value)]), None, "{name}: {value}");
            }
        }
        assert_eq!(read(&[("ratelimit-policy", "\"a\";q=100;w=0")]), None);
        assert_eq!(read(&[]), None);
    }

    proptest! {
        #[test]
        fn any_text_gives_numbers_that_make_sense(text in "[\"a-z0-9=;, .rtqw-]{0,60}") {
            for name in ["ratelimit", "ratelimit-policy", "ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"] {
                if let Some(Limits { remaining, reset, quota, window }) = read(&[(name, &text)]) {
                    for number in [remaining, reset, quota, window].into_iter().flatten() {
                        prop_assert!(number.is_finite() && number >= 0.0);
                    }
                    prop_assert!(window.is_none_or(|window| window > 0.0 && quota.is_some_and(|quota| quota > 0.0)));
                }
            }
        }
    }
}
