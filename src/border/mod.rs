//! The border to foreign JavaScript values: callers' objects, signals and callbacks, and values of a page or a polyfill. Nothing
//! here throws into Rust, and no getter runs twice for one read.

pub mod fields;
pub mod task;
pub mod time;
pub mod wait;

use crate::error::Error;
use js_sys::{Function, JsString, Object};
use wasm_bindgen::prelude::*;
use web_sys::{Headers, RequestInit};
use zeroize::Zeroizing;

#[cfg_attr(feature = "package", wasm_bindgen(raw_module = "./border.js"))]
#[cfg_attr(not(feature = "package"), wasm_bindgen(module = "/src/border/border.js"))]
extern "C" {
    /// Returns `target[key]`, or undefined if that throws or `target` is not an object.
    pub fn peek(target: &JsValue, key: &str) -> JsValue;
    /// Returns a global variable, or undefined if there is none.
    pub fn global(name: &str) -> JsValue;
    /// Returns `target[key]`.
    #[wasm_bindgen(catch)]
    pub fn get(target: &JsValue, key: &str) -> Result<JsValue, JsValue>;
    /// Returns the value if it is a string of at most `max` UTF-16 code units.
    #[wasm_bindgen(js_name = shortText)]
    pub fn short_text(value: &JsValue, max: u32) -> Option<String>;
    /// The result of a call. `deleted_at`: when the API says that the credential was deleted, if it was asked.
    pub fn revoked(content_type: &JsString, status: u16, response: &JsValue, deleted_at: Option<&str>) -> JsValue;

    /// The head of a response.
    pub type Head;
    /// Reads it. `None`: this is not a response.
    #[wasm_bindgen(js_name = readHead)]
    pub fn read_head(response: &JsValue) -> Option<Head>;
    /// The HTTP status.
    #[wasm_bindgen(method, getter)]
    pub fn status(this: &Head) -> u16;
    /// Whether a redirect was followed.
    #[wasm_bindgen(method, getter)]
    pub fn redirected(this: &Head) -> bool;
    /// The URL that responded, or an empty string.
    #[wasm_bindgen(method, getter)]
    pub fn url(this: &Head) -> String;
    /// Whether the platform hides a redirect.
    #[wasm_bindgen(method, getter, js_name = isOpaqueRedirect)]
    pub fn is_opaque_redirect(this: &Head) -> bool;
    /// The server's id of the request.
    #[wasm_bindgen(method, getter, js_name = requestId)]
    pub fn request_id(this: &Head) -> Option<String>;
    /// The value of a header.
    #[wasm_bindgen(method)]
    pub fn header(this: &Head, name: &str) -> Option<String>;

    /// Whether a string has a surrogate without its other half.
    #[wasm_bindgen(js_name = hasLoneSurrogate)]
    pub fn has_lone_surrogate(text: &JsValue) -> bool;
    /// Whether this is an object or a function.
    #[wasm_bindgen(js_name = isObject)]
    pub fn is_object(value: &JsValue) -> bool;
    /// Whether this is an array.
    #[wasm_bindgen(js_name = isArray)]
    pub fn is_array(value: &JsValue) -> bool;
    /// An open iterator of a caller.
    pub type OpenIterator;
    /// Opens an iterator. `None`: the value cannot be iterated.
    #[wasm_bindgen(js_name = openIterator, catch)]
    pub fn open_iterator(value: &JsValue) -> Result<Option<OpenIterator>, JsValue>;
    /// Whether it is async.
    #[wasm_bindgen(method, getter, js_name = isAsync)]
    pub fn is_async(this: &OpenIterator) -> bool;
    /// The iterator.
    #[wasm_bindgen(method, getter)]
    pub fn iterator(this: &OpenIterator) -> JsValue;
    /// Returns the number of elements of an array or a `Set`.
    #[wasm_bindgen(js_name = elementCount)]
    pub fn element_count(value: &JsValue) -> Option<f64>;
    /// Returns what is wrong with a field whose name differs from one of these, which spaces separate, only in case.
    pub fn misspelt(object: &JsValue, names: &str) -> Option<String>;
    /// Whether this is an object, but not an array or a function.
    #[wasm_bindgen(js_name = isRecord)]
    pub fn is_record(value: &JsValue) -> bool;
    /// Merges the options of a call over the deprecated `fetchOptions`.
    #[wasm_bindgen(js_name = mergedOptions, catch)]
    pub fn merged_options(deprecated: Option<&JsValue>, options: Option<&JsValue>) -> Result<Object, JsValue>;
    /// The `RequestInit` of a request with the caller's options.
    #[wasm_bindgen(js_name = requestInit)]
    pub fn request_init(
        options: Option<&Object>,
        method: &str,
        headers: &Headers,
        body: Option<&str>,
        signal: Option<&JsValue>,
    ) -> RequestInit;
    #[wasm_bindgen(js_name = copyAscii)]
    fn copy_ascii(text: &JsString, bytes: &mut [u8]) -> usize;
    /// Cancels an unread body.
    #[wasm_bindgen(js_name = discardBody)]
    pub fn discard_body(response: &JsValue);
    /// Calls `target[method](argument)`.
    #[wasm_bindgen(js_name = callMethod, catch)]
    pub fn call_method(target: &JsValue, method: &str, argument: &JsValue) -> Result<JsValue, JsValue>;
    /// Calls the caller's function and ignores its result and exceptions.
    pub fn notify(callback: &Function, argument: &JsValue);
    /// The same for a method of the caller's object.
    #[wasm_bindgen(js_name = notifyMethod)]
    pub fn notify_method(target: &JsValue, method: &str, argument: &JsValue);
    /// Ignores what a caller's code returned, and its rejection if it is a promise.
    pub fn ignored(value: &JsValue);

    /// The beginning of a long body, or a body that someone else has read.
    pub type Incomplete;
    /// Its text.
    #[wasm_bindgen(method, getter)]
    pub fn text(this: &Incomplete) -> JsString;
    /// Whether someone else has read the body.
    #[wasm_bindgen(method, getter)]
    pub fn used(this: &Incomplete) -> bool;
}

#[cfg_attr(feature = "package", wasm_bindgen(raw_module = "./secrets.js"))]
#[cfg_attr(not(feature = "package"), wasm_bindgen(module = "/src/border/secrets.js"))]
extern "C" {
    /// The text in place of a body that may contain a secret.
    pub fn mask() -> JsString;
    /// Masks this secret in a text.
    pub fn redact(text: &JsString, secret: &str) -> JsString;
    /// Copies a JSON value with this secret masked.
    #[wasm_bindgen(js_name = redactJson)]
    pub fn redact_json(value: &JsValue, secret: &str) -> JsValue;
    /// Returns the headers as lines for the debug log.
    #[wasm_bindgen(js_name = headerLines)]
    pub fn header_lines(headers: &JsValue, secret: &str) -> Vec<JsValue>;
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

/// Returns an error if one of these global functions and classes is missing.
pub fn missing_global(names: &[&str]) -> Option<Error> {
    let missing = names.iter().find(|name| !global(name).is_function())?;
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
