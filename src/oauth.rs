//! Access tokens: client credentials with a signed assertion (RFC 6749, 4.4; RFC 7523, 2.2), or token exchange (RFC 8693).
//!
//! Tokens stay in JavaScript's memory; what passes through wasm's is wiped.

use crate::assertion::{self, Assertion};
use crate::call::{Call, Operation};
use crate::client::Core;
use crate::client_id::ClientId;
use crate::client_secret::{self, ClientSecretError, Seed};
use crate::platform::{copy_bytes, fill_random, Driver, Faults, Input};
use crate::security::{header_value, with_scheme};
use crate::server::is_loopback;
use crate::text::concat;
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
#[derive(Clone)]
struct Pending {
    promise: JsValue,
    since: f64,
    serial: u32,
}

/// A token in use.
#[derive(Clone)]
struct Held {
    token: JsValue,
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

/// A token, or where one will come from.
pub enum Supply {
    /// There is one.
    Token(JsValue),
    /// A token request is under way.
    Request {
        /// What it will give.
        promise: JsValue,
        /// Its number, for [`OAuth::request_over`].
        serial: u32,
        /// How many milliseconds to wait for it; NaN for one's own: as long as it takes.
        patience: f64,
    },
}

/// What the proof of a token request needs next.
pub enum Proof {
    /// What the driver was asked for: a key, then a signature, or an ID token.
    Asked(Step),
    /// Nothing more: the body, and what of it is a secret.
    Body(JsValue, JsValue),
    /// It cannot be had.
    Impossible,
    /// The ID token is none.
    NoToken,
}

/// What a proof waits for.
pub enum Step {
    /// The key that was imported.
    Key,
    /// The signature of this text.
    Signature(Zeroizing<String>),
    /// The ID token.
    Token,
}

impl OAuth {
    /// Reads `clientID` with `clientSecret` or `oidcToken`. `None`: there is no `clientID`. No secret is shown in any fault.
    pub fn read(props: &Input, faults: &Faults) -> Option<OAuth> {
        let client_id = props.text("clientID", MAX_ID);
        let secret = props.value("clientSecret", "a string");
        let exchange = props.value("oidcToken", "");
        let Some(client_id) = client_id else {
            if !secret.is_undefined() || !exchange.is_undefined() {
                props.wrong("clientID", " is missing: it belongs to the clientSecret or oidcToken");
            }
            return None;
        };
        let fault = |message: &str| {
            faults.note(message);
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
            match copy_secret(&secret).as_deref().map_or(Err(ClientSecretError::Base64url), |secret| client_secret::parse(secret)) {
                Ok(seed) => Grant::Secret(RefCell::new(Key::Seed(seed))),
                Err(error) => return fault(error.message()),
            }
        } else if !secret.is_undefined() {
            return fault("clientSecret and oidcToken exclude each other: give one of them");
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
            generation: Cell::new(0),
        })
    }

