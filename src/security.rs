//! Where a request's `Authorization` comes from.

use crate::bearer::{self, MAX_TOKEN_LENGTH};
use crate::client::Core;
use crate::errors::Failure;
use crate::input::{wrong_type, Faults, Input, Type};
use crate::interrupt::Interrupt;
use crate::js;
use crate::oauth::OAuth;
use alloc::rc::Rc;
use alloc::string::String;
use wasm_bindgen::prelude::*;

/// How a client authenticates its requests.
pub enum Security {
    /// Requests go without `Authorization`.
    None,
    /// Always this header value, which never enters wasm memory.
    Fixed(JsValue),
    /// Whatever this function of the caller's gives for each request.
    Function(JsValue),
    /// A token that client credentials or an ID token give.
    OAuth(OAuth),
}

impl Security {
    /// Reads the `security` property.
    pub fn read(props: &Input<'_>) -> Security {
        let value = props.read("security", Type::Any);
        if value.is_function() {
            return Security::Function(value);
        }
        authorization(&value, props.faults).map_or(Security::None, Security::Fixed)
    }

    /// The client credentials, if it is them.
    pub fn oauth(&self) -> Option<&OAuth> {
        match self {
            Security::OAuth(oauth) => Some(oauth),
            _ => None,
        }
    }

    /// The `Authorization` of one request.
    ///
    /// # Errors
    /// What the caller's function throws or gives instead of a `Security`; why there is no token; an interruption of the wait.
    pub async fn authorization(&self, core: &Rc<Core>, interrupt: &Interrupt) -> Result<Option<JsValue>, Failure> {
        match self {
            Security::OAuth(oauth) => oauth.token(core, interrupt).await.map(|token| Some(js::concat(bearer::SCHEME, &token))),
            Security::None => Ok(None),
            Security::Fixed(header) => Ok(Some(header.clone())),
            Security::Function(function) => {
                let failed = |thrown: &JsValue| Failure::unexpected("The security function failed", thrown);
                let value = interrupt.wait(js::call(function, &JsValue::UNDEFINED, &[])).await;
                let value = value.map_err(|thrown| interrupt.explain(&thrown, failed))?;
                let faults = Faults::default();
                let authorization = authorization(&value, &faults);
                faults.check().map(|()| authorization)
            }
        }
    }
}

/// The header value that a `Security` object gives: `oauth` where both tokens are there, as in the official SDK.
fn authorization(security: &JsValue, faults: &Faults) -> Option<JsValue> {
    if js::is_array(security) {
        faults.note(wrong_type("", "security", "an object or a function", security));
        return None;
    }
    let input = Input::new(security, "security", "security.", faults);
    let mut authorization = None;
    for name in ["bearerAuth", "oauth"] {
        if let Some(token) = js::as_js_string(&input.read(name, Type::String)) {
            match header_value(&token) {
                Ok(value) => authorization = Some(value),
                Err(detail) => input.wrong(name, &detail),
            }
        }
    }
    authorization
}

/// The token of an `Authorization` value, without its scheme.
pub fn token_of(authorization: &JsValue) -> js_sys::JsString {
    js::as_js_string(authorization).map_or_else(|| "".into(), |value| value.substr(7, i32::MAX))
}

/// The `Authorization` for a token, which is read where it lies, in JavaScript's memory.
///
/// # Errors
/// What is wrong with the token, to follow its name.
pub fn header_value(token: &js_sys::JsString) -> Result<JsValue, String> {
    if token.length() > MAX_TOKEN_LENGTH {
        return Err(String::from(" is too long for a header"));
    }
    let prefixed = bearer::check(token.iter()).map_err(bearer::TokenError::message)?;
    Ok(if prefixed { token.clone().into() } else { js::concat(bearer::SCHEME, token) })
}
