//! What must hold of every parser for any input whatsoever. Each function takes one input and panics if it does not hold.
//! `tests/fuzz.rs` runs them on the corpus and on bounded mutations of it; the targets beside this file, under libFuzzer.

use base64ct::{Base64UrlUnpadded, Encoding};
use c1_revoke::auth::bearer::{Authorization, MAX_TOKEN_LENGTH};
use c1_revoke::auth::client_id;
use c1_revoke::auth::client_secret::{self, PrivateKey};
use c1_revoke::http::server;
use c1_revoke::http::{path, retry_after as header};
use c1_revoke::invalid::Invalid;
use url::{quirks, Url};

fn text(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok()
}

/// The host name of a URL, if another implementation of the platform's standard accepts it.
fn hostname(text: &str) -> Option<String> {
    Url::parse(text).ok().map(|url| quirks::hostname(&url).to_owned())
}

fn check_server(text: &str, allow_insecure: bool) -> Result<String, Invalid> {
    server::check_server_url(text, Url::parse(text).ok().as_ref().map(Url::as_str), allow_insecure)
}

/// The host and port of a base URL are those of the input, character by character, and those that a URL parser finds.
fn check_authority(input: &str, base: &str) {
    let (scheme, rest) = base.split_once("://").unwrap();
    let authority = rest.split('/').next().unwrap();
    let input = input.to_ascii_lowercase();
    assert!(input.starts_with(&[scheme, "://", authority].concat()), "{input:?} goes to {base:?}");
    let after = input.as_bytes().get(scheme.len() + 3 + authority.len());
    assert!(matches!(after, None | Some(b'/')), "{input:?} goes to {base:?}");
    check_host(authority);
    assert_eq!(hostname(base).unwrap(), server::hostname_of(base));
}

fn check_host(authority: &str) {
    let allowed = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || b"-_.:[]".contains(&c);
    assert!(!authority.is_empty() && authority.bytes().all(allowed), "{authority:?}");
}

/// A server URL that is accepted goes where it says, encrypted, and means the same when it is read again.
pub fn server_url(data: &[u8]) {
    let Some(url) = text(data) else { return };
    let lax = check_server(url, true);
    if let Ok(base) = &lax {
        check_authority(url, base);
        assert!(base.bytes().all(|c| c.is_ascii_graphic() && !b"\\?#".contains(&c)), "{base:?}");
        assert!(!base.ends_with('/') && !base.contains("/../") && !base.ends_with("/.."));
        assert_eq!(check_server(base, true).as_ref(), Ok(base));
    }
    match check_server(url, false) {
        Ok(base) => {
            assert_eq!(Ok(&base), lax.as_ref());
            assert!(base.starts_with("https://") || is_this_machine(&base), "{base:?} is not encrypted");
        }
        Err(error) => {
            assert!(lax.is_err() || error == server::INSECURE && lax.is_ok_and(|base| !is_this_machine(&base)));
        }
    }
}

/// Whether a base URL leads to this machine by http, as another URL parser understands it.
fn is_this_machine(base: &str) -> bool {
    let url = Url::parse(base).unwrap();
    url.scheme() == "http"
        && match url.host().unwrap() {
            url::Host::Domain(name) => name == "localhost",
            url::Host::Ipv4(address) => address.is_loopback(),
            url::Host::Ipv6(address) => address.is_loopback(),
        }
}

