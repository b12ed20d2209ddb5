//! The `Retry-After` header (RFC 9110, 10.2.3): seconds, or an HTTP date (RFC 9110, 5.6.7).

/// Returns how long the server asks to wait, in milliseconds from `now` on the server's clock (milliseconds since 1970). A date in
/// the past is 0. `date` reads an HTTP date.
///
/// The header came twice if it is a list: an API and a proxy before it may both set it. The longest wait is obeyed, because the
/// request passes both. `None`: there is something else in it, and the client's own backoff applies.
pub fn parse(value: &str, now: f64, date: impl Fn(&str) -> Option<f64>) -> Option<f64> {
    let mut longest: Option<f64> = None;
    let mut parts = value.split(',');
    while let Some(part) = parts.next().map(str::trim_ascii) {
        let wait = match seconds(part) {
            Some(seconds) => seconds * 1000.0,
            // A date has a comma of its own, after the day's name.
            None => (date(&[part, ",", parts.next()?.trim_ascii_end()].concat())? - now).max(0.0),
        };
        longest = Some(longest.map_or(wait, |longest| longest.max(wait)));
    }
    longest
}

/// Reads a number of decimal digits.
fn seconds(text: &str) -> Option<f64> {
    if text.is_empty() {
        return None;
    }
    text.chars().try_fold(0.0, |seconds, digit| Some(seconds * 10.0 + f64::from(digit.to_digit(10)?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: f64 = 1_795_000_000_000.0;

    /// The dates that these tests use. The platform reads them in the suite.
    fn date(text: &str) -> Option<f64> {
        match text {
            "Sun, 06 Nov 1994 08:49:37 GMT" => Some(784_111_777_000.0),
            "Thu, 19 Nov 2026 09:47:40 GMT" => Some(1_795_081_660_000.0),
            _ => None,
        }
    }

    #[test]
    fn seconds() {
        assert_eq!(parse("0", NOW, date), Some(0.0));
        assert_eq!(parse("120", NOW, date), Some(120_000.0));
        assert_eq!(parse(" 7\t", NOW, date), Some(7000.0));
        assert_eq!(parse(&"9".repeat(400), NOW, date), Some(f64::INFINITY));
        for bad in ["", "-1", "+1", "1.5", "1e3", "0x10", "12 34", "١", "NaN", "soon", ",", "1,", ",1", "1, soon", "soon, 1"] {
            assert_eq!(parse(bad, NOW, date), None, "{bad}");
        }
    }

    #[test]
    fn dates_count_from_the_server_s_now() {
        let text = "Thu, 19 Nov 2026 09:47:40 GMT";
        for (now, wait) in [(NOW, 81_660_000.0), (1_795_081_600_000.0, 60_000.0), (1_795_081_660_001.0, 0.0)] {
            assert_eq!(parse(text, now, date), Some(wait));
            assert_eq!(parse(&[" ", text, " "].concat(), now, date), Some(wait));
        }
    }

    #[test]
    fn the_longest_wait_of_a_header_that_came_twice() {
        for (value, wait) in [
            ("30, 30", 30_000.0),
            ("5,30", 30_000.0),
            ("30 , 5, 7", 30_000.0),
            ("Sun, 06 Nov 1994 08:49:37 GMT, 5", 5000.0),
            ("5, Thu, 19 Nov 2026 09:47:40 GMT", 81_660_000.0),
            ("Sun, 06 Nov 1994 08:49:37 GMT, Thu, 19 Nov 2026 09:47:40 GMT", 81_660_000.0),
        ] {
            assert_eq!(parse(value, NOW, date), Some(wait), "{value}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_fault(text in prop_oneof!["\\PC{0,40}", "[0-9, GMT:a]{0,20}"], now: f64, time: Option<f64>) {
            if let Some(wait) = parse(&text, now, |_| time) {
                prop_assert!(wait >= 0.0);
            }
        }

        #[test]
        fn the_longest_of_seconds(seconds in prop::collection::vec(0..1_000_000u32, 1..5)) {
            let value = seconds.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
            let longest = seconds.into_iter().max().unwrap();
            prop_assert_eq!(parse(&value, NOW, date), Some(f64::from(longest) * 1000.0));
        }
    }
}
