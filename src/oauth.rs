//! Access tokens: client credentials with a signed assertion (RFC 6749, 4.4; RFC 7523, 2.2), or token exchange (RFC 8693).
//!
//! Tokens stay in JavaScript's memory; what passes through wasm's is wiped.

use crate::assertion::{self, Assertion};
use crate::call::{Call, Operation, Phase};
use crate::client::Core;
use crate::client_id::ClientId;
use crate::client_secret::{self, ClientSecretError, Seed};
use crate::platform::{copy_bytes, fill_random, number, Input};
use crate::security::header_value;
use crate::server::{is_loopback, parse_authority};
use crate::text::{concat, split};
use crate::token::{self, Freshness, Lifetime};
use alloc::rc::Rc;
use alloc::string::String;
use core::cell::{Cell, RefCell};
use js_sys::JsString;
use wasm_bindgen::prelude::*;
use wasm_bindgen::JsCast;
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
struct Pending {
    promise: JsValue,
    since: f64,
    serial: u32,
}

/// A token in use.
struct Held {
    /// The `Authorization` that carries it.
    header: JsValue,
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
    /// The last of them that is over.
    over: Cell<u32>,
    /// Counts `clearToken`, so that an answer to an older request is not kept.
    generation: Cell<u32>,
}

impl OAuth {
    /// Reads `clientID` with `clientSecret` or `oidcToken`. `None`: there is no `clientID`. No secret is shown in any fault.
    pub fn read(props: &Input) -> Option<OAuth> {
        let client_id = props.text("clientID", "a string", MAX_ID);
        let secret = props.value("clientSecret", "a string");
        let exchange = props.value("oidcToken", "");
        let Some(client_id) = client_id else {
            if !secret.is_undefined() || !exchange.is_undefined() {
                props.wrong("clientID", " is missing: clientSecret and oidcToken need it");
            }
            return None;
        };
        let fault = |message: &str| {
            props.wrong("", message);
            None
        };
        let id = match ClientId::parse(&client_id) {
            Ok(id) => id,
            Err(error) => return fault(error.message()),
        };
        let grant = if exchange.is_undefined() {
            if secret.is_undefined() {
                return fault("clientSecret is missing (or give an oidcToken)");
            }
            match copy_secret(&secret).as_deref().map_or(Err(ClientSecretError::Base64url), |secret| client_secret::parse(secret))
            {
                Ok(seed) => Grant::Secret(RefCell::new(Key::Seed(seed))),
                Err(error) => return fault(error.message()),
            }
        } else if !secret.is_undefined() {
            return fault("give clientSecret or oidcToken, not both");
        } else if !exchange.is_string() && !exchange.is_function() {
            props.mistyped("oidcToken", "a string or a function", &exchange);
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
            over: Cell::new(0),
            generation: Cell::new(0),
        })
    }

    /// Base URL of the server that the client ID names.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    fn held(&self) -> Option<(JsValue, Freshness)> {
        let held = self.held.borrow();
        let held = held.as_ref()?;
        Some((held.header.clone(), held.lifetime.at(js_sys::Date::now())))
    }

    /// The `Authorization` of the cached token, while it is good.
    pub fn current(&self) -> Option<JsValue> {
        self.held().filter(|(_, freshness)| *freshness != Freshness::Stale).map(|(header, _)| header)
    }

    /// Forgets the cached token, and does not keep what a request under way brings.
    pub fn clear(&self) {
        self.generation.set(self.generation.get().wrapping_add(1));
        self.held.replace(None);
        self.pending.replace(None);
    }

    /// Forgets the cached token if it is the one of this `Authorization`: the API did not accept it.
    pub fn reject(&self, authorization: &JsValue) {
        if self.held().is_some_and(|(header, _)| header == *authorization) {
            self.clear();
        }
    }

    /// Nobody is to wait any more for the token request of this number.
    pub fn request_over(&self, serial: u32) {
        self.over.set(serial);
        self.pending.borrow_mut().take_if(|pending| pending.serial == serial);
    }

    /// Has the call wait for the token request that is under way, or for a new one, with the client's own timeout and retries.
    fn request(&self, core: &Rc<Core>, call: Option<&Call>) {
        let now = js_sys::Date::now();
        let mut patience = self.pending.borrow().as_ref().map_or(f64::NAN, |pending| pending.since + PATIENCE - now);
        // More than that is a clock that was set back.
        if !(patience > 0.0 && patience <= PATIENCE) {
            // For one's own, as long as it takes.
            patience = f64::NAN;
            let serial = self.serial.get().wrapping_add(1);
            self.serial.set(serial);
            let operation = Operation::Token { generation: self.generation.get(), serial };
            let promise = Call::start(core, operation, &core.defaults);
            self.pending.replace(Some(Pending { promise, since: now, serial }));
        }
        // Taken out of the cell: a caller's signal, which is listened to, may do anything.
        let pending = self.pending.borrow().as_ref().map(|pending| (pending.serial, pending.promise.clone()));
        if let (Some(call), Some((serial, promise))) = (call, pending) {
            call.wait_for(Phase::Token(serial));
            call.driver().join(&promise, patience);
        }
        // One that cannot be sent is over before it is noted.
        self.request_over(self.over.get());
    }

    /// Gives the call a good token: the cached one, or a new one for which every caller waits together. One who stops waiting leaves
    /// the others unharmed, and so does one whose invocation a Worker ends.
    pub fn authorize(&self, core: &Rc<Core>, call: &Call) {
        match self.held() {
            None | Some((_, Freshness::Stale)) => self.request(core, Some(call)),
            Some((header, freshness)) => {
                if freshness == Freshness::Ageing {
                    // Fetched ahead, for later calls: a failure is theirs to see, if it lasts.
                    self.request(core, None);
                }
                call.authorized(header);
            }
        }
    }

    /// Begins a token request, with what it proves the client with.
    pub fn prove(&self, call: &Call) {
        match &self.grant {
            Grant::Exchange(source) if source.is_function() => {
                call.wait_for(Phase::IdToken);
                call.driver().invoke(source);
            }
            Grant::Exchange(token) => self.exchange(token, call),
            Grant::Secret(key) => match &*key.borrow() {
                Key::Imported(key) => self.sign(key, call),
                Key::Seed(seed) => {
                    call.wait_for(Phase::Key);
                    call.driver().import_key(&client_secret::pkcs8(seed));
                }
            },
        }
    }

    /// Goes on with the key, imported.
    pub fn imported(&self, value: JsValue, call: &Call) {
        self.sign(&value, call);
        if let Grant::Secret(key) = &self.grant {
            key.replace(Key::Imported(value));
        }
    }

    fn sign(&self, key: &JsValue, call: &Call) {
        let mut random = [[0; 16]; 2];
        if !fill_random(random.as_flattened_mut()) {
            return call.unsupported();
        }
        let [nonce, id] = &random;
        let now = (js_sys::Date::now() / 1000.0) as u64;
        let audience = hostname(call.server());
        let input = Assertion { client_id: &self.client_id, audience, now, nonce, id }.signing_input();
        call.driver().sign(key, input.as_bytes());
        call.wait_for(Phase::Signature(input));
    }

    /// Goes on with the signature of an assertion.
    pub fn signed(&self, input: &str, signature: &JsValue, call: &Call) {
        let mut bytes = [0; 64];
        if !copy_bytes(signature, &mut bytes) {
            return call.unsupported();
        }
        let jwt = assertion::finish(input, &bytes);
        send(&assertion::client_credentials_body(&self.client_id, &jwt), &JsValue::from_str(&jwt), call);
    }

    /// Goes on with the ID token.
    pub fn exchange(&self, token: &JsValue, call: &Call) {
        match copy_secret(token).filter(|copy| !copy.is_empty()) {
            Some(copy) => send(&assertion::token_exchange_body(&self.client_id, &copy), token, call),
            None => call.invalid("oidcToken must be a JWT: visible ASCII"),
        }
    }

    /// Keeps the token that an answer holds for as long as it is good, and gives the `Authorization` that carries it.
    ///
    /// # Errors
    /// Why there is none to use.
    pub fn conclude(&self, answer: &JsValue, asked: f64, generation: u32) -> Result<JsValue, &'static str> {
        // What is of another type is as good as absent: its faults are not asked for.
        let answer = Input::new(answer, "");
        let token = answer.value("access_token", "a string");
        if token.is_undefined() {
            return Err("holds no access_token");
        }
        let header = header_value(token.unchecked_ref()).map_err(|_| "holds an access_token that is no bearer token")?;
        if !answer.text("token_type", "a string", 16).is_some_and(|kind| token::is_bearer(&kind)) {
            return Err("has a token_type other than Bearer");
        }
        if self.generation.get() == generation {
            let lifetime = Lifetime::new(asked, number(answer.number("expires_in")));
            self.held.replace(lifetime.map(|lifetime| Held { header: header.clone(), lifetime }));
        }
        Ok(header)
    }
}

fn send(body: &str, secret: &JsValue, call: &Call) {
    let url = concat(&[call.server(), "/auth/v1/token"]);
    call.send(&url, &JsValue::from_str(body), secret);
}

/// A secret as text that is wiped, or `None` if it is no string of visible ASCII, or too long.
fn copy_secret(value: &JsValue) -> Option<Zeroizing<String>> {
    let text = value.dyn_ref::<JsString>()?;
    let length = text.length();
    if length > MAX_SECRET {
        return None;
    }
    let mut copy = Zeroizing::new(String::with_capacity(usize::try_from(length).ok()?));
    for unit in text.iter() {
        crate::text::push_ascii(&mut copy, u8::try_from(unit).ok().filter(u8::is_ascii_graphic)?);
    }
    Some(copy)
}

/// The host of a base URL without its port: the audience of an assertion. It is the host that the assertion is sent to, so that
/// it is of no use at any other.
fn hostname(server: &str) -> &str {
    let rest = split(server, b'/').and_then(|(_, rest)| rest.get(1..)).unwrap_or_default();
    let authority = split(rest, b'/').map_or(rest, |(authority, _)| authority);
    parse_authority(authority).unwrap_or_default()
}
