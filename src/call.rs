//! One call: attempts, retries and waits, until there is a result. A state machine: it decides, its [`Driver`] does. Whatever the
//! driver was asked for, it tells later what came of it, through the functions exported here, and is then asked for the next.

use crate::answer::{self, Head, Rejection, Verdict, MAX_BODY_BYTES};
use crate::bulk::Outcome;
use crate::client::Core;
use crate::options::CallOptions;
use crate::platform::{check, is_record, Driver, Input};
use crate::retry::{self, Next};
use crate::retry_after;
use crate::run::{self, State};
use crate::security::{self, token_of, Security};
use alloc::rc::Rc;
use alloc::string::String;
use core::cell::{Cell, RefCell};
use wasm_bindgen::prelude::*;
use zeroize::Zeroizing;

// Besides `Rejection`, in platform.js.
const CLIENT_THREW: i32 = -2;
const UNSUPPORTED: i32 = 5;
const INVALID: i32 = 6;

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

/// What the call waits for.
pub enum Phase {
    /// Its beginning, or the end of a pause.
    Start,
    /// What the caller's security function gives.
    Security,
    /// The token request of this number.
    Token(u32),
    /// What the caller's `oidcToken` function gives.
    IdToken,
    /// The key that an assertion is signed with.
    Key,
    /// The signature of this text.
    Signature(Zeroizing<String>),
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
    /// The run that this is an item of, and its index there. The run's schedule retries; the call itself does not.
    item: Option<(Rc<State>, usize)>,
    phase: Cell<Phase>,
    authorization: RefCell<JsValue>,
    /// Whether a 401 may be the token's age: then one is fetched, once.
    renewable: Cell<bool>,
    begun: f64,
    sent: Cell<f64>,
    retries: Cell<u32>,
    status: Cell<u16>,
    retry_after: Cell<Option<f64>>,
    redirected: Cell<bool>,
    /// What the answer means if it has a body, and if it has none.
    verdicts: Cell<[Verdict; 2]>,
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
            item,
            phase: Cell::new(Phase::Start),
            authorization: RefCell::new(JsValue::UNDEFINED),
            renewable: Cell::new(true),
            begun: js_sys::Date::now(),
            sent: Cell::new(0.0),
            retries: Cell::new(0),
            status: Cell::new(0),
            retry_after: Cell::new(None),
            redirected: Cell::new(false),
            verdicts: Cell::new([Verdict::Unexpected; 2]),
        }
    }

    /// Begins a call, and gives the promise of its result.
    pub fn start(core: &Rc<Core>, operation: Operation, options: &Rc<CallOptions>) -> JsValue {
        let driver = Driver::new(&core.options.session, &options.fetch);
        driver.start(Call::new(core, operation, options, driver.clone(), None))
    }

    /// What carries this call out.
    pub fn driver(&self) -> &Driver {
        &self.driver
    }

    /// Where tokens are asked for.
    pub fn server(&self) -> &str {
        &self.core.server
    }

    /// What was asked for last.
    pub fn wait_for(&self, phase: Phase) {
        self.phase.replace(phase);
    }

    fn stopped(&self) -> bool {
        self.item.as_ref().is_some_and(|(run, _)| run.stopped())
    }

    /// One more attempt, from its beginning. Getting a token has a time limit of its own, so that it does not use up the request's.
    fn attempt(&self) {
        if self.stopped() {
            return self.stop();
        }
        match (&self.core.security, &self.operation) {
            (Security::OAuth(oauth), Operation::Token { .. }) => oauth.prove(self),
            (Security::OAuth(oauth), _) => oauth.authorize(&self.core, self),
            (Security::None, _) => self.authorized(JsValue::UNDEFINED),
            (Security::Fixed(authorization), _) => self.authorized(authorization.clone()),
            (Security::Function(function), _) => {
                self.wait_for(Phase::Security);
                self.driver.invoke(function);
            }
        }
    }

    /// Goes on with the `Authorization` of the request, or undefined.
    pub fn authorized(&self, authorization: JsValue) {
        match &self.operation {
            Operation::Revoke(_) if self.stopped() => self.stop(),
            Operation::Revoke(prepared) => {
                self.authorization.replace(authorization);
                self.send(&prepared.url, &prepared.body, &JsValue::UNDEFINED);
            }
            _ if authorization.is_undefined() => self.invalid("this client has no credentials"),
            _ => self.resolve(&token_of(&authorization)),
        }
    }

    /// Sends the request. `secret`: what its body holds of one.
    pub fn send(&self, url: &str, body: &JsValue, secret: &JsValue) {
        self.wait_for(Phase::Answer);
        self.sent.set(js_sys::Date::now());
        self.status.set(0);
        self.driver.send(url, body, &self.authorization.borrow(), secret);
    }

    /// Waits, if there is to be another attempt; else, the result is what there is. `discard`: an answer that is there.
    fn pauses(&self, retry_after: Option<f64>, discard: bool) -> bool {
        let Some(backoff) = self.options.retry.as_ref().and_then(|retry| retry.backoff.as_ref()) else { return false };
        let retries = self.retries.get();
        let elapsed = js_sys::Date::now() - self.begun;
        match retry::next(backoff, retries, elapsed, retry_after, js_sys::Math::random()) {
            Next::Wait(ms) if self.item.is_none() => {
                self.retries.set(retries.saturating_add(1));
                self.renewable.set(true);
                if discard {
                    self.driver.discard();
                }
                self.wait_for(Phase::Start);
                self.driver.sleep(ms);
                true
            }
            _ => false,
        }
    }

    fn revoked(&self) {
        self.driver.revoked();
        self.end(Outcome::Revoked);
    }

    /// Gives this result.
    pub fn resolve(&self, value: &JsValue) {
        self.driver.resolve(value);
        self.end(Outcome::Revoked);
    }

    /// Ends with input that shows only now to be bad.
    pub fn invalid(&self, detail: &str) {
        self.driver.fail(INVALID, detail);
        self.end(Outcome::Lost);
    }

    /// Ends because the run has stopped.
    fn stop(&self) {
        self.driver.resolve(&JsValue::UNDEFINED);
        self.end(Outcome::Unavailable);
    }

    /// Ends without an answer.
    fn fail(&self, rejection: Rejection, message: &str) {
        self.driver.fail(rejection as i32, message);
        self.end(run::without_answer(rejection, &self.options));
    }

    /// Ends because WebCrypto cannot sign.
    pub fn unsupported(&self) {
        const DETAIL: &str =
            "WebCrypto cannot sign with Ed25519 here. That needs Chrome 137, Firefox 129, Safari 17 or Node 20, \
            and https or localhost";
        self.driver.fail(UNSUPPORTED, DETAIL);
        self.end(Outcome::Unauthorized);
    }

    fn end(&self, outcome: Outcome) {
        if let (Operation::Token { serial, .. }, Some(oauth)) = (&self.operation, self.core.security.oauth()) {
            oauth.request_over(*serial);
        }
        if let Some((run, index)) = &self.item {
            run.answered(*index, outcome, self.driver.attempts());
        }
    }
}

