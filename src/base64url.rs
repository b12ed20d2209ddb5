//! base64url without padding: RFC 4648 §5, with the strictness of its §3.2 (no padding), §3.3 (no other character)
//! and §3.5 (the unused bits of the last character are zero). So each byte string has exactly one spelling.

use crate::text::{find, push_ascii};
use alloc::string::String;
use alloc::vec::Vec;
use zeroize::Zeroizing;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// How many characters `bytes` bytes take.
pub fn encoded_len(bytes: usize) -> usize {
    bytes.saturating_mul(4).saturating_add(2) / 3
}

/// Appends `bytes` in base64url. Does not reallocate when `out` has `encoded_len` to spare.
pub fn encode_into(bytes: &[u8], out: &mut String) {
    let (mut pending, mut bits) = (0_u32, 0_u32);
    let mut push = |sextet: u32| push_ascii(out, ALPHABET.get((sextet & 63) as usize).copied().unwrap_or(b'A'));
    for byte in bytes {
        pending = (pending << 8) | u32::from(*byte);
        bits = bits.wrapping_add(8);
        while bits >= 6 {
            bits = bits.wrapping_sub(6);
            push(pending.wrapping_shr(bits));
        }
    }
    if bits > 0 {
        push(pending.wrapping_shl(6_u32.wrapping_sub(bits)));
    }
}

/// Decodes `text`, or gives `None` when it is not the one spelling of some bytes. The buffer is large enough from the
/// start, so that nothing secret is left behind by growing it, and is wiped when dropped.
pub fn decode(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let (mut pending, mut bits) = (0_u32, 0_u32);
    for character in text {
        pending = (pending << 6) | find(ALPHABET, *character)? as u32;
        bits = bits.wrapping_add(6);
        if bits >= 8 {
            bits = bits.wrapping_sub(8);
            bytes.extend_from_slice(&[pending.wrapping_shr(bits) as u8]);
        }
    }
    // What is left over: 2 or 4 bits, all zero.
    (bits < 6 && pending.wrapping_shl(8_u32.wrapping_sub(bits)) as u8 == 0).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::prelude::v1::*;

    fn encode(bytes: &[u8]) -> String {
        let mut out = String::new();
        encode_into(bytes, &mut out);
        out
    }

    #[test]
    fn rfc4648_section_10_vectors() {
        let vectors = [
            ("", ""),
            ("f", "Zg"),
            ("fo", "Zm8"),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg"),
            ("fooba", "Zm9vYmE"),
            ("foobar", "Zm9vYmFy"),
        ];
        for (plain, coded) in vectors {
            assert_eq!(encode(plain.as_bytes()), coded);
            assert_eq!(decode(coded.as_bytes()).unwrap().as_slice(), plain.as_bytes());
        }
        assert_eq!(encode(&[0xfb, 0xff, 0xfe]), "-__-");
    }

    #[test]
    fn refuses_every_other_spelling() {
        let wrong = ["Zg==", "Zg=", "Z", "Zm9vY", "Zh", "Zm9", "Zm+v", "Zm/v", "Zm 9", "Zm9v\n", " Zm9v", "Zm9\u{e9}", "Zm9v\0"];
        for text in wrong {
            assert!(decode(text.as_bytes()).is_none(), "{text:?}");
        }
    }

    #[test]
    fn every_pair_of_characters_has_at_most_one_meaning() {
        let accepted = (0..=u16::MAX).filter(|pair| decode(&pair.to_be_bytes()).is_some()).count();
        assert_eq!(accepted, 256);
    }

    proptest! {
        #[test]
        fn decode_undoes_encode(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let coded = encode(&bytes);
            prop_assert_eq!(coded.len(), encoded_len(bytes.len()));
            let decoded = decode(coded.as_bytes()).unwrap();
            prop_assert_eq!(decoded.as_slice(), bytes.as_slice());
        }

        #[test]
        fn what_decodes_is_the_only_spelling(text in "[A-Za-z0-9_=+/ -]{0,20}") {
            if let Some(bytes) = decode(text.as_bytes()) {
                prop_assert_eq!(encode(&bytes), text);
            }
        }

        #[test]
        fn decoding_never_reallocates(text in "[A-Za-z0-9_-]{0,64}") {
            if let Some(bytes) = decode(text.as_bytes()) {
                prop_assert_eq!(bytes.capacity(), text.len());
            }
        }
    }
}
