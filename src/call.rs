//! One call: attempts, retries and waits, until there is a result. A state machine: it decides, its [`Driver`] does. Whatever the
//! driver was asked for, it tells later what came of it, through the functions exported here, and is then asked for the next.

use crate::answer::{self, Head, Rejection, Verdict, MAX_BODY_BYTES};
use crate::client::Core;
use crate::oauth::{Proof, Step, Supply};
use crate::options::CallOptions;
use crate::platform::{check, invalid, is_record, Driver, Faults, Input};
use crate::retry::{self, Next};
use crate::retry_after;
use crate::run::State;
use crate::security::{self, token_of, with_scheme, Security};
use crate::text::concat;
use alloc::rc::Rc;
use alloc::string::String;
use wasm_bindgen::prelude::*;

/// A request that has been checked and can be sent any number of times.
pub struct Prepared {
    /// Absolute URL.
    pub url: String,
    /// `{}` or undefined.
    pub body: JsValue,
}

/// What a call does.
pub enum Operation {
    /// Revokes a credential.
    Revoke(Rc<Prepared>),
    /// Asks for a token, as of this generation of tokens, in the request of this number (see `OAuth`).
    Token {
        /// Which generation.
        generation: u32,
        /// Which request.
        serial: u32,
    },
    /// Gives the token that a request would carry.
    Authorize,
}

/// How a call ended.
pub enum Ended {
    /// With the result that was asked for.
    Well,
    /// With an answer that is an error.
    Refused,
    /// With a 200 that is not the API's.
    Malformed,
    /// Without an answer.
    Rejected(Rejection),
    /// Without a token: the status of the answer or 0, and whether there was no answer.
    Tokenless(f64, bool),
    /// Nothing was sent (any more), because the run has stopped.
    Stopped,
}

/// What the call waits for.
enum Phase {
    /// Its beginning, or the end of a pause.
    Start,
    /// What the caller's security function gives.
    Security,
    /// The token request of this number.
    Token(u32),
    /// What proves the client to the token endpoint.
    Proof(Step),
    /// An answer.
    Answer,
}

/// A call under way. Its driver tells it what came of the last thing that it asked for.
#[wasm_bindgen]
pub struct Call {
    core: Rc<Core>,
    operation: Operation,
    options: Rc<CallOptions>,
    driver: Driver,
    phase: Phase,
    authorization: JsValue,
    /// Whether a 401 may be the token's age: then one is fetched, once.
    renewable: bool,
    begun: f64,
    sent: f64,
    retries: u32,
    status: u16,
    content_type: String,
    redirected: bool,
    retry_after: Option<f64>,
    /// The run that this is an item of, and its index there. The run's schedule retries; the call itself does not.
    item: Option<(Rc<State>, usize)>,
}

impl Call {
    /// A call that has not begun.
    pub fn new(
        core: &Rc<Core>,
        operation: Operation,
        options: &Rc<CallOptions>,
        driver: Driver,
        item: Option<(Rc<State>, usize)>,
    ) -> Call {
        Call {
            core: core.clone(),
            operation,
            options: options.clone(),
            driver,
            phase: Phase::Start,
            authorization: JsValue::UNDEFINED,
            renewable: true,
            begun: js_sys::Date::now(),
            sent: 0.0,
            retries: 0,
            status: 0,
            content_type: String::new(),
            redirected: false,
            retry_after: None,
            item,
        }
    }

    /// Begins a call, and gives the promise of its result.
    pub fn start(core: &Rc<Core>, operation: Operation, options: &Rc<CallOptions>) -> JsValue {
        let driver = Driver::new(&core.options.session, &options.fetch);
        driver.start(Call::new(core, operation, options, driver.clone(), None))
    }

    fn stopped(&self) -> bool {
        self.item.as_ref().is_some_and(|(run, _)| run.stopped())
    }

    /// One more attempt, from its beginning. Getting a token has a time limit of its own, so that it does not use up the request's.
    fn attempt(&mut self) {
        if self.stopped() {
            return self.stop();
        }
        let core = self.core.clone();
        if let (Operation::Token { .. }, Some(oauth)) = (&self.operation, core.security.oauth()) {
            return self.prove(oauth.prove(&core.server, &self.driver));
        }
        match &core.security {
            Security::None => self.authorized(JsValue::UNDEFINED),
            Security::Fixed(authorization) => self.authorized(authorization.clone()),
            Security::Function(function) => {
                self.phase = Phase::Security;
                self.driver.invoke(function);
            }
            Security::OAuth(oauth) => match oauth.supply(&core) {
                Supply::Token(token) => self.authorized(with_scheme(&token)),
                Supply::Request { promise, serial, patience } => {
                    self.phase = Phase::Token(serial);
                    self.driver.join(&promise, patience);
                }
            },
        }
    }

