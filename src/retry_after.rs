//! The `Retry-After` header (RFC 9110, 10.2.3): seconds, or an HTTP date (RFC 9110, 5.6.7), parsed strictly.

use crate::text::{decimal, find, pieces};

const MONTHS: &[u8; 36] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
const DAYS: &[u8] = b"Monday Tuesday Wednesday Thursday Friday Saturday Sunday";

/// How long the server asks to wait, in milliseconds from `now` (milliseconds since 1970). A date that has passed gives 0.
/// `None`: the header is neither form, and the client's own backoff applies.
pub fn parse(value: &str, now: f64) -> Option<f64> {
    let value = value.trim_ascii();
    match decimal(value.as_bytes()) {
        // Digits beyond any meaningful wait: the caller's budget refuses them.
        Some(u32::MAX) => Some(f64::INFINITY),
        Some(seconds) => Some(f64::from(seconds) * 1000.0),
        None => Some((parse_http_date(value, now)? - now).max(0.0)),
    }
}

/// Milliseconds since 1970 of an HTTP date in any of the three forms that recipients must accept. `now` resolves the two-digit
/// year of the RFC 850 form: one that would lie over 50 years ahead is of the past century.
pub fn parse_http_date(value: &str, now: f64) -> Option<f64> {
    let value = value.as_bytes();
    // What follows the day's name, and whether that is short. A digit stands for one of that field, `e` for one of field 1 or a
    // space, `b` for a letter of the month, all else for itself.
    let (form, short): (&[u8], bool) = match value.len() {
        // Sun, 06 Nov 1994 08:49:37 GMT
        29 => (b", 11 bbb 0000 22:33:44 GMT", true),
        // Sun Nov  6 08:49:37 1994
        24 => (b" bbb e1 22:33:44 0000", true),
        // Sunday, 06-Nov-94 08:49:37 GMT
        _ => (b", 11-bbb-00 22:33:44 GMT", false),
    };
    let (name, rest) = value.split_at_checked(value.len().checked_sub(form.len())?)?;
    if !pieces(DAYS, b' ').any(|day| name == if short { day.get(..3).unwrap_or_default() } else { day }) {
        return None;
    }
    let mut fields = [0_u32; 5];
    for (kind, byte) in form.iter().zip(rest) {
        let kind = match kind {
            b'b' => continue,
            b'e' if *byte == b' ' => continue,
            b'e' => b'1',
            kind => *kind,
        };
        match fields.get_mut(usize::from(kind.wrapping_sub(b'0'))) {
            Some(field) => *field = field.wrapping_mul(10).wrapping_add(decimal(&[*byte])?),
            None if kind == *byte => {}
            None => return None,
        }
    }
    let [year, day, hours, minutes, seconds] = fields;
    let (_, name) = rest.split_at_checked(find(form, b'b')?)?;
    let month = (1u32..).zip(MONTHS.chunks(3)).find(|(_, month)| name.starts_with(month))?.0;
    if hours > 23 || minutes > 59 || seconds > 60 {
        return None;
    }
    // A leap second counts as the second before it.
    let seconds = hours.wrapping_mul(3600).wrapping_add(minutes.wrapping_mul(60)).wrapping_add(seconds.min(59));
    let date = |century| timestamp(year.wrapping_add(century), month, day, seconds);
    if short {
        return date(0);
    }
    let this = date(2000)?;
    if this - now > 50.0 * 365.25 * 86_400_000.0 {
        return date(1900);
    }
    Some(this)
}

/// Milliseconds since 1970 of a date of the proleptic Gregorian calendar from 1970 on; earlier ones give 0, for they have passed.
fn timestamp(year: u32, month: u32, day: u32, seconds: u32) -> Option<f64> {
    let before = days_before(year, month);
    if day == 0 || before.wrapping_add(day) > days_before(year, month.wrapping_add(1)) {
        return None;
    }
    // 1970-01-01 is day 865,566 of that count.
    let days = f64::from(before.wrapping_add(day)) - 865_566.0;
    Some((days * 86_400_000.0 + f64::from(seconds) * 1000.0).max(0.0))
}

/// The days from a first of March 400 years before the year 0 to the first of a month (13 is the next January). In years that begin
/// in March, the leap day comes last. Nothing wraps: a year has at most four digits.
fn days_before(year: u32, month: u32) -> u32 {
    let (year, month) =
        if month > 2 { (year.wrapping_add(400), month.wrapping_sub(3)) } else { (year.wrapping_add(399), month.wrapping_add(9)) };
    let leap_days = (year / 4).wrapping_sub(year / 100).wrapping_add(year / 400);
    year.wrapping_mul(365).wrapping_add(leap_days).wrapping_add(month.wrapping_mul(153).wrapping_add(2) / 5)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::prelude::v1::*;
    #[allow(unused_imports)]
    use std::{format, vec};

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
            assert_eq!(parse_http_date(date, NOW), Some(SAMPLE), "{date}");
            assert_eq!(parse(date, SAMPLE - 5000.0), Some(5000.0), "{date}");
            assert_eq!(parse(date, NOW), Some(0.0), "{date}");
        }
        assert_eq!(parse_http_date("Thu, 29 Feb 2024 23:59:60 GMT", NOW), Some(1_709_251_199_000.0));
        assert_eq!(parse_http_date("Sun Nov 16 08:49:37 1994", NOW), Some(SAMPLE + 864_000_000.0));
        assert_eq!(parse_http_date("Thu, 01 Jan 1970 00:00:00 GMT", NOW), Some(0.0));
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
            assert_eq!(parse_http_date(bad, NOW), None, "{bad}");
        }
    }

    fn is_leap(year: u32) -> bool {
        year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_fault(text in "\\PC{0,40}") {
            if let Some(wait) = parse(&text, NOW) {
                prop_assert!(wait >= 0.0);
            }
        }

        #[test]
        fn days_follow_one_another(day in 0u32..30_000) {
            // Walks the calendar by hand and compares.
            let (mut year, mut month, mut left) = (1970u32, 1u32, day);
            loop {
                let length = match month { 2 => if is_leap(year) { 29 } else { 28 }, 4 | 6 | 9 | 11 => 30, _ => 31 };
                if left < length { break; }
                left -= length;
                month += 1;
                if month == 13 { month = 1; year += 1; }
            }
            prop_assert_eq!(timestamp(year, month, left + 1, 0), Some(f64::from(day) * 86_400_000.0));
        }
    }
}
