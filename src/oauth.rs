//! Access tokens: client credentials with a signed assertion (RFC 6749, 4.4; RFC 7523, 2.2), or token exchange (RFC 8693).
//!
//! Tokens stay in JavaScript's memory; what passes through wasm's is wiped.

use crate::assertion::{self, Assertion};
use crate::bearer;
use crate::call::{self, Operation, Trail};
use crate::client::Core;
use crate::client_id::ClientId;
use crate::client_secret::{self, ClientSecretError, Seed};
use crate::errors::Failure;
use crate::input::{Faults, Input, Type};
use crate::interrupt::Interrupt;
use crate::js;
use crate::options::CallOptions;
use crate::security::header_value;
use crate::server::is_loopback;
use crate::text::concat;
use crate::token::{self, Freshness, Lifetime};
use crate::transport::{Incoming, Outgoing};
use alloc::rc::Rc;
use alloc::string::String;
use core::cell::{Cell, RefCell};
use js_sys::{JsString, Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use zeroize::Zeroizing;

/// Longest client ID, in UTF-16 code units.
const MAX_ID: u32 = 512;
/// Longest client secret and ID token, in UTF-16 code units.
const MAX_SECRET: u32 = 32_768;

/// What a client proves itself with.
enum Grant {
    /// The API key's secret: read from `clientSecret`, and from the first use on a key that WebCrypto does not let out.
    Secret(RefCell<Key>),
    /// An ID token of another issuer, or the caller's function that gets one.
    Exchange(JsValue),
}

enum Key {
    Seed(Seed),
    Imported(JsValue),
}

/// How long a call waits for a token request that another call began, in milliseconds, before it begins its own. A Worker ends
/// what an invocation began when that invocation is over, and then no answer ever comes to those of others who wait for it.
const PATIENCE: f64 = 10_000.0;

/// A token request that is under way.
#[derive(Clone)]
struct Pending {
    promise: Promise,
    since: f64,
    serial: u32,
}

/// A token in use.
#[derive(Clone)]
struct Held {
    token: JsString,
    lifetime: Lifetime,
}

/// The credentials of a client, and the token that they gave.
pub struct OAuth {
    client_id: String,
    /// Where the client ID says that the server is.
    origin: String,
    grant: Grant,
    held: RefCell<Option<Held>>,
    /// The token request that is under way: everybody waits for the same one (single flight).
    pending: RefCell<Option<Pending>>,
    /// Counts token requests, so that an old one does not take the place of the one under way.
    serial: Cell<u32>,
    /// Counts `clearToken`, so that an answer to an older request is not kept.
    generation: Cell<u32>,
}

impl OAuth {
    /// Reads `clientID` with `clientSecret` or `oidcToken`. `None`: there is no `clientID`. No secret is shown in any fault.
    pub fn read(props: &Input<'_>) -> Option<OAuth> {
        let client_id = props.string("clientID", MAX_ID);
        let secret = props.read("clientSecret", Type::String);
        let exchange = props.read("oidcToken", Type::Any);
        let Some(client_id) = client_id else {
            if !secret.is_undefined() || !exchange.is_undefined() {
                props.wrong("clientID", " is missing: it belongs to the clientSecret or oidcToken");
            }
            return None;
        };
        let fault = |message: &str| {
            props.faults.note(Failure::input(message, &JsValue::UNDEFINED));
            None
        };
        let id = match ClientId::parse(&client_id) {
            Ok(id) => id,
            Err(error) => return fault(error.message()),
        };
        let grant = if exchange.is_undefined() {
            if secret.is_undefined() {
                return fault("clientSecret is missing: it belongs to the clientID (or give an oidcToken)");
            }
            match copy_secret(&secret, MAX_SECRET)
                .as_deref()
                .map_or(Err(ClientSecretError::Base64url), |secret| client_secret::parse(secret))
            {
                Ok(seed) => Grant::Secret(RefCell::new(Key::Seed(seed))),
                Err(error) => return fault(error.message()),
            }
        } else if !secret.is_undefined() {
            return fault("clientSecret and oidcToken exclude each other: give one of them");
        } else if !exchange.is_string() && !exchange.is_function() {
            props.wrong_type("oidcToken", "a string or a function", &exchange);
            return None;
        } else {
            Grant::Exchange(exchange)
        };
        let scheme = if is_loopback(id.hostname()) { "http://" } else { "https://" };
        Some(OAuth {
            origin: concat(&[scheme, id.authority()]),
            client_id,
            grant,
            held: RefCell::new(None),
            pending: RefCell::new(None),
            serial: Cell::new(0),
            generation: Cell::new(0),
        })
    }

    /// Base URL of the server that the client ID names.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    fn held(&self) -> Option<(Held, Freshness)> {
        let held = self.held.try_borrow().ok()?.clone()?;
        let freshness = held.lifetime.at(js_sys::Date::now());
        Some((held, freshness))
    }

    /// The cached token, while it is good.
    pub fn current(&self) -> Option<JsString> {
        self.held().and_then(|(held, freshness)| if freshness == Freshness::Stale { None } else { Some(held.token) })
    }

    /// Forgets the cached token, and does not keep what a request under way brings.
    pub fn clear(&self) {
        self.generation.set(self.generation.get().wrapping_add(1));
        self.held.replace(None);
        self.pending.replace(None);
    }

    /// Forgets the cached token if it is the one of this `Authorization`: the API did not accept it.
    pub fn reject(&self, authorization: &JsValue) {
        if self.held().is_some_and(|(held, _)| js::concat(bearer::SCHEME, &held.token) == *authorization) {
            self.clear();
        }
    }

    /// The token request under way, and how long to wait for it; or a new one, for which its caller waits as long as it takes.
    fn request_started(core: &Rc<Core>, oauth: &OAuth) -> (Pending, Option<f64>) {
        let since = js_sys::Date::now();
        if let Some(pending) = oauth.pending.try_borrow().ok().and_then(|pending| pending.clone()) {
            let left = pending.since + PATIENCE - since;
            // More than that is a clock that was set back.
            if left > 0.0 && left <= PATIENCE {
                return (pending, Some(left));
            }
        }
        let core = core.clone();
        let generation = oauth.generation.get();
        let serial = oauth.serial.get().wrapping_add(1);
        oauth.serial.set(serial);
        let promise = js::promise(async move {
            let result = request(&core, generation).await;
            if let Some(oauth) = core.security.oauth() {
                oauth.request_over(serial);
            }
            result
        });
        let pending = Pending { promise, since, serial };
        oauth.pending.replace(Some(pending.clone()));
        (pending, None)
    }

    /// Nobody is to wait any more for the token request of this number.
    fn request_over(&self, serial: u32) {
        if let Ok(mut pending) = self.pending.try_borrow_mut() {
            pending.take_if(|pending| pending.serial == serial);
        }
    }

    /// A good token: the cached one, or a new one for which every caller waits together. One who stops waiting leaves the others
    /// unharmed, and so does one whose invocation a Worker ends.
    ///
    /// # Errors
    /// Why there is none, or the interruption of the wait.
    pub async fn token(&self, core: &Rc<Core>, interrupt: &Interrupt) -> Result<JsString, Failure> {
        if let Some((held, freshness)) = self.held() {
            if freshness == Freshness::Ageing {
                // Fetched ahead, for later calls: a failure is theirs to see, if it lasts.
                js::ignore(OAuth::request_started(core, self).0.promise);
            }
            if freshness != Freshness::Stale {
                return Ok(held.token);
            }
        }
        loop {
            let (Pending { mut promise, serial, .. }, limit) = OAuth::request_started(core, self);
            if limit.is_some() {
                promise = patiently(promise, limit);
            }
            let token = interrupt.wait(Ok(promise.into())).await;
            let token = token.map_err(|thrown| interrupt.explain(&thrown, |error| Failure::token(error.clone())))?;
            if !token.is_undefined() {
                return Ok(token.unchecked_into());
            }
            self.request_over(serial);
        }
    }

    /// The request for a token, freshly signed.
    ///
    /// # Errors
    /// What WebCrypto or the caller's function fail with.
    pub async fn outgoing(&self, server: &str, interrupt: &Interrupt) -> Result<Outgoing, Failure> {
        let (body, secret) = match &self.grant {
            Grant::Secret(key) => {
                let jwt = self.assertion(key, server, interrupt).await?;
                (assertion::client_credentials_body(&self.client_id, &jwt), JsString::from(jwt.as_str()))
            }
            Grant::Exchange(source) => {
                let mut token = source.clone();
                if source.is_function() {
                    let failed = |thrown: &JsValue| Failure::unexpected("The oidcToken function failed", thrown);
                    let given = interrupt.wait(js::call(source, &JsValue::UNDEFINED, &[])).await;
                    token = given.map_err(|thrown| interrupt.explain(&thrown, failed))?;
                }
                let Some(copy) = copy_secret(&token, MAX_SECRET).filter(|copy| !copy.is_empty()) else {
                    return Err(Failure::input(
                        "oidcToken must be a string of visible ASCII: the JWT that its issuer gave",
                        &JsValue::UNDEFINED,
                    ));
                };
                (assertion::token_exchange_body(&self.client_id, &copy), token.unchecked_into())
            }
        };
        Ok(Outgoing {
            url: concat(&[server, "/auth/v1/token"]),
            content_type: "application/x-www-form-urlencoded",
            body: JsValue::from_str(&body),
            authorization: None,
            secret: Some(secret),
        })
    }

    async fn assertion(&self, key: &RefCell<Key>, server: &str, interrupt: &Interrupt) -> Result<Zeroizing<String>, Failure> {
        const ALGORITHM: &str = "Ed25519";
        let imported = match key.try_borrow().as_deref() {
            Ok(Key::Imported(key)) => Ok(key.clone()),
            Ok(Key::Seed(seed)) => Err(client_secret::pkcs8(seed)),
            Err(_) => return Err(no_ed25519()),
        };
        let failed = |thrown: JsValue| interrupt.explain(&thrown, |_| no_ed25519());
        let crypto_key = match imported {
            Ok(key) => key,
            Err(pkcs8) => {
                let bytes = Uint8Array::from(pkcs8.as_slice());
                let uses = js_sys::Array::of1(&JsValue::from_str("sign"));
                let imported = interrupt.wait(js::import_key("pkcs8", &bytes, ALGORITHM, false, &uses)).await;
                bytes.fill(0, 0, bytes.length());
                let imported = imported.map_err(failed)?;
                key.replace(Key::Imported(imported.clone()));
                imported
            }
        };
        let random = Uint8Array::new_with_length(32);
        js::random(&random).map_err(|_| no_ed25519())?;
        let (mut nonce, mut id) = ([0u8; 16], [0u8; 16]);
        random.subarray(0, 16).copy_to(&mut nonce);
        random.subarray(16, 32).copy_to(&mut id);
        let input = Assertion {
            client_id: &self.client_id,
            audience: hostname(server),
            now: (js_sys::Date::now() / 1000.0) as u64,
            nonce: &nonce,
            id: &id,
        }
        .signing_input();
        let data = Uint8Array::from(input.as_bytes());
        let signed = interrupt.wait(js::sign(ALGORITHM, &crypto_key, &data)).await.map_err(failed)?;
        let mut signature = [0u8; 64];
        // From a number, the constructor would throw.
        let signed = if signed.is_object() { Uint8Array::new(&signed) } else { Uint8Array::new_with_length(0) };
        if signed.length() != 64 {
            return Err(no_ed25519());
        }
        signed.copy_to(&mut signature);
        Ok(assertion::finish(&input, &signature))
    }

    /// Reads the answer to a token request, and keeps the token for as long as it is good.
    ///
    /// # Errors
    /// `TokenRequestError`.
    pub fn conclude(
        &self,
        incoming: &Incoming,
        body: &JsString,
        truncated: bool,
        secret: &JsString,
        asked: f64,
        generation: u32,
    ) -> Result<JsValue, Failure> {
        let answer = js::parse_json(body).unwrap_or_default();
        let member = |name| js::peek(&answer, name);
        if incoming.status != 200 || incoming.is_redirect() || truncated {
            // Whatever the server repeats of the request is not shown.
            let mask = |text: &JsString| JsValue::from(js::mask(text, secret));
            let text = |name| js::as_js_string(&member(name)).map(|text| mask(&text));
            // Nor is a body that may hold a token, or a secret cut in two.
            let shown = if incoming.status < 400 || truncated { JsValue::from_str(js::MASK) } else { mask(body) };
            return Err(incoming.token_refused(&shown, text("error"), text("error_description")));
        }
        // A body that may hold a token is not shown.
        let refused = |why: &str| incoming.token_unusable(why);
        let token = js::as_js_string(&member("access_token")).ok_or_else(|| refused("holds no access_token"))?;
        header_value(&token).map_err(|_| refused("holds an access_token that is empty or not visible ASCII"))?;
        if !member("token_type").as_string().is_some_and(|kind| token::is_bearer(&kind)) {
            return Err(refused("has a token_type other than Bearer"));
        }
        if self.generation.get() == generation {
            let lifetime = Lifetime::new(asked, member("expires_in").as_f64());
            self.held.replace(lifetime.map(|lifetime| Held { token: token.clone(), lifetime }));
        }
        Ok(token.into())
    }
}

