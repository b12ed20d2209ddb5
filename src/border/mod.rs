//! The border to foreign JavaScript values: callers' objects, signals and callbacks, and values of a page or a polyfill. Nothing
//! here throws into Rust, and no getter runs twice for one read.

pub mod fields;
pub mod time;
pub mod wait;

use crate::error::Error;
use js_sys::{Function, JsString, Object, Promise};
use std::future::Future;
use std::pin::Pin;
use wasm_bindgen::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::future_to_promise;
use zeroize::Zeroizing;

#[cfg_attr(feature = "package", wasm_bindgen(raw_module = "./border.js"))]
#[cfg_attr(not(feature = "package"), wasm_bindgen(module = "/src/border/border.js"))]
extern "C" {
    /// Returns `target[key]`, or undefined if that throws or `target` is not an object.
    pub fn peek(target: &JsValue, key: &str) -> JsValue;
    /// Whether this is an array.
    #[wasm_bindgen(js_name = isArray)]
    pub fn is_array(value: &JsValue) -> bool;
    /// Whether this is an object, but not an array or a function.
    #[wasm_bindgen(js_name = isRecord)]
    pub fn is_record(value: &JsValue) -> bool;
    /// Copies the caller's `RequestInit`.
    #[wasm_bindgen(js_name = requestInit, catch)]
    pub fn request_init(deprecated: &JsValue, options: &JsValue) -> Result<Object, JsValue>;
    #[wasm_bindgen(js_name = copyAscii)]
    fn copy_ascii(text: &JsString, bytes: &mut [u8]) -> usize;
    /// Masks this secret in a text.
    pub fn redact(text: &JsString, secret: &str) -> JsString;
    /// Copies a JSON value with this secret masked.
    #[wasm_bindgen(js_name = redactJson)]
    pub fn redact_json(value: &JsValue, secret: &str) -> JsValue;
    /// Returns the headers as lines for the debug log.
    #[wasm_bindgen(js_name = headerLines)]
    pub fn header_lines(headers: &JsValue, secret: &str) -> Vec<JsValue>;
    /// Cancels an unread body.
    #[wasm_bindgen(js_name = discardBody)]
    pub fn discard_body(response: &JsValue);
    /// Calls the caller's function and ignores its result and exceptions.
    pub fn notify(callback: &Function, argument: &JsValue);
    /// The same for a method of the caller's object.
    #[wasm_bindgen(js_name = notifyMethod)]
    pub fn notify_method(target: &JsValue, method: &str);
    /// Adds `remaining()` to a report.
    #[wasm_bindgen(js_name = withRemaining)]
    pub fn with_remaining(report: &JsValue, requests: &JsValue) -> JsValue;

    /// The part of a response body that was read.
    pub type Body;
    /// Its text.
    #[wasm_bindgen(method, getter)]
    pub fn text(this: &Body) -> JsString;
    /// Whether the body is longer.
    #[wasm_bindgen(method, getter)]
    pub fn truncated(this: &Body) -> bool;
}

#[wasm_bindgen]
extern "C" {
    /// `JSON.parse`, of text that stays in JavaScript's memory.
    #[wasm_bindgen(catch, js_namespace = JSON, js_name = parse)]
    pub fn parse_json(text: &JsString) -> Result<JsValue, JsValue>;
}

/// Returns `target[key]` if it is a string, else an empty string.
pub fn peek_text(target: &JsValue, key: &str) -> String {
    peek(target, key).as_string().unwrap_or_default()
}

/// Calls `target[method](argument)`.
///
/// # Errors
/// What the method throws, or a `TypeError` if there is none.
pub fn call_method(target: &JsValue, method: &str, argument: &JsValue) -> Result<JsValue, JsValue> {
    let function = js_sys::Reflect::get(target, &method.into())?;
    match function.dyn_ref::<Function>() {
        Some(function) => function.call1(target, argument),
        None => Err(js_sys::TypeError::new(&format!("{method} is not a function")).into()),
    }
}

/// Returns an error if one of these global functions and classes is missing.
pub fn missing_global(names: &[&str]) -> Option<Error> {
    let missing = names.iter().find(|name| !peek(&js_sys::global(), name).is_function())?;
    Some(Error::unsupported(&format!("{missing} is missing in this runtime")))
}

/// Copies an ASCII string into a buffer that is wiped when dropped. The usual conversion leaves copies behind.
///
/// # Errors
/// The index of the first character that is not ASCII, in UTF-16 code units.
pub fn secret_text(value: &JsString) -> Result<Zeroizing<String>, usize> {
    let mut bytes = Zeroizing::new(vec![0; value.length() as usize]);
    let copied = copy_ascii(value, &mut bytes);
    if copied < bytes.len() {
        return Err(copied);
    }
    String::from_utf8(std::mem::take(&mut *bytes)).map(Zeroizing::new).map_err(|_| copied)
}

/// Runs a call to its end, and returns its promise. The box keeps the code that settles promises from being compiled for each kind
/// of call.
pub fn promise(call: impl Future<Output = Result<JsValue, Error>> + 'static) -> Promise {
    let call: Pin<Box<dyn Future<Output = Result<JsValue, Error>>>> = Box::pin(call);
    future_to_promise(async move { Ok(call.await?) })
}
