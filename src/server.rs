//! The server's URL: where requests, and so the token, may go.
//!
//! What is accepted is a small subset of the WHATWG URL grammar on which every parser agrees, so that no difference between this
//! check and the platform's own parser can send a token to another host.

use crate::text::{concat, decimal, find, is_plain, pieces};
use alloc::string::String;

/// Longest server URL or tenant accepted, in UTF-16 code units.
pub const MAX_URL_LENGTH: u32 = 2048;

/// The API's hosts are `<tenant>.conductor.one`.
pub const DOMAIN: &str = ".conductor.one";

/// Why a server URL or a tenant is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerError {
    /// Neither https nor http.
    Scheme,
    /// http to another host than the loopback one.
    Insecure,
    /// `user:password@` in the URL.
    UserInfo,
    /// A query or a fragment.
    QueryOrFragment,
    /// The host or the port is not well-formed.
    Host,
    /// The path is not well-formed, or has dot segments.
    Path,
    /// Not a tenant's name.
    Tenant,
}

impl ServerError {
    /// What is wrong and what to do, to follow the option's name.
    pub fn message(self) -> &'static str {
        match self {
            ServerError::Scheme => " must begin with https://",
            ServerError::Insecure => " would send the token unencrypted: use https, or set allowInsecureHTTP",
            ServerError::UserInfo => " must not hold a user name or password",
            ServerError::QueryOrFragment => " must not hold a query or fragment",
            ServerError::Host => " has no well-formed host and port (international names must be in xn-- form)",
            ServerError::Path => " has a path with . or .. segments or characters that are not allowed",
            ServerError::Tenant => " must be the tenant's name: acme, acme.conductor.one or https://acme.conductor.one",
        }
    }
}

/// Whether `label` is a DNS label: 1 to 63 letters, digits and inner hyphens (RFC 1123, 2.1).
pub fn is_dns_label(label: &[u8]) -> bool {
    is_host_label(label) && find(label, b'_').is_none()
}

/// As [`is_dns_label`], and underscores, which internal host names have.
fn is_host_label(label: &[u8]) -> bool {
    label.len() <= 63 && is_plain(label, b"-_") && !label.starts_with(b"-") && !label.ends_with(b"-")
}

/// Whether `host` (as [`parse_authority`] gives it) is this machine (RFC 6761, 6.3; RFC 1122, 3.2.1.3; RFC 4291, 2.5.3).
pub fn is_loopback(host: &str) -> bool {
    let host = host.as_bytes();
    host == b"localhost" || host.ends_with(b".localhost") || host == b"[::1]" || host.starts_with(b"127.") && ends_in_number(host)
}

/// Whether the URL standard takes a host for an IPv4 address (its "ends in a number checker"), as it does `0x7f.1`.
pub fn ends_in_number(host: &[u8]) -> bool {
    let last = host.rsplit(|byte| *byte == b'.').next().unwrap_or_default();
    match last.strip_prefix(b"0x") {
        Some(hex) => hex.iter().all(u8::is_ascii_hexdigit),
        None => decimal(last).is_some(),
    }
}

/// Whether `host`, in lower case, is well-formed: an IPv6 address, an IPv4 address in the one spelling that needs no parsing (four
/// decimal numbers without leading zeros), or a name.
fn is_host(host: &[u8]) -> bool {
    // The platform's parser refuses what is not an address after all; nothing of this alphabet can name another host.
    if let [b'[', address @ .., b']'] = host {
        return find(address, b':').is_some() && address.iter().all(|byte| byte.is_ascii_hexdigit() || *byte == b':');
    }
    let (mut labels, mut octets) = (0_u32, 0_u32);
    for label in pieces(host, b'.') {
        if !is_host_label(label) {
            return false;
        }
        labels = labels.wrapping_add(1);
        let octet = (label.len() == 1 || !label.starts_with(b"0")) && decimal(label).is_some_and(|number| number <= 255);
        octets = octets.wrapping_add(octet.into());
    }
    host.len() <= 253 && (!ends_in_number(host) || labels == 4 && octets == 4)
}

