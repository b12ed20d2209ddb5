//! Evaluates an HTTP response: the credential is revoked, or there is an error.

/// Response bodies are read up to this many bytes. The API's have a few hundred; a longer one is not from the API.
pub const MAX_BODY_BYTES: u32 = 1 << 20;

/// The head of a response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The HTTP status, or 0 if the platform hides the response (`type` "opaque" or "opaqueredirect").
    pub status: u16,
    /// The `Content-Type`, or an empty string.
    pub content_type: String,
    /// The response came after a redirect that was followed, or from another origin.
    pub redirected: bool,
    /// The platform hides a redirect (`type` "opaqueredirect").
    pub opaque_redirect: bool,
    /// There is a `Content-Range`: the body is incomplete.
    pub content_range: bool,
    /// The `grpc-status` header of gateways from HTTP to gRPC. Anything but `0` is an error.
    pub grpc_status: Option<String>,
}

impl Head {
    /// Whether this head can be a success. If not, the body does not matter to [`judge`].
    ///
    /// Only a 200 that was not redirected can. A redirected POST may have become a GET, and its response says nothing about the
    /// credential.
    pub fn may_be_success(&self) -> bool {
        self.status == 200 && !self.redirected
    }

    /// Whether there was a redirect, followed or not.
    fn is_redirect(&self) -> bool {
        self.redirected || self.opaque_redirect || matches!(self.status, 300..=303 | 305..=399)
    }
}

/// What a response body is. A success is empty or an object, usually `{}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// No bytes.
    Empty,
    /// A JSON object without a gateway's error.
    Object,
    /// Anything else, and what is wrong with it.
    Malformed(&'static str),
}

/// The meaning of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The API confirms that the credential is revoked.
    Revoked,
    /// The status or content type is not that of success: `SDKError`.
    Unexpected,
    /// A 200 that does not confirm it, for this reason: `ResponseValidationError`.
    Malformed(&'static str),
}

/// The body is longer than [`MAX_BODY_BYTES`].
pub const TOO_LONG: &str = "the body is longer than 1 MiB";
/// The body is not JSON.
pub const NOT_JSON: &str = "the body is not JSON";
/// The body is JSON, but not an object.
pub const NOT_OBJECT: &str = "the body is not a JSON object";
/// The body is an object with an error of a gateway.
pub const ERROR: &str = "the body contains an error";
/// The body is empty, but the headers say that there was one.
pub const CUT: &str = "the body is empty, but not according to its headers";
const GRPC_STATUS: &str = "the grpc-status header contains an error";
const PARTIAL: &str = "the body is incomplete (Content-Range)";

/// Whether `content_type` is `application/json`, with or without parameters (RFC 9110, 8.3.1). A comma outside a quoted string (RFC
/// 9110, 5.6.4) joins two types: the header came twice, so a gateway has its hand in the response.
pub fn is_json(content_type: &str) -> bool {
    let (mut quoted, mut characters) = (false, content_type.chars());
    while let Some(character) = characters.next() {
        match character {
            '"' => quoted = !quoted,
            '\\' if quoted => drop(characters.next()),
            ',' if !quoted => return false,
            _ => {}
        }
    }
    let essence = content_type.split(';').next().unwrap_or_default();
    !quoted && essence.trim_ascii().eq_ignore_ascii_case("application/json")
}

/// Whether headers say that a body has content. One that was compressed and cut decodes to nothing. Browsers may hide its
/// `Content-Encoding` from a page of another origin, but not its `Content-Length`.
pub fn has_content(content_encoding: Option<&str>, content_length: Option<&str>) -> bool {
    content_encoding.is_some() || content_length.is_some_and(|length| length.trim_ascii() != "0")
}

/// Evaluates a response. An empty body is a success (the API's documentation: "Status code indicates success"). A body of another
/// content type is not.
pub fn judge(head: &Head, body: Body) -> Verdict {
    let bare = body == Body::Empty && head.content_type.is_empty();
    if !head.may_be_success() || !bare && !is_json(&head.content_type) {
        return Verdict::Unexpected;
    }
    if head.content_range {
        return Verdict::Malformed(PARTIAL);
    }
    if head.grpc_status.as_deref().is_some_and(|status| status.trim_ascii() != "0") {
        return Verdict::Malformed(GRPC_STATUS);
    }
    match body {
        Body::Malformed(reason) => Verdict::Malformed(reason),
        Body::Empty | Body::Object => Verdict::Revoked,
    }
}

