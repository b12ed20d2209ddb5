//! What is sent for a token: the client's assertion, a JWT (RFC 7519, RFC 7523 §3) signed with Ed25519 (RFC 8037 §3.1) in
//! compact form (RFC 7515 §3.1), and the form bodies of the client credentials grant (RFC 6749 §4.4 with RFC 7523 §2.2) and
//! of token exchange (RFC 8693 §2.1).
//!
//! All of these open doors while they live, so each is built in one buffer that is measured first, never grows and is wiped.

use crate::base64url;
use crate::text::{push_ascii, push_escaped, push_hex, push_number};
use alloc::string::String;
use zeroize::Zeroizing;

/// How long before and after now an assertion is valid, in seconds: the API refuses more than five minutes in all.
const LEEWAY: u64 = 120;

/// What an assertion says.
pub struct Assertion<'a> {
    /// Issuer and subject.
    pub client_id: &'a str,
    /// The server's host name without a port.
    pub audience: &'a str,
    /// Now, in seconds since 1970.
    pub now: u64,
    /// Random bytes that make the header unlike any other.
    pub nonce: &'a [u8; 16],
    /// Random bytes that name this assertion, so that a server can refuse to see it twice (RFC 7519 §4.1.7).
    pub id: &'a [u8; 16],
}

impl Assertion<'_> {
    /// The text to be signed, as ASCII.
    pub fn signing_input(&self) -> Zeroizing<String> {
        // Nothing here needs JSON's escapes: client IDs and hosts are checked, and hold no such character.
        let mut json = String::from("{\"alg\":\"EdDSA\",\"typ\":\"JWT\",\"nonce\":\"");
        push_hex(&mut json, self.nonce, 0x20);
        json.push_str("\"}");
        let header = json.len();
        for (name, value) in
            [("{\"iss\":\"", self.client_id), ("\",\"sub\":\"", self.client_id), ("\",\"aud\":[\"", self.audience)]
        {
            json.push_str(name);
            json.push_str(value);
        }
        let [from, until] = [self.now.saturating_sub(LEEWAY), self.now.saturating_add(LEEWAY)];
        for (name, time) in [("\"],\"iat\":", self.now), (",\"nbf\":", from), (",\"exp\":", until)] {
            json.push_str(name);
            push_number(&mut json, time);
        }
        json.push_str(",\"jti\":\"");
        push_hex(&mut json, self.id, 0x20);
        json.push_str("\"}");
        let (header, claims) = json.split_at_checked(header).unwrap_or_default();
        join(header.as_bytes(), claims.as_bytes())
    }
}

/// The whole JWT: what was signed, and its signature.
pub fn finish(signing_input: &str, signature: &[u8; 64]) -> Zeroizing<String> {
    let mut jwt = buffer(signing_input.len().saturating_add(87));
    jwt.push_str(signing_input);
    push_ascii(&mut jwt, b'.');
    base64url::encode_into(signature, &mut jwt);
    jwt
}

/// The body that asks for a token with a client's assertion.
pub fn client_credentials_body(client_id: &str, assertion: &str) -> Zeroizing<String> {
    form(&[
        ("grant_type=client_credentials&client_id=", client_id),
        ("&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=", assertion),
    ])
}

/// The body that asks for a token in exchange for another issuer's ID token.
pub fn token_exchange_body(client_id: &str, oidc_token: &str) -> Zeroizing<String> {
    form(&[
        ("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&subject_token=", oidc_token),
        ("&subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Ajwt&client_id=", client_id),
    ])
}

fn join(header: &[u8], claims: &[u8]) -> Zeroizing<String> {
    let length = base64url::encoded_len(header.len()).saturating_add(base64url::encoded_len(claims.len()));
    let mut input = buffer(length.saturating_add(1));
    base64url::encode_into(header, &mut input);
    push_ascii(&mut input, b'.');
    base64url::encode_into(claims, &mut input);
    input
}

fn buffer(capacity: usize) -> Zeroizing<String> {
    Zeroizing::new(String::with_capacity(capacity))
}

/// application/x-www-form-urlencoded (WHATWG URL §5.2): text that is encoded already, and values that are not.
fn form(parts: &[(&str, &str)]) -> Zeroizing<String> {
    // A byte becomes three at most.
    let length = parts
        .iter()
        .fold(0_usize, |sum, (text, value)| sum.saturating_add(text.len()).saturating_add(value.len().saturating_mul(3)));
    let mut body = buffer(length);
    for (text, value) in parts {
        body.push_str(text);
        push_escaped(&mut body, value, b"*-._");
    }
    body
}

