//! Access tokens: client credentials with a signed assertion (RFC 6749, 4.4; RFC 7523, 2.2), or token exchange (RFC 8693).

use super::assertion::{self, Claims, Header};
use super::bearer::Authorization;
use super::client_id::ClientId;
use super::client_secret::{self, ClientSecretError};
use super::source::{bearer, call_source};
use super::token::{is_bearer, Freshness, Lifetime};
use crate::border::fields::Fields;
use crate::border::time::now_since_epoch;
use crate::border::wait::{Cancellation, Interrupt, Wait};
use crate::border::{parse_json, peek, peek_text, random_bytes, secret_text};
use crate::error::{Error, Failure, HttpFailure, OAuthError};
use crate::http::attempts::{self, CallSettings};
use crate::http::secret::Secret;
use crate::http::server::hostname_of;
use crate::http::transport::{Answer, Content, Outgoing, Trace, Transport, MASK};
use js_sys::{Array, Function, JsString, Promise, Uint8Array};
use serde::Serialize;
use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::future_to_promise;
use web_sys::{CryptoKey, SubtleCrypto};
use zeroize::Zeroizing;

/// The maximum length of a client ID, in UTF-16 code units.
const MAX_ID: u32 = 512;
/// The maximum length of a client secret or an ID token, in UTF-16 code units.
const MAX_SECRET: u32 = 32_768;

/// How long a call waits for another call's token request before it sends its own, in milliseconds. When a Worker's invocation
/// ends, so do its requests, and the other calls that wait for them would never get a response.
const PATIENCE: f64 = 10_000.0;

const ED25519: &str = "Ed25519";

/// A client ID and the proof of the client's identity.
pub struct Credentials {
    client_id: String,
    /// The base URL of the server that the client ID names.
    pub origin: String,
    grant: Grant,
}

enum Grant {
    /// The API key's secret.
    Key(RefCell<Key>),
    /// An ID token of another issuer.
    IdToken(Secret),
    /// The caller's function that returns one.
    IdTokenSource(Function),
}

enum Key {
    /// The text of the JSON Web Key in the client secret.
    Jwk(Zeroizing<String>),
    /// After the first use: a key that WebCrypto does not export.
    Imported(CryptoKey),
}

/// The members of a private key that WebCrypto imports (RFC 8037, 2).
#[derive(Serialize)]
struct Jwk<'a> {
    kty: Option<&'a str>,
    crv: Option<&'a str>,
    d: Option<&'a str>,
    x: Option<&'a str>,
}

impl Credentials {
    /// Reads `clientID` with `clientSecret` or `oidcToken`. `None`: there is no `clientID`.
    ///
    /// # Errors
    /// An option is invalid. The error shows no secret.
    pub fn read(props: &Fields) -> Result<Option<Credentials>, Error> {
        let client_id = props.string("clientID", MAX_ID)?;
        let secret = props.js_string("clientSecret")?;
        let id_token = props.value("oidcToken")?;
        let Some(client_id) = client_id else {
            return if secret.is_none() && id_token.is_none() {
                Ok(None)
            } else {
                Err(props.wrong("clientID", "is missing: it is required with clientSecret or oidcToken"))
            };
        };
        let origin = ClientId::parse(&client_id).map_err(|error| Error::invalid(error.to_string()))?.origin().to_owned();
        let grant = match (secret, id_token) {
            (None, None) => return Err(Error::invalid("clientSecret or oidcToken is missing")),
            (Some(_), Some(_)) => return Err(Error::invalid("set clientSecret or oidcToken, not both")),
            (Some(secret), None) => {
                let jwk = read_secret(&secret).map_err(|error| Error::invalid(error.to_string()))?;
                Grant::Key(RefCell::new(Key::Jwk(jwk)))
            }
            (None, Some(source)) => match (source.dyn_ref::<Function>(), source.dyn_ref::<JsString>()) {
                (Some(function), _) => Grant::IdTokenSource(function.clone()),
                (None, Some(token)) => Grant::IdToken(read_id_token(token)?),
                (None, None) => return Err(props.mistyped("oidcToken", "a string or a function", &source)),
            },
        };
        Ok(Some(Credentials { client_id, origin, grant }))
    }
}

/// Checks a client secret and returns the text of its JSON Web Key.
fn read_secret(secret: &JsString) -> Result<Zeroizing<String>, ClientSecretError> {
    if secret.length() > MAX_SECRET {
        return Err(ClientSecretError::Base64url);
    }
    let secret = secret_text(secret).map_err(|_| ClientSecretError::Base64url)?;
    let text = client_secret::decode(&secret)?;
    read_key(&text)?;
    Ok(text)
}

