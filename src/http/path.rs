//! The path of the request, with ids as segments.

use crate::invalid::Invalid;
use percent_encoding::{utf8_percent_encode, AsciiSet, NON_ALPHANUMERIC};

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
/// Some servers decode the path before they split it.
const SLASH: Invalid = Invalid::Borrowed("must not contain / or \\");
/// U+0000 to U+001F, U+007F to U+009F.
const CONTROL: Invalid = Invalid::Borrowed("must not contain control characters");

/// `id` as one path segment, percent-encoded as `encodeURIComponent` does.
///
/// # Errors
/// Ids with which the URL could name another resource.
pub fn encode_id(id: &str) -> Result<String, Invalid> {
    match id {
        "" => Err(EMPTY),
        "." | ".." => Err(DOTS),
        _ if id.contains(['/', '\\']) => Err(SLASH),
        _ if id.contains(char::is_control) => Err(CONTROL),
        // Not `to_string`, which formats each piece.
        _ => Ok(utf8_percent_encode(id, URI_COMPONENT).collect()),
    }
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

    #[test]
    fn refuses_ids_that_could_name_another_resource() {
        for (id, error) in [
            ("", EMPTY),
            (".", DOTS),
            ("..", DOTS),
            ("a/b", SLASH),
            ("a\\b", SLASH),
            ("a\0", CONTROL),
            ("a\nb", CONTROL),
            ("\u{7f}", CONTROL),
            ("\u{85}", CONTROL),
        ] {
            assert_eq!(encode_id(id), Err(error), "{id:?}");
        }
        assert_eq!(encode_id("...").as_deref(), Ok("..."));
        assert!(encode_id(&"é".repeat(MAX_ID_LENGTH as usize)).is_ok());
    }

    proptest! {
        #[test]
        fn a_segment_stays_one_segment_and_decodes_to_the_id(id in any::<String>()) {
            match encode_id(&id) {
                Ok(segment) => {
                    prop_assert!(segment.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.!~*'()%".contains(&b)));
                    prop_assert_eq!(percent_decode_str(&segment).decode_utf8().unwrap(), id.as_str());
                    let url = url::Url::parse("https://a.example").unwrap().join(&revoke_path("x", "y", &segment)).unwrap();
                    prop_assert_eq!(url.path_segments().unwrap().collect::<Vec<_>>(), ["api", "v1", "apps", "x", "connectors", "y", "credentials", &segment]);
                }
                Err(_) => prop_assert!(id.chars().all(|c| c == '.') || id.contains(['/', '\\']) || id.contains(char::is_control)),
            }
        }
    }
}
