//! One revocation: its attempts, the evaluation of the response, the result.

use crate::auth::security::Security;
use crate::border::wait::Cancellation;
use crate::border::{is_record, parse_json, peek, revoked};
use crate::error::{Error, Failure, HttpFailure};
use crate::http::answer::{judge, Body, Malformed, Verdict, CUT, ERROR, NOT_JSON, NOT_OBJECT, TOO_LONG};
use crate::http::attempts;
use crate::http::settings::CallSettings;
use crate::http::transport::{Answer, Extent, Outgoing, Trace, Transport, JSON};
use js_sys::JsString;
use std::cell::Cell;
use std::rc::Rc;
use wasm_bindgen::JsValue;

/// A credential to revoke: a validated request, which can be sent any number of times.
pub struct Revocation {
    /// The absolute URL. It contains the three ids, so it identifies the credential.
    pub url: String,
    /// The body, if the caller gave one.
    pub body: Option<&'static str>,
}

/// Sends and authorizes the requests of a client.
pub struct Caller {
    /// How requests are sent.
    pub transport: Rc<Transport>,
    /// How they are authorized.
    pub security: Security,
}

impl Caller {
    /// Revokes a credential, with the retries of the settings.
    ///
    /// # Errors
    /// Every outcome other than the API's confirmation.
    pub async fn revoke(&self, revocation: &Revocation, settings: &CallSettings) -> Result<JsValue, Error> {
        let (cancellation, stopped) = (settings.cancellation(), Cell::new(false));
        let attempt =
            Attempt { caller: self, revocation, settings, cancellation: &cancellation, trace: None, stopped: &stopped };
        attempts::run(settings, &cancellation, async || attempt.send(|| true).await, conclude).await
    }
}

/// One attempt of a revocation.
pub struct Attempt<'a> {
    /// The client.
    pub caller: &'a Caller,
    /// What to send.
    pub revocation: &'a Revocation,
    /// The settings of the call.
    pub settings: &'a CallSettings,
    /// Cancels the attempt.
    pub cancellation: &'a Cancellation,
    /// Records requests and responses, in a bulk run.
    pub trace: Option<&'a Trace>,
    /// Whether the bulk run of this attempt has stopped. Then no token is renewed.
    pub stopped: &'a Cell<bool>,
}

impl<'a> Attempt<'a> {
    /// Sends the request. With client credentials, a 401 can mean that the token has expired; the token is then renewed once.
    /// Fetching a token takes time, so `permit` is called just before the request is sent.
    ///
    /// # Errors
    /// There is no token, no permit, or no response.
    pub async fn send(&self, permit: impl Fn() -> bool) -> Result<Answer<'a>, Error> {
        let Attempt { caller, revocation, settings, cancellation, trace, stopped } = *self;
        let mut unauthorized = None;
        loop {
            // Fetching a token has its own time limit, separate from the request's.
            let authorization = caller.security.authorization(cancellation, settings.limit).await?;
            if !permit() {
                return unauthorized.ok_or(Failure::Withheld.into());
            }
            let outgoing = Outgoing {
                url: &revocation.url,
                authorization: authorization.as_ref(),
                content_type: JSON,
                body: revocation.body,
                secret: authorization.as_ref().map(|authorization| authorization.token().clone()).unwrap_or_default(),
            };
            let answer = caller.transport.send(&outgoing, settings, cancellation, trace).await?;
            let renewable = answer.head.status == 401 && unauthorized.is_none() && !stopped.get();
            if !renewable || !caller.security.renew(authorization.as_ref()) {
                return Ok(answer);
            }
            unauthorized = Some(answer);
        }
    }
}

/// Reads and evaluates a response.
///
/// # Errors
/// It is not the API's confirmation.
pub async fn conclude(mut answer: Answer<'_>) -> Result<JsValue, Error> {
    let (text, Extent { length, truncated }) = answer.text().await?;
    let body = if truncated {
        Body::Malformed(TOO_LONG)
    } else if length == 0 && answer.has_content() {
        Body::Malformed(CUT)
    } else if length == 0 {
        Body::Empty
    } else if length == 2 && String::from(&text) == "{}" {
        // What the API sends; it need not be parsed.
        Body::Object
    } else if answer.head.may_be_success() {
        body_of(&text)
    } else {
        Body::Malformed(NOT_JSON)
    };
    match judge(&answer.head, body) {
        Verdict::Revoked => Ok(revoked(&answer.content_type(), answer.head.status, &answer.response)),
        Verdict::Unexpected => Err(Failure::Refused(answer.failure(text)).into()),
        Verdict::Malformed(malformed) => Err(malformation(malformed, text, &answer).into()),
    }
}

/// What a body is. An error of the API's gateway is a gRPC status as JSON: `{"code": 16, "message": "…", "details": []}`. Code 0
/// means success. Other gateways send a member `error`.
fn body_of(text: &JsString) -> Body {
    let Ok(value) = parse_json(text) else { return Body::Malformed(NOT_JSON) };
    let has = |name| !peek(&value, name).is_null_or_undefined();
    if !is_record(&value) {
        Body::Malformed(NOT_OBJECT)
    } else if has("error") || has("message") && has("code") && peek(&value, "code").as_f64() != Some(0.0) {
        Body::Malformed(ERROR)
    } else {
        Body::Object
    }
}

fn malformation(malformed: Malformed, text: JsString, answer: &Answer<'_>) -> Failure {
    let Malformed { reason, undecided } = malformed;
    let (cause, raw_value) = match parse_json(&text) {
        Err(cause) if malformed == NOT_JSON => (cause, text.clone().into()),
        Err(_) => (reason.into(), text.clone().into()),
        Ok(value) => (reason.into(), answer.shown_json(&value)),
    };
    let message = "Response validation failed".to_owned();
    Failure::Malformed { failure: HttpFailure { message, cause, raw_value, ..answer.failure(text) }, undecided }
}
