//! Reads tokens: strings of callers and token endpoints, and functions that return them.

use super::bearer::{Authorization, invalid_character};
use crate::border::secret_text;
use crate::border::wait::{Interrupt, Wait};
use crate::error::Error;
use crate::invalid::Invalid;
use js_sys::{Function, JsString};
use wasm_bindgen::JsValue;

/// Calls the caller's function and awaits its result. `fault` is the error message if it throws or rejects.
///
/// # Errors
/// It throws, it rejects, or the wait ends.
pub async fn call_source(wait: &Wait, source: &Function, fault: &'static str) -> Result<JsValue, Error> {
    wait.race_call(source.call0(&JsValue::UNDEFINED)).await.map_err(|interrupt| match interrupt {
        Interrupt::Thrown(cause) => Error::unexpected(fault, cause),
        interrupt => interrupt.into(),
    })
}

/// The `Authorization` for a token of the caller or of a token endpoint.
///
/// # Errors
/// It is not a bearer token.
pub fn bearer(token: &JsString) -> Result<Authorization, Invalid> {
    let text = secret_text(token).map_err(|index| invalid_character(char::REPLACEMENT_CHARACTER, index))?;
    Authorization::bearer(&text)
}
