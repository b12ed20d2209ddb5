//! The client secret of an API key: `secret-token:conductorone.com:v1:<JWK>`, where `<JWK>` is the base64url of an Ed25519
//! private key as a JSON Web Key (RFC 7517; OKP keys: RFC 8037 §2). The prefix follows RFC 8959.
//!
//! [`decode`] returns the JWK's JSON, which the platform parses. [`PrivateKey::read`] checks the members.

use crate::invalid::Invalid;
use base64ct::{Base64UrlUnpadded, Encoding};
use serde::Serialize;
use zeroize::Zeroizing;

const SCHEME: &str = "secret-token:conductorone.com:";
const VERSION: &str = "v1:";

/// The maximum length of the base64url text. Such a JWK has about 200 bytes.
const MAX_LENGTH: usize = 8192;

/// The length of an Ed25519 private or public key (RFC 8032 §5.1.5).
const KEY_BYTES: usize = 32;

const PREFIX: Invalid = Invalid::Borrowed("must begin with secret-token:conductorone.com: (copy all of it)");
const UNSUPPORTED: Invalid = Invalid::Borrowed("has an unsupported version: it must be v1");
/// The text after the version is not base64url.
pub const NOT_BASE64URL: Invalid =
    Invalid::Borrowed("must be base64url after v1:, without padding or white space: copy all of it");
/// The decoded text is not JSON.
pub const NOT_JSON: Invalid = Invalid::Borrowed("does not contain a JSON object after v1: copy all of it");
const KTY: Invalid = Invalid::Borrowed("contains a key of another type: kty must be OKP");
const CRV: Invalid = Invalid::Borrowed("contains a key on another curve: crv must be Ed25519");
const D: Invalid = Invalid::Borrowed("contains no valid private key: d must be 32 bytes in base64url");
const X: Invalid = Invalid::Borrowed("contains no valid public key: x must be 32 bytes in base64url");

/// Returns the text of the JWK in a client secret.
///
/// # Errors
/// The prefix or the encoding is wrong.
pub fn decode(secret: &str) -> Result<Zeroizing<String>, Invalid> {
    let rest = secret.strip_prefix(SCHEME).ok_or(PREFIX)?;
    let coded = rest.strip_prefix(VERSION).ok_or(UNSUPPORTED)?;
    if coded.is_empty() || coded.len() > MAX_LENGTH {
        return Err(NOT_BASE64URL);
    }
    let mut buffer = Zeroizing::new(vec![0; coded.len()]);
    let bytes = Base64UrlUnpadded::decode(coded, &mut buffer).map_err(|_| NOT_BASE64URL)?;
    let json = str::from_utf8(bytes).map_err(|_| NOT_JSON)?;
    Ok(Zeroizing::new(json.to_owned()))
}

/// An Ed25519 private key. Serialized, it is the JSON Web Key that WebCrypto imports, with the required members only (RFC 8037 §2).
#[derive(Serialize)]
pub struct PrivateKey {
    kty: &'static str,
    crv: &'static str,
    d: Zeroizing<String>,
    x: Zeroizing<String>,
}

impl PrivateKey {
    /// Reads a JWK. `member` returns a member if it is a string.
    ///
    /// # Errors
    /// The first member that is wrong.
    pub fn read(member: impl Fn(&str) -> Option<Zeroizing<String>>) -> Result<PrivateKey, Invalid> {
        let is = |name, expected| member(name).is_some_and(|value| *value == expected);
        if !is("kty", "OKP") {
            return Err(KTY);
        }
        if !is("crv", "Ed25519") {
            return Err(CRV);
        }
        let key = |name| member(name).filter(|text| is_key(text));
        Ok(PrivateKey { kty: "OKP", crv: "Ed25519", x: key("x").ok_or(X)?, d: key("d").ok_or(D)? })
    }
}

fn is_key(text: &str) -> bool {
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    Base64UrlUnpadded::decode(text, key.as_mut_slice()).is_ok_and(|key| key.len() == KEY_BYTES)
}

