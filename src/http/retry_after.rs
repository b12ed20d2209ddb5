//! The `Retry-After` header (RFC 9110, 10.2.3): seconds, or an HTTP date (RFC 9110, 5.6.7).

use std::time::UNIX_EPOCH;

/// Returns how long the server asks to wait, in milliseconds from `now` (milliseconds since 1970). A date in the past is 0.
/// Seconds that do not fit in 64 bits are infinity. `None`: the header has neither form, and the client's own backoff applies.
pub fn parse(value: &str, now: f64) -> Option<f64> {
    let value = value.trim_ascii();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(value.parse::<u64>().map_or(f64::INFINITY, |seconds| seconds as f64 * 1000.0));
    }
    let date = httpdate::parse_http_date(value).ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some((date.as_secs() as f64 * 1000.0 - now).max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: f64 = 1_795_000_000_000.0;
    const SAMPLE: f64 = 784_111_777_000.0;

    #[test]
    fn seconds() {
        assert_eq!(parse("0", NOW), Some(0.0));
        assert_eq!(parse("120", NOW), Some(120_000.0));
        assert_eq!(parse(" 7\t", NOW), Some(7000.0));
        assert_eq!(parse("99999999999999999999", NOW), Some(f64::INFINITY));
        for bad in ["", "-1", "+1", "1.5", "1e3", "0x10", "12 34", "١", "NaN", "soon"] {
            assert_eq!(parse(bad, NOW), None, "{bad}");
        }
    }

    #[test]
    fn the_three_forms_of_a_date() {
        for date in ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
            assert_eq!(parse(date, 0.0), Some(SAMPLE), "{date}");
            assert_eq!(parse(date, SAMPLE - 5000.0), Some(5000.0), "{date}");
            assert_eq!(parse(date, NOW), Some(0.0), "{date}");
        }
        assert_eq!(parse("Thu, 29 Feb 2024 23:59:59 GMT", 0.0), Some(1_709_251_199_000.0));
        assert_eq!(parse("Wed Nov 16 08:49:37 1994", 0.0), Some(SAMPLE + 864_000_000.0));
        assert_eq!(parse("Thu, 01 Jan 1970 00:00:00 GMT", 0.0), Some(0.0));
    }

    #[test]
    fn what_is_no_http_date() {
        for bad in [
            "Sun, 6 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 UTC",
            "Sun, 06 Nov 1994 08:49:37",
            "sun, 06 nov 1994 08:49:37 gmt",
            "Sun, 31 Feb 2027 00:00:00 GMT",
            "Sun, 29 Feb 2100 00:00:00 GMT",
            "Sun, 06 Nov 1994 24:00:00 GMT",
            "Sun, 06 Nov 1994 08:49 GMT",
            "2026-11-23T10:00:00Z",
            "Sun, 06 Nov 1994 08:49:37 GMT x",
            "Sun,",
            "Sunday",
            "Sun Nov 6 08:49:37 1994",
            "Sun, 00 Nov 1994 08:49:37 GMT",
        ] {
            assert_eq!(parse(bad, NOW), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_fault(text in "\\PC{0,40}") {
            if let Some(wait) = parse(&text, NOW) {
                prop_assert!(wait >= 0.0);
            }
        }

        #[test]
        fn a_date_that_is_written_is_read_back(seconds in 0..253_402_300_799_u64) {
            let date = httpdate::fmt_http_date(UNIX_EPOCH + std::time::Duration::from_secs(seconds));
            prop_assert_eq!(parse(&date, 0.0), Some(seconds as f64 * 1000.0));
        }
    }
}
