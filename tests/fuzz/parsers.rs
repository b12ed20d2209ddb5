//! What must hold of every parser for any input whatsoever. Each function takes one input and panics if it does not hold.
//! `tests/fuzz.rs` runs them on the corpus and on bounded mutations of it; the targets beside this file, under libFuzzer.

use c1_revoke::client_id::ClientId;
use c1_revoke::client_secret::{self, ClientSecretError};
use c1_revoke::{base64url, csv as list, retry_after as header, server};

fn text(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok()
}

/// The host and port of a base URL are those of the input, character by character: no parser was needed to find them.
fn check_authority(input: &str, base: &str) {
    let (scheme, rest) = base.split_once("://").unwrap();
    let authority = rest.split('/').next().unwrap();
    let input = input.to_ascii_lowercase();
    assert!(input.starts_with(&[scheme, "://", authority].concat()), "{input:?} goes to {base:?}");
    let after = input.as_bytes().get(scheme.len() + 3 + authority.len());
    assert!(matches!(after, None | Some(b'/')), "{input:?} goes to {base:?}");
    check_host(authority);
}

fn check_host(authority: &str) {
    let allowed = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || b"-_.:[]".contains(&c);
    assert!(!authority.is_empty() && authority.bytes().all(allowed), "{authority:?}");
}

/// A server URL that is accepted goes where it says, encrypted, and means the same when it is read again.
pub fn server_url(data: &[u8]) {
    let Some(url) = text(data) else { return };
    let lax = server::parse_server_url(url, true);
    if let Ok(base) = &lax {
        check_authority(url, base);
        assert!(base.bytes().all(|c| c.is_ascii_graphic() && !b"\\?#".contains(&c)), "{base:?}");
        assert!(!base.ends_with('/') && !base.contains("/../") && !base.ends_with("/.."));
        assert_eq!(server::parse_server_url(base, true).as_ref(), Ok(base));
    }
    match server::parse_server_url(url, false) {
        Ok(base) => {
            assert_eq!(Ok(&base), lax.as_ref());
            let (_, rest) = base.split_once("://").unwrap();
            let host = server::parse_authority(rest.split('/').next().unwrap()).unwrap();
            assert!(base.starts_with("https://") || server::is_loopback(host), "{base:?} is not encrypted");
        }
        Err(error) => assert!(lax.is_err() || error == server::ServerError::Insecure && lax.unwrap().starts_with("http://")),
    }
}

