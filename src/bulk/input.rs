//! The input of a bulk run: an array, an iterable or an async iterable.

use crate::border::fields::type_name;
use crate::border::{call_method, element_count, ignored, notify_method};
use crate::error::Error;
use js_sys::{Function, Reflect, Symbol, TypeError};
use wasm_bindgen::{JsCast, JsValue};

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
        let method = |symbol: Symbol| -> Result<Option<Function>, Error> {
            if !requests.is_object() && !requests.is_function() {
                return Ok(None);
            }
            Ok(Reflect::get(requests, &symbol).map_err(Error::validation)?.dyn_into().ok())
        };
        let later = method(Symbol::async_iterator())?;
        let total = if later.is_some() { None } else { element_count(requests) };
        let method = match later {
            Some(method) => Some(method),
            None => method(Symbol::iterator())?,
        };
        let method = method.ok_or_else(|| {
            Error::invalid(["requests must be an array, an iterable or an async iterable, not ", &type_name(requests)].concat())
        })?;
        let iterator = method.call0(requests).map_err(Error::validation)?;
        // An async function in the iterator's place returns a promise, which is no iterator.
        ignored(&iterator);
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
    if Reflect::get(result, &"done".into())?.is_truthy() {
        return Ok(None);
    }
    Reflect::get(result, &"value".into()).map(Some)
}
