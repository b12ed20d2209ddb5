//! One revocation: its attempts, what they say of the credential, and the result.

use crate::auth::bearer::Authorization;
use crate::auth::security::Security;
use crate::border::wait::{Cancellation, Wait};
use crate::border::{is_record, parse_json, peek, peek_text, revoked};
use crate::error::{Error, Failure, HttpFailure};
use crate::http::attempts::{self, Next, Retries};
use crate::http::outcome::{Answer, Outcome};
use crate::http::settings::CallSettings;
use crate::http::transport::{JSON, Method, Observer, Outgoing, Response, Text, Transport, Unobserved};
use crate::http::verdict::{Body, CUT, ERROR, Head, NOT_JSON, NOT_OBJECT, TOO_LONG, Verdict, is_json, judge};
use crate::kept::Kept;
use js_sys::JsString;
use std::cell::Cell;
use std::rc::Rc;
use wasm_bindgen::JsValue;

/// The code of the API's gateway for what does not exist (gRPC, NOT_FOUND).
const NOT_FOUND: f64 = 5.0;

/// A credential to revoke: a validated request, which can be sent any number of times.
pub struct Revocation {
    /// The absolute URL. It contains the three ids, so it identifies the credential.
    pub url: String,
    /// The id of the credential, as the API writes it.
    pub id: String,
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
        let (cancellation, outcome) = (settings.cancellation(), Cell::default());
        let call =
            Call { caller: self, revocation, settings, cancellation: &cancellation, observer: &Unobserved, outcome: &outcome };
        call.revoke().await.map_err(|error| error.with_outcome(outcome.get()))
    }
}

/// A revocation in progress.
pub struct Call<'a> {
    /// The client.
    pub caller: &'a Caller,
    /// What to send.
    pub revocation: &'a Revocation,
    /// The settings of the call.
    pub settings: &'a CallSettings,
    /// Cancels the call.
    pub cancellation: &'a Cancellation,
    /// Watches its requests.
    pub observer: &'a dyn Observer,
    /// What is known of the credential so far.
    pub outcome: &'a Cell<Outcome>,
}

impl<'a> Call<'a> {
    /// Revokes with retries. With `confirm`, the API is asked when the outcome of an attempt is unknown: before the next attempt, or
    /// after the last one.
    async fn revoke(&self) -> Result<JsValue, Error> {
        let mut retries = Retries::new(self.settings, self.cancellation);
        loop {
            let failed = match retries.next(self.send(Method::Post).await).await {
                Ok(Next::Done(response, text)) => match self.conclude(&response, text) {
                    Err(error) => Some(error),
                    done => return done,
                },
                Ok(Next::Again(wait)) => {
                    retries.wait(wait).await?;
                    None
                }
                Err(error) => Some(error),
            };
            if let Some(result) = self.confirmation(retries.anew()).await {
                return result;
            }
            if let Some(error) = failed {
                return Err(error);
            }
        }
    }

    /// Asks the API if the outcome is unknown. The time for retries is that of the call. `None`: asking is not wanted, or the credential
    /// is not gone.
    async fn confirmation(&self, retries: Retries<'_>) -> Option<Result<JsValue, Error>> {
        if !self.settings.confirm || self.outcome.get() != Outcome::Unknown || self.cancellation.interrupt().is_some() {
            return None;
        }
        let (response, text) = attempts::run(retries, &|| Box::pin(self.send(Method::Get))).await.ok()?;
        match self.learn(&response, &text) {
            Answer::Deleted(at) => Some(Ok(result(&response, Some(&at)))),
            Answer::Absent => Some(Err(Failure::Refused(response.failure(text.text)).into())),
            Answer::Active | Answer::Nothing => None,
        }
    }

    /// Revokes in one attempt.
    ///
    /// # Errors
    /// Every outcome other than the API's confirmation.
    pub async fn attempt(&self) -> Result<JsValue, Error> {
        let (response, text) = self.send(Method::Post).await?.read().await?;
        self.conclude(&response, text)
    }

    /// Asks the API in one attempt. Returns when the credential was deleted, or `None` if it is in use.
    ///
    /// # Errors
    /// There is no such credential, or no answer. The outcome tells which.
    pub async fn ask(&self) -> Result<Option<String>, Error> {
        let (response, text) = self.send(Method::Get).await?.read().await?;
        match self.learn(&response, &text) {
            Answer::Deleted(at) => Ok(Some(at)),
            Answer::Active => Ok(None),
            Answer::Absent | Answer::Nothing => Err(Failure::Refused(response.failure(text.text)).into()),
        }
    }