/// A JSON Web Key for WebCrypto, with the required members only.
fn read_key(text: &str) -> Result<JsValue, ClientSecretError> {
    // The parser's exception would quote the key.
    let key = js_sys::JSON::parse(text).map_err(|_| ClientSecretError::Json)?;
    let member = |name| peek(&key, name).dyn_into::<JsString>().ok().and_then(|member| secret_text(&member).ok());
    let members = [member("kty"), member("crv"), member("d"), member("x")];
    let [kty, crv, d, x] = members.each_ref().map(|member| member.as_ref().map(|text| text.as_str()));
    client_secret::check_key(kty, crv, d, x)?;
    serde_wasm_bindgen::to_value(&Jwk { kty, crv, d, x }).map_err(|_| ClientSecretError::Json)
}

fn read_id_token(token: &JsString) -> Result<Secret, Error> {
    let text = secret_text(token).ok().filter(|text| token.length() <= MAX_SECRET && !text.is_empty());
    match text {
        Some(text) if text.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(text.into()),
        _ => Err(Error::invalid("oidcToken must be a JWT, with visible ASCII characters only")),
    }
}

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
    settings: CallSettings,
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

#[derive(Clone)]
struct NoToken {
    error: JsValue,
    transient: bool,
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
    pub fn new(credentials: Credentials, transport: Rc<Transport>, server: String, settings: CallSettings) -> OAuth {
        let (held, request) = (RefCell::default(), RefCell::default());
        OAuth { credentials, transport, server, settings, held, request }
    }

    fn held(&self) -> Option<(Authorization, Freshness)> {
        let held = self.held.borrow();
        let Held { authorization, lifetime } = held.as_ref()?;
        Some((authorization.clone(), lifetime.at(now_since_epoch())))
    }

    /// Returns the cached token, if it has not expired.
    pub fn current(&self) -> Option<Authorization> {
        self.held().filter(|(_, freshness)| *freshness != Freshness::Stale).map(|(authorization, _)| authorization)
    }

    /// Removes the cached token. The result of a request in progress is not cached.
    pub fn clear(&self) {
        self.held.replace(None);
        self.request.replace(None);
    }