/// What a driver tells its call.
#[wasm_bindgen]
impl Call {
    /// What was waited for is there.
    pub fn given(&self, value: JsValue) {
        let oauth = self.core.security.oauth();
        match (self.phase.replace(Phase::Start), oauth) {
            (Phase::Security, _) => {
                let input = Input::new(&JsValue::UNDEFINED, "");
                let authorization = security::authorization(&value, &input);
                match check(&input) {
                    Ok(()) => self.authorized(authorization.unwrap_or_default()),
                    Err(error) => {
                        self.driver.reject(&error);
                        self.end(Outcome::Lost);
                    }
                }
            }
            // Waited for long enough.
            (Phase::Token(serial), Some(oauth)) if value.is_undefined() => {
                oauth.request_over(serial);
                self.attempt();
            }
            (Phase::Token(_), _) => self.authorized(value),
            (Phase::IdToken, Some(oauth)) => oauth.exchange(&value, self),
            (Phase::Key, Some(oauth)) => oauth.imported(value, self),
            (Phase::Signature(input), Some(oauth)) => oauth.signed(&input, &value, self),
            _ => self.attempt(),
        }
    }

    /// There is nothing: the wait was interrupted, or threw. `kind` as in platform.js; the rest describes what was thrown.
    pub fn failed(&self, kind: i32, name: &str, message: &str, code: &str, status: f64) {
        let rejection = match (kind, self.phase.replace(Phase::Start)) {
            (0, _) => Rejection::Aborted,
            (1, _) => Rejection::TimedOut,
            (3, _) => Rejection::Invalid,
            (4, _) => Rejection::Unexpected,
            (_, Phase::Token(_)) => {
                self.driver.reject(&JsValue::UNDEFINED);
                // A token endpoint that is down for a moment is no refusal.
                let passes = status >= 500.0 || status == 429.0 || matches!(name, "ConnectionError" | "RequestTimeoutError");
                return self.end(if passes { Outcome::Unavailable } else { Outcome::Unauthorized });
            }
            (_, Phase::Key | Phase::Signature(_)) => return self.unsupported(),
            (_, Phase::IdToken) => return self.fail(Rejection::Unexpected, "The oidcToken function failed"),
            (_, Phase::Security) => return self.fail(Rejection::Unexpected, "The security function failed"),
            _ => answer::classify_rejection(name, message, code, kind == CLIENT_THREW),
        };
        let again =
            rejection == Rejection::Connection && self.options.retry.as_ref().is_some_and(|retry| retry.connection_errors);
        if !again || !self.pauses(None, false) {
            self.fail(rejection, rejection.message());
        }
    }