/// Checks `host[:port]`, in lower case, and gives the host.
///
/// # Errors
/// [`ServerError::Host`]
pub fn parse_authority(authority: &str) -> Result<&str, ServerError> {
    let mut length = authority.len();
    let bytes = authority.as_bytes();
    // What is no port stays with the host, which may not have a colon then.
    if let Some((host, [_, port @ ..])) = bytes.iter().rposition(|byte| *byte == b':').and_then(|at| bytes.split_at_checked(at)) {
        if decimal(port).is_some_and(|number| (1..=65_535).contains(&number)) {
            length = host.len();
        }
    }
    authority.get(..length).filter(|host| is_host(host.as_bytes())).ok_or(ServerError::Host)
}

/// The base URL that `url` gives, without trailing slashes.
///
/// # Errors
/// What is not https (or http to a loopback host, or `allow_insecure`), and whatever is not plainly scheme, host, port and path.
pub fn parse_server_url(url: &str, allow_insecure: bool) -> Result<String, ServerError> {
    let lower = url.to_ascii_lowercase();
    let secure = lower.starts_with("https://");
    if !secure && !lower.starts_with("http://") {
        return Err(ServerError::Scheme);
    }
    if url.bytes().any(|byte| matches!(byte, b'?' | b'#')) {
        return Err(ServerError::QueryOrFragment);
    }
    let (scheme, rest) = lower.split_at_checked(if secure { 8 } else { 7 }).unwrap_or_default();
    let authority = find(rest.as_bytes(), b'/').and_then(|at| rest.get(..at)).unwrap_or(rest);
    if find(authority.as_bytes(), b'@').is_some() {
        return Err(ServerError::UserInfo);
    }
    let host = parse_authority(authority)?;
    if !secure && !allow_insecure && !is_loopback(host) {
        return Err(ServerError::Insecure);
    }
    let mut path = url.get(scheme.len().saturating_add(authority.len())..).unwrap_or_default();
    while let Some(shorter) = path.strip_suffix("/") {
        path = shorter;
    }
    if !pieces(path.as_bytes(), b'/').all(is_plain_segment) {
        return Err(ServerError::Path);
    }
    Ok(concat(&[scheme, authority, path]))
}

/// RFC 3986 `pchar`s, percent escapes well-formed, and no dot segment in any spelling.
fn is_plain_segment(mut segment: &[u8]) -> bool {
    let mut only_dots = !segment.is_empty();
    loop {
        segment = match segment {
            [] => return !only_dots,
            [b'.', rest @ ..] | [b'%', b'2', b'e' | b'E', rest @ ..] => rest,
            [byte, rest @ ..] if is_plain(&[*byte], b"-_~!$&'()*+,;=:@") => {
                only_dots = false;
                rest
            }
            [b'%', high, low, rest @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                only_dots = false;
                rest
            }
            _ => return false,
        };
    }
}

