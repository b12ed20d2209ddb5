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
            // A gateway's Request Timeout does not say whether the API received the request.
            408 => Outcome::Unknown,
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