    /// The head of the answer has arrived.
    pub fn head(&self, status: u16, content_type: &str, retry_after: &str, redirected: bool) {
        self.status.set(status);
        let retry_after = retry_after::parse(retry_after, js_sys::Date::now());
        self.retry_after.set(retry_after);
        self.redirected.set(redirected);
        if status == 401 && !self.stopped() {
            if let (Operation::Revoke(_), Some(oauth), true) =
                (&self.operation, self.core.security.oauth(), self.renewable.take())
            {
                self.driver.discard();
                oauth.reject(&self.authorization.borrow());
                return self.attempt();
            }
        }
        if self.options.codes.contains(status) && self.pauses(retry_after, true) {
            return;
        }
        let head = Head { status, content_type, redirected };
        self.verdicts.set([answer::judge(head, false), answer::judge(head, true)]);
        self.driver.read(MAX_BODY_BYTES);
    }

    /// The body has been read: whether it is empty, and whether it is longer than what was read.
    pub fn body(&self, empty: bool, truncated: bool) {
        let driver = &self.driver;
        if let (Operation::Token { generation, .. }, Some(oauth)) = (&self.operation, self.core.security.oauth()) {
            let answer = driver.json();
            if self.status.get() != 200 || self.redirected.get() || truncated {
                // A body that may hold a token, or a secret cut in two.
                driver.token_refused(self.status.get() < 400 || truncated);
            } else {
                match oauth.conclude(&answer, self.sent.get(), *generation) {
                    Ok(header) => return self.resolve(&header),
                    Err(why) => driver.token_unusable(why),
                }
            }
            return self.end(Outcome::Failed);
        }
        let [full, bare] = self.verdicts.get();
        let malformed = match if empty { bare } else { full } {
            Verdict::Unexpected => {
                driver.refused();
                return self.end(run::refused(self.status.get(), self.retry_after.get(), &self.options));
            }
            Verdict::RevokedIfJson if truncated => "the body is longer than 1 MiB",
            Verdict::RevokedIfJson => match driver.json() {
                value if value.is_undefined() => "",
                value if !is_record(&value) => "the body is not a JSON object",
                _ => return self.revoked(),
            },
            Verdict::Revoked => return self.revoked(),
        };
        driver.malformed(malformed);
        self.end(Outcome::Failed);
    }
}