/// What `promise` gives, or undefined when the limit comes first.
fn patiently(promise: Promise, limit: Option<f64>) -> Promise {
    js::promise(async move {
        let patience = Interrupt::new(&JsValue::UNDEFINED, limit);
        let token = patience.wait(Ok(promise.into())).await;
        token.or_else(|thrown| if patience.failure().is_some() { Ok(JsValue::UNDEFINED) } else { Err(Failure::token(thrown)) })
    })
}

/// Asks for a token, with the client's own timeout and retries.
async fn request(core: &Rc<Core>, generation: u32) -> Result<JsValue, Failure> {
    let faults = Faults::default();
    let none = JsValue::UNDEFINED;
    let options = CallOptions::read(&Input::new(&none, "", "", &faults), &none, &core.options);
    call::run(core, &Operation::Token { generation }, &options, &mut Trail::default()).await
}

/// A secret as text that is wiped, or `None` if it is no string of visible ASCII, or too long.
fn copy_secret(value: &JsValue, max: u32) -> Option<Zeroizing<String>> {
    let text = js::as_js_string(value)?;
    let length = text.length();
    if length > max {
        return None;
    }
    let mut copy = Zeroizing::new(String::with_capacity(usize::try_from(length).ok()?));
    for unit in text.iter() {
        copy.push(char::from(u8::try_from(unit).ok().filter(u8::is_ascii_graphic)?));
    }
    Some(copy)
}

/// The host of a base URL without its port: the audience of an assertion. It is the host that the assertion is sent to, so that
/// it is of no use at any other.
fn hostname(server: &str) -> &str {
    let authority = server.get(if server.starts_with("https") { 8 } else { 7 }..).unwrap_or_default();
    let mut bracket = false;
    let end = authority.bytes().position(|byte| {
        bracket = byte == b'[' || bracket && byte != b']';
        byte == b'/' || byte == b':' && !bracket
    });
    end.and_then(|end| authority.get(..end)).unwrap_or(authority)
}

fn no_ed25519() -> Failure {
    Failure::unsupported(
        "WebCrypto cannot sign with Ed25519 here. It needs Chrome 137, Firefox 129, Safari 17, Node 20 or newer, and in a page a secure context (https or localhost)",
    )
}
