//! The path of the request, with ids as segments.

use crate::invalid::Invalid;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::ops::RangeInclusive;

/// Longest id accepted, in UTF-16 code units. C1's ids have 27 characters; servers refuse URLs of some kilobytes.
pub const MAX_ID_LENGTH: u32 = 2048;

/// What `encodeURIComponent` encodes: all but letters, digits and `-_.!~*'()` (ECMA-262, 19.2.6.4).
const URI_COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// The URL would name another resource.
const EMPTY: Invalid = Invalid::Borrowed("is empty");
/// URL parsers remove such segments (WHATWG URL, "single-dot" and "double-dot URL path segment").
const DOTS: Invalid = Invalid::Borrowed("must not be . or ..");

/// Unicode's format characters (general category Cf, Unicode 17), which are invisible, and unassigned ones between them.
const FORMAT: &[RangeInclusive<char>] = &[
    '\u{ad}'..='\u{ad}',
    '\u{600}'..='\u{605}',
    '\u{61c}'..='\u{61c}',
    '\u{6dd}'..='\u{6dd}',
    '\u{70f}'..='\u{70f}',
    '\u{890}'..='\u{891}',
    '\u{8e2}'..='\u{8e2}',
    '\u{180e}'..='\u{180e}',
    '\u{200b}'..='\u{200f}',
    '\u{202a}'..='\u{202e}',
    '\u{2060}'..='\u{206f}',
    '\u{feff}'..='\u{feff}',
    '\u{fff9}'..='\u{fffb}',
    '\u{110bd}'..='\u{110bd}',
    '\u{110cd}'..='\u{110cd}',
    '\u{13430}'..='\u{1343f}',
    '\u{1bca0}'..='\u{1bca3}',
    '\u{1d173}'..='\u{1d17a}',
    '\u{e0000}'..='\u{e007f}',
];

/// `id` as one path segment, percent-encoded as `encodeURIComponent` does.
///
/// # Errors
/// Ids with which the URL could name another resource, or whose invisible characters the API would take for a part of the id: its
/// 404 would say that a credential does not exist which does.
pub fn encode_id(id: &str) -> Result<String, Invalid> {
    match id {
        "" => Err(EMPTY),
        "." | ".." => Err(DOTS),
        _ => match wrong_character(id) {
            Some(error) => Err(error),
            // Not `to_string`, which formats each piece.
            None => Ok(utf8_percent_encode(id, URI_COMPONENT).collect()),
        },
    }
}

/// The error for the first character that no id has: a slash, which some servers decode before they split the path, a control or
/// format character, or white space at either end.
fn wrong_character(id: &str) -> Option<Invalid> {
    let inner = id.trim();
    let start = id.len().saturating_sub(id.trim_start().len());
    let end = start.saturating_add(inner.len());
    let (at, character, kind) = id.char_indices().find_map(|(at, character)| {
        let kind = match character {
            '/' => "a slash",
            '\\' => "a backslash",
            _ if character.is_control() => "a control character",
            _ if FORMAT.iter().any(|range| range.contains(&character)) => "an invisible character",
            _ if (start..end).contains(&at) => return None,
            _ => "white space",
        };
        Some((at, character, kind))
    })?;
    let index = id.get(..at).map_or(0, |before| before.encode_utf16().count());
    Some(format!("contains U+{:04X} ({kind}) at index {index}", u32::from(character)).into())
}