/// The official SDK's message for a response that is not a success. `content_type` and `body`: with the secret masked. A long body
/// is cut.
pub fn refusal_message(head: &Head, content_type: &str, body: &str) -> String {
    let mut message = if head.is_redirect() { "Redirected" } else { "Unexpected Status or Content-Type" }.to_owned();
    message += &format!(": Status {}", head.status);
    match content_type {
        "application/json" => {}
        kind if kind.is_empty() || kind.bytes().any(|byte| byte == b' ') => message += &format!(" Content-Type \"{kind}\""),
        kind => message += &format!(" Content-Type {kind}"),
    }
    let units = body.encode_utf16().count();
    message += match units {
        0 => ". Body: \"\"",
        1..=100 => ". Body: ",
        _ => "\nBody: ",
    };
    let mut shown = 0_usize;
    message.extend(body.chars().take_while(|character| {
        shown = shown.saturating_add(character.len_utf16());
        shown <= MAX_SHOWN
    }));
    if let Some(more @ 1..) = units.checked_sub(MAX_SHOWN) {
        message += &format!("...and {more} more chars");
    }
    message.trim().to_owned()
}

/// How much of a body a message shows, in UTF-16 code units.
const MAX_SHOWN: usize = 10_000;

/// The beginnings of messages and codes of connection failures, case-insensitive.
const CONNECTION: &[&str] = &[
    // Messages: Chromium, Node and Deno, Firefox, WebKit, workerd (two), React Native, WebKit offline.
    "failed to fetch",
    "fetch failed",
    "networkerror",
    "load failed",
    "network connection lost",
    "network error",
    "network request failed",
    "the internet connection appears to be offline",
    // Codes: Node's, Bun's, undici's.
    "ECONNRESET",
    "ECONNABORTED",
    "EPIPE",
    "ETIMEDOUT",
    "EHOSTUNREACH",
    "ENETUNREACH",
    "ConnectionRefused",
    "ConnectionClosed",
    "FailedToOpenSocket",
    "UND_ERR_",
];

/// Whether an error with this message or code is a connection failure, in any engine.
pub fn is_connection_failure(message: &str, code: &str) -> bool {
    let begins = |text: &str, known: &str| text.get(..known.len()).is_some_and(|head| head.eq_ignore_ascii_case(known));
    is_never_connected(code) || CONNECTION.iter().any(|known| begins(message, known) || begins(code, known))
}

/// The beginnings of codes of connections that were never made: no server, no such name, or a certificate that is not trusted.
const NEVER_CONNECTED: &[&str] = &[
    "ECONNREFUSED",
    "ENOTFOUND",
    "EAI_AGAIN",
    "UND_ERR_CONNECT_TIMEOUT",
    "CERT_",
    "DEPTH_ZERO_SELF_SIGNED_CERT",
    "SELF_SIGNED_CERT_IN_CHAIN",
    "UNABLE_TO_",
    "ERR_TLS_CERT_ALTNAME_INVALID",
];

