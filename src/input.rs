//! Reading the caller's objects: each field by name, each wrong type reported by name, nothing that a getter throws lost.

use crate::errors::Failure;
use crate::js;
use crate::text::concat;
use alloc::string::String;
use wasm_bindgen::prelude::*;

/// An object of the caller's, and what to call its fields in messages.
pub struct Input<'a> {
    object: &'a JsValue,
    /// Put before a field's name, as in `backoff.`.
    prefix: &'a str,
}

/// What is read: absent (undefined or null), or the value.
type Read<T> = Result<Option<T>, Failure>;

impl<'a> Input<'a> {
    /// Reads fields of `object`, which may be undefined or null: then every field is absent.
    ///
    /// # Errors
    /// It is something else than an object.
    pub fn new(object: &'a JsValue, name: &str, prefix: &'a str) -> Result<Input<'a>, Failure> {
        if js::is_object(object) || object.is_undefined() || object.is_null() {
            return Ok(Input { object, prefix });
        }
        Err(wrong_type("", name, "an object", object))
    }

    /// A field, whatever its type.
    pub fn value(&self, name: &str) -> Read<JsValue> {
        if !js::is_object(self.object) {
            return Ok(None);
        }
        let value = js::get(self.object, name).map_err(|thrown| Failure::getter(&thrown))?;
        Ok(if value.is_undefined() || value.is_null() { None } else { Some(value) })
    }

    /// A string no longer than `max` UTF-16 code units.
    pub fn string(&self, name: &str, max: u32) -> Read<String> {
        match self.value(name)? {
            None => Ok(None),
            Some(value) => match js::as_js_string(&value) {
                None => Err(self.wrong_type(name, "a string", &value)),
                Some(text) if text.length() > max => Err(self.wrong(name, " is too long", &JsValue::UNDEFINED)),
                Some(text) => Ok(text.as_string()),
            },
        }
    }

    /// A number that is not NaN.
    pub fn number(&self, name: &str) -> Read<f64> {
        match self.value(name)? {
            None => Ok(None),
            Some(value) => match value.as_f64() {
                Some(number) if !number.is_nan() => Ok(Some(number)),
                Some(_) => Err(self.wrong(name, " must be a number, not NaN", &value)),
                None => Err(self.wrong_type(name, "a number", &value)),
            },
        }
    }

    /// A number that is zero or more.
    pub fn non_negative(&self, name: &str) -> Read<f64> {
        match self.number(name)? {
            Some(number) if number < 0.0 => Err(self.wrong(name, " must not be negative", &number.into())),
            number => Ok(number),
        }
    }

    /// true or false.
    pub fn boolean(&self, name: &str) -> Read<bool> {
        match self.value(name)? {
            None => Ok(None),
            Some(value) => match value.as_bool() {
                Some(flag) => Ok(Some(flag)),
                None => Err(self.wrong_type(name, "true or false", &value)),
            },
        }
    }

    /// A function.
    pub fn function(&self, name: &str) -> Read<JsValue> {
        match self.value(name)? {
            Some(value) if !value.is_function() => Err(self.wrong_type(name, "a function", &value)),
            value => Ok(value),
        }
    }

    /// An object.
    pub fn object(&self, name: &str) -> Read<JsValue> {
        match self.value(name)? {
            Some(value) if !js::is_object(&value) => Err(self.wrong_type(name, "an object", &value)),
            value => Ok(value),
        }
    }

    /// An object that has these methods.
    pub fn object_with(&self, name: &str, methods: &[&str], expected: &str) -> Read<JsValue> {
        let value = self.value(name)?;
        if let Some(object) = &value {
            for method in methods {
                if !js::is_object(object) || !js::get(object, method).map_err(|thrown| Failure::getter(&thrown))?.is_function() {
                    return Err(self.wrong_type(name, expected, object));
                }
            }
        }
        Ok(value)
    }

    /// The error that a field is wrong, as `detail` says.
    pub fn wrong(&self, name: &str, detail: &str, raw: &JsValue) -> Failure {
        Failure::input(&concat(&[self.prefix, name, detail]), raw)
    }

    /// The error that a field has the wrong type.
    pub fn wrong_type(&self, name: &str, expected: &str, value: &JsValue) -> Failure {
        wrong_type(self.prefix, name, expected, value)
    }
}

/// "`name` must be `expected`, not a string". The value itself is not shown: it may be a secret in the wrong place.
pub fn wrong_type(prefix: &str, name: &str, expected: &str, value: &JsValue) -> Failure {
    let actual = if value.is_undefined() {
        "undefined"
    } else if value.is_null() {
        "null"
    } else if js_sys::Array::is_array(value) {
        "an array"
    } else if value.is_function() {
        "a function"
    } else if value.is_object() {
        "another object"
    } else if value.is_string() {
        "a string"
    } else if value.as_bool().is_some() {
        "a boolean"
    } else if value.is_symbol() {
        "a symbol"
    } else if value.is_bigint() {
        "a bigint"
    } else {
        "a number"
    };
    Failure::input(&concat(&[prefix, name, " must be ", expected, ", not ", actual]), &JsValue::UNDEFINED)
}
