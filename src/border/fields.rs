//! Reads callers' objects field by field. A field that is undefined or null is absent, unless it must be set. Every error is a
//! [`Failure::Validation`](crate::error::Failure::Validation) that names the field and never shows its value, which may be a
//! secret in the wrong place.

use super::{get, is_array, is_object, misspelt, peek, short_text};
use crate::error::Error;
use js_sys::{Function, JsString, Reflect};
use wasm_bindgen::{JsCast, JsValue};

/// The names of an object's fields.
pub struct Names {
    /// All of them, separated by spaces.
    pub all: &'static str,
    /// Those that are invalid if they are undefined or null, because an unset variable must not take a token or a server away. They
    /// may be left out.
    pub set: &'static [&'static str],
}

/// A caller's object.
pub struct Fields {
    /// `None`: it is undefined or null, so all fields are absent.
    object: Option<JsValue>,
    /// The prefix of field names in messages, such as `"retries."`.
    path: &'static str,
    set: &'static [&'static str],
}

impl Fields {
    /// Wraps an object that messages call `name`. If it is undefined or null, all fields are absent.
    ///
    /// # Errors
    /// It is not an object.
    pub fn of(object: &JsValue, name: &str) -> Result<Fields, Error> {
        Fields::with_path(object, name, "")
    }

    /// The same, with a prefix for its fields.
    ///
    /// # Errors
    /// It is not an object.
    pub fn with_path(object: &JsValue, name: &str, path: &'static str) -> Result<Fields, Error> {
        if object.is_null_or_undefined() {
            Ok(Fields { object: None, path, set: &[] })
        } else if is_object(object) {
            Ok(Fields { object: Some(object.clone()), path, set: &[] })
        } else {
            Err(Error::invalid(format!("{name} must be an object, not {}", type_name(object))))
        }
    }

    /// Names the fields.
    ///
    /// # Errors
    /// The object has one whose name differs from one of these only in case. It would be ignored.
    pub fn named(self, names: &Names) -> Result<Fields, Error> {
        if let Some(wrong) = self.object.as_ref().and_then(|object| misspelt(object, names.all)) {
            let name = names.all.split(' ').find(|name| name.eq_ignore_ascii_case(&wrong)).unwrap_or_default();
            return Err(self.wrong(&wrong, ["is unknown: write ", name].concat()));
        }
        Ok(Fields { set: names.set, ..self })
    }

    /// Reads a field.
    ///
    /// # Errors
    /// Its getter throws, or it must be set and is present, but undefined or null.
    pub fn value(&self, name: &str) -> Result<Option<JsValue>, Error> {
        let Some(object) = &self.object else { return Ok(None) };
        let value = get(object, name).map_err(Error::validation)?;
        if !value.is_null_or_undefined() {
            return Ok(Some(value));
        }
        if self.set.contains(&name) && Reflect::has(object, &name.into()).unwrap_or(true) {
            return Err(self.wrong(name, "is undefined or null: set it, or leave it out"));
        }
        Ok(None)
    }

    /// The object, unless it is undefined or null.
    pub fn object_value(&self) -> Option<&JsValue> {
        self.object.as_ref()
    }

    /// Reads a field with `read`, which returns `None` if it is not what is expected.
    ///
    /// # Errors
    /// It is something else.
    pub fn expect<T>(&self, name: &str, expected: &str, read: impl Fn(&JsValue) -> Option<T>) -> Result<Option<T>, Error> {
        let Some(value) = self.value(name)? else { return Ok(None) };
        read(&value).map(Some).ok_or_else(|| self.type_error(name, expected, &value))
    }

    /// A string that stays in JavaScript's memory.
    ///
    /// # Errors
    /// It is something else.
    pub fn js_string(&self, name: &str) -> Result<Option<JsString>, Error> {
        self.expect(name, "a string", |value| value.clone().dyn_into().ok())
    }

    /// A string of at most `max` UTF-16 code units, without lone surrogates, which no URL can carry.
    ///
    /// # Errors
    /// It is something else.
    pub fn string(&self, name: &str, max: u32) -> Result<Option<String>, Error> {
        self.value(name)?.map(|value| self.text(name, &value, max)).transpose()
    }

