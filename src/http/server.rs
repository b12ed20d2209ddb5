//! The server URL: where requests, and therefore the token, may go.
//!
//! The platform's WHATWG `URL` parses the text, as `fetch` does. This module decides which URLs are accepted. It compares the
//! text with the `href` of the parsed URL, because URL parsers silently repair backslashes, tabs, missing slashes, percent-encoded
//! hosts and `0x7f.1`. A URL that needs repair is refused, so that the host is the one a person reads.

use crate::invalid::Invalid;

/// The maximum length of a server URL or tenant, in UTF-16 code units.
pub const MAX_URL_LENGTH: u32 = 2048;

/// The API's hosts are `<tenant>.conductor.one`.
const DOMAIN: &str = ".conductor.one";

const SCHEME: Invalid = Invalid::Borrowed("must begin with https://");
/// The URL is http to a host other than loopback.
pub const INSECURE: Invalid = Invalid::Borrowed("would send the token unencrypted: use https, or set allowInsecureHTTP");
const USER_INFO: Invalid = Invalid::Borrowed("must not contain a user name or password");
const QUERY_OR_FRAGMENT: Invalid = Invalid::Borrowed("must not contain a query or fragment");
const HOST: Invalid =
    Invalid::Borrowed("has an invalid host or port (write international names in xn-- form, addresses in their usual form)");
const PATH: Invalid = Invalid::Borrowed("has a path with . or .. segments or characters that are not allowed");
const TENANT: Invalid = Invalid::Borrowed("must be the tenant's name: acme, acme.conductor.one or https://acme.conductor.one");

/// Checks a server URL and returns it as a base URL, without trailing slashes. `href` is `text` as the platform's `URL` writes it,
/// or `None` if that is not a URL.
///
/// # Errors
/// The URL is not https (or http to loopback, or any http with `allow_insecure`), or has more than a plain scheme, host, port and
/// path.
pub fn check_server_url(text: &str, href: Option<&str>, allow_insecure: bool) -> Result<String, Invalid> {
    let (scheme, rest) = text.split_once(':').ok_or(SCHEME)?;
    let rest = rest.strip_prefix("//").ok_or(SCHEME)?;
    let scheme = scheme.to_ascii_lowercase();
    if !matches!(scheme.as_str(), "https" | "http") {
        return Err(SCHEME);
    }
    if rest.contains(['?', '#']) {
        return Err(QUERY_OR_FRAGMENT);
    }
    let (authority, path) = rest.split_at_checked(rest.find('/').unwrap_or(rest.len())).unwrap_or_default();
    if authority.contains('@') {
        return Err(USER_INFO);
    }
    let authority = authority.to_ascii_lowercase();
    let origin = [&scheme, "://", &authority].concat();
    let hostname = hostname_of(&origin);
    if !is_host(hostname) || authority.ends_with(":0") {
        return Err(HOST);
    }
    // The platform leaves out the default port, and writes an empty path as a slash.
    let read_path = href.and_then(|href| href.strip_prefix(without_default_port(&origin)));
    let read_path = read_path.filter(|path| path.starts_with('/')).ok_or(HOST)?;
    if scheme == "http" && !allow_insecure && !is_loopback(hostname) {
        return Err(INSECURE);
    }
    if read_path != if path.is_empty() { "/" } else { path } || !is_plain_path(path) {
        return Err(PATH);
    }
    Ok([&origin, path.trim_end_matches('/')].concat())
}

/// The base URL of a tenant: `acme`, `acme.conductor.one` or `https://acme.conductor.one`, in any case.
///
/// # Errors
/// Anything else.
pub fn tenant_url(text: &str) -> Result<String, Invalid> {
    let text = text.to_ascii_lowercase();
    let label = match text.strip_suffix(DOMAIN) {
        Some(name) => name.strip_prefix("https://").unwrap_or(name),
        None => &text,
    };
    if !is_dns_label(label) {
        return Err(TENANT);
    }
    Ok(["https://", label, DOMAIN].concat())
}

