//! The client secret of an API key: `secret-token:conductorone.com:v1:<JWK>`, where `<JWK>` is the base64url of an Ed25519
//! private key as a JSON Web Key (RFC 7517; OKP keys: RFC 8037 §2). The prefix follows RFC 8959.
//!
//! The JSON is read by a scanner of its own: it copies no secret out of the buffer that is wiped, and costs far less than a JSON
//! library. It takes one object whose four members that matter (`kty`, `crv`, `d`, `x`) are plain strings, without escapes, and
//! occur once (RFC 7517 §4). No member's name may hold an escape, lest one of the four hides behind it. The values of other
//! members are skipped by their quotes and brackets, so some text that is no JSON passes; but from JSON that passes, the key is
//! the one that any other reader finds.

use crate::base64url;
use crate::text::{find, pieces};
use alloc::vec::Vec;
use zeroize::Zeroizing;

const SCHEME: &[u8] = b"secret-token:conductorone.com:";
const VERSION: &[u8] = b"v1:";

/// A JWK of this kind takes about 200 bytes; whatever is beyond this is none.
const LONGEST: usize = 8192;

/// The private key of RFC 8032 §5.1.5: 32 bytes. On the heap, because moving an array would leave copies on the stack.
pub type Seed = Zeroizing<Vec<u8>>;

/// What is wrong with a client secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientSecretError {
    /// Does not begin as every client secret does.
    Prefix,
    /// A version other than 1.
    Version,
    /// What follows the prefix is not base64url.
    Base64url,
    /// What was encoded is not one JSON object, or a member's name in it is written with escapes.
    Json,
    /// A member that matters occurs twice.
    Repeated,
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

impl ClientSecretError {
    /// What is wrong and what to do.
    pub fn message(self) -> &'static str {
        match self {
            Self::Prefix => "clientSecret must begin with secret-token:conductorone.com: (copy it whole)",
            Self::Version => "clientSecret is of a version that this release does not know: it must be v1",
            Self::Base64url => "clientSecret: what follows v1: must be base64url without padding or white space: copy it whole",
            Self::Json => "clientSecret: what follows v1: does not hold a JSON object: copy it whole",
            Self::Repeated => "clientSecret: its key has a member twice: make a new API key",
            Self::Kty => "clientSecret: its key must have the type (kty) OKP",
            Self::Crv => "clientSecret: its key must be on the curve (crv) Ed25519",
            Self::NoPrivateKey => "clientSecret holds a public key only: the private part (d) is missing",
            Self::PrivateKey => "clientSecret: the private part (d) must be 32 bytes in base64url",
            Self::PublicKey => "clientSecret: the public part (x) must be 32 bytes in base64url",
        }
    }
}

/// Reads a client secret and gives the private key in it.
pub fn parse(secret: &str) -> Result<Seed, ClientSecretError> {
    let rest = secret.as_bytes().strip_prefix(SCHEME).ok_or(ClientSecretError::Prefix)?;
    let coded = rest.strip_prefix(VERSION).ok_or(ClientSecretError::Version)?;
    if coded.is_empty() || coded.len() > LONGEST {
        return Err(ClientSecretError::Base64url);
    }
    seed_of_jwk(&base64url::decode(coded).ok_or(ClientSecretError::Base64url)?)
}

/// The key as PKCS #8 (RFC 8410 §7, RFC 5958), the form in which WebCrypto imports it as non-extractable without asking for
/// the public half.
pub fn pkcs8(seed: &[u8]) -> Zeroizing<Vec<u8>> {
    // SEQUENCE { version 0, SEQUENCE { OID 1.3.101.112 }, OCTET STRING { OCTET STRING { seed } } }
    const HEAD: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    let mut der = Zeroizing::new(Vec::with_capacity(48));
    der.extend_from_slice(&HEAD);
    der.extend_from_slice(seed);
    der
}

