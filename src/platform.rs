//! The platform, as `platform.js` serves it to this crate: see there for what each function does.

use crate::call::Call;
use crate::run::Run;
use alloc::string::String;
use wasm_bindgen::prelude::*;

#[cfg_attr(feature = "package", wasm_bindgen(raw_module = "../platform.js"))]
#[cfg_attr(not(feature = "package"), wasm_bindgen(module = "/src/platform.js"))]
extern "C" {
    /// An object of the caller's, read field by field.
    pub type Input;
    #[wasm_bindgen(constructor)]
    pub fn new(object: &JsValue, name: &str) -> Input;
    #[wasm_bindgen(method, getter)]
    pub fn error(this: &Input) -> JsValue;
    #[wasm_bindgen(method)]
    pub fn of(this: &Input, object: &JsValue, name: &str, prefix: &str) -> Input;
    #[wasm_bindgen(method)]
    pub fn value(this: &Input, name: &str, expected: &str) -> JsValue;
    #[wasm_bindgen(method)]
    pub fn inner(this: &Input, name: &str, prefix: &str) -> Option<Input>;
    #[wasm_bindgen(method)]
    pub fn text(this: &Input, name: &str, expected: &str, max: u32) -> Option<String>;
    #[wasm_bindgen(method)]
    pub fn number(this: &Input, name: &str) -> f64;
    #[wasm_bindgen(method)]
    pub fn flag(this: &Input, name: &str, absent: bool) -> bool;
    #[wasm_bindgen(method)]
    pub fn codes(this: &Input, name: &str, width: u32, max: u32) -> Option<String>;
    #[wasm_bindgen(method)]
    pub fn session(this: &Input, user_agent: &str) -> Session;
    #[wasm_bindgen(method, js_name = fetchOptions)]
    pub fn fetch_options(this: &Input, limit: f64) -> FetchOptions;
    #[wasm_bindgen(method)]
    pub fn wrong(this: &Input, name: &str, detail: &str);
    #[wasm_bindgen(method)]
    pub fn mistyped(this: &Input, name: &str, expected: &str, value: &JsValue);
    pub fn rejected(error: &JsValue) -> JsValue;
    #[wasm_bindgen(js_name = isRecord)]
    pub fn is_record(value: &JsValue) -> bool;

    /// What the calls of a client share.
    pub type Session;
    /// Whether requests are sent by an HTTP client of the caller's.
    #[wasm_bindgen(method, getter, js_name = httpClient)]
    pub fn http_client(this: &Session) -> JsValue;

    /// The options of a call that are handed to the platform.
    pub type FetchOptions;

    /// One call's way to the platform.
    #[derive(Clone)]
    pub type Driver;
    #[wasm_bindgen(constructor)]
    pub fn new(session: &Session, options: &FetchOptions) -> Driver;
    #[wasm_bindgen(method)]
    pub fn start(this: &Driver, call: Call) -> JsValue;
    /// How many requests were sent.
    #[wasm_bindgen(method, getter)]
    pub fn attempts(this: &Driver) -> u32;
    #[wasm_bindgen(method)]
    pub fn invoke(this: &Driver, action: &JsValue);
    #[wasm_bindgen(method)]
    pub fn join(this: &Driver, promise: &JsValue, patience: f64);
    #[wasm_bindgen(method, js_name = importKey)]
    pub fn import_key(this: &Driver, pkcs8: &[u8]);
    #[wasm_bindgen(method)]
    pub fn sign(this: &Driver, key: &JsValue, data: &[u8]);
    #[wasm_bindgen(method)]
    pub fn sleep(this: &Driver, ms: f64);
    #[wasm_bindgen(method)]
    pub fn send(this: &Driver, url: &str, body: &JsValue, authorization: &JsValue, secret: &JsValue);
    #[wasm_bindgen(method)]
    pub fn read(this: &Driver, max: u32);
    #[wasm_bindgen(method)]
    pub fn discard(this: &Driver);
    #[wasm_bindgen(method)]
    pub fn json(this: &Driver) -> JsValue;
    #[wasm_bindgen(method)]
    pub fn member(this: &Driver, name: &str) -> JsValue;
    #[wasm_bindgen(method)]
    pub fn resolve(this: &Driver, value: &JsValue);
    #[wasm_bindgen(method)]
    pub fn reject(this: &Driver, error: &JsValue);
    #[wasm_bindgen(method)]
    pub fn revoked(this: &Driver);
    #[wasm_bindgen(method)]
    pub fn fail(this: &Driver, kind: i32, message: &str);
    #[wasm_bindgen(method)]
    pub fn refused(this: &Driver);
    #[wasm_bindgen(method)]
    pub fn malformed(this: &Driver, detail: &str);
    #[wasm_bindgen(method, js_name = tokenRefused)]
    pub fn token_refused(this: &Driver, hidden: bool);
    #[wasm_bindgen(method, js_name = tokenUnusable)]
    pub fn token_unusable(this: &Driver, why: &str);

    /// An item of a bulk run.
    pub type Entry;
    #[wasm_bindgen(method, getter)]
    pub fn request(this: &Entry) -> JsValue;

    /// A bulk run's way to the platform.
    pub type RunDriver;
    #[wasm_bindgen(constructor)]
    pub fn new(options: &FetchOptions, collect: bool, on_progress: &JsValue, on_result: &JsValue) -> RunDriver;
    #[wasm_bindgen(method)]
    pub fn open(this: &RunDriver, requests: &JsValue, input: &Input) -> bool;
    #[wasm_bindgen(method)]
    pub fn start(this: &RunDriver, run: Run) -> JsValue;
    #[wasm_bindgen(method)]
    pub fn aborted(this: &RunDriver) -> bool;
    #[wasm_bindgen(method, js_name = stoppedBy)]
    pub fn stopped_by(this: &RunDriver, index: usize);
    #[wasm_bindgen(method)]
    pub fn pull(this: &RunDriver) -> bool;
    #[wasm_bindgen(method)]
    pub fn take(this: &RunDriver, index: usize) -> Option<Entry>;
    #[wasm_bindgen(method)]
    pub fn first(this: &RunDriver, url: &str, index: usize) -> usize;
    #[wasm_bindgen(method, getter)]
    pub fn found(this: &RunDriver) -> u8;
    #[wasm_bindgen(method)]
    pub fn invalid(this: &RunDriver, index: usize, error: &JsValue);
    #[wasm_bindgen(method)]
    pub fn driver(this: &RunDriver, index: usize, session: &Session) -> Driver;
    #[wasm_bindgen(method)]
    pub fn send(this: &RunDriver, index: usize, driver: &Driver, call: Call);
    #[wasm_bindgen(method)]
    pub fn settle(this: &RunDriver, index: usize, status: u8, original: f64, remaining: bool);
    #[wasm_bindgen(method)]
    pub fn progress(this: &RunDriver, revoked: usize, failed: usize, skipped: usize, in_flight: usize, paused_until: f64);
    #[wasm_bindgen(method)]
    pub fn rest(this: &RunDriver, ms: f64);
    #[wasm_bindgen(method)]
    pub fn finish(this: &RunDriver, stopped: bool);

    #[wasm_bindgen(js_name = fillRandom)]
    pub fn fill_random(bytes: &mut [u8]) -> bool;
    #[wasm_bindgen(js_name = copyBytes)]
    pub fn copy_bytes(buffer: &JsValue, bytes: &mut [u8]) -> bool;
}

/// Brings errors.js along where wasm-bindgen copies platform.js: it does not follow that file's own imports.
#[cfg(not(feature = "package"))]
#[wasm_bindgen(module = "/src/errors.js")]
extern "C" {
    #[allow(dead_code)]
    type SDKError;
}

/// Whether all that was read is as it should be.
///
/// # Errors
/// The first fault, an `SDKValidationError`.
pub fn check(input: &Input) -> Result<(), JsValue> {
    let error = input.error();
    if error.is_undefined() {
        Ok(())
    } else {
        Err(error)
    }
}

/// A number, or nothing for NaN.
pub fn number(value: f64) -> Option<f64> {
    if value.is_nan() {
        None
    } else {
        Some(value)
    }
}
