//! Access tokens: client credentials with a signed assertion (RFC 6749, 4.4; RFC 7523, 2.2), or token exchange (RFC 8693).
//!
//! All calls of a client share the cached token, and the request for the next one. A call that needs a token waits for a token, not
//! for one certain request: whichever request delivers one serves all. Each call waits on a promise of its own, so that it goes on in
//! its own context, and its own time limit holds.

use super::bearer::Authorization;
use super::credentials::Credentials;
use super::source::bearer;
use super::token::Lifetime;
use crate::border::task::{Deferred, spawn};
use crate::border::time::{Clock, now_since_epoch};
use crate::border::wait::{Cancellation, Interrupt, Wait};
use crate::border::{mask, parse_json, peek, peek_text};
use crate::error::{Error, Failure, HttpFailure};
use crate::http::attempts::{self, Retries, Sending};
use crate::http::retry::Backoff;
use crate::http::server::hostname_of;
use crate::http::settings::CallSettings;
use crate::http::transport::{FORM, Method, Outgoing, Response, Text, Transport, Unobserved};
use js_sys::JsString;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue};

/// After how long another token request is begun beside the last one, in milliseconds. When a Worker's invocation ends, so do its
/// requests, and the calls that wait for them would never get a token.
const PATIENCE: f64 = 10_000.0;

/// The credentials of a client and the cached token.
pub struct OAuth {
    credentials: Credentials,
    transport: Rc<Transport>,
    /// The base URL of the server.
    server: String,
    /// How token requests are sent.
    settings: Rc<CallSettings>,
    clock: Clock,
    cached: RefCell<Option<CachedToken>>,
    refusal: RefCell<Option<Refusal>>,
    /// The token requests in progress, the newest one last.
    requests: RefCell<Vec<Rc<TokenRequest>>>,
    /// The calls that wait for a token.
    waiters: RefCell<Vec<Rc<Waiter>>>,
    /// Counts how often the token was cleared. A request from before serves only the calls that waited for it then.
    generation: Cell<u32>,
}

struct CachedToken {
    authorization: Authorization,
    lifetime: Lifetime,
}

/// The token endpoint has asked for fewer requests.
struct Refusal {
    error: Error,
    /// Until then no request is sent, by the client's clock.
    until: f64,
    /// How many there were in a row.
    count: u32,
}

struct TokenRequest {
    begun: f64,
    generation: u32,
    cancellation: Cancellation,
}

/// A call that waits for a token.
struct Waiter {
    generation: u32,
    deferred: Deferred,
    token: RefCell<Option<Result<Authorization, Error>>>,
}

/// Takes a waiter from the list at the end of its wait. Without waiters, token requests are cancelled.
struct Waiting<'a>(&'a OAuth, Rc<Waiter>);

impl<'a> Waiting<'a> {
    fn begin(oauth: &'a OAuth) -> Waiting<'a> {
        let waiter = Rc::new(Waiter { generation: oauth.generation.get(), deferred: Deferred::new(), token: RefCell::default() });
        oauth.waiters.borrow_mut().push(waiter.clone());
        Waiting(oauth, waiter)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let Waiting(oauth, own) = self;
        oauth.waiters.borrow_mut().retain(|waiter| !Rc::ptr_eq(waiter, own));
        if oauth.waiters.borrow().is_empty() {
            oauth.next_generation();
            // A copy, because an abort can run the caller's code.
            let requests = oauth.requests.borrow().clone();
            for request in requests {
                request.cancellation.cancel();
            }
        }
    }
}

impl OAuth {
    /// Creates the token source for these credentials and a server.
    pub fn new(credentials: Credentials, transport: Rc<Transport>, server: String, settings: Rc<CallSettings>) -> OAuth {
        OAuth {
            credentials,
            transport,
            server,
            settings,
            clock: Clock::start(),
            cached: RefCell::default(),
            refusal: RefCell::default(),
            requests: RefCell::default(),
            waiters: RefCell::default(),
            generation: Cell::default(),
        }
    }

