//! The `Retry-After` header (RFC 9110, 10.2.3): seconds, or an HTTP date (RFC 9110, 5.6.7), parsed strictly.

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const LONG_DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// How long the server asks to wait, in milliseconds from `now` (milliseconds since 1970). A date that has passed gives 0.
/// `None`: the header is neither form, and the client's own backoff applies.
pub fn parse(value: &str, now: f64) -> Option<f64> {
    let value = value.trim_matches([' ', '\t']);
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // Digits beyond any meaningful wait saturate: the caller's budget refuses them.
        return Some(value.parse::<u32>().map_or(f64::INFINITY, |seconds| f64::from(seconds) * 1000.0));
    }
    let date = parse_http_date(value, now)?;
    Some((date - now).max(0.0))
}

/// Milliseconds since 1970 of an HTTP date in any of the three forms that recipients must accept. `now` resolves the two-digit
/// year of the RFC 850 form: one that would lie over 50 years ahead is of the past century.
pub fn parse_http_date(value: &str, now: f64) -> Option<f64> {
    let (day, rest) = value.split_once([',', ' '])?;
    if DAYS.contains(&day) && value.get(3..4) == Some(",") {
        // Sun, 06 Nov 1994 08:49:37 GMT
        let rest = rest.strip_prefix(' ')?.strip_suffix(" GMT")?;
        let mut parts = rest.split(' ');
        let day = digits(parts.next()?, 2)?;
        let month = month(parts.next()?)?;
        let year = digits(parts.next()?, 4)?;
        let time = time(parts.next()?)?;
        end(&mut parts)?;
        return timestamp(year, month, day, time);
    }
    if LONG_DAYS.contains(&day) {
        // Sunday, 06-Nov-94 08:49:37 GMT
        let rest = rest.strip_prefix(' ')?.strip_suffix(" GMT")?;
        let (date, clock) = rest.split_once(' ')?;
        let mut parts = date.split('-');
        let day = digits(parts.next()?, 2)?;
        let month = month(parts.next()?)?;
        let short_year = digits(parts.next()?, 2)?;
        end(&mut parts)?;
        let time = time(clock)?;
        let date = timestamp(short_year.checked_add(2000)?, month, day, time)?;
        if date - now > 50.0 * 365.25 * 86_400_000.0 {
            return timestamp(short_year.checked_add(1900)?, month, day, time);
        }
        return Some(date);
    }
    if DAYS.contains(&day) {
        // Sun Nov  6 08:49:37 1994
        let month = month(rest.get(..3)?)?;
        let day = rest.get(3..6)?.strip_prefix(' ')?;
        let day = match day.strip_prefix(' ') {
            Some(day) => digits(day, 1)?,
            None => digits(day, 2)?,
        };
        let time = time(rest.get(6..15)?.strip_prefix(' ')?)?;
        let year = digits(rest.get(15..)?.strip_prefix(' ')?, 4)?;
        return timestamp(year, month, day, time);
    }
    None
}

fn end<'a>(parts: &mut impl Iterator<Item = &'a str>) -> Option<()> {
    if parts.next().is_none() {
        Some(())
    } else {
        None
    }
}

/// Exactly `count` digits.
fn digits(text: &str, count: usize) -> Option<u32> {
    if text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse().ok()
    } else {
        None
    }
}

fn month(name: &str) -> Option<u32> {
    let index = MONTHS.iter().position(|month| *month == name)?;
    u32::try_from(index).ok()?.checked_add(1)
}

/// Seconds of the day. A leap second counts as the second before it.
fn time(clock: &str) -> Option<u32> {
    let mut parts = clock.split(':');
    let hours = digits(parts.next()?, 2).filter(|hours| *hours < 24)?;
    let minutes = digits(parts.next()?, 2).filter(|minutes| *minutes < 60)?;
    let seconds = digits(parts.next()?, 2).filter(|seconds| *seconds <= 60)?.min(59);
    end(&mut parts)?;
    hours.checked_mul(3600)?.checked_add(minutes.checked_mul(60)?)?.checked_add(seconds)
}

fn is_leap(year: u32) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Milliseconds since 1970 of a date of the proleptic Gregorian calendar from 1970 on; earlier ones give 0, for they have passed.
fn timestamp(year: u32, month: u32, day: u32, seconds: u32) -> Option<f64> {
    let month_days = match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    if day == 0 || day > month_days {
        return None;
    }
    // Days from a March-based year, in which the leap day comes last.
    let (year, month) = if month > 2 { (year, month.checked_sub(3)?) } else { (year.checked_sub(1)?, month.checked_add(9)?) };
    let leap_days = (year / 4).checked_sub(year / 100)?.checked_add(year / 400)?;
    let day_of_year = month.checked_mul(153)?.checked_add(2)?.checked_div(5)?.checked_add(day)?.checked_sub(1)?;
    let days = year.checked_mul(365)?.checked_add(leap_days)?.checked_add(day_of_year)?;
    // 1970-01-01 is day 719,468 counted from 0000-03-01.
    Some((f64::from(days) - 719_468.0).max(0.0) * 86_400_000.0 + f64::from(seconds) * 1000.0)
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
