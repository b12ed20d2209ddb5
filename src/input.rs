//! Reading the caller's objects: each field by name, each wrong type reported by name, nothing that a getter throws lost.
//!
//! The first fault is noted and asked for once, at the end: dozens of fields with an early return each would weigh kilobytes.

use crate::errors::Failure;
use crate::js;
use crate::text::concat;
use alloc::string::String;
use core::cell::RefCell;
use wasm_bindgen::prelude::*;

/// The types that fields have.
#[derive(Clone, Copy, PartialEq)]
pub enum Type {
    /// Whatever it is.
    Any,
    /// A string.
    String,
    /// A number that is not NaN.
    Number,
    /// true or false.
    Boolean,
    /// A function.
    Function,
    /// An object or a function.
    Object,
}

impl Type {
    fn name(self) -> &'static str {
        match self {
            Type::Any => "something else",
            Type::String => "a string",
            Type::Number => "a number",
            Type::Boolean => "true or false",
            Type::Function => "a function",
            Type::Object => "an object",
        }
    }

    fn holds(self, value: &JsValue) -> bool {
        match self {
            Type::Any => true,
            Type::String => value.is_string(),
            Type::Number => value.as_f64().is_some_and(|number| !number.is_nan()),
            Type::Boolean => value.as_bool().is_some(),
            Type::Function => value.is_function(),
            Type::Object => js::is_object(value),
        }
    }
}

/// Where the first fault is noted.
#[derive(Default)]
pub struct Faults(RefCell<Option<Failure>>);

impl Faults {
    /// The first fault, if there was any.
    ///
    /// # Errors
    /// It.
    pub fn check(&self) -> Result<(), Failure> {
        self.0.try_borrow_mut().ok().and_then(|mut first| first.take()).map_or(Ok(()), Err)
    }

    /// Notes a fault.
    pub fn note(&self, failure: Failure) {
        if let Ok(mut first) = self.0.try_borrow_mut() {
            first.get_or_insert(failure);
        }
    }
}

/// An object of the caller's, and what to call its fields in messages. Every reader gives what stands for an absent field when
/// there is a fault.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    object: &'a JsValue,
    /// Put before a field's name, as in `backoff.`.
    prefix: &'a str,
    /// Where faults are noted.
    pub faults: &'a Faults,
}

impl<'a> Input<'a> {
    /// Reads fields of `object`, which is called `name` if it must be complained of. Undefined and null have no field.
    pub fn new(object: &'a JsValue, name: &str, prefix: &'a str, faults: &'a Faults) -> Input<'a> {
        if !js::is_object(object) && !object.is_undefined() && !object.is_null() {
            faults.note(wrong_type("", name, Type::Object.name(), object));
        }
        Input { object, prefix, faults }
    }

    /// A field of this type; undefined when it is absent (undefined or null).
    pub fn read(&self, name: &str, wanted: Type) -> JsValue {
        if !js::is_object(self.object) {
            return JsValue::UNDEFINED;
        }
        match js::get(self.object, name) {
            Err(thrown) => self.faults.note(Failure::getter(&thrown)),
            Ok(value) if value.is_null() => {}
            Ok(value) if value.is_undefined() || wanted.holds(&value) => return value,
            Ok(value) => self.wrong_type(name, wanted.name(), &value),
        }
        JsValue::UNDEFINED
    }

    /// A string no longer than `max` UTF-16 code units.
    pub fn string(&self, name: &str, max: u32) -> Option<String> {
        let value = self.read(name, Type::String);
        let text = js::as_js_string(&value)?;
        if text.length() > max {
            self.wrong(name, " is too long");
            return None;
        }
        text.as_string()
    }

    /// A number.
    pub fn number(&self, name: &str) -> Option<f64> {
        self.read(name, Type::Number).as_f64()
    }

    /// A number that is zero or more, or this.
    pub fn non_negative_or(&self, name: &str, default: f64) -> f64 {
        let number = self.number(name).unwrap_or(default);
        if number < 0.0 {
            self.wrong(name, " must not be negative");
        }
        number
    }

    /// true or false, or this.
    pub fn flag(&self, name: &str, default: bool) -> bool {
        self.read(name, Type::Boolean).as_bool().unwrap_or(default)
    }

    /// An object that has these methods.
    pub fn object_with(&self, name: &str, methods: &[&str], expected: &str) -> JsValue {
        let object = self.read(name, Type::Any);
        for method in methods {
            if !object.is_undefined() && !js::peek(&object, method).is_function() {
                self.wrong_type(name, expected, &object);
                return JsValue::UNDEFINED;
            }
        }
        object
    }

    /// Notes that a field is wrong, as `detail` says.
    pub fn wrong(&self, name: &str, detail: &str) {
        self.faults.note(Failure::input(&concat(&[self.prefix, name, detail]), &JsValue::UNDEFINED));
    }

    /// Notes that a field has the wrong type.
    pub fn wrong_type(&self, name: &str, expected: &str, value: &JsValue) {
        self.faults.note(wrong_type(self.prefix, name, expected, value));
    }
}

/// "`name` must be `expected`, not a string". The value itself is not shown: it may be a secret in the wrong place.
pub fn wrong_type(prefix: &str, name: &str, expected: &str, value: &JsValue) -> Failure {
    let kind = if value.is_null() {
        String::from("null")
    } else if js::is_array(value) {
        String::from("an array")
    } else if value.as_f64().is_some_and(f64::is_nan) {
        String::from("NaN")
    } else {
        value.js_typeof().as_string().unwrap_or_default()
    };
    let article = match kind.as_str() {
        "object" => "another ",
        "string" | "number" | "boolean" | "function" | "symbol" | "bigint" => "a ",
        _ => "",
    };
    Failure::input(&concat(&[prefix, name, " must be ", expected, ", not ", article, &kind]), &JsValue::UNDEFINED)
}