#[cfg(test)]
#[allow(clippy::string_slice)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::prelude::v1::*;
    use std::vec;

    const NONCE: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255];

    fn signing_input(client_id: &str, audience: &str, now: u64) -> Zeroizing<String> {
        Assertion { client_id, audience, now, nonce: &NONCE, id: &[0xab; 16] }.signing_input()
    }

    fn plain(coded: &str) -> String {
        String::from_utf8(base64url::decode(coded.as_bytes()).unwrap().to_vec()).unwrap()
    }

    #[test]
    fn says_what_the_api_wants_to_hear() {
        let input = signing_input("name-1@acme.conductor.one/pcc", "acme.conductor.one", 1_700_000_000);
        let (header, claims) = input.split_once('.').unwrap();
        assert_eq!(plain(header), "{\"alg\":\"EdDSA\",\"typ\":\"JWT\",\"nonce\":\"000102030405060708090a0b0c0d0eff\"}");
        assert_eq!(
            plain(claims),
            "{\"iss\":\"name-1@acme.conductor.one/pcc\",\"sub\":\"name-1@acme.conductor.one/pcc\",\"aud\":[\"acme.conductor.one\"],\
             \"iat\":1700000000,\"nbf\":1699999880,\"exp\":1700000120,\"jti\":\"abababababababababababababababab\"}"
        );
    }

    #[test]
    fn survives_a_clock_at_either_end() {
        let claims_at = |now| plain(signing_input("a", "b", now).split_once('.').unwrap().1);
        assert!(claims_at(0).contains("\"iat\":0,\"nbf\":0,\"exp\":120,"));
        assert!(claims_at(u64::MAX).contains("\"nbf\":18446744073709551495,\"exp\":18446744073709551615,"));
    }

    /// RFC 8037 appendix A.4.
    #[test]
    fn puts_header_claims_and_signature_together_as_in_rfc8037() {
        let input = join(b"{\"alg\":\"EdDSA\"}", b"Example of Ed25519 signing");
        assert_eq!(*input, "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc");
        let signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
        let bytes = base64url::decode(signature.as_bytes()).unwrap();
        let jwt = finish(&input, bytes.as_slice().try_into().unwrap());
        assert_eq!(*jwt, [input.as_str(), signature].join("."));
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
        assert_eq!(*form(&[("a+b=", "*-._~+&=% \u{e9}\0")]), "a+b=*-._%7E%2B%26%3D%25%20%C3%A9%00");
    }

    /// What a form parser (WHATWG URL §5.1) reads back.
    fn parse_form(body: &str) -> Vec<(String, String)> {
        let undo = |text: &str| {
            let mut bytes = Vec::new();
            let mut rest = text.bytes();
            while let Some(byte) = rest.next() {
                bytes.push(match byte {
                    b'+' => b' ',
                    b'%' => {
                        let digits = [rest.next().unwrap(), rest.next().unwrap()];
                        u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
                    }
                    byte => byte,
                });
            }
            String::from_utf8(bytes).unwrap()
        };
        body.split('&').map(|field| field.split_once('=').unwrap()).map(|(name, value)| (undo(name), undo(value))).collect()
    }

    proptest! {
        #[test]
        fn forms_read_back(a in "\\PC{0,20}", b in any::<String>()) {
            let body = form(&[("x=", &a), ("&y=", &b)]);
            prop_assert!(body.bytes().all(|c| c.is_ascii_graphic()));
            prop_assert_eq!(parse_form(&body), vec![("x".to_owned(), a), ("y".to_owned(), b)]);
        }

        #[test]
        fn no_buffer_grows(client_id in any::<String>(), audience in any::<String>(), now: u64, token in any::<String>()) {
            let input = signing_input(&client_id, &audience, now);
            prop_assert_eq!(input.capacity(), input.len());
            let jwt = finish(&input, &[1; 64]);
            prop_assert_eq!(jwt.capacity(), jwt.len());
            let fixed = client_credentials_body("", "").capacity();
            prop_assert_eq!(client_credentials_body(&client_id, &token).capacity(), fixed + 3 * (client_id.len() + token.len()));
            let fixed = token_exchange_body("", "").capacity();
            prop_assert_eq!(token_exchange_body(&client_id, &token).capacity(), fixed + 3 * (client_id.len() + token.len()));
        }
    }
}
