//! The client ID of an API key, `<name>@<host>/<use case>`, such as `strange-hydra-68836@acme.conductor.one/pcc`.
//!
//! Its host decides where tokens are asked for and credentials are revoked, so it is read as narrowly as a tenant's host
//! can be. Nothing is left for a URL parser to read otherwise:
//!
//! - exactly one `@`, one `/`, no other delimiter anywhere: name and use case hold unreserved characters only (RFC 3986 §2.3),
//!   so there is no user info, query, fragment, `\`, `%`, white space or non-ASCII that could move the host;
//! - the host is a full DNS name of two labels or more (RFC 1123 §2.1) without a final dot. A last label that the WHATWG URL
//!   standard would read as a number makes an IPv4 address: refused, as IPv6 is, because no tenant lives at an address;
//! - except loopback hosts, for development.

use crate::server::{ends_in_number, is_loopback, parse_authority};
use crate::text::{find, is_plain, split};
use alloc::string::String;

/// What name and use case may hold besides letters and digits.
const UNRESERVED: &[u8] = b"-._~";

/// What a client ID says about its server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientId {
    authority: String,
    /// How long its host is.
    length: usize,
}

/// What is wrong with a client ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientIdError {
    /// Not `<name>@<host>/<use case>`.
    Form,
    /// The name is empty or holds a character that no name has.
    Name,
    /// The host is not one that a tenant can have, or its port is not a number from 1 to 65535.
    Host,
    /// The use case is empty or holds a character that no use case has.
    UseCase,
}

impl ClientIdError {
    /// What is wrong and what to do.
    pub fn message(self) -> &'static str {
        match self {
            Self::Form => {
                "clientID must have the form <name>@<host>/<use case>, as in name-1@acme.conductor.one/pcc: copy it whole"
            }
            Self::Name => "clientID: what stands before the @ must be letters, digits and . _ ~ -",
            Self::Host => {
                "clientID: what stands between @ and / must be the full host name of your tenant, as acme.conductor.one"
            }
            Self::UseCase => "clientID: what stands after the / must be letters, digits and . _ ~ -",
        }
    }
}

impl ClientId {
    /// Reads a client ID.
    pub fn parse(id: &str) -> Result<Self, ClientIdError> {
        let (name, rest) = split(id, b'@').ok_or(ClientIdError::Form)?;
        let (host, use_case) = split(rest, b'/').ok_or(ClientIdError::Form)?;
        if !is_plain(name.as_bytes(), UNRESERVED) {
            return Err(ClientIdError::Name);
        }
        if !is_plain(use_case.as_bytes(), UNRESERVED) {
            return Err(ClientIdError::UseCase);
        }
        let authority = host.to_ascii_lowercase();
        let hostname = parse_authority(&authority).map_err(|_| ClientIdError::Host)?;
        if !is_loopback(hostname) && !is_full_name(hostname.as_bytes()) {
            return Err(ClientIdError::Host);
        }
        let length = hostname.len();
        Ok(Self { authority, length })
    }

    /// The host in lower case, with its port if it has one: what comes after `https://`.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The host in lower case without a port: the audience of an assertion.
    pub fn hostname(&self) -> &str {
        self.authority.get(..self.length).unwrap_or_default()
    }
}

/// Whether a host that is well-formed has two labels or more, no underscore, and is no address.
fn is_full_name(host: &[u8]) -> bool {
    find(host, b'.').is_some() && find(host, b'_').is_none() && !ends_in_number(host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::prelude::v1::*;

    fn host_of(host: &str) -> Result<ClientId, ClientIdError> {
        ClientId::parse(&["name-1@", host, "/pcc"].concat())
    }

    #[test]
    fn reads_the_documented_form() {
        let id = ClientId::parse("strange-hydra-68836@Acme.Conductor.ONE/pcc").unwrap();
        assert_eq!(id.authority(), "acme.conductor.one");
        assert_eq!(id.hostname(), "acme.conductor.one");
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
            assert_eq!((id.hostname(), is_loopback(hostname)), (hostname, loopback), "{host}");
            assert_eq!(id.authority(), host.to_ascii_lowercase());
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
            "acme.one,evil.com",
            "acme.one;evil",
            "*.one",
            &long,
            &longest,
        ] {
            let refusal = host_of(host).unwrap_err();
            assert!(matches!(refusal, ClientIdError::Host | ClientIdError::Form), "{host:?}: {refusal:?}");
        }
    }

    #[test]
    fn refuses_ports_that_are_none() {
        for port in ["", "0", "00", "65536", "99999999999999999999", "+80", "-1", "8o", "80 "] {
            assert_eq!(host_of(&["acme.one:", port].concat()).unwrap_err(), ClientIdError::Host, "{port:?}");
        }
    }

    #[test]
    fn tells_which_part_is_wrong() {
        for (id, error) in [
            ("", ClientIdError::Form),
            ("name", ClientIdError::Form),
            ("name@acme.one", ClientIdError::Form),
            ("acme.one/pcc", ClientIdError::Form),
            ("name/pcc@acme.one", ClientIdError::Form),
            ("@acme.one/pcc", ClientIdError::Name),
            ("na me@acme.one/pcc", ClientIdError::Name),
            ("a:b@acme.one/pcc", ClientIdError::Name),
            (" name@acme.one/pcc", ClientIdError::Name),
            ("name@acme.one/", ClientIdError::UseCase),
            ("name@acme.one/pcc ", ClientIdError::UseCase),
            ("name@acme.one/pcc\n", ClientIdError::UseCase),
            ("name@acme.one/p/c", ClientIdError::UseCase),
            ("name@acme.one/x@evil.com", ClientIdError::UseCase),
            ("name@acme.one@evil.com/pcc", ClientIdError::Host),
            ("name@acme.one:x@evil.com/pcc", ClientIdError::Host),
            ("name@[::1]x/pcc", ClientIdError::Host),
        ] {
            assert_eq!(ClientId::parse(id).unwrap_err(), error, "{id:?}");
        }
    }

    #[test]
    fn messages_are_told_apart() {
        use ClientIdError::{Form, Host, Name, UseCase};
        let messages = [Form, Name, Host, UseCase].map(ClientIdError::message);
        assert!(messages.iter().all(|m| m.contains("clientID")));
        assert_eq!(std::collections::BTreeSet::from(messages).len(), messages.len());
    }

    proptest! {
        #[test]
        fn accepts_every_full_name(
            host in "[a-z][a-z0-9]{0,10}(\\.[a-z][a-z0-9]{0,10}){1,4}", port in proptest::option::of(1..=u16::MAX)
        ) {
            let with_port = match port { Some(port) => [&host, ":", &port.to_string()].concat(), None => host.clone() };
            let id = host_of(&with_port).unwrap();
            prop_assert_eq!(id.authority(), with_port);
            prop_assert_eq!(id.hostname(), host);
        }

        #[test]
        fn whatever_is_accepted_holds_no_delimiter(id in "\\PC{0,12}@\\PC{0,20}/\\PC{0,8}") {
            if let Ok(parsed) = ClientId::parse(&id) {
                prop_assert!(id.contains("@"));
                prop_assert!(parsed.authority().bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || b".-:[]".contains(&c)));
                prop_assert!(parsed.authority().starts_with(parsed.hostname()));
            }
        }

        #[test]
        fn one_foreign_character_in_the_host_is_refused(at in 0_usize..=18, c in "[^A-Za-z0-9.:-]") {
            let (head, tail) = "acme.conductor.one".split_at(at);
            prop_assert!(host_of(&[head, &c, tail].concat()).is_err());
        }
    }
}
