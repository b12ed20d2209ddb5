//! The client ID of an API key, `<name>@<host>/<use case>`, such as `strange-hydra-68836@acme.conductor.one/pcc`.
//!
//! Its host decides where tokens are requested and credentials are revoked, so it is parsed strictly. Nothing is left that a URL
//! parser could read differently:
//!
//! - exactly one `@`, one `/`, no other delimiter: name and use case have unreserved characters only (RFC 3986 §2.3),
//!   so no user info, query, fragment, `\`, `%`, white space or non-ASCII character can change the host;
//! - the host is a full DNS name of two labels or more (RFC 1123 §2.1) without a final dot. The last label begins with a letter:
//!   URL parsers read `0x7f.1` as an IPv4 address, and a tenant's host is not an address;
//! - except loopback hosts, for development.

use crate::http::server::{is_dns_label, is_loopback, is_number, split_port};
use crate::invalid::Invalid;

const FORM: Invalid =
    Invalid::Borrowed("must have the form <name>@<host>/<use case>, as in name-1@acme.conductor.one/pcc: copy all of it");
const NAME: Invalid = Invalid::Borrowed("has invalid characters before the @: use letters, digits and . _ ~ -");
const HOST: Invalid =
    Invalid::Borrowed("has no valid host between @ and /: it must be your tenant's full host name, as in acme.conductor.one");
const USE_CASE: Invalid = Invalid::Borrowed("has invalid characters after the /: use letters, digits and . _ ~ -");

/// Returns the base URL of the server that a client ID names, with its port if there is one: https, or http for loopback.
///
/// # Errors
/// A part of the client ID is invalid.
pub fn origin_of(client_id: &str) -> Result<String, Invalid> {
    let (name, rest) = client_id.split_once('@').ok_or(FORM)?;
    let (authority, use_case) = rest.split_once('/').ok_or(FORM)?;
    if !is_unreserved(name) {
        return Err(NAME);
    }
    if !is_unreserved(use_case) {
        return Err(USE_CASE);
    }
    let authority = authority.to_ascii_lowercase();
    let (hostname, port) = split_port(&authority);
    let loopback = is_loopback(hostname);
    if !loopback && !is_full_name(hostname) || port.is_some_and(|port| port == "0" || !is_number(port, u16::MAX)) {
        return Err(HOST);
    }
    let scheme = if loopback { "http://" } else { "https://" };
    Ok([scheme, &authority].concat())
}