fn seed_of_jwk(json: &[u8]) -> Result<Seed, ClientSecretError> {
    use ClientSecretError::{Crv, Json, Kty, NoPrivateKey, PrivateKey, PublicKey, Repeated};
    let members = json.trim_ascii().strip_prefix(b"{").and_then(|rest| rest.strip_suffix(b"}")).ok_or(Json)?;
    let (mut quoted, mut escaped, mut depth) = (false, false, 0_u32);
    let between_members = |byte: &u8| {
        let literal = escaped;
        escaped = *byte == b'\\' && !literal;
        match byte {
            b'"' if !literal => quoted = !quoted,
            _ if quoted => {}
            // One bracket closed too many gives the largest number, from which no text of this length comes back to 0.
            b'{' | b'[' => depth = depth.saturating_add(1),
            b'}' | b']' => depth = depth.wrapping_sub(1),
            _ => return *byte == b',' && depth == 0,
        }
        false
    };
    let (mut kty, mut crv, mut d, mut x) = (None::<&[u8]>, None::<&[u8]>, None, None);
    for member in members.split(between_members) {
        // No name or value that is wanted has a colon in it.
        let mut parts = pieces(member, b':').map(<[u8]>::trim_ascii);
        let name = parts.next().unwrap_or_default();
        if find(name, b'\\').is_some() {
            return Err(Json);
        }
        let place = match name {
            b"\"kty\"" => &mut kty,
            b"\"crv\"" => &mut crv,
            b"\"d\"" => &mut d,
            b"\"x\"" => &mut x,
            _ => continue,
        };
        if place.replace(parts.next().unwrap_or_default()).is_some() {
            return Err(Repeated);
        }
    }
    if quoted || depth != 0 {
        return Err(Json);
    }
    if kty != Some(b"\"OKP\"") {
        return Err(Kty);
    }
    if crv != Some(b"\"Ed25519\"") {
        return Err(Crv);
    }
    x.and_then(key_bytes).ok_or(PublicKey)?;
    key_bytes(d.ok_or(NoPrivateKey)?).ok_or(PrivateKey)
}

