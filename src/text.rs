//! Small pieces of text handling, on bytes: `core::fmt`, `str`'s patterns and `str::parse` would weigh kilobytes in the package.

use alloc::string::String;

/// Appends `number` in decimal digits.
pub fn push_number(out: &mut String, number: u64) {
    if number > 9 {
        push_number(out, number / 10);
    }
    push_ascii(out, b'0'.wrapping_add((number % 10) as u8));
}

/// The digits of hexadecimal numbers, as percent-encoding writes them.
const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// Appends a byte that is ASCII. (The mask spares the code for characters of two bytes.)
pub fn push_ascii(out: &mut String, byte: u8) {
    out.push_str(char::from(byte & 0x7f).encode_utf8(&mut [0]));
}

/// Appends bytes in hexadecimal digits; `case` is 0 for capitals, 0x20 for small letters.
pub fn push_hex(out: &mut String, bytes: &[u8], case: u8) {
    for byte in bytes {
        for nibble in [byte >> 4, byte & 15] {
            push_ascii(out, HEX.get(usize::from(nibble)).map_or(b'0', |digit| digit | case));
        }
    }
}

/// Appends `text` in UTF-8, percent-encoded (RFC 3986 §2.1) but for ASCII letters, digits, and what is `plain`.
pub fn push_escaped(out: &mut String, text: &str, plain: &[u8]) {
    for byte in text.bytes() {
        if is_plain(&[byte], plain) {
            push_ascii(out, byte);
        } else {
            push_ascii(out, b'%');
            push_hex(out, &[byte], 0);
        }
    }
}

/// Whether `text` holds ASCII letters, digits and what is `plain`, nothing else, and is not empty.
pub fn is_plain(text: &[u8], plain: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|byte| byte.is_ascii_alphanumeric() || find(plain, *byte).is_some())
}

/// What stands before the first `byte`, and what stands after it.
pub fn split(text: &str, byte: u8) -> Option<(&str, &str)> {
    let (before, rest) = text.split_at_checked(find(text.as_bytes(), byte)?)?;
    Some((before, rest.get(1..)?))
}

/// The number that decimal digits, and nothing else, write. One that is too large is [`u32::MAX`].
pub fn decimal(digits: &[u8]) -> Option<u32> {
    let mut number = None;
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = Some(number.unwrap_or(0u32).saturating_mul(10).saturating_add(u32::from(digit)));
    }
    number
}

/// Where `byte` is first.
pub fn find(text: &[u8], byte: u8) -> Option<usize> {
    text.iter().position(|other| *other == byte)
}

/// The pieces of `text` between separators: one more than there are separators.
pub fn pieces(text: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    text.split(move |byte| *byte == separator)
}

/// What follows `prefix`, in whatever case that is.
pub fn strip_prefix_ignoring_case<'a>(text: &'a str, prefix: &[u8]) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(prefix.len())?;
    head.as_bytes().eq_ignore_ascii_case(prefix).then_some(rest)
}

/// `parts` in one string.
pub fn concat(parts: &[&str]) -> String {
    let mut all = String::new();
    parts.iter().for_each(|part| all.push_str(part));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::prelude::v1::*;
    #[allow(unused_imports)]
    use std::{format, vec};

    proptest! {
        #[test]
        fn numbers_are_written_as_the_standard_library_does(number: u64) {
            let mut out = String::from("n=");
            push_number(&mut out, number);
            prop_assert_eq!(out, format!("n={number}"));
        }

        #[test]
        fn numbers_are_read_as_the_standard_library_does(text in "[0-9]{0,12}") {
            let expected = text.parse::<u64>().ok().map(|number| u32::try_from(number).unwrap_or(u32::MAX));
            prop_assert_eq!(decimal(text.as_bytes()), expected);
        }

        #[test]
        fn what_is_no_digit_is_no_number(text in "[0-9]{0,3}[^0-9][0-9]{0,3}") {
            prop_assert_eq!(decimal(text.as_bytes()), None);
        }

        #[test]
        fn pieces_are_those_of_the_standard_library(text in "[a.]{0,9}") {
            let expected: Vec<&[u8]> = text.split('.').map(str::as_bytes).collect();
            prop_assert_eq!(pieces(text.as_bytes(), b'.').collect::<Vec<_>>(), expected);
            prop_assert_eq!(find(text.as_bytes(), b'.'), text.find('.'));
            prop_assert_eq!(split(&text, b'.'), text.split_once('.'));
        }
    }
}
