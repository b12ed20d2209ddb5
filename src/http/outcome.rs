//! What a call says of the credential: is it revoked?
//!
//! | outcome | meaning | when |
//! |---|---|---|
//! | `notSent` | no request left | invalid input, no token, aborted before sending, a connection that was never made |
//! | `notRevoked` | the API refused | a 4xx, a redirect that was not followed |
//! | `absent` | the API has no such credential (any more) | a 404 of the API's form |
//! | `unknown` | a request may have reached the API, and its response is lost or is not the API's | connection, time limit, abort after sending, 5xx, a 200 that is not success |
//! | `revoked` | the API confirmed it | a 200 of the API's form, or `deletedAt` in its answer to a question |
//!
//! **Doubt sticks.** After an attempt that ended in `unknown`, only `revoked` and `absent` say more: a later refusal says nothing of
//! the earlier request.

use super::verdict::Head;

/// What is known of a credential.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Outcome {
    /// No request left.
    #[default]
    NotSent,
    /// The API refused.
    NotRevoked,
    /// The API has no such credential.
    Absent,
    /// The API may have revoked it.
    Unknown,
    /// The API confirmed the revocation.
    Revoked,
}

impl Outcome {
    /// What the head of a response to a revocation says. The body can say more: of a 200 that it is a success, of a 404 that it is
    /// the API's own.
    pub fn of_head(head: &Head) -> Outcome {
        match head.status {
            // A 307 or 308 that was followed repeats the request elsewhere.
            _ if head.redirected => Outcome::Unknown,
            _ if head.opaque_redirect => Outcome::NotRevoked,
            // A gateway gave up waiting (Request Timeout), or the request was cancelled on its way (gRPC's CANCELLED): the API may have
            // received it.
            408 | 499 => Outcome::Unknown,
            300..=499 => Outcome::NotRevoked,
            _ => Outcome::Unknown,
        }
    }

    /// What is known after another attempt, which ended in `next`.
    pub fn then(self, next: Outcome) -> Outcome {
        match (self, next) {
            (_, Outcome::Revoked | Outcome::Absent) => next,
            (Outcome::Unknown, _) => Outcome::Unknown,
            (_, Outcome::NotSent) => self,
            (_, Outcome::NotRevoked | Outcome::Unknown) => next,
        }
    }

    /// What is known after the API was asked.
    pub fn answered(self, answer: &Answer) -> Outcome {
        match answer {
            Answer::Deleted(_) => Outcome::Revoked,
            Answer::Active => Outcome::NotRevoked,
            Answer::Absent => Outcome::Absent,
            Answer::Nothing => self,
        }
    }

    /// Its name in JavaScript.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::NotSent => "notSent",
            Outcome::NotRevoked => "notRevoked",
            Outcome::Absent => "absent",
            Outcome::Unknown => "unknown",
            Outcome::Revoked => "revoked",
        }
    }
}

/// What the API says of a credential when it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It was deleted at this time (RFC 3339).
    Deleted(String),
    /// It is in use.
    Active,
    /// There is none.
    Absent,
    /// The response proves nothing.
    Nothing,
}

impl Answer {
    /// Reads a credential. `is_same`: it is the one that was asked about. Another one's, from a cache or a proxy, proves nothing.
    /// `deleted_at`: `None` if it is not set.
    pub fn of_credential(is_same: bool, deleted_at: Option<String>) -> Answer {
        match deleted_at {
            _ if !is_same => Answer::Nothing,
            None => Answer::Active,
            Some(time) if is_set_time(&time) => Answer::Deleted(time),
            Some(_) => Answer::Nothing,
        }
    }
}

/// Whether a text has the form of a time (RFC 3339), and is not the zero of a clock: a time that is not set may be written as the
/// year 1 or as 1970. `Date.parse` alone takes "never 1" for a date.
fn is_set_time(text: &str) -> bool {
    const FORM: &str = "0000-00-00T00:00:00";
    let same = |(byte, form): (u8, u8)| if form == b'0' { byte.is_ascii_digit() } else { byte == form };
    text.len() > FORM.len() && text.bytes().zip(FORM.bytes()).all(same) && text > "1971"
}

