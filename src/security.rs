//! Where a request's `Authorization` comes from.

use crate::bearer::{self, MAX_TOKEN_LENGTH};
use crate::oauth::OAuth;
use crate::platform::{is_record, Input};
use alloc::string::String;
use js_sys::JsString;
use wasm_bindgen::prelude::*;
use wasm_bindgen::JsCast;

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
    pub fn read(props: &Input) -> Security {
        let value = props.value("security", "");
        if value.is_function() {
            return Security::Function(value);
        }
        authorization(&value, props).map_or(Security::None, Security::Fixed)
    }

    /// The client credentials, if it is them.
    pub fn oauth(&self) -> Option<&OAuth> {
        match self {
            Security::OAuth(oauth) => Some(oauth),
            _ => None,
        }
    }
}

/// The header value that a `Security` object gives: `oauth` where both tokens are there, as in the official SDK.
pub fn authorization(security: &JsValue, props: &Input) -> Option<JsValue> {
    if security.is_object() && !is_record(security) {
        props.mistyped("security", "an object or a function", security);
        return None;
    }
    let input = props.of(security, "security", "security.");
    let mut authorization = None;
    for name in ["bearerAuth", "oauth"] {
        let value = input.value(name, "a string");
        if let Some(token) = value.dyn_ref::<JsString>() {
            match header_value(token) {
                Ok(value) => authorization = Some(value),
                Err(detail) => input.wrong(name, &detail),
            }
        }
    }
    authorization
}

/// The token of an `Authorization` value, without its scheme.
pub fn token_of(authorization: &JsValue) -> JsValue {
    authorization.unchecked_ref::<JsString>().substr(7, i32::MAX).into()
}

/// The `Authorization` for a token, which is read where it lies, in JavaScript's memory.
///
/// # Errors
/// What is wrong with the token, to follow its name.
pub fn header_value(token: &JsString) -> Result<JsValue, String> {
    if token.length() > MAX_TOKEN_LENGTH {
        return Err(String::from(" is too long for a header"));
    }
    let prefixed = bearer::check(token.iter()).map_err(bearer::TokenError::message)?;
    Ok(if prefixed { token.clone().into() } else { JsString::from(bearer::SCHEME).concat(token).into() })
}