/// Whether `text` is not empty and holds unreserved characters only (RFC 3986, 2.3).
fn is_unreserved(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

fn is_full_name(host: &str) -> bool {
    let last_begins_with_letter = |(_, last): (&str, &str)| last.starts_with(|first: char| first.is_ascii_alphabetic());
    host.len() <= 253 && host.split('.').all(is_dns_label) && host.rsplit_once('.').is_some_and(last_begins_with_letter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::server::{check_server_url, hostname_of};
    use proptest::prelude::*;
    use url::Url;

    fn host_of(host: &str) -> Result<String, Invalid> {
        origin_of(&["name-1@", host, "/pcc"].concat())
    }

    #[test]
    fn reads_the_documented_form() {
        let id = origin_of("strange-hydra-68836@Acme.Conductor.ONE/pcc").unwrap();
        assert_eq!(id, "https://acme.conductor.one");
    }

    #[test]
    fn keeps_a_port_apart_from_the_audience() {
        for (host, hostname, loopback) in [
            ("acme.example.com:8443", "acme.example.com", false),
            ("localhost:1", "localhost", true),
            ("LOCALHOST", "localhost", true),
            ("127.0.0.1:65535", "127.0.0.1", true),
            ("127.255.0.9", "127.255.0.9", true),
            ("[::1]:3000", "[::1]", true),
            ("[::1]", "[::1]", true),
        ] {
            let id = host_of(host).unwrap();
            assert_eq!(hostname_of(&id), hostname, "{host}");
            let scheme = if loopback { "http://" } else { "https://" };
            assert_eq!(id, [scheme, &host.to_ascii_lowercase()].concat());
        }
    }

    #[test]
    fn refuses_what_is_no_host_of_a_tenant() {
        let long = [["a"; 63].concat().as_str(), "a.one"].concat();
        let longest = ["abcdefg."; 32].concat() + "one";
        for host in [
            "",
            ".",
            "acme",
            "acme.",
            ".acme.one",
            "acme..one",
            "acme.conductor.one.",
            "-acme.one",
            "acme-.one",
            "a_b.one",
            "acme.conductor.one\\x",
            "acme.one?",
            "acme.one#",
            "acme.one%2f",
            "acme .one",
            "acme.one\t",
            "ac\u{e9}me.one",
            "\u{ff41}cme.one",
            "user:pw",
            "127.1",
            "0x7f.1",
            "1.2.3.4",
            "127.0.0.256",
            "0177.0.0.1",
            "2130706433",
            "acme.0x7f",
            "acme.0x",
            "acme.1",
            "[::1",
            "::1",
            "[::2]",
            "[::ffff:127.0.0.1]",
            "[0:0:0:0:0:0:0:1]",
            "localhost.",
            "app.localhost:0",
            "acme.one,evil.com",
            "acme.one;evil",
            "*.one",
            &long,
            &longest,
        ] {
            let refusal = host_of(host).unwrap_err();
            assert!([HOST, FORM].contains(&refusal), "{host:?}: {refusal:?}");
        }
    }

    #[test]
    fn refuses_ports_that_are_none() {
        for port in ["", "0", "00", "080", "65536", "99999999999999999999", "+80", "-1", "8o", "80 "] {
            assert_eq!(host_of(&["acme.one:", port].concat()).unwrap_err(), HOST, "{port:?}");
        }
    }

    #[test]
    fn tells_which_part_is_wrong() {
        for (id, error) in [
            ("", FORM),
            ("name", FORM),
            ("name@acme.one", FORM),
            ("acme.one/pcc", FORM),
            ("name/pcc@acme.one", FORM),
            ("@acme.one/pcc", NAME),
            ("na me@acme.one/pcc", NAME),
            ("a:b@acme.one/pcc", NAME),
            (" name@acme.one/pcc", NAME),
            ("name@acme.one/", USE_CASE),
            ("name@acme.one/pcc ", USE_CASE),
            ("name@acme.one/pcc\n", USE_CASE),
            ("name@acme.one/p/c", USE_CASE),
            ("name@acme.one/x@evil.com", USE_CASE),
            ("name@acme.one@evil.com/pcc", HOST),
            ("name@acme.one:x@evil.com/pcc", HOST),
            ("name@[::1]x/pcc", HOST),
        ] {
            assert_eq!(origin_of(id).unwrap_err(), error, "{id:?}");
        }
    }

    proptest! {
        #[test]
        fn accepts_every_full_name(
            host in "[a-z][a-z0-9]{0,10}(\\.[a-z][a-z0-9]{0,10}){1,4}", port in proptest::option::of(1..=u16::MAX)
        ) {
            let with_port = match port { Some(port) => [&host, ":", &port.to_string()].concat(), None => host.clone() };
            let id = host_of(&with_port).unwrap();
            prop_assert_eq!(&id, &["https://", &with_port].concat());
            prop_assert_eq!(hostname_of(&id), host);
        }

        #[test]
        fn the_host_stands_between_the_only_at_sign_and_the_only_slash(
            id in prop_oneof![
                "\\PC{0,12}@\\PC{0,20}/\\PC{0,8}",
                "[a-z:@]{1,3}@(localhost|12[78]\\.0\\.0\\.1|\\[::1\\]|[a-zA-Z0-9.:@/-]{3,8})(:[0-9]{1,5})?/[a-z/@]{1,3}",
            ]
        ) {
            if let Ok(origin) = origin_of(&id) {
                let pieces: Vec<&str> = id.split(['@', '/']).collect();
                prop_assert_eq!(pieces.len(), 3);
                let (scheme, authority) = origin.split_once("://").unwrap();
                prop_assert_eq!(authority, pieces[1].to_ascii_lowercase());
                prop_assert!(authority.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || b".-:[]".contains(&c)));
                prop_assert_eq!(scheme == "http", is_loopback(hostname_of(&origin)));
                // It is accepted as a server URL, too, unless a label such as `xn--a` makes it none.
                if let Ok(url) = Url::parse(&origin) {
                    prop_assert_eq!(check_server_url(&origin, Some(url.as_str()), false), Ok(origin));
                }
            }
        }

        #[test]
        fn one_foreign_character_in_the_host_is_refused(at in 0_usize..=18, c in "[^A-Za-z0-9.:-]") {
            let (head, tail) = "acme.conductor.one".split_at(at);
            prop_assert!(host_of(&[head, &c, tail].concat()).is_err());
        }
    }
}
