//! The caller's debug logger. Secrets are logged as `***`. Exceptions of the logger are ignored.

use crate::border::{call_method, header_lines, peek};
use js_sys::JsString;
use wasm_bindgen::JsValue;

/// An object with the methods `group`, `groupEnd` and `log`, such as `console`.
pub struct Logger(pub JsValue);

impl Logger {
    /// Logs the status and headers of a request or response under a title. `secret` is masked in the headers.
    pub fn head(&self, title: &str, message: &JsValue, secret: &str) {
        self.group(title, || {
            if let Some(status) = peek(message, "status").as_f64() {
                self.log(&format!("Status Code: {}", status as u32).into());
            }
            self.group("Headers:", || {
                for line in header_lines(&peek(message, "headers"), secret) {
                    self.log(&line);
                }
            });
        });
    }

    /// Logs a body, which must not contain a secret.
    pub fn body(&self, body: &JsString) {
        self.group("Body:", || self.log(body));
    }

    fn group(&self, title: &str, content: impl FnOnce()) {
        self.call("group", &title.into());
        content();
        self.call("groupEnd", &JsValue::UNDEFINED);
    }

    fn log(&self, line: &JsValue) {
        self.call("log", line);
    }

    fn call(&self, method: &str, argument: &JsValue) {
        let _ = call_method(&self.0, method, argument);
    }
}