#[cfg(test)]
mod tests {
    use super::Outcome::{Absent, NotRevoked, NotSent, Revoked, Unknown};
    use super::*;
    use proptest::prelude::*;

    fn head(status: u16) -> Head {
        Head { status, ..Head::default() }
    }

    #[test]
    fn what_a_head_says() {
        for status in [300, 302, 304, 308, 400, 401, 403, 404, 409, 421, 425, 429, 451, 498] {
            assert_eq!(Outcome::of_head(&head(status)), NotRevoked, "{status}");
        }
        // A 200 may still be a success, but the head alone proves none.
        for status in [0, 101, 200, 201, 204, 206, 299, 408, 499, 500, 502, 503, 504, 529, 599, 999] {
            assert_eq!(Outcome::of_head(&head(status)), Unknown, "{status}");
        }
        assert_eq!(Outcome::of_head(&Head { opaque_redirect: true, ..head(0) }), NotRevoked);
        for status in [200, 302, 403, 404, 429] {
            assert_eq!(Outcome::of_head(&Head { redirected: true, ..head(status) }), Unknown, "{status}");
        }
    }

    /// For each outcome, what is known after another attempt that ended in each, in the order of the table above.
    #[test]
    fn what_is_known_after_another_attempt() {
        let all = [NotSent, NotRevoked, Absent, Unknown, Revoked];
        for (known, then) in [
            (NotSent, [NotSent, NotRevoked, Absent, Unknown, Revoked]),
            (NotRevoked, [NotRevoked, NotRevoked, Absent, Unknown, Revoked]),
            (Absent, [Absent, NotRevoked, Absent, Unknown, Revoked]),
            (Unknown, [Unknown, Unknown, Absent, Unknown, Revoked]),
            (Revoked, [Revoked, NotRevoked, Absent, Unknown, Revoked]),
        ] {
            assert_eq!(all.map(|next| known.then(next)), then, "{known:?}");
        }
    }

    #[test]
    fn what_is_known_after_a_question() {
        for known in [NotSent, NotRevoked, Absent, Unknown, Revoked] {
            assert_eq!(known.answered(&Answer::Nothing), known);
            assert_eq!(known.answered(&Answer::Absent), Absent);
            assert_eq!(known.answered(&Answer::Active), NotRevoked);
            assert_eq!(known.answered(&Answer::Deleted(String::new())), Revoked);
        }
    }

    #[test]
    fn what_a_credential_says() {
        let of = |time: &str| Answer::of_credential(true, Some(time.to_owned()));
        assert_eq!(Answer::of_credential(true, None), Answer::Active);
        for time in ["2026-08-01T12:00:00Z", "2026-08-01T12:00:00.123456789Z", "1999-12-31T23:59:59+01:00"] {
            assert_eq!(of(time), Answer::Deleted(time.to_owned()));
            assert_eq!(Answer::of_credential(false, Some(time.to_owned())), Answer::Nothing);
        }
        assert_eq!(Answer::of_credential(false, None), Answer::Nothing);
        for other in [
            "",
            "0",
            "never 1",
            "2026",
            "2026-08-01",
            "2026-08-01T12:00:00",
            "2026-08-01 12:00:00Z",
            "٢٠٢٦-08-01T12:00:00Z",
            "0001-01-01T00:00:00Z",
            "1970-01-01T00:00:00Z",
        ] {
            assert_eq!(of(other), Answer::Nothing, "{other}");
        }
    }

    /// What a history does with a request, in a model that knows what is really revoked.
    #[derive(Clone, Debug)]
    enum Event {
        /// The attempt ends before its request leaves: an abort, no token, a connection that is never made.
        Unsent,
        /// The request, or its response, is lost.
        Lost { arrives: bool },
        /// Somebody else answers with this status, whether the request arrives or not.
        Answered { status: u16, arrives: bool },
        /// Somebody else redirects the request, and the caller wants that followed.
        Redirected { status: u16, arrives: bool },
        /// Somebody else refuses the request before it arrives: a rate limit, a firewall, a sign-in page.
        Blocked { status: u16, opaque_redirect: bool },
        /// The API answers.
        Arrives { allowed: bool, body_lost: bool },
        /// The API is asked, if there is doubt.
        Asked { answers: bool, is_same: bool },
    }