/// Whether an error of the platform's `fetch` with this code says that the connection was never made, so that no request left. Only
/// Node's says it. Bun's `ConnectionRefused` does not: Bun repeats a POST whose connection broke, and reports the last try.
pub fn is_never_connected(code: &str) -> bool {
    NEVER_CONNECTED.iter().any(|known| code.starts_with(known))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn head(status: u16, content_type: &str) -> Head {
        Head { status, content_type: content_type.to_owned(), ..Head::default() }
    }

    #[test]
    fn success() {
        let judge_200 = |content_type, body| judge(&head(200, content_type), body);
        assert_eq!(judge_200("application/json", Body::Object), Verdict::Revoked);
        assert_eq!(judge_200("Application/JSON ; charset=utf-8", Body::Object), Verdict::Revoked);
        assert_eq!(judge_200("application/json", Body::Empty), Verdict::Revoked);
        assert_eq!(judge_200("", Body::Empty), Verdict::Revoked);
        let answered = Head { grpc_status: Some("0".to_owned()), ..head(200, "application/json") };
        assert_eq!(judge(&answered, Body::Object), Verdict::Revoked);
    }

    #[test]
    fn unexpected_answers() {
        for (status, content_type, body) in [
            (200, "text/html", Body::Malformed(NOT_JSON)),
            (200, "text/html", Body::Empty),
            (200, "", Body::Object),
            (200, "application/jsonp", Body::Object),
            (204, "", Body::Empty),
            (201, "application/json", Body::Object),
            (206, "application/json", Body::Object),
            (302, "application/json", Body::Object),
            (0, "", Body::Empty),
            (500, "application/json", Body::Malformed(TOO_LONG)),
        ] {
            assert_eq!(judge(&head(status, content_type), body), Verdict::Unexpected, "{status} {content_type} {body:?}");
        }
    }

    #[test]
    fn a_200_that_is_no_success() {
        for malformed in [TOO_LONG, NOT_JSON, NOT_OBJECT, ERROR, CUT] {
            let verdict = judge(&head(200, "application/json"), Body::Malformed(malformed));
            assert_eq!(verdict, Verdict::Malformed(malformed));
        }
        for (head, reason) in [
            (Head { content_range: true, ..head(200, "application/json") }, PARTIAL),
            (Head { content_range: true, ..head(200, "") }, PARTIAL),
            (Head { grpc_status: Some("16".to_owned()), ..head(200, "application/json") }, GRPC_STATUS),
            (Head { grpc_status: Some(String::new()), ..head(200, "") }, GRPC_STATUS),
            (Head { grpc_status: Some("0, 16".to_owned()), ..head(200, "") }, GRPC_STATUS),
        ] {
            assert_eq!(judge(&head, Body::Empty), Verdict::Malformed(reason), "{head:?}");
        }
    }

    #[test]
    fn a_redirect_is_told_from_other_responses() {
        let followed = Head { redirected: true, ..head(200, "application/json") };
        assert!(followed.is_redirect() && Head { status: 307, ..followed }.is_redirect());
        assert!(Head { opaque_redirect: true, ..head(0, "") }.is_redirect());
        for (status, expected) in [(299, false), (300, true), (304, false), (308, true), (400, false), (0, false)] {
            assert_eq!(head(status, "").is_redirect(), expected, "{status}");
        }
    }

    #[test]
    fn connection_failures() {
        for (message, code) in
            [("Load failed", ""), ("Network connection lost.", ""), ("read", "ECONNRESET"), ("", "und_err_socket")]
        {
            assert!(is_connection_failure(message, code), "{message} {code}");
        }
        for (message, code) in [("", ""), ("undefined is not a function", ""), ("It failed to fetch", ""), ("fetch faile", "E")] {
            assert!(!is_connection_failure(message, code), "{message} {code}");
        }
    }

    #[test]
    fn one_json_type() {
        for one in [
            "application/json",
            "Application/JSON;charset=utf-8",
            "application/json; profile=\"a, b\"",
            "application/json; a=\"\\\", \"; b=c",
            "application/json; a=\\\"\"",
        ] {
            assert!(is_json(one), "{one}");
        }
        for other in [
            "application/json, text/html",
            "application/json; charset=utf-8, text/html",
            "application/json; charset=utf-8,application/json",
            "application/json; a=\"b\", text/html",
            "application/json; a=\"\\\"\", text/html",
            "application/json; a=\\\", text/html",
            "application/json,",
            "text/html, application/json",
            "application/json; a=\"b",
            "application/jsonp",
            "",
        ] {
            assert!(!is_json(other), "{other}");
        }
    }

    #[test]
    fn headers_of_a_body() {
        assert!(!has_content(None, None));
        assert!(!has_content(None, Some("0")));
        for (encoding, length) in
            [(Some("gzip"), None), (Some("br"), Some("0")), (Some(""), None), (None, Some("2")), (None, Some("00"))]
        {
            assert!(has_content(encoding, length), "{encoding:?} {length:?}");
        }
    }

    #[test]
    fn a_connection_was_never_made_only_if_the_code_says_so() {
        for code in ["ECONNREFUSED", "CERT_HAS_EXPIRED", "UNABLE_TO_VERIFY_LEAF_SIGNATURE"] {
            assert!(is_never_connected(code), "{code}");
        }
        for code in ["", "ECONNRESET", "EPIPE", "UND_ERR_SOCKET", "ETIMEDOUT", "econnrefused", "ConnectionRefused"] {
            assert!(!is_never_connected(code), "{code}");
        }
    }

    fn bodies() -> impl Strategy<Value = Body> {
        proptest::sample::select(vec![Body::Empty, Body::Object, Body::Malformed(NOT_JSON), Body::Malformed(ERROR)])
    }

    proptest! {
        #[test]
        fn success_is_a_plain_200_without_any_error(
            status in prop_oneof![Just(200), 0..999u16],
            content_type in prop_oneof![Just("application/json".to_owned()), Just(String::new()), "\\PC{0,30}"],
            redirected: bool,
            content_range: bool,
            grpc_status in proptest::option::of("[0-9]{0,2}"),
            body in bodies(),
        ) {
            let head = Head { status, content_type, redirected, opaque_redirect: false, content_range, grpc_status };
            let verdict = judge(&head, body);
            if verdict == Verdict::Revoked {
                prop_assert!(status == 200 && !redirected && !content_range);
                prop_assert!(matches!(head.grpc_status.as_deref(), None | Some("0")));
                prop_assert!(body == Body::Empty || body == Body::Object && is_json(&head.content_type));
            }
            if !head.may_be_success() {
                prop_assert_eq!(verdict, Verdict::Unexpected);
            }
        }
    }
}