    /// Goes on with the `Authorization` of the request, or undefined.
    fn authorized(&mut self, authorization: JsValue) {
        match &self.operation {
            Operation::Revoke(prepared) => {
                if self.stopped() {
                    return self.stop();
                }
                let prepared = prepared.clone();
                self.authorization = authorization;
                self.send(&prepared.url, "application/json", &prepared.body, &JsValue::UNDEFINED);
            }
            _ if authorization.is_undefined() => {
                self.reject(&invalid("this client has no credentials to get a token with"));
            }
            _ => self.resolve(&token_of(&authorization)),
        }
    }

    /// Goes on with the proof of a token request.
    fn prove(&mut self, proof: Proof) {
        match proof {
            Proof::Asked(step) => self.phase = Phase::Proof(step),
            Proof::Body(body, secret) => {
                let url = concat(&[&self.core.server, "/auth/v1/token"]);
                self.send(&url, "application/x-www-form-urlencoded", &body, &secret);
            }
            Proof::Impossible => {
                self.driver.unsupported("WebCrypto cannot sign with Ed25519 here. It needs Chrome 137, Firefox 129, Safari 17, Node 20 or newer, and in a page a secure context (https or localhost)");
                self.end(Ended::Tokenless(0.0, false));
            }
            Proof::NoToken => {
                self.reject(&invalid("oidcToken must be a string of visible ASCII: the JWT that its issuer gave"));
            }
        }
    }

    fn send(&mut self, url: &str, content_type: &str, body: &JsValue, secret: &JsValue) {
        self.phase = Phase::Answer;
        self.sent = js_sys::Date::now();
        self.status = 0;
        self.driver.send(url, content_type, body, &self.authorization, secret);
    }

    /// How long to wait before another attempt, if there is to be one.
    fn pause(&self) -> Option<f64> {
        let backoff = self.options.retry.as_ref().and_then(|retry| retry.backoff.as_ref())?;
        if self.item.is_some() {
            return None;
        }
        let elapsed = js_sys::Date::now() - self.begun;
        match retry::next(backoff, self.retries, elapsed, self.retry_after, js_sys::Math::random()) {
            Next::Wait(ms) => Some(ms),
            Next::GiveUp => None,
        }
    }

    fn sleep(&mut self, ms: f64) {
        self.retries = self.retries.saturating_add(1);
        self.renewable = true;
        self.phase = Phase::Start;
        self.driver.sleep(ms);
    }

    /// Judges an answer of which all is known.
    fn judge(&mut self, empty: bool, truncated: bool) {
        let head = Head { status: self.status, content_type: &self.content_type, redirected: self.redirected };
        let malformed = match answer::judge(head, empty) {
            Verdict::Unexpected => {
                self.driver.refused();
                return self.end(Ended::Refused);
            }
            Verdict::RevokedIfJson if truncated => "the body is longer than 1 MiB",
            Verdict::RevokedIfJson => match self.driver.json() {
                value if value.is_undefined() => "",
                value if !is_record(&value) => "the body is not a JSON object",
                _ => return self.revoked(),
            },
            Verdict::Revoked => return self.revoked(),
        };
        self.driver.malformed(malformed);
        self.end(Ended::Malformed);
    }

    fn revoked(&mut self) {
        self.driver.revoked();
        self.end(Ended::Well);
    }

    /// Reads the answer to a token request.
    fn conclude(&mut self, generation: u32, truncated: bool) {
        let core = self.core.clone();
        let Some(oauth) = core.security.oauth() else { return };
        self.driver.json();
        if self.status != 200 || self.redirected || truncated {
            // A body that may hold a token, or a secret cut in two.
            self.driver.token_refused(self.status < 400 || truncated);
        } else {
            match oauth.conclude(&self.driver, self.sent, generation) {
                Ok(token) => return self.resolve(&token),
                Err(why) => self.driver.token_unusable(why),
            }
        }
        self.end(Ended::Refused);
    }

    fn resolve(&mut self, value: &JsValue) {
        self.driver.resolve(value);
        self.end(Ended::Well);
    }