    fn event() -> impl Strategy<Value = Event> {
        let unclear = prop::sample::select(vec![0_u16, 200, 204, 408, 499, 500, 502, 503, 504, 520]);
        let blocked = prop::sample::select(vec![301_u16, 302, 307, 400, 401, 403, 404, 405, 413, 421, 425, 429]);
        prop_oneof![
            Just(Event::Unsent),
            any::<bool>().prop_map(|arrives| Event::Lost { arrives }),
            (unclear, any::<bool>()).prop_map(|(status, arrives)| Event::Answered { status, arrives }),
            (100..600_u16, any::<bool>()).prop_map(|(status, arrives)| Event::Redirected { status, arrives }),
            (blocked, any::<bool>()).prop_map(|(status, opaque_redirect)| Event::Blocked { status, opaque_redirect }),
            (any::<bool>(), any::<bool>()).prop_map(|(allowed, body_lost)| Event::Arrives { allowed, body_lost }),
            (any::<bool>(), any::<bool>()).prop_map(|(answers, is_same)| Event::Asked { answers, is_same }),
        ]
    }

    /// The API, and whether the credential lives there.
    struct Api {
        lives: bool,
        /// Whether it still tells of a revoked credential when it is asked.
        remembers: bool,
        existed: bool,
        sent: bool,
    }

    impl Api {
        /// Revokes, and returns what the response of the API says.
        fn revoke(&mut self, allowed: bool, body_lost: bool) -> Outcome {
            let status = if !allowed {
                403
            } else if std::mem::replace(&mut self.lives, false) {
                200
            } else {
                404
            };
            // As a call does: of a 200 and of the API's own 404 the body says more.
            let heard = Outcome::of_head(&head(status));
            match status {
                200 if !body_lost => heard.then(Revoked),
                404 if !body_lost => heard.then(Absent),
                _ => heard,
            }
        }

        fn ask(&self, answers: bool, is_same: bool) -> Answer {
            let gone = self.existed && !self.lives && self.remembers;
            match () {
                () if !answers => Answer::Nothing,
                () if self.lives || gone => Answer::of_credential(is_same, gone.then(|| "2026-08-01T12:00:00Z".to_owned())),
                () => Answer::Absent,
            }
        }

        fn play(&mut self, known: Outcome, event: &Event) -> Outcome {
            self.sent |= !matches!(event, Event::Unsent | Event::Asked { .. });
            let next = match *event {
                Event::Unsent => NotSent,
                Event::Blocked { status, opaque_redirect } => Outcome::of_head(&Head { opaque_redirect, ..head(status) }),
                Event::Arrives { allowed, body_lost } => self.revoke(allowed, body_lost),
                Event::Asked { answers, is_same } if known == Unknown => return known.answered(&self.ask(answers, is_same)),
                Event::Asked { .. } => return known,
                Event::Lost { arrives } | Event::Answered { arrives, .. } | Event::Redirected { arrives, .. } => {
                    if arrives {
                        self.revoke(true, true);
                    }
                    match *event {
                        Event::Answered { status, .. } => Outcome::of_head(&head(status)),
                        Event::Redirected { status, .. } => Outcome::of_head(&Head { redirected: true, ..head(status) }),
                        _ => Unknown,
                    }
                }
            };
            known.then(next)
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        #[test]
        fn no_outcome_is_ever_false(existed: bool, remembers: bool, events in prop::collection::vec(event(), 0..8)) {
            let mut api = Api { lives: existed, remembers, existed, sent: false };
            let mut known = Outcome::default();
            for event in &events {
                known = api.play(known, event);
                match known {
                    NotSent => prop_assert!(!api.sent, "{events:?}"),
                    NotRevoked => prop_assert_eq!(api.lives, existed, "{:?}", events),
                    Absent => prop_assert!(!api.lives, "{events:?}"),
                    Revoked => prop_assert!(existed && !api.lives, "{events:?}"),
                    Unknown => prop_assert!(api.sent, "{events:?}"),
                }
                // A call ends with these.
                if matches!(known, Absent | Revoked) {
                    break;
                }
            }
        }
    }
}
