//! The client secret of an API key: `secret-token:conductorone.com:v1:<JWK>`, where `<JWK>` is the base64url of an Ed25519
//! private key as a JSON Web Key (RFC 7517; OKP keys: RFC 8037 §2). The prefix follows RFC 8959.
//!
//! [`decode`] returns the JWK's JSON. The platform parses it, [`check_key`] checks the members, and WebCrypto imports the key
//! from them.

use base64ct::{Base64UrlUnpadded, Encoding};
use std::error::Error;
use std::fmt::{self, Display, Formatter};
use zeroize::Zeroizing;

const SCHEME: &str = "secret-token:conductorone.com:";
const VERSION: &str = "v1:";

/// The maximum length of the base64url text. Such a JWK has about 200 bytes.
const MAX_LENGTH: usize = 8192;

/// The length of an Ed25519 private or public key (RFC 8032 §5.1.5).
const KEY_BYTES: usize = 32;

/// What is wrong with a client secret. It contains nothing of the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientSecretError {
    /// It does not begin with the prefix of client secrets.
    Prefix,
    /// A version other than 1.
    Version,
    /// The text after the prefix is not base64url.
    Base64url,
    /// The decoded text is not a JSON object.
    Json,
    /// `kty` is missing or not `OKP`.
    Kty,
    /// `crv` is missing or not `Ed25519`.
    Crv,
    /// There is no `d`.
    NoPrivateKey,
    /// `d` is not 32 bytes in base64url.
    PrivateKey,
    /// `x` is missing or not 32 bytes in base64url.
    PublicKey,
}

impl Display for ClientSecretError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Prefix => "clientSecret must begin with secret-token:conductorone.com: (copy all of it)",
            Self::Version => "clientSecret has an unsupported version: it must be v1",
            Self::Base64url => {
                "clientSecret: the text after v1: must be base64url without padding or white space: copy all of it"
            }
            Self::Json => "clientSecret: the text after v1: does not hold a JSON object: copy all of it",
            Self::Kty => "clientSecret: its key must have the type (kty) OKP",
            Self::Crv => "clientSecret: its key must be on the curve (crv) Ed25519",
            Self::NoPrivateKey => "clientSecret has no private key: \"d\" is missing",
            Self::PrivateKey => "clientSecret: the private part (d) must be 32 bytes in base64url",
            Self::PublicKey => "clientSecret: the public part (x) must be 32 bytes in base64url",
        })
    }
}

impl Error for ClientSecretError {}

/// Returns the text of the JWK in a client secret.
///
/// # Errors
/// The prefix or the encoding is wrong.
pub fn decode(secret: &str) -> Result<Zeroizing<String>, ClientSecretError> {
    let rest = secret.strip_prefix(SCHEME).ok_or(ClientSecretError::Prefix)?;
    let coded = rest.strip_prefix(VERSION).ok_or(ClientSecretError::Version)?;
    if coded.is_empty() || coded.len() > MAX_LENGTH {
        return Err(ClientSecretError::Base64url);
    }
    let mut buffer = Zeroizing::new(vec![0; coded.len()]);
    let bytes = Base64UrlUnpadded::decode(coded, &mut buffer).map_err(|_| ClientSecretError::Base64url)?;
    let json = str::from_utf8(bytes).map_err(|_| ClientSecretError::Json)?;
    Ok(Zeroizing::new(json.to_owned()))
}

