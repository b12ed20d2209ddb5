//! The caller's debug logger. Secrets are logged as `***`. Exceptions and rejections of the logger are ignored.

use crate::border::{header_lines, notify_method, peek};
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
        notify_method(&self.0, "group", &title.into());
        content();
        notify_method(&self.0, "groupEnd", &JsValue::UNDEFINED);
    }

    fn log(&self, line: &JsValue) {
        notify_method(&self.0, "log", line);
    }
}