    /// Removes the cached token if it is this one, which the API refused.
    pub fn forget(&self, refused: &Authorization) {
        if self.held().is_some_and(|(held, _)| held == *refused) {
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
            match self.held() {
                Some((authorization, Freshness::Fresh)) => return Ok(authorization),
                Some((authorization, Freshness::Ageing)) => {
                    // If this fails, later calls try again.
                    self.join(true);
                    return Ok(authorization);
                }
                Some((_, Freshness::Stale)) | None => {}
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
                Some(Err(NoToken { error, transient })) if !request.ahead => {
                    return Err(Failure::NoToken { error, transient }.into())
                }
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
        let done = future_to_promise(async move {
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
            let wait = Wait::begin(&request.cancellation, self.settings.request.limit)?;
            let (body, secret) = self.proof(&wait).await?;
            wait.complete();
            asked.set(now_since_epoch());
            let outgoing = Outgoing {
                url: &format!("{}/auth/v1/token", self.server),
                authorization: None,
                content: Content::Form(&body),
                secret,
            };
            self.transport.send(&outgoing, &self.settings.request, &request.cancellation, &Trace::default()).await
        };
        let once = CallSettings::default();
        let settings = if request.ahead { &once } else { &self.settings };
        let (authorization, expires_in) =
            attempts::run(settings, &request.cancellation, send, conclude).await.map_err(|error| {
                let transient = match error.failure() {
                    Failure::Connection(_) | Failure::TimedOut(_) => true,
                    Failure::TokenRefused(failure, _) => matches!(failure.status, 429 | 500..),
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

    /// Returns the form that proves the client's identity, and the secret in it.
    async fn proof(&self, wait: &Wait) -> Result<(Zeroizing<String>, Secret), Error> {
        let Credentials { client_id, grant, .. } = &self.credentials;
        let id_token = match grant {
            Grant::Key(key) => {
                let assertion = Secret::from(self.assertion(key, wait).await?);
                return Ok((assertion::client_credentials_body(client_id, assertion.text()), assertion));
            }
            Grant::IdToken(token) => token.clone(),
            Grant::IdTokenSource(source) => {
                let token = call_source(wait, source, "The oidcToken function failed").await?;
                read_id_token(&token.dyn_into().unwrap_or_default())?
            }
        };
        Ok((assertion::token_exchange_body(client_id, id_token.text()), id_token))
    }

    async fn assertion(&self, key: &RefCell<Key>, wait: &Wait) -> Result<Zeroizing<String>, Error> {
        let subtle = peek(&peek(&js_sys::global(), "crypto"), "subtle");
        if !subtle.is_object() {
            return Err(Error::unsupported(
                "crypto.subtle is missing. Client credentials are signed with Ed25519, which needs https or localhost",
            ));
        }
        let subtle: SubtleCrypto = subtle.unchecked_into();
        let key = import(key, &subtle, wait).await?;
        let (Some(nonce), Some(id)) = (random_bytes(), random_bytes()) else {
            return Err(Error::unsupported("c1-revoke needs crypto.getRandomValues for client credentials"));
        };
        let now = (now_since_epoch() / 1000.0) as u64;
        let claims = Claims::new(&self.credentials.client_id, hostname_of(&self.server), now, &id);
        let input = assertion::signing_input(&json(&Header::new(&nonce))?, &json(&claims)?);
        let data = Uint8Array::from(input.as_bytes());
        let signature = signed(wait, subtle.sign_with_str_and_js_u8_array(ED25519, &key, &data)).await?;
        if peek(&signature, "byteLength").as_f64() != Some(64.0) {
            return Err(cannot_sign());
        }
        let signature = Uint8Array::new(&signature).to_vec().try_into().map_err(|_| cannot_sign())?;
        Ok(assertion::jwt(&input, &signature))
    }
}

async fn import(key: &RefCell<Key>, subtle: &SubtleCrypto, wait: &Wait) -> Result<CryptoKey, Error> {
    let jwk = match &*key.borrow() {
        Key::Imported(key) => return Ok(key.clone()),
        Key::Jwk(text) => read_key(text).map_err(|error| Error::invalid(error.to_string()))?,
    };
    // WebKitGTK refuses one in 256 PKCS #8 keys, but no JWK.
    let promise = subtle.import_key_with_str("jwk", jwk.unchecked_ref(), ED25519, false, &Array::of1(&"sign".into()));
    let imported: CryptoKey = signed(wait, promise).await?.unchecked_into();
    key.replace(Key::Imported(imported.clone()));
    Ok(imported)
}

/// Awaits WebCrypto.
async fn signed(wait: &Wait, promise: Result<Promise, JsValue>) -> Result<JsValue, Error> {
    let promise = promise.map_err(|_| cannot_sign())?;
    wait.race(&promise).await.map_err(|interrupt| match interrupt {
        Interrupt::Thrown(_) => cannot_sign(),
        interrupt => interrupt.into(),
    })
}

fn cannot_sign() -> Error {
    Error::unsupported(
        "WebCrypto does not support Ed25519. Use Chrome 137, Firefox 129, Safari 17 or Node 20 or newer, over https or localhost",
    )
}

fn json(value: &impl Serialize) -> Result<String, Error> {
    let value = serde_wasm_bindgen::to_value(value).unwrap_or_default();
    let text = js_sys::JSON::stringify(&value).map_err(|cause| Error::unexpected("JSON.stringify failed", cause))?;
    Ok(text.into())
}

/// Evaluates the response of the token endpoint (RFC 6749, 5.1 and 5.2): the token and its lifetime in seconds, if named.
async fn conclude(mut answer: Answer<'_>) -> Result<(Authorization, Option<f64>), Error> {
    let text = answer.text().await?;
    let value = parse_json(&text.text).unwrap_or_default();
    let status = answer.head.status;
    if status != 200 || answer.head.redirected || text.truncated {
        let field = |name| answer.shown_json(&peek(&value, name)).as_string();
        let oauth = OAuthError { error: field("error"), error_description: field("error_description") };
        let mut message = format!("Status {status}");
        for part in [&oauth.error, &oauth.error_description].into_iter().flatten() {
            message += &format!(": {part}");
        }
        // A response that is not an error may contain a token, and a cut body may contain a part of a secret.
        let body = if status < 400 || text.truncated { MASK.into() } else { text.text };
        return Err(Failure::TokenRefused(HttpFailure { message, ..answer.failure(body) }, oauth).into());
    }
    let unusable = |why: &str| {
        let failure = HttpFailure { message: format!("the response {why}"), ..answer.failure(MASK.into()) };
        Error::from(Failure::TokenRefused(failure, OAuthError::default()))
    };
    let token = peek(&value, "access_token").dyn_into::<JsString>().map_err(|_| unusable("has no access_token"))?;
    let authorization = bearer(&token).map_err(|_| unusable("has an access_token that is not a bearer token"))?;
    if !is_bearer(&peek_text(&value, "token_type")) {
        return Err(unusable("has a token_type other than Bearer"));
    }
    Ok((authorization, peek(&value, "expires_in").as_f64()))
}
