//! The input of a bulk run: an array, an iterable or an async iterable.

use crate::border::fields::type_name;
use crate::border::{call_method, is_array, notify_method, peek};
use crate::error::Error;
use js_sys::{Function, Reflect, Set, Symbol, TypeError};
use wasm_bindgen::{JsCast, JsValue};

/// An open input.
pub struct Input {
    iterator: JsValue,
    /// The number of requests, if the input is an array or a `Set`. The `length` of other objects is not trusted.
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
        let method = match method(Symbol::async_iterator())? {
            Some(method) => Some(method),
            None => method(Symbol::iterator())?,
        };
        let method = method.ok_or_else(|| {
            Error::invalid(format!("requests must be an array, an iterable or an async iterable, not {}", type_name(requests)))
        })?;
        let size = if is_array(requests) {
            peek(requests, "length").as_f64()
        } else if requests.is_instance_of::<Set>() {
            peek(requests, "size").as_f64()
        } else {
            None
        };
        Ok(Input { iterator: method.call0(requests).map_err(Error::validation)?, total: size.map(|size| size as usize) })
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
        notify_method(&self.iterator, "return");
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
