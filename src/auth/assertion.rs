//! The request for a token: the client's assertion, a JWT (RFC 7519, RFC 7523 §3) signed with Ed25519 (RFC 8037 §3.1) in
//! compact form (RFC 7515 §3.1), and the form bodies of the client credentials grant (RFC 6749 §4.4 with RFC 7523 §2.2) and
//! of token exchange (RFC 8693 §2.1).
//!
//! All of these are secrets while they are valid. Each is built in a buffer of its exact size, because a growing buffer leaves
//! copies behind. It is wiped when dropped.

use base64ct::{Base64UrlUnpadded, Encoding};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use std::iter::once;
use zeroize::Zeroizing;

/// How long before and after now an assertion is valid, in seconds: the API refuses more than five minutes in all.
const LEEWAY: u64 = 120;

/// The characters that a form does not encode: letters, digits and `*-._` (WHATWG URL, "application/x-www-form-urlencoded
/// percent-encode set").
const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'*').remove(b'-').remove(b'.').remove(b'_');

/// The JWT's header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Header {
    alg: &'static str,
    typ: &'static str,
    nonce: String,
}

impl Header {
    /// The header of one assertion. Random bytes make it unique.
    pub fn new(nonce: &[u8; 16]) -> Header {
        Header { alg: "EdDSA", typ: "JWT", nonce: hex(nonce) }
    }
}

/// The JWT's claims.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: [&'a str; 1],
    iat: u64,
    nbf: u64,
    exp: u64,
    jti: String,
}

impl<'a> Claims<'a> {
    /// The claims of a client for a server. `hostname`: the server's, without port. `now`: in seconds since 1970. `id`: random
    /// bytes that identify this assertion, so that a server can refuse a replay (RFC 7519 §4.1.7).
    pub fn new(client_id: &'a str, hostname: &'a str, now: u64, id: &[u8; 16]) -> Claims<'a> {
        Claims {
            iss: client_id,
            sub: client_id,
            aud: [hostname],
            iat: now,
            nbf: now.saturating_sub(LEEWAY),
            exp: now.saturating_add(LEEWAY),
            jti: hex(id),
        }
    }
}

/// The text to sign, as ASCII, from the JSON of [`Header`] and [`Claims`].
pub fn signing_input(header: &str, claims: &str) -> Zeroizing<String> {
    let [header, claims] = [header, claims].map(|json| Zeroizing::new(Base64UrlUnpadded::encode_string(json.as_bytes())));
    Zeroizing::new([header.as_str(), claims.as_str()].join("."))
}

/// The complete JWT: the signed text and its signature.
pub fn jwt(signing_input: &str, signature: &[u8; 64]) -> Zeroizing<String> {
    let signature = Zeroizing::new(Base64UrlUnpadded::encode_string(signature));
    Zeroizing::new([signing_input, signature.as_str()].join("."))
}

/// The body of a token request with a client assertion.
pub fn client_credentials_body(client_id: &str, assertion: &str) -> Zeroizing<String> {
    form(&[
        ("grant_type", "client_credentials"),
        ("client_id", client_id),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", assertion),
    ])
}

/// The body of a token request that exchanges another issuer's ID token.
pub fn token_exchange_body(client_id: &str, oidc_token: &str) -> Zeroizing<String> {
    form(&[
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("subject_token", oidc_token),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"),
        ("client_id", client_id),
    ])
}

fn hex(bytes: &[u8; 16]) -> String {
    format!("{:032x}", u128::from_be_bytes(*bytes))
}

/// application/x-www-form-urlencoded (WHATWG URL §5.2) of names that need no encoding, and values. A space becomes `%20`, which
/// parsers decode as they do `+`.
fn form(fields: &[(&str, &str)]) -> Zeroizing<String> {
    let pieces =
        || fields.iter().flat_map(|(name, value)| once("&").chain([*name, "="]).chain(utf8_percent_encode(value, FORM))).skip(1);
    let mut body = Zeroizing::new(String::with_capacity(pieces().map(str::len).sum()));
    body.extend(pieces());
    body
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NONCE: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255];

    fn claims_at(now: u64) -> String {
        let claims = Claims::new("name-1@acme.conductor.one/pcc", "acme.conductor.one", now, &[0xab; 16]);
        serde_json::to_string(&claims).unwrap()
    }

    #[test]
    fn header_and_claims_are_those_that_the_api_documents() {
        let header = serde_json::to_string(&Header::new(&NONCE)).unwrap();
        assert_eq!(header, r#"{"alg":"EdDSA","typ":"JWT","nonce":"000102030405060708090a0b0c0d0eff"}"#);
        assert_eq!(
            claims_at(1_700_000_000),
            "{\"iss\":\"name-1@acme.conductor.one/pcc\",\"sub\":\"name-1@acme.conductor.one/pcc\",\"aud\":[\"acme.conductor.one\"],\
             \"iat\":1700000000,\"nbf\":1699999880,\"exp\":1700000120,\"jti\":\"abababababababababababababababab\"}"
        );
    }

    #[test]
    fn clocks_at_either_end() {
        assert!(claims_at(0).contains("\"iat\":0,\"nbf\":0,\"exp\":120,"));
        assert!(claims_at(u64::MAX).contains("\"nbf\":18446744073709551495,\"exp\":18446744073709551615,"));
    }

    /// RFC 8037 appendix A.4.
    #[test]
    fn the_jwt_is_that_of_rfc8037() {
        let input = signing_input("{\"alg\":\"EdDSA\"}", "Example of Ed25519 signing");
        assert_eq!(*input, "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc");
        let signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
        let bytes = Base64UrlUnpadded::decode_vec(signature).unwrap();
        assert_eq!(*jwt(&input, bytes.as_slice().try_into().unwrap()), [input.as_str(), signature].join("."));
    }

    #[test]
    fn bodies() {
        assert_eq!(
            *client_credentials_body("n@acme.conductor.one/pcc", "a.b-c_d"),
            "grant_type=client_credentials&client_id=n%40acme.conductor.one%2Fpcc\
             &client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=a.b-c_d"
        );
        assert_eq!(
            *token_exchange_body("n@acme.conductor.one/wfe", "e30.e30.x"),
            "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&subject_token=e30.e30.x\
             &subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Ajwt&client_id=n%40acme.conductor.one%2Fwfe"
        );
        assert_eq!(*form(&[("a", "*-._~+&=% \u{e9}\0")]), "a=*-._%7E%2B%26%3D%25%20%C3%A9%00");
    }

    proptest! {
        #[test]
        fn a_form_parser_reads_the_values_back(a in "\\PC{0,20}", b in any::<String>()) {
            let body = form(&[("x", &a), ("y", &b)]);
            prop_assert!(body.bytes().all(|c| c.is_ascii_graphic()));
            let mut url = url::Url::parse("https://a.example").unwrap();
            url.set_query(Some(&body));
            let fields: Vec<(String, String)> = url.query_pairs().into_owned().collect();
            prop_assert_eq!(fields, [("x".to_owned(), a), ("y".to_owned(), b)]);
        }

        #[test]
        fn no_buffer_grows(header in any::<String>(), claims in any::<String>(), token in any::<String>()) {
            let input = signing_input(&header, &claims);
            let jwt = jwt(&input, &[1; 64]);
            for text in [input, jwt, client_credentials_body(&claims, &token), token_exchange_body(&claims, &token)] {
                prop_assert_eq!(text.capacity(), text.len());
            }
        }
    }
}
