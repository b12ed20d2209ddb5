//! Access tokens: client credentials with a signed assertion (RFC 6749, 4.4; RFC 7523, 2.2), or token exchange (RFC 8693).

use super::bearer::Authorization;
use super::credentials::Credentials;
use super::source::bearer;
use super::token::{Freshness, Lifetime};
use crate::border::task::promise;
use crate::border::time::now_since_epoch;
use crate::border::wait::{Cancellation, Interrupt, Wait};
use crate::border::{parse_json, peek, peek_text};
use crate::error::{Error, Failure, HttpFailure, NoToken};
use crate::http::attempts;
use crate::http::server::hostname_of;
use crate::http::settings::CallSettings;
use crate::http::transport::{Answer, Extent, Outgoing, Transport, FORM, MASK};
use js_sys::{JsString, Promise};
use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue};

/// How long a call waits for another call's token request before it sends its own, in milliseconds. When a Worker's invocation
/// ends, so do its requests, and the other calls that wait for them would never get a response.
const PATIENCE: f64 = 10_000.0;

/// The cached token.
struct Held {
    authorization: Authorization,
    lifetime: Lifetime,
}

/// The credentials of a client and the cached token.
pub struct OAuth {
    credentials: Credentials,
    transport: Rc<Transport>,
    /// The base URL of the server.
    server: String,
    /// How token requests are sent.
    settings: Rc<CallSettings>,
    held: RefCell<Option<Held>>,
    /// The token request in progress. All calls wait for the same one.
    request: RefCell<Option<Rc<TokenRequest>>>,
}

/// A token request in progress, for all calls that wait for it.
struct TokenRequest {
    begun: f64,
    /// No call waits for it: it renews a token that is still valid.
    ahead: bool,
    waiting: Cell<u32>,
    cancellation: Cancellation,
    /// Resolves when the result is set.
    done: OnceCell<Promise>,
    result: RefCell<Option<Result<Authorization, NoToken>>>,
}

/// A call that waits for a token request. A request without waiting calls is cancelled.
struct Waiter<'a> {
    oauth: &'a OAuth,
    request: &'a Rc<TokenRequest>,
}

impl<'a> Waiter<'a> {
    fn new(oauth: &'a OAuth, request: &'a Rc<TokenRequest>) -> Waiter<'a> {
        request.waiting.set(request.waiting.get().saturating_add(1));
        Waiter { oauth, request }
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        let waiting = self.request.waiting.get().saturating_sub(1);
        self.request.waiting.set(waiting);
        if waiting == 0 && self.request.result.borrow().is_none() {
            self.oauth.detach(self.request);
            self.request.cancellation.cancel();
        }
    }
}

impl OAuth {
    /// Creates the token source for these credentials and a server.
    pub fn new(credentials: Credentials, transport: Rc<Transport>, server: String, settings: Rc<CallSettings>) -> OAuth {
        let (held, request) = (RefCell::default(), RefCell::default());
        OAuth { credentials, transport, server, settings, held, request }
    }

    /// Returns the cached token and how to use it, if it has not expired.
    fn usable(&self) -> Option<(Authorization, Freshness)> {
        let held = self.held.borrow();
        let Held { authorization, lifetime } = held.as_ref()?;
        Some((authorization.clone(), lifetime.at(now_since_epoch())?))
    }

    /// Returns the cached token, if it has not expired.
    pub fn current(&self) -> Option<Authorization> {
        self.usable().map(|(authorization, _)| authorization)
    }

    /// Removes the cached token. The result of a request in progress is not cached.
    pub fn clear(&self) {
        self.held.replace(None);
        self.request.replace(None);
    }

    /// Removes the cached token if it is this one, which the API refused.
    pub fn forget(&self, refused: &Authorization) {
        if self.held.borrow().as_ref().is_some_and(|held| held.authorization == *refused) {
            self.clear();
        }
    }

    /// Returns a valid token: the cached one, or a new one from a request that all calls share. A call that stops waiting does
    /// not affect the others, nor does a Worker's invocation that ends.
    ///
    /// # Errors
    /// No token could be fetched, or the wait for it ended after `limit` milliseconds.
    pub async fn authorization(self: &Rc<Self>, cancellation: &Cancellation, limit: Option<f64>) -> Result<Authorization, Error> {
        loop {
            match self.usable() {
                Some((authorization, Freshness::Fresh)) => return Ok(authorization),
                Some((authorization, Freshness::Ageing)) => {
                    // If this fails, later calls try again.
                    self.join(true);
                    return Ok(authorization);
                }
                None => {}
            }
            let (request, patience) = self.join(false);
            let patience = patience.filter(|patience| limit.is_none_or(|limit| *patience < limit));
            let waiter = Waiter::new(self, &request);
            let wait = Wait::begin(cancellation, patience.or(limit))?;
            let done = request.done.get().map(JsValue::from).unwrap_or_default();
            let result = match wait.race(&done).await {
                Ok(_) => request.result.borrow().clone(),
                Err(Interrupt::TimedOut(_)) if patience.is_some() && cancellation.interrupt().is_none() => None,
                Err(interrupt) => return Err(interrupt.into()),
            };
            drop(waiter);
            match result {
                Some(Ok(authorization)) => return Ok(authorization),
                Some(Err(no_token)) if !request.ahead => return Err(Failure::NoToken(no_token).into()),
                // The patience is over, or a renewal without retries failed.
                Some(Err(_)) | None => self.detach(&request),
            }
        }
    }