/// A tenant that is accepted leads to conductor.one and nowhere else.
pub fn tenant(data: &[u8]) {
    let Some(tenant) = text(data) else { return };
    if let Ok(base) = server::parse_tenant(tenant) {
        let name = base.strip_prefix("https://").and_then(|host| host.strip_suffix(".conductor.one")).unwrap();
        assert!(!name.is_empty() && name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-'), "{base:?}");
        assert!(tenant.to_ascii_lowercase().contains(name));
        assert_eq!(server::parse_tenant(&base), Ok(base));
    }
}

/// A client ID that is accepted has one host, the one between its only `@` and its only `/`.
pub fn client_id(data: &[u8]) {
    let Some(id) = text(data) else { return };
    if let Ok(parsed) = ClientId::parse(id) {
        let pieces: Vec<&str> = id.split(['@', '/']).collect();
        assert_eq!(pieces.len(), 3, "{id:?}");
        assert_eq!(parsed.authority(), pieces[1].to_ascii_lowercase());
        assert!(parsed.authority().starts_with(parsed.hostname()));
        check_host(parsed.authority());
        let url = ["https://", parsed.authority()].concat();
        assert_eq!(server::parse_server_url(&url, false), Ok(url));
    }
}

/// A client secret is refused with a reason, or is the one spelling of its key.
pub fn client_secret(data: &[u8]) {
    let Some(secret) = text(data) else { return };
    let wrapping = secret.strip_prefix("secret-token:conductorone.com:v1:");
    match client_secret::parse(secret) {
        Ok(seed) => {
            let json = base64url::decode(wrapping.unwrap().as_bytes()).unwrap();
            let mut again = String::new();
            base64url::encode_into(&json, &mut again);
            assert_eq!(wrapping, Some(again.as_str()));
            assert!(client_secret::pkcs8(&seed).ends_with(seed.as_slice()));
        }
        Err(ClientSecretError::Prefix | ClientSecretError::Version) => assert!(wrapping.is_none()),
        Err(_) => assert!(wrapping.is_some()),
    }
}

/// What is taken for a key is the same key to another reader, if that reader finds JSON at all. What is refused is no JSON, or no
/// key to that reader, or is spelled with escapes or a member twice, which that reader takes.
pub fn jwk(data: &[u8]) {
    let mut secret = String::from("secret-token:conductorone.com:v1:");
    base64url::encode_into(data, &mut secret);
    let other = serde_json::from_slice::<serde_json::Value>(data);
    let (ours, Ok(other)) = (client_secret::parse(&secret), other) else { return };
    let bytes_of = |name| other[name].as_str().and_then(|text| base64url::decode(text.as_bytes())).filter(|key| key.len() == 32);
    let (d, x) = (bytes_of("d"), bytes_of("x"));
    match ours {
        Ok(seed) => {
            assert_eq!((&other["kty"], &other["crv"]), (&"OKP".into(), &"Ed25519".into()));
            assert_eq!(d.as_deref(), Some(&*seed));
            assert!(x.is_some());
        }
        Err(ClientSecretError::Json) => assert!(!other.is_object() || data.contains(&b'\\'), "{:?} is JSON", text(data)),
        Err(ClientSecretError::Base64url) => assert!(data.is_empty() || data.len() > 6000),
        Err(ClientSecretError::Repeated) => {
            let times = |name: &[u8]| data.windows(name.len()).filter(|piece| *piece == name).count();
            assert!([&b"\"kty\""[..], b"\"crv\"", b"\"d\"", b"\"x\""].into_iter().any(|name| times(name) > 1));
        }
        Err(ClientSecretError::Prefix | ClientSecretError::Version) => assert!(secret.is_empty(), "neither is part of the JSON"),
        Err(error) => {
            let good = other["kty"] == "OKP" && other["crv"] == "Ed25519" && d.is_some() && x.is_some();
            assert!(!good || data.contains(&b'\\'), "{:?}: {error:?}", text(data));
        }
    }
}

/// A wait is never negative and never not a number; a header that is neither digits nor a date is none.
pub fn retry_after(data: &[u8]) {
    const NOW: f64 = 1_795_000_000_000.0;
    let Some(value) = text(data) else { return };
    if let Some(wait) = header::parse(value, NOW) {
        assert!(wait >= 0.0, "{value:?}: {wait}");
        let trimmed = value.trim_ascii();
        if trimmed.bytes().all(|c| c.is_ascii_digit()) {
            let seconds = trimmed.parse::<u32>().ok().filter(|seconds| *seconds < u32::MAX);
            assert_eq!(wait, seconds.map_or(f64::INFINITY, |seconds| f64::from(seconds) * 1000.0));
        } else {
            assert!(trimmed.ends_with(" GMT") || trimmed.len() == 24, "{value:?} is no date");
            let date = header::parse_http_date(trimmed, NOW).unwrap();
            assert_eq!(wait, (date - NOW).max(0.0));
            assert_eq!(header::parse(value, NOW - 1000.0), Some((date - NOW + 1000.0).max(0.0)));
        }
    }
}

/// Lines are told in order, each at most once; what is read, written out by RFC 4180 and read again, is the same.
pub fn csv(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let lines = text.replace("\r\n", "\n").replace('\r', "\n").split('\n').count();
    let mut last = 0;
    let mut written = String::from("appId,connectorId,id");
    let mut found = Vec::new();
    for row in list::rows(text) {
        let line = row.as_ref().map_or_else(|error| error.line, |row| row.line);
        assert!(line > last && line <= lines, "line {line} of {lines} after {last}: {text:?}");
        last = line;
        if let Ok(row) = row {
            let ids = [row.app_id, row.connector_id, row.id].map(|id| id.into_owned());
            assert!(ids.iter().all(|id| !id.is_empty() && id.trim() == id));
            written += "\r\n";
            written += &ids.each_ref().map(|id| ["\"", &id.replace('"', "\"\""), "\""].concat()).join(",");
            found.push(ids);
        }
    }
    let again: Vec<[String; 3]> = list::rows(&written)
        .map(|row| row.map(|row| [row.app_id, row.connector_id, row.id].map(|id| id.into_owned())).unwrap())
        .collect();
    assert_eq!(again, found);
}
