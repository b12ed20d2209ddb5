//! Bearer tokens: what may stand in an `Authorization` header (RFC 6750, 2.1).

use crate::text::{concat, push_number};
use alloc::string::String;

/// Longest token accepted, in UTF-16 code units. Servers refuse headers of more than some tens of kilobytes.
pub const MAX_TOKEN_LENGTH: u32 = 32_768;

/// The scheme, with the one space that follows it (RFC 9110, 11.4).
pub const SCHEME: &str = "Bearer ";

/// Why a token is refused. Nothing of the token is in here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenError {
    /// Nothing, or nothing after the prefix.
    Empty,
    /// A character that no token holds, and its index in UTF-16 code units.
    Character(&'static str, u32),
}

impl TokenError {
    /// What is wrong, to follow the option's name.
    pub fn message(self) -> String {
        match self {
            TokenError::Empty => String::from(" is empty: give the token"),
            TokenError::Character(kind, index) => {
                let mut message = concat(&[" holds ", kind, " at index "]);
                push_number(&mut message, u64::from(index));
                message.push_str(": tokens are visible ASCII");
                message
            }
        }
    }
}

/// Checks a token given as UTF-16 code units, and tells whether it already begins with `Bearer ` (in any case).
///
/// # Errors
/// Emptiness, and the first character that is not visible ASCII.
pub fn check(units: impl Iterator<Item = u16>) -> Result<bool, TokenError> {
    let mut prefixed = true;
    let mut length = 0_u32;
    for unit in units {
        // Setting this bit makes small letters of capitals, and spaces of NULs only, which are refused below.
        if SCHEME.as_bytes().get(length as usize).is_some_and(|expected| unit | 0x20 != u16::from(expected | 0x20)) {
            prefixed = false;
        }
        let kind = match unit {
            0x21..=0x7e => "",
            // The one space that belongs to the prefix.
            0x20 if prefixed && length == 6 => "",
            0x20 => "a space",
            0x09 => "a tab",
            0x0a | 0x0d => "a line break",
            0x00..=0x1f | 0x7f => "a control character",
            _ => "a non-ASCII character",
        };
        if !kind.is_empty() {
            return Err(TokenError::Character(kind, length));
        }
        length = length.saturating_add(1);
    }
    prefixed &= length > 6;
    if length == if prefixed { 7 } else { 0 } {
        return Err(TokenError::Empty);
    }
    Ok(prefixed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::prelude::v1::*;
    #[allow(unused_imports)]
    use std::{format, vec};

    fn check_str(token: &str) -> Result<bool, TokenError> {
        check(token.encode_utf16())
    }

    #[test]
    fn tokens() {
        assert_eq!(check_str("tok"), Ok(false));
        assert_eq!(check_str("Bearer tok"), Ok(true));
        assert_eq!(check_str("bEARER tok"), Ok(true));
        assert_eq!(check_str("Bearer"), Ok(false));
        assert_eq!(check_str("Bearertok"), Ok(false));
        assert_eq!(check_str(""), Err(TokenError::Empty));
        assert_eq!(check_str("Bearer "), Err(TokenError::Empty));
        for (token, kind, index) in [
            ("a b", "a space", 1),
            (" tok", "a space", 0),
            ("Bearer  tok", "a space", 7),
            ("Basic tok", "a space", 5),
            ("tok\n", "a line break", 3),
            ("tok\r\nx", "a line break", 3),
            ("t\tk", "a tab", 1),
            ("t\0k", "a control character", 1),
            ("t\u{7f}", "a control character", 1),
            ("té", "a non-ASCII character", 1),
            ("t\u{200b}k", "a non-ASCII character", 1),
            ("😀", "a non-ASCII character", 0),
        ] {
            assert_eq!(check_str(token), Err(TokenError::Character(kind, index)), "{token:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_passes_is_visible_ascii_after_the_prefix(token in any::<String>()) {
            if let Ok(prefixed) = check_str(&token) {
                let bare = if prefixed { token.get(7..).unwrap_or_default() } else { token.as_str() };
                prop_assert!(!bare.is_empty() && bare.bytes().all(|b| b.is_ascii_graphic()));
            }
        }

        #[test]
        fn the_message_shows_nothing_of_the_token(token in "[é\\x00-\\x1f]{1,3}SECRET[é ]{0,3}") {
            let message = check_str(&token).unwrap_err().message();
            prop_assert!(!message.contains("SECRET"));
        }
    }
}
