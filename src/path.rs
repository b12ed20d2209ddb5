//! Path segments: how an id becomes part of the request's URL.

use crate::text::push_escaped;
use alloc::string::String;

/// Longest id accepted, in UTF-16 code units. C1's ids have 27 characters; servers refuse URLs of some kilobytes.
pub const MAX_ID_LENGTH: u32 = 2048;

/// Why an id cannot be a path segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SegmentError {
    /// It has no characters: the URL would name another resource.
    Empty,
    /// `.` or `..`: URL parsers remove such segments (WHATWG URL, "single-dot" and "double-dot URL path segment").
    Dots,
}

impl SegmentError {
    /// What is wrong, to follow the name of the field.
    pub fn message(self) -> &'static str {
        match self {
            SegmentError::Empty => " is empty",
            SegmentError::Dots => " must not be . or ..",
        }
    }
}

/// Appends `id` to `out` as one path segment, percent-encoded as `encodeURIComponent` does (ECMA-262, 19.2.6.4).
///
/// # Errors
/// Ids which would make the URL name another resource are refused, and nothing is appended.
pub fn push_segment(out: &mut String, id: &str) -> Result<(), SegmentError> {
    match id {
        "" => return Err(SegmentError::Empty),
        "." | ".." => return Err(SegmentError::Dots),
        _ => {}
    }
    push_escaped(out, id, b"-_.!~*'()");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::prelude::v1::*;
    #[allow(unused_imports)]
    use std::{format, vec};

    #[test]
    fn encodes_as_encode_uri_component_does() {
        let mut out = String::new();
        push_segment(&mut out, "a/b c%?#é日😀~x_y-z.w*!'()+=&:@\\").unwrap();
        assert_eq!(out, "a%2Fb%20c%25%3F%23%C3%A9%E6%97%A5%F0%9F%98%80~x_y-z.w*!'()%2B%3D%26%3A%40%5C");
    }

    #[test]
    fn refuses_what_would_name_another_resource() {
        let refused = |id| push_segment(&mut String::new(), id);
        assert_eq!(refused(""), Err(SegmentError::Empty));
        assert_eq!(refused("."), Err(SegmentError::Dots));
        assert_eq!(refused(".."), Err(SegmentError::Dots));
        assert_eq!(refused("..."), Ok(()));
    }

    proptest! {
        #[test]
        fn a_segment_stays_one_segment_and_decodes_to_the_id(id in any::<String>()) {
            let mut out = String::new();
            if push_segment(&mut out, &id).is_ok() {
                prop_assert!(out.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.!~*'()%".contains(&b)));
                let mut decoded = Vec::new();
                let mut bytes = out.bytes();
                while let Some(byte) = bytes.next() {
                    if byte == b'%' {
                        let hex: String = [bytes.next().unwrap(), bytes.next().unwrap()].iter().map(|b| *b as char).collect();
                        decoded.push(u8::from_str_radix(&hex, 16).unwrap());
                    } else {
                        decoded.push(byte);
                    }
                }
                prop_assert_eq!(decoded, id.as_bytes());
            } else {
                prop_assert!(["", ".", ".."].contains(&id.as_str()));
            }
        }
    }
}