    /// Returns the token request in progress and how long to wait for it, or a new request.
    fn join(self: &Rc<Self>, ahead: bool) -> (Rc<TokenRequest>, Option<f64>) {
        let now = now_since_epoch();
        if let Some(request) = &*self.request.borrow() {
            let patience = request.begun + PATIENCE - now;
            // More than that means that the clock was set back.
            if patience > 0.0 && patience <= PATIENCE {
                return (request.clone(), Some(patience));
            }
        }
        let request = Rc::new(TokenRequest {
            begun: now,
            ahead,
            waiting: Cell::new(0),
            cancellation: Cancellation::manual(),
            done: OnceCell::new(),
            result: RefCell::new(None),
        });
        let (oauth, own) = (self.clone(), request.clone());
        let done = promise(async move {
            let result = oauth.obtain(&own).await;
            own.result.replace(Some(result));
            oauth.detach(&own);
            Ok(JsValue::UNDEFINED)
        });
        let _ = request.done.set(done);
        self.request.replace(Some(request.clone()));
        (request, None)
    }

    /// No other call joins this request any more.
    fn detach(&self, request: &Rc<TokenRequest>) {
        self.request.borrow_mut().take_if(|other| Rc::ptr_eq(other, request));
    }

    async fn obtain(&self, request: &Rc<TokenRequest>) -> Result<Authorization, NoToken> {
        let asked = Cell::new(0.0);
        let send = async || {
            let wait = Wait::begin(&request.cancellation, self.settings.limit)?;
            let (body, secret) = self.credentials.proof(hostname_of(&self.server), &wait).await?;
            wait.complete();
            asked.set(now_since_epoch());
            let outgoing = Outgoing {
                url: &format!("{}/auth/v1/token", self.server),
                authorization: None,
                content_type: FORM,
                body: Some(&body),
                secret,
            };
            self.transport.send(&outgoing, &self.settings, &request.cancellation, None).await
        };
        let once = CallSettings::default();
        let settings = if request.ahead { &once } else { &self.settings };
        let (authorization, expires_in) =
            attempts::run(settings, &request.cancellation, send, conclude).await.map_err(|error| {
                let transient = match error.failure() {
                    Failure::Connection(_) | Failure::TimedOut(_) => true,
                    Failure::TokenRefused(failure) => matches!(failure.status, 429 | 500..),
                    _ => false,
                };
                NoToken { error: error.into(), transient }
            })?;
        // Not if the token was cleared meanwhile.
        if self.request.borrow().as_ref().is_some_and(|current| Rc::ptr_eq(current, request)) {
            let held =
                Lifetime::new(asked.get(), expires_in).map(|lifetime| Held { authorization: authorization.clone(), lifetime });
            self.held.replace(held);
        }
        Ok(authorization)
    }
}

/// Evaluates the response of the token endpoint (RFC 6749, 5.1 and 5.2): the token and its lifetime in seconds, if named.
async fn conclude(mut answer: Answer<'_>) -> Result<(Authorization, Option<f64>), Error> {
    let (text, Extent { truncated, .. }) = answer.text().await?;
    let value = parse_json(&text).unwrap_or_default();
    let status = answer.head.status;
    if status != 200 || answer.head.redirected || truncated {
        let field = |name| answer.shown_json(&peek(&value, name)).as_string();
        let (error, error_description) = (field("error"), field("error_description"));
        let mut message = format!("Token request failed: Status {status}");
        for part in [&error, &error_description].into_iter().flatten() {
            message += &format!(": {part}");
        }
        // A response that is not an error may contain a token, and a cut body may contain a part of a secret.
        let body = if status < 400 || truncated { MASK.into() } else { text };
        let failure = HttpFailure { message, error, error_description, ..answer.failure(body) };
        return Err(Failure::TokenRefused(failure).into());
    }
    let unusable = |why: &str| {
        let message = format!("Token request failed: the response {why}");
        Error::from(Failure::TokenRefused(HttpFailure { message, ..answer.failure(MASK.into()) }))
    };
    let token = peek(&value, "access_token").dyn_into::<JsString>().map_err(|_| unusable("has no access_token"))?;
    let authorization = bearer(&token).map_err(|_| unusable("has an access_token that is not a bearer token"))?;
    // Case does not matter (RFC 6749, 5.1).
    if !peek_text(&value, "token_type").eq_ignore_ascii_case("bearer") {
        return Err(unusable("has a token_type other than Bearer"));
    }
    Ok((authorization, peek(&value, "expires_in").as_f64()))
}