    /// Returns the cached token, if it has not expired.
    pub fn current(&self) -> Option<Authorization> {
        let cached = self.cached.borrow();
        let cached = cached.as_ref().filter(|cached| cached.lifetime.covers(now_since_epoch()))?;
        Some(cached.authorization.clone())
    }

    /// Removes the cached token. The token of a request in progress is not cached.
    pub fn clear(&self) {
        self.cached.replace(None);
        self.next_generation();
    }

    fn next_generation(&self) {
        self.generation.set(self.generation.get().wrapping_add(1));
    }

    /// Removes the cached token if it is this one, which the API refused.
    pub fn forget(&self, refused: &Authorization) {
        if self.cached.borrow().as_ref().is_some_and(|cached| cached.authorization.is_same(refused)) {
            self.clear();
        }
    }

    /// Returns a valid token: the cached one, or a new one.
    ///
    /// # Errors
    /// No token could be fetched, or the wait ended.
    pub async fn authorization(self: &Rc<Self>, wait: &Wait) -> Result<Authorization, Error> {
        loop {
            if let Some(authorization) = self.current() {
                return Ok(authorization);
            }
            if let Some(error) = self.refused() {
                return Err(error);
            }
            let patience = self.patience();
            if patience.is_none() {
                self.begin();
            }
            let waiting = Waiting::begin(self);
            let Waiter { deferred, token, .. } = &*waiting.1;
            let patience = Wait::begin(&Cancellation::NONE, patience)?;
            match patience.race(&wait.racing(&deferred.promise())).await {
                Err(Interrupt::TimedOut(_)) if wait.interrupt().is_none() => {}
                Err(interrupt) => return Err(wait.interrupt().unwrap_or(interrupt).into()),
                Ok(_) => {
                    if let Some(token) = token.take() {
                        return token;
                    }
                }
            }
        }
    }

    /// The error of the token endpoint's refusal, while it holds.
    fn refused(&self) -> Option<Error> {
        let refusal = self.refusal.borrow();
        let Refusal { error, until, .. } = refusal.as_ref()?;
        let left = Some(until - self.clock.now()).filter(|left| *left > 0.0)?;
        Some(Failure::NoToken { error: error.clone(), retry_after: Some(left) }.into())
    }

    /// How long to wait for the newest token request before another one is begun. `None`: there is none to wait for.
    fn patience(&self) -> Option<f64> {
        let requests = self.requests.borrow();
        let newest = requests.last().filter(|request| request.generation == self.generation.get())?;
        Some(newest.begun + PATIENCE - self.clock.now()).filter(|patience| *patience > 0.0)
    }

    /// Begins a token request, in the context of this call.
    fn begin(self: &Rc<Self>) {
        let request = Rc::new(TokenRequest {
            begun: self.clock.now(),
            generation: self.generation.get(),
            cancellation: Cancellation::manual(),
        });
        self.requests.borrow_mut().push(request.clone());
        let oauth = self.clone();
        spawn(async move {
            let result = oauth.obtain(&request).await;
            oauth.deliver(&request, result);
        });
    }

    async fn obtain(&self, request: &TokenRequest) -> Result<(Authorization, Option<Lifetime>), Error> {
        let asked = Cell::new(0.0);
        let send = || -> Sending<'_, '_> {
            Box::pin(async {
                let wait = Rc::new(Wait::begin(&request.cancellation, self.settings.limit)?);
                let (body, secret) = self.credentials.proof(hostname_of(&self.server), &wait).await?;
                asked.set(now_since_epoch());
                let outgoing = Outgoing {
                    method: Method::Post,
                    url: &format!("{}/auth/v1/token", self.server),
                    authorization: None,
                    headers: None,
                    content_type: Some(FORM),
                    body: Some(&body),
                    secret,
                };
                self.transport.send(&outgoing, &self.settings, &wait, &Unobserved).await
            })
        };
        let (response, text) = attempts::run(Retries::new(&self.settings, &request.cancellation), &send).await?;
        let (authorization, expires_in) = conclude(&response, text)?;
        Ok((authorization, Lifetime::new(asked.get(), expires_in)))
    }