    fn reject(&mut self, error: &JsValue) {
        self.driver.reject(error);
        self.end(Ended::Rejected(Rejection::Unexpected));
    }

    fn stop(&mut self) {
        self.driver.resolve(&JsValue::UNDEFINED);
        self.end(Ended::Stopped);
    }

    /// There is no answer.
    fn fail(&mut self, rejection: Rejection, message: &str) {
        self.driver.fail(rejection as i32, message);
        self.end(Ended::Rejected(rejection));
    }

    fn end(&mut self, ended: Ended) {
        if let (Operation::Token { serial, .. }, Some(oauth)) = (&self.operation, self.core.security.oauth()) {
            oauth.request_over(*serial);
        }
        if let Some((run, index)) = self.item.take() {
            run.answered(index, &ended, self.status, self.retry_after, self.driver.attempts());
        }
    }
}

/// What a driver tells its call.
#[wasm_bindgen]
impl Call {
    /// What was waited for is there.
    pub fn given(&mut self, value: JsValue) {
        let core = self.core.clone();
        match core::mem::replace(&mut self.phase, Phase::Start) {
            Phase::Security => {
                let faults = Faults::new();
                let authorization = security::authorization(&value, &Input::new(&JsValue::UNDEFINED, "", "", &faults), &faults);
                match check(&faults) {
                    Ok(()) => self.authorized(authorization.unwrap_or_default()),
                    Err(error) => self.reject(&error),
                }
            }
            Phase::Token(serial) => match core.security.oauth() {
                Some(oauth) if value.is_undefined() => {
                    // Waited for long enough.
                    oauth.request_over(serial);
                    self.attempt();
                }
                _ => self.authorized(with_scheme(&value)),
            },
            Phase::Proof(step) => {
                if let Some(oauth) = core.security.oauth() {
                    self.prove(oauth.proceed(&step, value, &core.server, &self.driver));
                }
            }
            Phase::Start | Phase::Answer => self.attempt(),
        }
    }

    /// There is nothing: the wait was interrupted, or threw. `kind` as in platform.js; the rest describes what was thrown.
    pub fn failed(&mut self, kind: i32, name: &str, message: &str, code: &str, status: f64) {
        let rejection = match kind {
            0 => Rejection::Aborted,
            1 => Rejection::TimedOut,
            3 => Rejection::Invalid,
            4 => Rejection::Unexpected,
            _ => match &self.phase {
                Phase::Token(_) => {
                    self.driver.rethrow();
                    return self.end(Ended::Tokenless(status, matches!(name, "ConnectionError" | "RequestTimeoutError")));
                }
                Phase::Proof(Step::Key | Step::Signature(_)) => return self.prove(Proof::Impossible),
                Phase::Proof(Step::Token) => return self.fail(Rejection::Unexpected, "The oidcToken function failed"),
                Phase::Security => return self.fail(Rejection::Unexpected, "The security function failed"),
                Phase::Start | Phase::Answer => {
                    answer::classify_rejection(name, message, code, self.core.options.own_client)
                }
            },
        };
        if rejection == Rejection::Connection && self.options.retry.as_ref().is_some_and(|retry| retry.connection_errors) {
            self.retry_after = None;
            if let Some(ms) = self.pause() {
                return self.sleep(ms);
            }
        }
        self.fail(rejection, rejection.message());
    }

    /// The head of the answer has arrived.
    pub fn head(&mut self, status: u16, content_type: String, retry_after: &str, redirected: bool) {
        self.status = status;
        self.content_type = content_type;
        self.redirected = redirected;
        self.retry_after = retry_after::parse(retry_after, js_sys::Date::now());
        let core = self.core.clone();
        let revoke = matches!(self.operation, Operation::Revoke(_)) && !self.stopped();
        if let (401, true, true, Some(oauth)) = (status, revoke, self.renewable, core.security.oauth()) {
            self.renewable = false;
            self.driver.discard();
            oauth.reject(&self.authorization);
            return self.attempt();
        }
        if self.options.codes.contains(status) {
            if let Some(ms) = self.pause() {
                self.driver.discard();
                return self.sleep(ms);
            }
        }
        self.driver.read(MAX_BODY_BYTES);
    }

    /// The body has been read: whether it is empty, and whether it is longer than what was read.
    pub fn body(&mut self, empty: bool, truncated: bool) {
        match self.operation {
            Operation::Token { generation, .. } => self.conclude(generation, truncated),
            _ => self.judge(empty, truncated),
        }
    }
}