    /// Sends a request and waits for the head of its response. The time limit covers the token, too. With client credentials, a 401
    /// can mean that the token has expired; it is then renewed once.
    async fn send(&self, method: Method) -> Result<Response<'a>, Error> {
        let Call { caller, revocation, settings, cancellation, observer, .. } = *self;
        let wait = Rc::new(Wait::begin(cancellation, settings.limit)?);
        let (content_type, body) = if method == Method::Post { (Some(JSON), revocation.body) } else { (None, None) };
        let mut renewed = false;
        loop {
            let authorization = caller.security.authorization(&wait).await?;
            if !observer.may_send() {
                return Err(Failure::NotSent.into());
            }
            let authorization = authorization.as_ref();
            let outgoing = Outgoing {
                method,
                url: &revocation.url,
                authorization: authorization.map(|authorization| authorization.header().text()),
                headers: authorization.map(Authorization::headers).filter(|_| method == Method::Post),
                content_type,
                body,
                secret: authorization.map(|authorization| authorization.token().clone()).unwrap_or_default(),
            };
            let sent = caller.transport.send(&outgoing, settings, &wait, observer).await;
            if method == Method::Post {
                let outcome = sent.as_ref().map_or_else(Error::outcome, |response| Outcome::of_head(&response.head));
                self.outcome.set(self.outcome.get().then(outcome));
            }
            let response = sent?;
            if response.head.status != 401 || renewed || !caller.security.renew(authorization) {
                return Ok(response);
            }
            renewed = true;
            // Its body would hold the connection that the token request may need.
            drop(response);
            if !observer.may_send() {
                return Err(Failure::NotSent.into());
            }
        }
    }

    /// Evaluates the response to a revocation.
    fn conclude(&self, response: &Response<'_>, text: Text) -> Result<JsValue, Error> {
        match judge(&response.head, body_of(response, &text)) {
            Verdict::Revoked => {
                self.outcome.set(Outcome::Revoked);
                Ok(result(response, None))
            }
            Verdict::Unexpected => {
                if is_absence(&response.head, &text) {
                    self.outcome.set(Outcome::Absent);
                }
                Err(Failure::Refused(response.failure(text.text)).into())
            }
            Verdict::Malformed(reason) => Err(malformation(reason, text.text, response).into()),
        }
    }

    /// Evaluates the response to a question: `{"credential": {"id": "…", "deletedAt": null, …}}`.
    fn learn(&self, response: &Response<'_>, text: &Text) -> Answer {
        let Response { head, .. } = response;
        let answer = if is_absence(head, text) {
            Answer::Absent
        } else if judge(head, body_of(response, text)) == Verdict::Revoked {
            answer_of(&peek(&parse_json(&text.text).unwrap_or_default(), "credential"), &self.revocation.id)
        } else {
            Answer::Nothing
        };
        self.outcome.set(self.outcome.get().answered(&answer));
        answer
    }
}

/// What a credential in the response to a question says of the one with this id.
fn answer_of(credential: &JsValue, id: &str) -> Answer {
    let is_same = is_record(credential) && peek_text(credential, "id") == id;
    let deleted_at = Some(peek(credential, "deletedAt")).filter(|at| !at.is_null_or_undefined());
    // What is no date becomes an empty text.
    let time = |at: JsValue| at.as_string().filter(|at| !js_sys::Date::parse(at).is_nan()).unwrap_or_default();
    Answer::of_credential(is_same, deleted_at.map(time))
}

/// The result of a call.
fn result(response: &Response<'_>, deleted_at: Option<&str>) -> JsValue {
    revoked(&response.content_type(), response.head.status, &response.object, deleted_at)
}

/// Whether the API says that there is no such credential.
fn is_absence(head: &Head, text: &Text) -> bool {
    let is_not_found = |value| peek(&value, "code").as_f64() == Some(NOT_FOUND) && peek(&value, "message").is_string();
    head.status == 404
        && !head.redirected
        && !text.truncated
        && is_json(&head.content_type)
        && parse_json(&text.text).is_ok_and(is_not_found)
}

/// What a body is. An error of the API's gateway is a gRPC status as JSON: `{"code": 16, "message": "…", "details": []}`. Code 0
/// means success. Other gateways send a member `error`.
fn body_of(response: &Response<'_>, Text { text, length, truncated }: &Text) -> Body {
    if *truncated {
        return Body::Malformed(TOO_LONG);
    }
    if *length == 0 {
        return if response.has_content() { Body::Malformed(CUT) } else { Body::Empty };
    }
    // What the API sends need not be parsed, and of what cannot be a success nothing else is asked.
    if *length == 2 && *text == "{}" {
        return Body::Object;
    }
    let Some(value) = response.head.may_be_success().then(|| parse_json(text).ok()).flatten() else {
        return Body::Malformed(NOT_JSON);
    };
    let has = |name| !peek(&value, name).is_null_or_undefined();
    if !is_record(&value) {
        Body::Malformed(NOT_OBJECT)
    } else if has("error") || has("message") && has("code") && peek(&value, "code").as_f64() != Some(0.0) {
        Body::Malformed(ERROR)
    } else {
        Body::Object
    }
}

fn malformation(reason: &'static str, text: JsString, response: &Response<'_>) -> Failure {
    let (cause, raw_value): (JsValue, JsValue) = match parse_json(&text) {
        Err(cause) if reason == NOT_JSON => (cause, text.clone().into()),
        Err(_) => (reason.into(), text.clone().into()),
        Ok(value) => (reason.into(), response.shown_json(&value)),
    };
    let message = "Response validation failed".to_owned();
    Failure::Malformed(HttpFailure { message, cause: Kept(cause), raw_value: Kept(raw_value), ..response.failure(text) })
}