    /// The same, of the field's value.
    ///
    /// # Errors
    /// It is something else.
    pub fn text(&self, name: &str, value: &JsValue, max: u32) -> Result<String, Error> {
        match short_text(value, max) {
            Some(copy) => self.well_formed(name, copy, value),
            None if value.is_string() => Err(self.wrong(name, "is too long")),
            None if value.is_null_or_undefined() => Err(self.wrong(name, "is missing")),
            None => Err(self.type_error(name, "a string", value)),
        }
    }

    /// The same, of a string or a `URL`.
    ///
    /// # Errors
    /// It is something else.
    pub fn url(&self, name: &str, max: u32) -> Result<Option<String>, Error> {
        let Some(value) = self.value(name)? else { return Ok(None) };
        let text = if value.is_string() { value.clone() } else { peek(&value, "href") };
        if text.is_string() {
            self.text(name, &text, max).map(Some)
        } else {
            Err(self.type_error(name, "a string or a URL", &value))
        }
    }

    fn well_formed(&self, name: &str, copy: String, value: &JsValue) -> Result<String, Error> {
        // The conversion replaces lone surrogates, so the slow check is needed only after a replacement.
        let replaced = copy.chars().any(|char| char == char::REPLACEMENT_CHARACTER);
        if replaced && !value.dyn_ref().is_some_and(JsString::is_valid_utf16) {
            return Err(self.wrong(name, "contains a lone surrogate, which no URL can carry"));
        }
        Ok(copy)
    }

    /// A number.
    ///
    /// # Errors
    /// It is something else, or NaN.
    pub fn number(&self, name: &str) -> Result<Option<f64>, Error> {
        self.expect(name, "a number", |value| value.as_f64().filter(|number| !number.is_nan()))
    }

    /// A boolean.
    ///
    /// # Errors
    /// It is something else.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, Error> {
        self.expect(name, "true or false", JsValue::as_bool)
    }

    /// A function.
    ///
    /// # Errors
    /// It is something else.
    pub fn function(&self, name: &str) -> Result<Option<Function>, Error> {
        self.expect(name, "a function", |value| value.clone().dyn_into().ok())
    }

    /// An object whose fields are read too. `path` is the prefix of their names in messages.
    ///
    /// # Errors
    /// It is something else.
    pub fn object(&self, name: &str, path: &'static str) -> Result<Option<Fields>, Error> {
        let object = self.expect(name, "an object", |value| is_object(value).then(|| value.clone()))?;
        Ok(object.map(|object| Fields { object: Some(object), path, set: &[] }))
    }

    /// An object that has these methods.
    ///
    /// # Errors
    /// It is something else.
    pub fn object_with_methods(&self, name: &str, methods: &[&str], expected: &str) -> Result<Option<JsValue>, Error> {
        self.expect(name, expected, |value| methods.iter().all(|method| peek(value, method).is_function()).then(|| value.clone()))
    }

    /// The elements of an array of at most `max` strings or whole numbers, as strings. The length is checked first: a sparse
    /// array can be so long that a loop over it never ends.
    ///
    /// # Errors
    /// It is something else.
    pub fn strings(&self, name: &str, max: u32, expected: &str) -> Result<Option<Vec<String>>, Error> {
        self.expect(name, expected, |value| {
            let length = peek(value, "length").as_f64().filter(|length| is_array(value) && *length <= f64::from(max))?;
            let element = |index: u32| {
                let element = peek(value, &index.to_string());
                element
                    .as_string()
                    .or_else(|| Some((element.as_f64().filter(|number| number.fract() == 0.0)? as u32).to_string()))
            };
            (0..length as u32).map(element).collect()
        })
    }

    /// The error for a field: its name and what is wrong.
    pub fn wrong(&self, name: &str, detail: impl AsRef<str>) -> Error {
        Error::invalid([self.path, name, " ", detail.as_ref()].concat())
    }

    /// The error for a field of the wrong type.
    pub fn type_error(&self, name: &str, expected: &str, value: &JsValue) -> Error {
        self.wrong(name, format!("must be {expected}, not {}", type_name(value)))
    }
}

/// Describes a value in a message without showing it.
pub fn type_name(value: &JsValue) -> String {
    let kind = value.js_typeof().as_string().unwrap_or_default();
    match kind.as_str() {
        "undefined" => kind,
        "object" if value.is_null() => String::from("null"),
        "object" if is_array(value) => String::from("an array"),
        "object" => String::from("another object"),
        "number" if value.as_f64().is_some_and(f64::is_nan) => String::from("NaN"),
        _ => format!("a {kind}"),
    }
}
