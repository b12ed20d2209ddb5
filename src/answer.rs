//! What an HTTP answer means: revoked, or which error.

use crate::text::{pieces, strip_prefix_ignoring_case};

/// Bodies are read up to this many bytes. The API's have a few hundred; what is longer is cut off, and is no answer of the API's.
pub const MAX_BODY_BYTES: u32 = 1 << 20;

/// What the head of an answer says.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// HTTP status; 0 for an answer that the platform hides (`type` "opaque" or "opaqueredirect").
    pub status: u16,
    /// `Content-Type`, empty when there is none.
    pub content_type: &'a str,
    /// The answer comes from another URL than the request went to.
    pub redirected: bool,
}

/// What the answer means, once it is known whether it has a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The API says that the credential is revoked.
    Revoked,
    /// So does it if the body is a JSON object.
    RevokedIfJson,
    /// Anything else.
    Unexpected,
}

/// Whether `content_type` is `application/json`, with or without parameters (RFC 9110, 8.3.1).
pub fn is_json(content_type: &str) -> bool {
    let essence = pieces(content_type.as_bytes(), b';').next().unwrap_or_default();
    essence.trim_ascii().eq_ignore_ascii_case(b"application/json")
}

/// Judges an answer. Only a 200 that was not redirected can mean success: a redirected POST may have become a GET, and whatever
/// that page says, nothing was revoked. An empty body is fine ("Status code indicates success"), a body of another type is not.
pub fn judge(head: Head<'_>, empty: bool) -> Verdict {
    let plain = empty && head.content_type.is_empty();
    if head.status != 200 || head.redirected || !plain && !is_json(head.content_type) {
        Verdict::Unexpected
    } else if empty {
        Verdict::Revoked
    } else {
        Verdict::RevokedIfJson
    }
}

/// How a failed `fetch` or a failed client of the caller's own is to be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// The request was aborted.
    Aborted = 0,
    /// It timed out.
    TimedOut = 1,
    /// The connection failed.
    Connection = 2,
    /// The platform does not take the request.
    Invalid = 3,
    /// Something else, such as a fault in the caller's hook.
    Unexpected = 4,
}

impl Rejection {
    /// What it is called in errors, as by the official SDK.
    pub fn message(self) -> &'static str {
        match self {
            Rejection::Aborted => "Request aborted by client",
            Rejection::TimedOut => "Request timed out",
            Rejection::Connection => "Unable to make request",
            Rejection::Invalid => "Unable to create request",
            Rejection::Unexpected => "Unexpected HTTP client error",
        }
    }
}

/// How messages and codes of connection failures begin, in any case. Messages: Chromium, Node and Deno, Firefox, WebKit, workerd
/// (two), React Native, WebKit offline. Codes: Node's, undici's and Bun's.
const CONNECTION: &[u8] = b"failed to fetch|fetch failed|networkerror|load failed|network connection lost|network error|\
    network request failed|the internet connection appears to be offline|\
    ECONNRESET|ECONNREFUSED|ECONNABORTED|ENOTFOUND|EAI_AGAIN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|\
    ConnectionRefused|ConnectionClosed|FailedToOpenSocket|UND_ERR_";

/// Reads an error by its `name`, `message` and `code`. The platform's own `fetch` (`own_client` false) fails only because the
/// connection does, whatever the engine calls it; a client or a hook of the caller's must look like it.
pub fn classify_rejection(name: &str, message: &str, code: &str, own_client: bool) -> Rejection {
    match name {
        "AbortError" => Rejection::Aborted,
        "TimeoutError" => Rejection::TimedOut,
        "ConnectionError" => Rejection::Connection,
        _ if !own_client => Rejection::Connection,
        _ => {
            let begins = |text, known| strip_prefix_ignoring_case(text, known).is_some();
            let known = pieces(CONNECTION, b'|').any(|known| begins(message, known) || begins(code, known));
            if known {
                Rejection::Connection
            } else {
                Rejection::Unexpected
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::prelude::v1::*;
    #[allow(unused_imports)]
    use std::{format, vec};

    fn head(status: u16, content_type: &str) -> Head<'_> {
        Head { status, content_type, redirected: false }
    }

    #[test]
    fn success() {
        assert_eq!(judge(head(200, "application/json"), false), Verdict::RevokedIfJson);
        assert_eq!(judge(head(200, "Application/JSON ; charset=utf-8"), false), Verdict::RevokedIfJson);
        assert_eq!(judge(head(200, "application/json"), true), Verdict::Revoked);
        assert_eq!(judge(head(200, ""), true), Verdict::Revoked);
    }

    #[test]
    fn what_is_no_success() {
        for (status, content_type, empty) in [
            (200, "text/html", false),
            (200, "text/html", true),
            (200, "", false),
            (200, "application/jsonp", false),
            (204, "", true),
            (201, "application/json", false),
            (302, "application/json", false),
            (0, "", true),
            (500, "application/json", false),
        ] {
            assert_eq!(judge(head(status, content_type), empty), Verdict::Unexpected, "{status} {content_type} {empty}");
        }
    }

    #[test]
    fn rejections() {
        let own = |name, message, code| classify_rejection(name, message, code, true);
        assert_eq!(own("AbortError", "", ""), Rejection::Aborted);
        assert_eq!(own("TimeoutError", "", ""), Rejection::TimedOut);
        assert_eq!(own("TypeError", "Load failed", ""), Rejection::Connection);
        assert_eq!(own("Error", "Network connection lost.", ""), Rejection::Connection);
        assert_eq!(own("Error", "read", "ECONNRESET"), Rejection::Connection);
        assert_eq!(own("TypeError", "undefined is not a function", ""), Rejection::Unexpected);
        assert_eq!(classify_rejection("TypeError", "whatever", "", false), Rejection::Connection);
        assert_eq!(classify_rejection("AbortError", "whatever", "", false), Rejection::Aborted);
    }

    proptest! {
        #[test]
        fn a_redirected_or_failed_answer_is_never_success(status: u16, content_type in "\\PC{0,30}", empty: bool, redirected: bool) {
            let verdict = judge(Head { status, content_type: &content_type, redirected }, empty);
            if redirected || status != 200 {
                prop_assert_eq!(verdict, Verdict::Unexpected);
            }
        }
    }
}