/// Checks that the members of a JWK are an Ed25519 private key. `None`: the member is missing or not a string.
///
/// # Errors
/// The first member that is wrong.
pub fn check_key(kty: Option<&str>, crv: Option<&str>, d: Option<&str>, x: Option<&str>) -> Result<(), ClientSecretError> {
    if kty != Some("OKP") {
        return Err(ClientSecretError::Kty);
    }
    if crv != Some("Ed25519") {
        return Err(ClientSecretError::Crv);
    }
    if !x.is_some_and(is_key) {
        return Err(ClientSecretError::PublicKey);
    }
    match d {
        None => Err(ClientSecretError::NoPrivateKey),
        Some(d) if !is_key(d) => Err(ClientSecretError::PrivateKey),
        Some(_) => Ok(()),
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
    use ClientSecretError::*;

    // RFC 8037 appendix A.1.
    const D: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
    const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

    fn secret_of(json: &[u8]) -> String {
        [SCHEME, VERSION, &Base64UrlUnpadded::encode_string(json)].concat()
    }

    fn jwk() -> String {
        format!(r#"{{"kty":"OKP","crv":"Ed25519","d":"{D}","x":"{X}"}}"#)
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
            (String::new(), Prefix),
            (jwk(), Prefix),
            (good.replace("conductorone", "example"), Prefix),
            (good.to_uppercase(), Prefix),
            ([" ", &good].concat(), Prefix),
            (good.replace("v1:", "v2:"), Version),
            (good.replace("v1:", "v1"), Version),
            (SCHEME.to_owned(), Version),
            ([SCHEME, VERSION].concat(), Base64url),
            ([&good, "\n"].concat(), Base64url),
            ([&good, "="].concat(), Base64url),
            ([&good[..good.len() - 1], "/"].concat(), Base64url),
            ([&good[..good.len() - 1], "\u{15f}"].concat(), Base64url),
            // Bits beyond the last byte.
            ([SCHEME, VERSION, "e31"].concat(), Base64url),
            ([SCHEME, VERSION, "e"].concat(), Base64url),
            (secret_of(&vec![b' '; MAX_LENGTH]), Base64url),
            (secret_of(b"\xff\xfe"), Json),
        ] {
            assert_eq!(decode(&secret).unwrap_err(), error, "{secret}");
        }
    }

    #[test]
    fn keys() {
        let (kty, crv, d, x) = (Some("OKP"), Some("Ed25519"), Some(D), Some(X));
        assert_eq!(check_key(kty, crv, d, x), Ok(()));
        for other in [None, Some(""), Some("EC"), Some("okp"), Some("OKP ")] {
            assert_eq!(check_key(other, crv, d, x), Err(Kty), "{other:?}");
        }
        for other in [None, Some(""), Some("X25519"), Some("ed25519")] {
            assert_eq!(check_key(kty, other, d, x), Err(Crv), "{other:?}");
        }
        let long = [D, "AAAA"].concat();
        let padded = [D, "="].concat();
        let last_bits = D.replace("f2A", "f2B");
        for other in ["", &D[1..], &D[..42], &long, &padded, &last_bits, &D.replace('_', "/"), &D.replace('_', "\u{15f}")] {
            assert_eq!(check_key(kty, crv, Some(other), x), Err(PrivateKey), "{other:?}");
            assert_eq!(check_key(kty, crv, d, Some(other)), Err(PublicKey), "{other:?}");
        }
        assert_eq!(check_key(kty, crv, None, x), Err(NoPrivateKey));
        assert_eq!(check_key(kty, crv, d, None), Err(PublicKey));
    }

    proptest! {
        #[test]
        fn any_key_is_accepted(d in any::<[u8; 32]>(), x in any::<[u8; 32]>()) {
            let [d, x] = [d, x].map(|key| Base64UrlUnpadded::encode_string(&key));
            prop_assert_eq!(check_key(Some("OKP"), Some("Ed25519"), Some(&d), Some(&x)), Ok(()));
        }

        #[test]
        fn keys_of_any_other_length_are_refused(d in proptest::collection::vec(any::<u8>(), 0..100)) {
            let coded = Base64UrlUnpadded::encode_string(&d);
            let expected = if d.len() == 32 { Ok(()) } else { Err(PrivateKey) };
            prop_assert_eq!(check_key(Some("OKP"), Some("Ed25519"), Some(&coded), Some(X)), expected);
        }

        #[test]
        fn no_secret_shows_in_a_message(secret in "secret-token:conductorone.com:v1:[A-Za-z0-9_-]{40,60}") {
            if let Err(error) = decode(&secret) {
                let code = &secret[SCHEME.len() + VERSION.len()..];
                prop_assert!(!code.as_bytes().windows(8).any(|w| error.to_string().as_bytes().windows(8).any(|m| m == w)));
            }
        }

        #[test]
        fn one_spelling_for_each_text(coded in "[A-Za-z0-9_-]{1,80}") {
            if let Ok(json) = decode(&[SCHEME, VERSION, &coded].concat()) {
                prop_assert_eq!(Base64UrlUnpadded::encode_string(json.as_bytes()), coded);
            }
        }
    }
}