/// The base URL of a tenant: `acme`, `acme.conductor.one` or `https://acme.conductor.one`, in any case.
///
/// # Errors
/// [`ServerError::Tenant`] for whatever else.
pub fn parse_tenant(tenant: &str) -> Result<String, ServerError> {
    let tenant = tenant.to_ascii_lowercase();
    let label = match tenant.strip_suffix(DOMAIN) {
        Some(name) => name.strip_prefix("https://").unwrap_or(name),
        None => &tenant,
    };
    if !is_dns_label(label.as_bytes()) {
        return Err(ServerError::Tenant);
    }
    Ok(concat(&["https://", label, DOMAIN]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::prelude::v1::*;
    #[allow(unused_imports)]
    use std::{format, vec};

    #[test]
    fn tenants() {
        for good in ["acme", "ACME", "acme.conductor.one", "https://acme.conductor.one", "HTTPS://Acme.Conductor.One"] {
            assert_eq!(parse_tenant(good).as_deref(), Ok("https://acme.conductor.one"), "{good}");
        }
        for bad in [
            "",
            "evil.com#",
            "evil.com/",
            "evil.com?",
            "evil.com",
            "a.b",
            "acme.conductor.one.evil.com",
            "-a",
            "a-",
            "a b",
            "a\\b",
            "a@b",
            "http://acme.conductor.one",
            "https://acme",
            "https://evil.com",
            "acme.conductor.one/",
            ".conductor.one",
            "é",
            "a\n",
            "a:1",
            "https://https://acme.conductor.one",
        ] {
            assert_eq!(parse_tenant(bad), Err(ServerError::Tenant), "{bad}");
        }
        assert_eq!(parse_tenant(&"a".repeat(64)), Err(ServerError::Tenant));
    }

    #[test]
    fn server_urls() {
        let parse = |url| parse_server_url(url, false);
        for (url, base) in [
            ("https://acme.conductor.one", "https://acme.conductor.one"),
            ("https://acme.conductor.one/", "https://acme.conductor.one"),
            ("HTTPS://Proxy.Example/c1///", "https://proxy.example/c1"),
            ("https://proxy.example/c1", "https://proxy.example/c1"),
            ("http://127.0.0.1:8787", "http://127.0.0.1:8787"),
            ("http://localhost:8787/x", "http://localhost:8787/x"),
            ("http://[::1]:80", "http://[::1]:80"),
            ("https://[2001:DB8::1]", "https://[2001:db8::1]"),
            ("https://10.0.0.1:8443", "https://10.0.0.1:8443"),
            ("https://my_host.internal", "https://my_host.internal"),
        ] {
            assert_eq!(parse(url).as_deref(), Ok(base), "{url}");
        }
        for (url, error) in [
            ("acme.conductor.one", ServerError::Scheme),
            ("//acme.conductor.one", ServerError::Scheme),
            ("ftp://acme", ServerError::Scheme),
            ("", ServerError::Scheme),
            (" https://a", ServerError::Scheme),
            ("http://acme.conductor.one", ServerError::Insecure),
            ("http://127.0.0.1.evil.com", ServerError::Insecure),
            ("http://127.1", ServerError::Host),
            ("https://u:p@acme.conductor.one", ServerError::UserInfo),
            ("https://a/?q", ServerError::QueryOrFragment),
            ("https://a#f", ServerError::QueryOrFragment),
            ("https://", ServerError::Host),
            ("https:///evil", ServerError::Host),
            ("https://a\\b", ServerError::Host),
            ("https://a b", ServerError::Host),
            ("https://é.example", ServerError::Host),
            ("https://0x7f.1", ServerError::Host),
            ("https://2130706433", ServerError::Host),
            ("https://10.0.0.010", ServerError::Host),
            ("https://10.0.0.256", ServerError::Host),
            ("https://a.0X1", ServerError::Host),
            ("https://a:0", ServerError::Host),
            ("https://a:65536", ServerError::Host),
            ("https://a:", ServerError::Host),
            ("https://a:+80", ServerError::Host),
            ("https://[::1]x", ServerError::Host),
            ("https://[::g]", ServerError::Host),
            ("https://a..b", ServerError::Host),
            ("https://a\n.b", ServerError::Host),
            ("https://a/../b", ServerError::Path),
            ("https://a/%2E%2e/b", ServerError::Path),
            ("https://a/.", ServerError::Path),
            ("https://a/b c", ServerError::Path),
            ("https://a/b\\c", ServerError::Path),
            ("https://a/%zz", ServerError::Path),
            ("https://a/%4", ServerError::Path),
        ] {
            assert_eq!(parse(url), Err(error), "{url}");
        }
        assert_eq!(parse_server_url("http://intranet/c1", true).as_deref(), Ok("http://intranet/c1"));
    }

    proptest! {
        #[test]
        fn nothing_but_a_label_changes_in_a_tenant_s_host(tenant in "\\PC{0,40}") {
            if let Ok(base) = parse_tenant(&tenant) {
                let label = base.strip_prefix("https://").unwrap().strip_suffix(DOMAIN).unwrap();
                prop_assert!(is_dns_label(label.as_bytes()));
            }
        }

        #[test]
        fn accepted_urls_hold_no_character_that_parsers_read_differently(url in "(https?://)?\\PC{0,40}") {
            if let Ok(base) = parse_server_url(&url, true) {
                let plain = base.bytes().all(|b| b.is_ascii_graphic() && !b"\\?#\"<>^`{|}".contains(&b));
                prop_assert!(plain);
                prop_assert!(!base.ends_with('/'));
                prop_assert_eq!(parse_server_url(&base, true), Ok(base.clone()));
            }
        }
    }
}