    /// Base URL of the server that the client ID names.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    fn held(&self) -> Option<(JsValue, Freshness)> {
        let held = self.held.try_borrow().ok()?;
        let held = held.as_ref()?;
        Some((held.token.clone(), held.lifetime.at(js_sys::Date::now())))
    }

    /// The cached token, while it is good.
    pub fn current(&self) -> Option<JsValue> {
        self.held().filter(|(_, freshness)| *freshness != Freshness::Stale).map(|(token, _)| token)
    }

    /// Forgets the cached token, and does not keep what a request under way brings.
    pub fn clear(&self) {
        self.generation.set(self.generation.get().wrapping_add(1));
        self.held.replace(None);
        self.pending.replace(None);
    }

    /// Forgets the cached token if it is the one of this `Authorization`: the API did not accept it.
    pub fn reject(&self, authorization: &JsValue) {
        if self.held().is_some_and(|(token, _)| with_scheme(&token) == *authorization) {
            self.clear();
        }
    }

    /// Nobody is to wait any more for the token request of this number.
    pub fn request_over(&self, serial: u32) {
        if let Ok(mut pending) = self.pending.try_borrow_mut() {
            pending.take_if(|pending| pending.serial == serial);
        }
    }

    /// The token request under way, or a new one, with the client's own timeout and retries.
    fn request(&self, core: &Rc<Core>) -> Supply {
        let since = js_sys::Date::now();
        if let Some(Pending { promise, serial, since: begun }) = self.pending.try_borrow().ok().and_then(|pending| pending.clone()) {
            let patience = begun + PATIENCE - since;
            // More than that is a clock that was set back.
            if patience > 0.0 && patience <= PATIENCE {
                return Supply::Request { promise, serial, patience };
            }
        }
        let serial = self.serial.get().wrapping_add(1);
        self.serial.set(serial);
        let operation = Operation::Token { generation: self.generation.get(), serial };
        let promise = Call::start(core, operation, &core.defaults);
        self.pending.replace(Some(Pending { promise: promise.clone(), since, serial }));
        Supply::Request { promise, serial, patience: f64::NAN }
    }

    /// A good token: the cached one, or a new one for which every caller waits together. One who stops waiting leaves the others
    /// unharmed, and so does one whose invocation a Worker ends.
    pub fn supply(&self, core: &Rc<Core>) -> Supply {
        match self.held() {
            Some((token, Freshness::Fresh)) => Supply::Token(token),
            Some((token, Freshness::Ageing)) => {
                // Fetched ahead, for later calls: a failure is theirs to see, if it lasts.
                self.request(core);
                Supply::Token(token)
            }
            _ => self.request(core),
        }
    }

    /// Begins the proof of a token request for this server.
    pub fn prove(&self, server: &str, driver: &Driver) -> Proof {
        match &self.grant {
            Grant::Exchange(source) if source.is_function() => {
                driver.invoke(source);
                Proof::Asked(Step::Token)
            }
            Grant::Exchange(token) => self.exchange(token),
            Grant::Secret(key) => match key.try_borrow().as_deref() {
                Ok(Key::Imported(key)) => self.sign(key, server, driver),
                Ok(Key::Seed(seed)) => {
                    driver.import_key(&client_secret::pkcs8(seed));
                    Proof::Asked(Step::Key)
                }
                Err(_) => Proof::Impossible,
            },
        }
    }

    /// Goes on with what was asked for.
    pub fn proceed(&self, step: &Step, value: JsValue, server: &str, driver: &Driver) -> Proof {
        match step {
            Step::Token => self.exchange(&value),
            Step::Key => {
                if let Grant::Secret(key) = &self.grant {
                    key.replace(Key::Imported(value.clone()));
                }
                self.sign(&value, server, driver)
            }
            Step::Signature(input) => {
                let mut signature = [0; 64];
                if !copy_bytes(&value, &mut signature) {
                    return Proof::Impossible;
                }
                let jwt = assertion::finish(input, &signature);
                Proof::Body(text(&assertion::client_credentials_body(&self.client_id, &jwt)), text(&jwt))
            }
        }
    }

    fn exchange(&self, token: &JsValue) -> Proof {
        match copy_secret(token).filter(|copy| !copy.is_empty()) {
            Some(copy) => Proof::Body(text(&assertion::token_exchange_body(&self.client_id, &copy)), token.clone()),
            None => Proof::NoToken,
        }
    }

    fn sign(&self, key: &JsValue, server: &str, driver: &Driver) -> Proof {
        let (mut nonce, mut id) = ([0; 16], [0; 16]);
        if !fill_random(&mut nonce) || !fill_random(&mut id) {
            return Proof::Impossible;
        }
        let now = (js_sys::Date::now() / 1000.0) as u64;
        let audience = hostname(server);
        let input = Assertion { client_id: &self.client_id, audience, now, nonce: &nonce, id: &id }.signing_input();
        driver.sign(key, input.as_bytes());
        Proof::Asked(Step::Signature(input))
    }

    /// Reads the answer to a token request, and keeps the token for as long as it is good.
    ///
    /// # Errors
    /// Why there is none to use.
    pub fn conclude(&self, driver: &Driver, asked: f64, generation: u32) -> Result<JsValue, &'static str> {
        let token = driver.member("access_token");
        let text = token.dyn_ref::<JsString>().ok_or("holds no access_token")?;
        header_value(text).map_err(|_| "holds an access_token that is empty or not visible ASCII")?;
        if !driver.member("token_type").as_string().is_some_and(|kind| token::is_bearer(&kind)) {
            return Err("has a token_type other than Bearer");
        }
        if self.generation.get() == generation {
            let lifetime = Lifetime::new(asked, driver.member("expires_in").as_f64());
            self.held.replace(lifetime.map(|lifetime| Held { token: token.clone(), lifetime }));
        }
        Ok(token)
    }
}

fn text(text: &str) -> JsValue {
    JsValue::from_str(text)
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