/// Whether a host, in the form of a `URL`'s `hostname`, is loopback: `localhost`, 127.0.0.0/8 (RFC 1122, 3.2.1.3) or `[::1]`
/// (RFC 4291, 2.5.3). Names under `.localhost` are not: some resolvers ask DNS for them.
pub fn is_loopback(hostname: &str) -> bool {
    let mut bytes = hostname.split('.');
    let is_address = bytes.clone().count() == 4 && bytes.next() == Some("127") && bytes.all(|byte| is_number(byte, 255));
    is_address || matches!(hostname, "localhost" | "[::1]")
}

/// Whether `text` is a number up to `max`, without sign or leading zeros.
pub fn is_number(text: &str, max: u16) -> bool {
    text.parse().is_ok_and(|number: u16| number <= max && number.to_string() == text)
}

/// Returns the host, without port, of a base URL from [`check_server_url`] or [`tenant_url`].
pub fn hostname_of(base_url: &str) -> &str {
    let authority = base_url.split('/').nth(2).unwrap_or_default();
    split_port(authority).0
}

/// Splits a host from its port, if there is one. Colons in an IPv6 address do not begin a port.
pub fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    }
}

/// Removes the port from an origin if it is the default port of its scheme.
fn without_default_port(origin: &str) -> &str {
    let default_port = if origin.starts_with("https:") { ":443" } else { ":80" };
    origin.strip_suffix(default_port).unwrap_or(origin)
}

/// Whether a response comes from the requested server: the URLs have the same origin, or the response's URL is unknown.
pub fn is_same_server(asked: &str, answered: &str) -> bool {
    fn origin(url: &str) -> &str {
        let end = url.match_indices('/').nth(2).map_or(url.len(), |(end, _)| end);
        without_default_port(url.get(..end).unwrap_or(url))
    }
    answered.is_empty() || origin(asked).eq_ignore_ascii_case(origin(answered))
}

