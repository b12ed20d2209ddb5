//! The input of a bulk run: an array, an iterable or an async iterable.

use crate::border::fields::type_name;
use crate::border::{call_method, element_count, get, ignored, notify_method, open_iterator};
use crate::error::Error;
use js_sys::TypeError;
use wasm_bindgen::JsValue;

/// An open input.
pub struct Input {
    iterator: JsValue,
    /// The number of requests, if the input is an array or a `Set` that is not an async iterable too, such as a list of pages: what an
    /// async iterable returns may never come, so nothing may wait for all of it.
    pub total: Option<usize>,
}

impl Input {
    /// Opens the input.
    ///
    /// # Errors
    /// It cannot be iterated.
    pub fn open(requests: &JsValue) -> Result<Input, Error> {
        let open = open_iterator(requests).map_err(Error::validation)?.ok_or_else(|| {
            Error::invalid(["requests must be an array, an iterable or an async iterable, not ", &type_name(requests)].concat())
        })?;
        let iterator = open.iterator();
        // An async function in the iterator's place returns a promise, which is no iterator.
        ignored(&iterator);
        let total = if open.is_async() { None } else { element_count(requests) };
        Ok(Input { iterator, total: total.map(|total| total as usize) })
    }

    /// Asks the iterator for its next result, or a promise of it.
    ///
    /// # Errors
    /// The iterator throws.
    pub fn next(&self) -> Result<JsValue, JsValue> {
        call_method(&self.iterator, "next", &JsValue::UNDEFINED)
    }

    /// Closes the iterator.
    pub fn close(&self) {
        notify_method(&self.iterator, "return", &JsValue::UNDEFINED);
    }
}

/// Returns the request in an iterator's result, or `None` at the end.
///
/// # Errors
/// Reading it throws, or it is not an iterator's result.
pub fn request_in(result: &JsValue) -> Result<Option<JsValue>, JsValue> {
    if !result.is_object() && !result.is_function() {
        return Err(TypeError::new("the iterator did not return an object").into());
    }
    if get(result, "done")?.is_truthy() {
        return Ok(None);
    }
    get(result, "value").map(Some)
}