/// A tenant that is accepted leads to conductor.one and nowhere else.
pub fn tenant(data: &[u8]) {
    let Some(tenant) = text(data) else { return };
    if let Ok(base) = server::tenant_url(tenant) {
        let name = base.strip_prefix("https://").and_then(|host| host.strip_suffix(".conductor.one")).unwrap();
        assert!(!name.is_empty() && name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-'), "{base:?}");
        assert!(tenant.to_ascii_lowercase().contains(name));
        assert_eq!(server::tenant_url(&base).as_ref(), Ok(&base));
        // A label such as xn--a is well-formed, but no URL: then nothing is sent at all.
        assert!(hostname(&base).is_none_or(|hostname| hostname == server::hostname_of(&base)));
    }
}

/// A client ID that is accepted has one host, the one between its only `@` and its only `/`.
pub fn client_id(data: &[u8]) {
    let Some(id) = text(data) else { return };
    if let Ok(origin) = client_id::origin_of(id) {
        let pieces: Vec<&str> = id.split(['@', '/']).collect();
        assert_eq!(pieces.len(), 3, "{id:?}");
        let (scheme, authority) = origin.split_once("://").unwrap();
        assert_eq!(authority, pieces[1].to_ascii_lowercase());
        check_host(authority);
        assert_eq!(scheme == "http", is_this_machine(&["http://", authority].concat()));
        if hostname(&origin).is_some() {
            assert_eq!(check_server(&origin, false).as_ref(), Ok(&origin));
        }
    }
}

/// A client secret is refused with a reason, or is the one spelling of its text.
pub fn client_secret(data: &[u8]) {
    let Some(secret) = text(data) else { return };
    let wrapping = secret.strip_prefix("secret-token:conductorone.com:v1:");
    match client_secret::decode(secret) {
        Ok(json) => assert_eq!(wrapping, Some(Base64UrlUnpadded::encode_string(json.as_bytes()).as_str())),
        Err(error) => {
            let wrapped = error == client_secret::NOT_BASE64URL || error == client_secret::NOT_JSON;
            assert_eq!(wrapping.is_some(), wrapped, "{error:?}");
        }
    }
}

/// A JWK comes back from its client secret as it was, and is taken for a key if it has a key's members.
pub fn jwk(data: &[u8]) {
    let secret = ["secret-token:conductorone.com:v1:", &Base64UrlUnpadded::encode_string(data)].concat();
    let json = match client_secret::decode(&secret) {
        Ok(json) => json,
        Err(error) if error == client_secret::NOT_BASE64URL => return assert!(data.is_empty() || data.len() > 6000),
        Err(error) => return assert!(error == client_secret::NOT_JSON && text(data).is_none()),
    };
    assert_eq!(json.as_bytes(), data);
    let Ok(jwk) = serde_json::from_str::<serde_json::Value>(&json) else { return };
    let member = |name: &str| jwk[name].as_str();
    let is_key = |name: &str| {
        let bytes = member(name).and_then(|text| Base64UrlUnpadded::decode_vec(text).ok());
        bytes.is_some_and(|key| key.len() == 32 && Some(Base64UrlUnpadded::encode_string(&key).as_str()) == member(name))
    };
    let good = member("kty") == Some("OKP") && member("crv") == Some("Ed25519") && is_key("d") && is_key("x");
    let read = PrivateKey::read(|name| member(name).map(|text| text.to_owned().into()));
    assert_eq!(read.is_ok(), good, "{jwk}");
}

/// A token that is accepted is visible ASCII after one scheme.
pub fn token(data: &[u8]) {
    let Some(token) = text(data) else { return };
    let bare = match token.get(..7) {
        Some(scheme) if scheme.eq_ignore_ascii_case("bearer ") => token.get(7..).unwrap(),
        _ => token,
    };
    let good = !bare.is_empty() && bare.bytes().all(|c| c.is_ascii_graphic());
    match Authorization::bearer(token) {
        Ok(authorization) => {
            assert!(good);
            assert_eq!(authorization.token().text(), bare);
            let value = authorization.header().text();
            assert!(value.get(..7).unwrap().eq_ignore_ascii_case("bearer "));
            assert_eq!(value.get(7..), Some(bare));
        }
        Err(_) => assert!(!good || token.len() > MAX_TOKEN_LENGTH),
    }
}

/// An id that is accepted is one segment of the request's path, and comes back from it.
pub fn id(data: &[u8]) {
    let Some(id) = text(data) else { return };
    let Ok(segment) = path::encode_id(id) else {
        let dots = ["", ".", ".."].contains(&id);
        let ends = id.trim() != id;
        // The rest is invisible: neither ASCII nor a letter or digit.
        let odd = |c: char| !c.is_ascii() && !c.is_alphanumeric();
        return assert!(dots || ends || id.contains(['/', '\\']) || id.contains(char::is_control) || id.contains(odd));
    };
    assert!(id.trim() == id && !id.contains(['\u{200b}', '\u{feff}', '\u{ad}', '\u{202e}']));
    let url = Url::parse(&["https://a.example", &path::revoke_path("a", &segment, "c")].concat()).unwrap();
    let segments: Vec<&str> = url.path_segments().unwrap().collect();
    assert_eq!(segments, ["api", "v1", "apps", "a", "connectors", &segment, "credentials", "c"]);
    assert!(url.query().is_none() && url.fragment().is_none());
    assert_eq!(percent_encoding::percent_decode_str(&segment).decode_utf8().unwrap(), id);
    assert!(!segment.to_ascii_lowercase().contains("%2f") && !segment.to_ascii_lowercase().contains("%5c"));
}

/// A wait is never negative and never not a number. A header that holds nothing but digits and dates is one, the longest of its waits.
pub fn retry_after(data: &[u8]) {
    const NOW: f64 = 1_795_000_000_000.0;
    let Some(value) = text(data) else { return };
    // In the platform's place: a text that ends in GMT is a date, a minute from now.
    let date = |text: &str| (text.contains(", ") && text.ends_with(" GMT")).then_some(NOW + 60_000.0);
    let seconds = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit());
        digits.then(|| text.parse::<f64>().map(|it| if it < 2_f64.powi(64) { it * 1000.0 } else { f64::INFINITY }).unwrap())
    };
    let wait = header::parse(value, NOW, date);
    assert!(wait.is_none_or(|wait| wait >= 0.0), "{value:?}: {wait:?}");
    let parts: Vec<_> = value.split(',').map(|part| seconds(part.trim_ascii())).collect();
    if let Some(parts) = parts.iter().copied().collect::<Option<Vec<f64>>>() {
        assert_eq!(wait, parts.into_iter().reduce(f64::max));
    } else if wait.is_some() {
        assert!(value.contains(" GMT") && wait >= Some(60_000.0), "{value:?} has no date");
    }
}