/// Whether `label` is a DNS label: 1 to 63 letters, digits and inner hyphens (RFC 1123, 2.1).
pub fn is_dns_label(label: &str) -> bool {
    matches!(label.len(), 1..=63)
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// Whether the parsed host is an IPv6 address or consists of DNS labels. Underscores are allowed: internal names have them.
fn is_host(hostname: &str) -> bool {
    hostname.starts_with('[') || hostname.len() <= 253 && hostname.replace('_', "x").split('.').all(is_dns_label)
}

/// Whether a path has only characters that no URL parser changes: RFC 3986's `pchar`s and complete percent escapes.
fn is_plain_path(path: &str) -> bool {
    let is_hex = |digits: &[u8]| digits.iter().all(u8::is_ascii_hexdigit);
    path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/%".contains(&byte))
        && path.split('%').skip(1).all(|rest| rest.as_bytes().get(..2).is_some_and(is_hex))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use url::Url;

    fn check(text: &str, allow_insecure: bool) -> Result<String, Invalid> {
        // Another implementation of the standard that the platform's `URL` implements.
        let url = Url::parse(text).ok();
        check_server_url(text, url.as_ref().map(Url::as_str), allow_insecure)
    }

    #[test]
    fn tenants() {
        for good in ["acme", "ACME", "acme.conductor.one", "https://acme.conductor.one", "HTTPS://Acme.Conductor.One"] {
            assert_eq!(tenant_url(good).as_deref(), Ok("https://acme.conductor.one"), "{good}");
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
            "a_b",
            "https://https://acme.conductor.one",
        ] {
            assert_eq!(tenant_url(bad), Err(TENANT), "{bad}");
        }
        assert_eq!(tenant_url(&"a".repeat(64)), Err(TENANT));
    }

    proptest! {
        #[test]
        fn loopback_addresses_are_those_of_the_standard_library(
            host in prop_oneof!["\\PC{0,12}", "127(\\.[0-9+ ]{0,3}){2,4}", "[0-9]{1,3}(\\.[0-9]{1,3}){3}"]
        ) {
            let expected = host == "localhost" || host.parse().is_ok_and(|address: std::net::Ipv4Addr| address.is_loopback());
            prop_assert_eq!(is_loopback(&host), expected);
        }
    }

    #[test]
    fn server_urls() {
        for (url, base, host) in [
            ("https://acme.conductor.one", "https://acme.conductor.one", "acme.conductor.one"),
            ("https://acme.conductor.one/", "https://acme.conductor.one", "acme.conductor.one"),
            ("HTTPS://Proxy.Example/c1///", "https://proxy.example/c1", "proxy.example"),
            ("https://proxy.example/C1//x:y/%2f@", "https://proxy.example/C1//x:y/%2f@", "proxy.example"),
            ("https://proxy.example:443/c1", "https://proxy.example:443/c1", "proxy.example"),
            ("http://127.0.0.1:8787", "http://127.0.0.1:8787", "127.0.0.1"),
            ("http://127.255.0.9", "http://127.255.0.9", "127.255.0.9"),
            ("http://localhost:8787/x", "http://localhost:8787/x", "localhost"),
            ("http://LocalHost:80", "http://localhost:80", "localhost"),
            ("http://[::1]:80", "http://[::1]:80", "[::1]"),
            ("http://[::1]", "http://[::1]", "[::1]"),
            ("https://[2001:DB8::1]", "https://[2001:db8::1]", "[2001:db8::1]"),
            ("https://10.0.0.1:8443", "https://10.0.0.1:8443", "10.0.0.1"),
            ("https://my_host.internal", "https://my_host.internal", "my_host.internal"),
        ] {
            assert_eq!(check(url, false).as_deref(), Ok(base), "{url}");
            assert_eq!(hostname_of(base), host);
        }
        for (url, error) in [
            ("acme.conductor.one", SCHEME),
            ("//acme.conductor.one", SCHEME),
            ("ftp://acme", SCHEME),
            ("", SCHEME),
            (" https://a", SCHEME),
            ("https:/a", SCHEME),
            ("https:a", SCHEME),
            ("https:\\\\a", SCHEME),
            ("ht\ntps://a", SCHEME),
            ("http://acme.conductor.one", INSECURE),
            ("http://127.0.0.1.evil.com", INSECURE),
            ("http://localhost.evil.com", INSECURE),
            ("http://app.localhost", INSECURE),
            ("http://[::2]", INSECURE),
            ("http://[::ffff:7f00:1]", INSECURE),
            ("http://128.0.0.1", INSECURE),
            ("http://127.1", HOST),
            ("http://localhost.", HOST),
            ("https://u:p@acme.conductor.one", USER_INFO),
            ("https://acme.conductor.one@evil.com/", USER_INFO),
            ("https://:p@acme.conductor.one", USER_INFO),
            ("https://@acme.conductor.one", USER_INFO),
            ("https://a/?q", QUERY_OR_FRAGMENT),
            ("https://a?", QUERY_OR_FRAGMENT),
            ("https://a#f", QUERY_OR_FRAGMENT),
            ("https://", HOST),
            ("https:///evil", HOST),
            ("https://a\\b", HOST),
            ("https://acme.conductor.one\\@evil.com", USER_INFO),
            ("https://a b", HOST),
            ("https://a ", HOST),
            ("https://é.example", HOST),
            ("https://ａ.example", HOST),
            ("https://a\u{ad}b.example", HOST),
            ("https://%61.example", HOST),
            ("https://0x7f.1", HOST),
            ("https://2130706433", HOST),
            ("https://10.0.0.010", HOST),
            ("https://10.0.0.256", HOST),
            ("https://a.0X1", HOST),
            ("https://a:0", HOST),
            ("https://a:65536", HOST),
            ("https://a:", HOST),
            ("https://a:+80", HOST),
            ("https://a:080", HOST),
            ("https://a:0443", HOST),
            ("https://[::1]x", HOST),
            ("https://[::g]", HOST),
            ("https://[0:0:0:0:0:0:0:1]", HOST),
            ("https://[::ffff:1.2.3.4]/", HOST),
            ("https://a..b", HOST),
            ("https://a.", HOST),
            ("https://-a", HOST),
            ("https://a!b", HOST),
            ("https://a\n.b", HOST),
            ("https://a\t", HOST),
            ("https://a/../b", PATH),
            ("https://a/%2E%2e/b", PATH),
            ("https://a/.", PATH),
            ("https://a/b c", PATH),
            ("https://a/b ", PATH),
            ("https://a/b\n", PATH),
            ("https://a/b\\c", PATH),
            ("https://a/é", PATH),
            ("https://a/[b]", PATH),
            ("https://a/%zz", PATH),
            ("https://a/%4", PATH),
        ] {
            assert_eq!(check(url, false), Err(error), "{url}");
        }
        let long = ["a.".repeat(126), "b".to_owned()].concat();
        assert!(check(&["https://", &long].concat(), false).is_ok());
        assert_eq!(check(&["https://a", &long].concat(), false), Err(HOST));
        assert_eq!(check("http://intranet/c1", true).as_deref(), Ok("http://intranet/c1"));
        assert_eq!(check("http://app.localhost", true).as_deref(), Ok("http://app.localhost"));
    }

    #[test]
    fn the_parsed_url_decides_even_where_the_text_looks_good() {
        let text = "https://acme.conductor.one/c1";
        assert_eq!(check_server_url(text, Some(text), false).as_deref(), Ok(text));
        for (href, error) in [
            ("http://acme.conductor.one/c1", HOST),
            ("https://evil.com/c1", HOST),
            ("https://acme/c1", HOST),
            ("https://acme.conductor.one.evil.com/c1", HOST),
            ("https:///c1", HOST),
            ("https://acme.conductor.one:8443/c1", HOST),
            ("https://u@acme.conductor.one/c1", HOST),
            ("https://acme.conductor.one", HOST),
            ("https://acme.conductor.one/", PATH),
            ("https://acme.conductor.one/c1?q", PATH),
            ("https://acme.conductor.one/c1#f", PATH),
        ] {
            assert_eq!(check_server_url(text, Some(href), false), Err(error), "{href}");
        }
        assert_eq!(check_server_url(text, None, false), Err(HOST));
    }

    /// Whether http to this URL stays on this machine, as another URL parser understands it.
    fn stays_here(url: &Url) -> bool {
        match url.host().unwrap() {
            url::Host::Domain(name) => name == "localhost",
            url::Host::Ipv4(address) => address.is_loopback(),
            url::Host::Ipv6(address) => address.is_loopback(),
        }
    }

    proptest! {
        #[test]
        fn nothing_but_a_label_changes_in_a_tenant_s_host(
            tenant in prop_oneof!["\\PC{0,40}", "(https://)?[A-Za-z0-9.@/-]{1,8}(\\.conductor\\.one)?"]
        ) {
            if let Ok(base) = tenant_url(&tenant) {
                let label = base.strip_prefix("https://").unwrap().strip_suffix(DOMAIN).unwrap();
                prop_assert!(is_dns_label(label) && tenant.to_ascii_lowercase().contains(label));
                prop_assert_eq!(tenant_url(&base), Ok(base.clone()));
                let host = format!("{label}{DOMAIN}");
                prop_assert_eq!(Url::parse(&base).ok().and_then(|url| url.host_str().map(str::to_owned)), Some(host));
            }
        }

        #[test]
        fn accepted_urls_go_to_the_host_that_is_written(
            url in prop_oneof![
                1 => "(https?://)?\\PC{0,40}",
                1 => "https?://[a-z0-9._:%@\\\\\\[\\]\t\n -]{0,20}(/[a-z.%2e\\\\/ ]{0,10})?",
                4 => "https?://(localhost|12[78]\\.0\\.0\\.1|\\[::[12]\\]|[a-zA-Z]{1,4}\\.one)(:[0-9]{1,5})?([@.:\\\\]|/[a-z./%]{0,4})?",
            ]
        ) {
            let strict = check(&url, false);
            if let Ok(base) = check(&url, true) {
                let written = url.to_ascii_lowercase();
                let origin = base.split('/').take(3).collect::<Vec<_>>().join("/");
                let after = written.strip_prefix(&origin);
                prop_assert!(after.is_some_and(|path| path.is_empty() || path.starts_with('/')));
                let plain = base.bytes().all(|b| b.is_ascii_graphic() && !b"\\?#\"<>^`{|}".contains(&b));
                prop_assert!(plain);
                prop_assert!(!base.ends_with('/'));
                prop_assert_eq!(check(&base, true), Ok(base.clone()));
                let read = Url::parse(&base).unwrap();
                prop_assert_eq!(read.host_str(), Some(hostname_of(&base)));
                let encrypted = base.starts_with("https://") || stays_here(&read);
                prop_assert_eq!(strict, if encrypted { Ok(base) } else { Err(INSECURE) });
            } else {
                prop_assert!(strict.is_err());
            }
        }
    }
}