#[cfg(test)]
#[allow(clippy::string_slice)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    // RFC 8037 appendix A.1.
    const PRIVATE: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
    const PUBLIC: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

    fn secret_of(json: &[u8]) -> String {
        [SCHEME, VERSION, &Base64UrlUnpadded::encode_string(json)].concat()
    }

    fn jwk() -> String {
        format!(r#"{{"kty":"OKP","crv":"Ed25519","d":"{PRIVATE}","x":"{PUBLIC}"}}"#)
    }

    #[test]
    fn gives_the_jwk() {
        let json = decode(&secret_of(jwk().as_bytes())).unwrap();
        assert_eq!(*json, jwk());
        assert_eq!(json.capacity(), json.len());
    }

    #[test]
    fn errors_of_the_wrapping() {
        let good = secret_of(jwk().as_bytes());
        for (secret, error) in [
            (String::new(), PREFIX),
            (jwk(), PREFIX),
            (good.replace("conductorone", "example"), PREFIX),
            (good.to_uppercase(), PREFIX),
            ([" ", &good].concat(), PREFIX),
            (good.replace("v1:", "v2:"), UNSUPPORTED),
            (good.replace("v1:", "v1"), UNSUPPORTED),
            (SCHEME.to_owned(), UNSUPPORTED),
            ([SCHEME, VERSION].concat(), NOT_BASE64URL),
            ([&good, "\n"].concat(), NOT_BASE64URL),
            ([&good, "="].concat(), NOT_BASE64URL),
            ([&good[..good.len() - 1], "/"].concat(), NOT_BASE64URL),
            ([&good[..good.len() - 1], "\u{15f}"].concat(), NOT_BASE64URL),
            // Bits beyond the last byte.
            ([SCHEME, VERSION, "e31"].concat(), NOT_BASE64URL),
            ([SCHEME, VERSION, "e"].concat(), NOT_BASE64URL),
            (secret_of(&vec![b' '; MAX_LENGTH]), NOT_BASE64URL),
            (secret_of(b"\xff\xfe"), NOT_JSON),
        ] {
            assert_eq!(decode(&secret).unwrap_err(), error, "{secret}");
        }
    }

    /// Reads a key with these members.
    fn read(kty: Option<&str>, crv: Option<&str>, d: Option<&str>, x: Option<&str>) -> Result<(), Invalid> {
        let members = [("kty", kty), ("crv", crv), ("d", d), ("x", x)];
        let member = |name: &str| members.into_iter().find(|(other, _)| *other == name).and_then(|(_, value)| value);
        PrivateKey::read(|name| member(name).map(|value| Zeroizing::new(value.to_owned()))).map(|_| ())
    }

    #[test]
    fn keys() {
        let (kty, crv, d, x) = (Some("OKP"), Some("Ed25519"), Some(PRIVATE), Some(PUBLIC));
        assert_eq!(read(kty, crv, d, x), Ok(()));
        for other in [None, Some(""), Some("EC"), Some("okp"), Some("OKP ")] {
            assert_eq!(read(other, crv, d, x), Err(KTY), "{other:?}");
        }
        for other in [None, Some(""), Some("X25519"), Some("ed25519")] {
            assert_eq!(read(kty, other, d, x), Err(CRV), "{other:?}");
        }
        let long = [PRIVATE, "AAAA"].concat();
        let padded = [PRIVATE, "="].concat();
        let last_bits = PRIVATE.replace("f2A", "f2B");
        let (slash, foreign) = (PRIVATE.replace('_', "/"), PRIVATE.replace('_', "\u{15f}"));
        for other in ["", &PRIVATE[1..], &PRIVATE[..42], &long, &padded, &last_bits, &slash, &foreign] {
            assert_eq!(read(kty, crv, Some(other), x), Err(D), "{other:?}");
            assert_eq!(read(kty, crv, d, Some(other)), Err(X), "{other:?}");
        }
        assert_eq!(read(kty, crv, None, x), Err(D));
        assert_eq!(read(kty, crv, d, None), Err(X));
    }

    proptest! {
        #[test]
        fn any_key_is_accepted(d in any::<[u8; 32]>(), x in any::<[u8; 32]>()) {
            let [d, x] = [d, x].map(|key| Base64UrlUnpadded::encode_string(&key));
            prop_assert_eq!(read(Some("OKP"), Some("Ed25519"), Some(&d), Some(&x)), Ok(()));
        }

        #[test]
        fn keys_of_any_other_length_are_refused(d in proptest::collection::vec(any::<u8>(), 0..100)) {
            let coded = Base64UrlUnpadded::encode_string(&d);
            let expected = if d.len() == 32 { Ok(()) } else { Err(D) };
            prop_assert_eq!(read(Some("OKP"), Some("Ed25519"), Some(&coded), Some(PUBLIC)), expected);
        }

        #[test]
        fn no_secret_shows_in_a_message(secret in "secret-token:conductorone.com:v1:[A-Za-z0-9_-]{40,60}") {
            if let Err(error) = decode(&secret) {
                let code = &secret[SCHEME.len() + VERSION.len()..];
                prop_assert!(!code.as_bytes().windows(8).any(|w| error.as_bytes().windows(8).any(|m| m == w)));
            }
        }

        #[test]
        fn any_text_comes_back_from_its_secret(
            bytes in prop_oneof![any::<String>().prop_map(String::into_bytes), proptest::collection::vec(any::<u8>(), 0..40)]
        ) {
            let expected = match String::from_utf8(bytes.clone()) {
                _ if bytes.is_empty() => Err(NOT_BASE64URL),
                Ok(text) => Ok(text),
                Err(_) => Err(NOT_JSON),
            };
            prop_assert_eq!(decode(&secret_of(&bytes)).map(|json| (*json).clone()), expected);
        }

        #[test]
        fn one_spelling_for_each_text(coded in "[A-Za-z0-9_-]{1,80}") {
            if let Ok(json) = decode(&[SCHEME, VERSION, &coded].concat()) {
                prop_assert_eq!(Base64UrlUnpadded::encode_string(json.as_bytes()), coded);
            }
        }
    }
}