    /// Ends a token request. Its token serves all waiters. Its failure does so if no newer request can still deliver one.
    fn deliver(&self, request: &Rc<TokenRequest>, result: Result<(Authorization, Option<Lifetime>), Error>) {
        let is_newest = self.requests.borrow().last().is_some_and(|newest| Rc::ptr_eq(newest, request));
        self.requests.borrow_mut().retain(|other| !Rc::ptr_eq(other, request));
        let token = match result {
            Ok((authorization, lifetime)) => {
                self.refusal.replace(None);
                if request.generation == self.generation.get() {
                    let cached = lifetime.map(|lifetime| CachedToken { authorization: authorization.clone(), lifetime });
                    self.cached.replace(cached);
                }
                Ok(authorization)
            }
            Err(error) if is_newest => Err(self.remember(error)),
            Err(_) => return,
        };
        // Taken out of the list: a waiter whose Worker's invocation is over never goes on, and would stay in it.
        let (served, waiting): (Vec<_>, Vec<_>) =
            self.waiters.take().into_iter().partition(|waiter| waiter.generation <= request.generation);
        self.waiters.replace(waiting);
        for waiter in served {
            waiter.token.replace(Some(token.clone()));
            waiter.deferred.resolve(&JsValue::UNDEFINED);
        }
    }

    /// Returns the error for all that wait for a token. If the token endpoint has asked for fewer requests, none is sent for a while.
    fn remember(&self, error: Error) -> Error {
        let retry_after = match error.failure() {
            Failure::TokenRefused(HttpFailure { status: 429 | 500.., retry_after, .. }) => {
                let count = self.refusal.borrow().as_ref().map_or(0, |refusal| refusal.count);
                let wait = retry_after.unwrap_or_else(|| Backoff::DEFAULT.wait(count, js_sys::Math::random()));
                let (until, count) = (self.clock.now() + wait, count.saturating_add(1));
                self.refusal.replace(Some(Refusal { error: error.clone(), until, count }));
                Some(wait)
            }
            _ => None,
        };
        Failure::NoToken { error, retry_after }.into()
    }
}

/// Evaluates the response of the token endpoint (RFC 6749, 5.1 and 5.2): the token and its lifetime in seconds, if named.
fn conclude(response: &Response<'_>, Text { text, truncated, .. }: Text) -> Result<(Authorization, Option<f64>), Error> {
    let value = parse_json(&text).unwrap_or_default();
    let status = response.head.status;
    if status != 200 || response.head.redirected || truncated {
        let field = |name| response.shown_json(&peek(&value, name)).as_string();
        let (error, error_description) = (field("error"), field("error_description"));
        let mut message = format!("Token request failed: Status {status}");
        for part in [&error, &error_description].into_iter().flatten() {
            message += &format!(": {part}");
        }
        // A response that is not an error may contain a token, and a cut body may contain a part of a secret.
        let body = if status < 400 || truncated { mask() } else { text };
        let failure = HttpFailure { message, error, error_description, ..response.failure(body) };
        return Err(Failure::TokenRefused(failure).into());
    }
    let unusable = |why: &str| {
        let message = format!("Token request failed: the response {why}");
        Error::from(Failure::TokenRefused(HttpFailure { message, ..response.failure(mask()) }))
    };
    let token = peek(&value, "access_token").dyn_into::<JsString>().map_err(|_| unusable("has no access_token"))?;
    let authorization = bearer(&token).map_err(|_| unusable("has an access_token that is not a bearer token"))?;
    // Case does not matter (RFC 6749, 5.1).
    if !peek_text(&value, "token_type").eq_ignore_ascii_case("bearer") {
        return Err(unusable("has a token_type other than Bearer"));
    }
    Ok((authorization, peek(&value, "expires_in").as_f64()))
}
