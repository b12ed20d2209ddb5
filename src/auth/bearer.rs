//! Bearer tokens: what an `Authorization` header may hold (RFC 6750, 2.1).

use crate::http::secret::Secret;
use crate::invalid::Invalid;
use std::cell::OnceCell;
use std::rc::Rc;
use web_sys::Headers;
use zeroize::Zeroizing;

/// The maximum length of a token, in UTF-16 code units. Servers refuse headers of more than a few tens of kilobytes.
pub const MAX_TOKEN_LENGTH: usize = 32_768;

/// The scheme and the space after it (RFC 9110, 11.4).
const SCHEME: &str = "Bearer ";

const EMPTY: Invalid = Invalid::Borrowed("is empty: set a token");
const TOO_LONG: Invalid = Invalid::Borrowed("is too long for a header");

/// The error for a character at this index, in UTF-16 code units.
pub fn invalid_character(character: char, index: usize) -> Invalid {
    let kind = match character {
        ' ' => "a space",
        '\t' => "a tab",
        '\n' | '\r' => "a line break",
        _ if character.is_ascii() => "a control character",
        _ => "a non-ASCII character",
    };
    format!("contains {kind} at index {index}: a token has visible ASCII characters only").into()
}

/// Returns the token without the scheme `Bearer `, in any case, if it begins with it.
fn token_of(token: &str) -> &str {
    match token.split_at_checked(SCHEME.len()) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case(SCHEME) => rest,
        _ => token,
    }
}

/// The value of an `Authorization` header, and the token in it.
#[derive(Clone, Debug)]
pub struct Authorization {
    header: Secret,
    token: Secret,
    /// They hold the token, so they live no longer than it does.
    headers: Rc<OnceCell<Headers>>,
}

impl Authorization {
    /// The value of `Authorization` for a token. If the token begins with the scheme, it is unchanged.
    ///
    /// # Errors
    /// The token is empty, too long, or contains anything but visible ASCII.
    pub fn bearer(token: &str) -> Result<Authorization, Invalid> {
        let bare = token_of(token);
        if bare.is_empty() {
            return Err(EMPTY);
        }
        if token.len() > MAX_TOKEN_LENGTH {
            return Err(TOO_LONG);
        }
        if let Some((index, character)) = bare.char_indices().find(|(_, character)| !character.is_ascii_graphic()) {
            // Everything before it is ASCII, so bytes are UTF-16 code units.
            return Err(invalid_character(character, index.saturating_add(token.len().saturating_sub(bare.len()))));
        }
        let scheme = if bare.len() == token.len() { SCHEME } else { "" };
        let header = Zeroizing::new([scheme, token].concat());
        Ok(Authorization { header: header.into(), token: Zeroizing::new(bare.to_owned()).into(), headers: Rc::default() })
    }

    /// Whether this is the same token in memory.
    pub fn is_same(&self, other: &Authorization) -> bool {
        self.token.is_same(&other.token)
    }

    /// The header's value.
    pub fn header(&self) -> &Secret {
        &self.header
    }

    /// The headers of requests with this token, once there was one.
    pub fn headers(&self) -> &OnceCell<Headers> {
        &self.headers
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

    fn value(token: &str) -> Result<String, Invalid> {
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
        assert_eq!(value(""), Err(EMPTY));
        assert_eq!(value("Bearer "), Err(EMPTY));
        assert!(value(&"a".repeat(MAX_TOKEN_LENGTH)).is_ok());
        assert_eq!(value(&"a".repeat(MAX_TOKEN_LENGTH + 1)), Err(TOO_LONG));
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
            let error = value(token).unwrap_err();
            assert!(error.starts_with(&format!("contains {kind} at index {index}:")), "{token:?}: {error:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_accepted_is_one_scheme_and_visible_ascii(token in prop_oneof![any::<String>(), "([Bb]earer )?[ -~]{0,9}"]) {
            let bare = token_of(&token);
            let good = !bare.is_empty() && bare.bytes().all(|b| b.is_ascii_graphic());
            prop_assert_eq!(Authorization::bearer(&token).is_ok(), good);
            if let Ok(value) = Authorization::bearer(&token) {
                let (value, bare) = (value.header().text(), value.token().text());
                prop_assert_eq!(value.len(), bare.len() + SCHEME.len());
                prop_assert!(!bare.is_empty() && bare.bytes().all(|b| b.is_ascii_graphic()));
                prop_assert_eq!(bare, token_of(&token));
            }
        }

        #[test]
        fn the_message_shows_nothing_of_the_token(token in "[é\\x00-\\x1f]{1,3}SECRET[é ]{0,3}") {
            prop_assert!(!Authorization::bearer(&token).unwrap_err().contains("SECRET"));
        }
    }
}
