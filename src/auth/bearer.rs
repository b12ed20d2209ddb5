//! Bearer tokens: what an `Authorization` header may hold (RFC 6750, 2.1).

use crate::http::secret::Secret;
use std::error::Error;
use std::fmt::{self, Display, Formatter};
use zeroize::Zeroizing;

/// The maximum length of a token, in UTF-16 code units. Servers refuse headers of more than a few tens of kilobytes.
pub const MAX_TOKEN_LENGTH: usize = 32_768;

/// The scheme and the space after it (RFC 9110, 11.4).
const SCHEME: &str = "Bearer ";

/// Why a token is refused. It contains nothing of the token. The text follows the option's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenError {
    /// Empty, or empty after the scheme.
    Empty,
    /// Longer than [`MAX_TOKEN_LENGTH`].
    TooLong,
    /// A character that tokens cannot contain.
    Character {
        /// The kind of character.
        kind: &'static str,
        /// Its index, in UTF-16 code units.
        index: usize,
    },
}

impl TokenError {
    /// The error for a character at this index, in UTF-16 code units.
    pub fn character(character: char, index: usize) -> TokenError {
        let kind = match character {
            ' ' => "a space",
            '\t' => "a tab",
            '\n' | '\r' => "a line break",
            _ if character.is_ascii() => "a control character",
            _ => "a non-ASCII character",
        };
        TokenError::Character { kind, index }
    }
}

impl Display for TokenError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            TokenError::Empty => f.write_str("is empty: set a token"),
            TokenError::TooLong => f.write_str("is too long for a header"),
            TokenError::Character { kind, index } => {
                write!(f, "contains {kind} at index {index}: a token has visible ASCII characters only")
            }
        }
    }
}

impl Error for TokenError {}

/// Returns the token without the scheme `Bearer `, in any case, if it begins with it.
fn token_of(token: &str) -> &str {
    match token.split_at_checked(SCHEME.len()) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case(SCHEME) => rest,
        _ => token,
    }
}

/// The value of an `Authorization` header, and the token in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Authorization {
    header: Secret,
    token: Secret,
}

impl Authorization {
    /// The value of `Authorization` for a token. If the token begins with the scheme, it is unchanged.
    ///
    /// # Errors
    /// The token is empty, too long, or contains anything but visible ASCII.
    pub fn bearer(token: &str) -> Result<Authorization, TokenError> {
        let bare = token_of(token);
        if bare.is_empty() {
            return Err(TokenError::Empty);
        }
        if token.len() > MAX_TOKEN_LENGTH {
            return Err(TokenError::TooLong);
        }
        if let Some((index, character)) = bare.char_indices().find(|(_, character)| !character.is_ascii_graphic()) {
            // Everything before it is ASCII, so bytes are UTF-16 code units.
            return Err(TokenError::character(character, index.saturating_add(token.len().saturating_sub(bare.len()))));
        }
        let scheme = if bare.len() == token.len() { SCHEME } else { "" };
        let header = Zeroizing::new([scheme, token].concat());
        Ok(Authorization { header: header.into(), token: Zeroizing::new(bare.to_owned()).into() })
    }

    /// The header's value.
    pub fn header(&self) -> &Secret {
        &self.header
    }

    /// The token, without scheme.
    pub fn token(&self) -> &Secret {
        &self.token
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn value(token: &str) -> Result<String, TokenError> {
        Authorization::bearer(token).map(|authorization| authorization.header().text().to_owned())
    }

    #[test]
    fn tokens() {
        for (token, expected, bare) in [
            ("tok", "Bearer tok", "tok"),
            ("Bearer tok", "Bearer tok", "tok"),
            ("bEARER tok", "bEARER tok", "tok"),
            ("Bearer", "Bearer Bearer", "Bearer"),
            ("Bearertok", "Bearer Bearertok", "Bearertok"),
        ] {
            assert_eq!(value(token).as_deref(), Ok(expected));
            assert_eq!(token_of(token), bare);
        }
        assert_eq!(value(""), Err(TokenError::Empty));
        assert_eq!(value("Bearer "), Err(TokenError::Empty));
        assert!(value(&"a".repeat(MAX_TOKEN_LENGTH)).is_ok());
        assert_eq!(value(&"a".repeat(MAX_TOKEN_LENGTH + 1)), Err(TokenError::TooLong));
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
            ("Bearer t\u{fffd}", "a non-ASCII character", 8),
        ] {
            assert_eq!(value(token), Err(TokenError::Character { kind, index }), "{token:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_accepted_is_one_scheme_and_visible_ascii(token in prop_oneof![any::<String>(), "([Bb]earer )?[!-~]{0,9}"]) {
            if let Ok(value) = Authorization::bearer(&token) {
                let (value, bare) = (value.header().text(), value.token().text());
                prop_assert_eq!(value.len(), bare.len() + SCHEME.len());
                prop_assert!(!bare.is_empty() && bare.bytes().all(|b| b.is_ascii_graphic()));
                prop_assert_eq!(bare, token_of(&token));
            }
        }

        #[test]
        fn the_message_shows_nothing_of_the_token(token in "[é\\x00-\\x1f]{1,3}SECRET[é ]{0,3}") {
            prop_assert!(!Authorization::bearer(&token).unwrap_err().to_string().contains("SECRET"));
        }
    }
}