fn key_bytes(value: &[u8]) -> Option<Seed> {
    match value {
        [b'"', text @ .., b'"'] => base64url::decode(text).filter(|key| key.len() == 32),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::string_slice)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::prelude::v1::*;
    use std::vec;

    // RFC 8037 appendix A.1.
    const D: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
    const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    const SEED: &str = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().flat_map(|b| [b >> 4, b & 15]).map(|n| char::from_digit(u32::from(n), 16).unwrap()).collect()
    }

    fn secret_of(json: &[u8]) -> String {
        let mut secret = String::from_utf8([SCHEME, VERSION].concat()).unwrap();
        base64url::encode_into(json, &mut secret);
        secret
    }

    fn read(json: &str) -> Result<String, ClientSecretError> {
        parse(&secret_of(json.as_bytes())).map(|seed| hex(seed.as_slice()))
    }

    fn jwk(more: &str) -> String {
        ["{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"d\":\"", D, "\",\"x\":\"", X, "\"", more, "}"].concat()
    }

    #[test]
    fn reads_the_key_of_rfc8037() {
        assert_eq!(read(&jwk("")).unwrap(), SEED);
    }

    #[test]
    fn pkcs8_is_that_of_rfc8410() {
        // RFC 8410 §10.3, the example without attributes.
        let pem = "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC";
        let der = base64url::decode(pem.replace('+', "-").replace('/', "_").as_bytes()).unwrap();
        assert_eq!(pkcs8(&der[16..]).as_slice(), der.as_slice());
    }

    #[test]
    fn takes_any_json_around_the_members() {
        for more in [
            ",\"kid\":\"a\\\"b\\u00e9\\ud83d\\ude00\u{1f600}\"",
            ",\"n\":-0.5e+10,\"m\":0,\"o\":12E3,\"p\":[],\"q\":{}",
            ",\"a\":[1,[2,{\"d\":\"inner\",\"d\":null}],true,false,null,\"]}\"]",
            " ,\n\t\"use\" :\r \"sig\" ",
            ",\"\":\"\",\"D\":1",
            ",\"a:b\":\":\",\"c\":\"\\\\\",\"e\":\",\\\"d\\\":\"",
            &[",\"a\":", &"[".repeat(2000), &"]".repeat(2000)].concat(),
        ] {
            assert_eq!(read(&jwk(more)).unwrap(), SEED, "{more}");
        }
        assert_eq!(read(&[" \n", &jwk(""), "\r\n\t "].concat()).unwrap(), SEED);
    }

    #[test]
    fn tells_what_is_wrong() {
        use ClientSecretError::*;
        let swap = |from: &str, to: &str| jwk("").replace(from, to);
        for (json, error) in [
            (String::from(" "), Json),
            (String::from("null"), Json),
            (String::from("[]"), Json),
            (String::from("{}"), Kty),
            (String::from("{"), Json),
            (String::from("{\"kty\"}"), Kty),
            (String::from("{\"kty\":\"OKP\",}"), Crv),
            ([&jwk(""), "{}"].concat(), Json),
            ([&jwk(""), ","].concat(), Json),
            ([&jwk(""), "\u{a0}"].concat(), Json),
            (["\u{feff}", &jwk("")].concat(), Json),
            (jwk(",\"a\":\"}"), Json),
            (jwk(",\"a\":\"\\\""), Json),
            (jwk(",\"a\":[1"), Json),
            (jwk(",\"a\":1]"), Json),
            (jwk("},{"), Json),
            (jwk(&[",\"a\":", &"[".repeat(4000)].concat()), Json),
            (jwk(",\"d\":\"x\""), Repeated),
            (jwk(" , \"d\" : 1"), Repeated),
            (jwk(",\"\\u0064\":1"), Json),
            (jwk(",\"a\\\"\":1"), Json),
            (swap("OKP", "EC"), Kty),
            (swap("\"OKP\"", "1"), Kty),
            (swap("OKP", "\\u004fKP"), Kty),
            (swap("\"OKP\"", "OKP"), Kty),
            (swap("\"OKP\"", "\"OKP"), Json),
            (swap("Ed25519", "X25519"), Crv),
            (swap("Ed25519", "ed25519"), Crv),
            (swap("\"crv\"", "\"curve\""), Crv),
            (swap("\"d\"", "\"e\""), NoPrivateKey),
            (swap(D, &D[..42]), PrivateKey),
            (swap(D, ""), PrivateKey),
            (swap(D, &[D, "="].concat()), PrivateKey),
            (swap(D, &[D, "AAAA"].concat()), PrivateKey),
            (swap(D, &D.replace('_', "/")), PrivateKey),
            (swap(D, &D.replace('_', "\u{15f}")), PrivateKey),
            (swap(D, &D.replace('_', "\\u005f")), PrivateKey),
            (swap(D, &[D, ":"].concat()), PrivateKey),
            (swap(&["\"", D, "\""].concat(), "null"), PrivateKey),
            (swap("\"x\"", "\"y\""), PublicKey),
            (swap(X, &X[1..]), PublicKey),
        ] {
            assert_eq!(read(&json).unwrap_err(), error, "{json}");
        }
    }

    #[test]
    fn tells_what_is_wrong_with_the_wrapping() {
        use ClientSecretError::*;
        let good = secret_of(jwk("").as_bytes());
        for (secret, error) in [
            (String::new(), Prefix),
            (jwk(""), Prefix),
            (good.replace("conductorone", "example"), Prefix),
            (good.to_uppercase(), Prefix),
            ([" ", &good].concat(), Prefix),
            (good.replace("v1:", "v2:"), Version),
            (good.replace("v1:", "v1"), Version),
            (String::from("secret-token:conductorone.com:"), Version),
            (String::from("secret-token:conductorone.com:v1:"), Base64url),
            ([&good, "\n"].concat(), Base64url),
            ([&good, "="].concat(), Base64url),
            (secret_of(&vec![b' '; LONGEST]), Base64url),
            (secret_of(b"\xff\xfe"), Json),
        ] {
            assert_eq!(parse(&secret).unwrap_err(), error, "{secret}");
        }
    }

    proptest! {
        #[test]
        fn any_seed_comes_back(seed in any::<[u8; 32]>()) {
            let mut d = String::new();
            base64url::encode_into(&seed, &mut d);
            prop_assert_eq!(read(&jwk("").replace(D, &d)).unwrap(), hex(&seed));
            prop_assert_eq!(&pkcs8(&seed)[16..], seed);
        }

        #[test]
        fn no_secret_shows_in_a_message(secret in "secret-token:conductorone.com:v1:[A-Za-z0-9_-]{40,60}") {
            if let Err(error) = parse(&secret) {
                let code = &secret[SCHEME.len() + VERSION.len()..];
                prop_assert!(!code.as_bytes().windows(8).any(|w| error.message().as_bytes().windows(8).any(|m| m == w)));
            }
        }

        #[test]
        fn cutting_a_key_short_is_always_noticed(end in 0_usize..130) {
            let json = jwk("");
            prop_assert!(end >= json.len() || read(&json[..end]).is_err());
        }

        #[test]
        fn damage_never_panics(at in any::<prop::sample::Index>(), byte: u8) {
            let mut json = jwk(",\"a\":[{\"b\":-1.5e3},\"\\u00e9\"]").into_bytes();
            let at = at.index(json.len());
            json[at] = byte;
            let _ = parse(&secret_of(&json));
        }
    }
}