/// The path that revokes a credential, to follow the server's base URL. The ids are those that [`encode_id`] returned.
pub fn revoke_path(app_id: &str, connector_id: &str, id: &str) -> String {
    ["/api/v1/apps/", app_id, "/connectors/", connector_id, "/credentials/", id].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use percent_encoding::percent_decode_str;
    use proptest::prelude::*;

    #[test]
    fn encodes_as_encode_uri_component_does() {
        assert_eq!(
            encode_id("a;b c%?#é日😀~x_y-z.w*!'()+=&:@$,\"<>[]^`{|}").unwrap(),
            "a%3Bb%20c%25%3F%23%C3%A9%E6%97%A5%F0%9F%98%80~x_y-z.w*!'()%2B%3D%26%3A%40%24%2C%22%3C%3E%5B%5D%5E%60%7B%7C%7D"
        );
        assert_eq!(revoke_path("a", "b%20", "c"), "/api/v1/apps/a/connectors/b%20/credentials/c");
    }

    /// Each id is refused, with an error that names this character.
    fn names_the_character(cases: &[(&str, &str)]) {
        for (id, character) in cases {
            assert_eq!(encode_id(id), Err(["contains ", character].concat().into()), "{id:?}");
        }
    }

    #[test]
    fn refuses_ids_that_could_name_another_resource() {
        for (id, error) in [("", EMPTY), (".", DOTS), ("..", DOTS)] {
            assert_eq!(encode_id(id), Err(error), "{id:?}");
        }
        names_the_character(&[
            ("a/b", "U+002F (a slash) at index 1"),
            ("a\\b", "U+005C (a backslash) at index 1"),
            ("a\0", "U+0000 (a control character) at index 1"),
            ("a\nb", "U+000A (a control character) at index 1"),
            ("\u{7f}", "U+007F (a control character) at index 0"),
            ("\u{85}", "U+0085 (a control character) at index 0"),
        ]);
        assert_eq!(encode_id("...").as_deref(), Ok("..."));
        assert!(encode_id(&"é".repeat(MAX_ID_LENGTH as usize)).is_ok());
    }

    #[test]
    fn refuses_what_is_pasted_with_an_id() {
        names_the_character(&[
            (" a", "U+0020 (white space) at index 0"),
            ("a ", "U+0020 (white space) at index 1"),
            ("a b\u{a0}", "U+00A0 (white space) at index 3"),
            (" ", "U+0020 (white space) at index 0"),
            ("a\t", "U+0009 (a control character) at index 1"),
            ("\u{3000}a", "U+3000 (white space) at index 0"),
            ("a\u{2028}", "U+2028 (white space) at index 1"),
            ("\u{feff}a", "U+FEFF (an invisible character) at index 0"),
            ("abc\u{200b}d", "U+200B (an invisible character) at index 3"),
            ("a\u{ad}b", "U+00AD (an invisible character) at index 1"),
            ("a\u{202e}b", "U+202E (an invisible character) at index 1"),
            // Two UTF-16 code units before it.
            ("😀\u{e0061}", "U+E0061 (an invisible character) at index 2"),
        ]);
        assert_eq!(encode_id("a b").as_deref(), Ok("a%20b"));
    }

    proptest! {
        // regex-syntax knows the categories, from the Unicode database.
        #[test]
        fn control_and_format_characters_are_refused_anywhere(id in "[a-z]{0,3}[\\p{Cc}\\p{Cf}][a-z]{0,3}") {
            prop_assert!(encode_id(&id).is_err());
        }

        #[test]
        fn white_space_is_refused_at_the_ends_only(space in "[\\p{Zs}\\p{Zl}\\p{Zp}]") {
            prop_assert!(encode_id(&["a", &space].concat()).is_err());
            prop_assert!(encode_id(&[&space, "a"].concat()).is_err());
            prop_assert!(encode_id(&["a", &space, "b"].concat()).is_ok());
        }

        #[test]
        fn letters_marks_numbers_punctuation_and_symbols_are_kept(id in "[\\p{L}\\p{M}\\p{N}\\p{P}\\p{S}]{1,9}") {
            prop_assume!(!id.contains(['/', '\\']) && id != "." && id != "..");
            prop_assert!(encode_id(&id).is_ok());
        }

        #[test]
        fn a_segment_stays_one_segment_and_decodes_to_the_id(id in any::<String>()) {
            match encode_id(&id) {
                Ok(segment) => {
                    prop_assert!(segment.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.!~*'()%".contains(&b)));
                    prop_assert_eq!(percent_decode_str(&segment).decode_utf8().unwrap(), id.as_str());
                    let url = url::Url::parse("https://a.example").unwrap().join(&revoke_path("x", "y", &segment)).unwrap();
                    prop_assert_eq!(url.path_segments().unwrap().collect::<Vec<_>>(), ["api", "v1", "apps", "x", "connectors", "y", "credentials", &segment]);
                }
                Err(error) if error.starts_with("contains ") => prop_assert!(wrong_character(&id).is_some()),
                Err(_) => prop_assert!(matches!(id.as_str(), "" | "." | "..")),
            }
        }
    }
}
