//! A client's credentials: a client ID with an API key or an ID token, and the form that proves the client's identity with them.

use super::assertion::{self, Claims, Header};
use super::client_id::origin_of;
use super::client_secret::{self, PrivateKey};
use super::source::call_source;
use crate::border::fields::Fields;
use crate::border::time::now_since_epoch;
use crate::border::wait::{Interrupt, Wait};
use crate::border::{global, peek, secret_text};
use crate::error::Error;
use crate::http::secret::Secret;
use crate::invalid::Invalid;
use js_sys::{Array, Function, JsString, Promise, Uint8Array};
use serde::Serialize;
use std::cell::RefCell;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Crypto, CryptoKey, SubtleCrypto};
use zeroize::Zeroizing;

/// The maximum length of a client ID, in UTF-16 code units.
const MAX_ID: u32 = 512;
/// The maximum length of an ID token, in UTF-16 code units.
const MAX_ID_TOKEN: u32 = 32_768;

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
    /// The key in the client secret.
    Given(PrivateKey),
    /// After the first use: a key that WebCrypto does not export.
    Imported(CryptoKey),
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
            return match (secret, id_token) {
                (None, None) => Ok(None),
                _ => Err(props.wrong("clientID", "is missing: it is required with clientSecret or oidcToken")),
            };
        };
        let origin = origin_of(&client_id).map_err(|invalid| props.wrong("clientID", invalid))?;
        let grant = match (secret, id_token) {
            (None, None) => return Err(Error::invalid("clientSecret or oidcToken is missing")),
            (Some(_), Some(_)) => return Err(Error::invalid("set clientSecret or oidcToken, not both")),
            (Some(secret), None) => {
                let key = read_secret(&secret).map_err(|invalid| props.wrong("clientSecret", invalid))?;
                Grant::Key(RefCell::new(Key::Given(key)))
            }
            (None, Some(source)) => match (source.dyn_ref::<Function>(), source.dyn_ref::<JsString>()) {
                (Some(function), _) => Grant::IdTokenSource(function.clone()),
                (None, Some(token)) => Grant::IdToken(read_id_token(token)?),
                (None, None) => return Err(props.type_error("oidcToken", "a string or a function", &source)),
            },
        };
        Ok(Some(Credentials { client_id, origin, grant }))
    }

    /// Returns the form that proves the client's identity to the server with this host name, and the secret in it.
    ///
    /// # Errors
    /// The platform cannot sign, the caller's function failed, or the wait ended.
    pub async fn proof(&self, hostname: &str, wait: &Wait) -> Result<(Zeroizing<String>, Secret), Error> {
        let id_token = match &self.grant {
            Grant::Key(key) => {
                let assertion = Secret::from(self.assertion(hostname, key, wait).await?);
                return Ok((assertion::client_credentials_body(&self.client_id, assertion.text()), assertion));
            }
            Grant::IdToken(token) => token.clone(),
            Grant::IdTokenSource(source) => {
                let token = call_source(wait, source, "The oidcToken function failed").await?;
                read_id_token(&token.dyn_into().unwrap_or_default())?
            }
        };
        Ok((assertion::token_exchange_body(&self.client_id, id_token.text()), id_token))
    }

    async fn assertion(&self, hostname: &str, key: &RefCell<Key>, wait: &Wait) -> Result<Zeroizing<String>, Error> {
        let crypto: Crypto = global("crypto").unchecked_into();
        let subtle = peek(&crypto, "subtle");
        if !subtle.is_object() {
            return Err(Error::unsupported(
                "crypto.subtle is missing. Client credentials are signed with Ed25519, which needs https or localhost",
            ));
        }
        let subtle: SubtleCrypto = subtle.unchecked_into();
        let key = import(key, &subtle, wait).await?;
        let [mut nonce, mut id] = [[0; 16]; 2];
        for bytes in [&mut nonce, &mut id] {
            let filled = crypto.get_random_values_with_u8_array(bytes);
            filled.map_err(|_| Error::unsupported("crypto.getRandomValues is missing. Client credentials need it"))?;
        }
        let now = (now_since_epoch() / 1000.0) as u64;
        let claims = Claims::new(&self.client_id, hostname, now, &id);
        let input = assertion::signing_input(&json(&Header::new(&nonce))?, &json(&claims)?);
        let data = Uint8Array::from(input.as_bytes());
        let signature = webcrypto(wait, subtle.sign_with_str_and_js_u8_array(ED25519, &key, &data)).await?;
        if peek(&signature, "byteLength").as_f64() != Some(64.0) {
            return Err(cannot_sign());
        }
        let signature = Uint8Array::new(&signature).to_vec().try_into().map_err(|_| cannot_sign())?;
        Ok(assertion::jwt(&input, &signature))
    }
}

/// Reads the private key in a client secret.
fn read_secret(secret: &JsString) -> Result<PrivateKey, Invalid> {
    let text = secret_text(secret).map_err(|_| client_secret::NOT_BASE64URL)?;
    // The parser's exception would quote the key.
    let jwk = js_sys::JSON::parse(&client_secret::decode(&text)?).map_err(|_| client_secret::NOT_JSON)?;
    PrivateKey::read(|name| secret_text(peek(&jwk, name).dyn_ref()?).ok())
}

fn read_id_token(token: &JsString) -> Result<Secret, Error> {
    let text = secret_text(token).ok().filter(|text| token.length() <= MAX_ID_TOKEN && !text.is_empty());
    match text {
        Some(text) if text.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(text.into()),
        _ => Err(Error::invalid("oidcToken must be a JWT, with visible ASCII characters only")),
    }
}

async fn import(key: &RefCell<Key>, subtle: &SubtleCrypto, wait: &Wait) -> Result<CryptoKey, Error> {
    let jwk = match &*key.borrow() {
        Key::Imported(key) => return Ok(key.clone()),
        Key::Given(key) => serde_wasm_bindgen::to_value(key).unwrap_or_default(),
    };
    // WebKitGTK refuses one in 256 PKCS #8 keys, but no JWK.
    let promise = subtle.import_key_with_str("jwk", jwk.unchecked_ref(), ED25519, false, &Array::of1(&"sign".into()));
    let imported: CryptoKey = webcrypto(wait, promise).await?.unchecked_into();
    key.replace(Key::Imported(imported.clone()));
    Ok(imported)
}

/// Awaits WebCrypto.
async fn webcrypto(wait: &Wait, promise: Result<Promise, JsValue>) -> Result<JsValue, Error> {
    wait.race_call(promise.map(JsValue::from)).await.map_err(|interrupt| match interrupt {
        Interrupt::Thrown(_) => cannot_sign(),
        interrupt => interrupt.into(),
    })
}

fn cannot_sign() -> Error {
    Error::unsupported(
        "crypto.subtle has no Ed25519, which needs https or localhost and Chrome 137, Firefox 129, Safari 17 or Node 20",
    )
}

fn json(value: &impl Serialize) -> Result<String, Error> {
    let value = serde_wasm_bindgen::to_value(value).unwrap_or_default();
    let text = js_sys::JSON::stringify(&value).map_err(|cause| Error::unexpected("JSON.stringify failed", cause))?;
    Ok(text.into())
}
