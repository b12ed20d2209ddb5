//! The platform, as it is bound here. Everything that a page, a polyfill or a caller's object could make throw is bound with
//! `catch`, because an exception that crosses wasm frames leaves them half done. Globals are looked up at each call.

use crate::errors::Failure;
use alloc::boxed::Box;
use alloc::string::String;
use core::future::Future;
use core::pin::Pin;
use wasm_bindgen::prelude::*;
use wasm_bindgen::JsCast;

#[wasm_bindgen]
extern "C" {
    /// `fetch(request)` (WHATWG Fetch).
    #[wasm_bindgen(catch)]
    pub fn fetch(request: &JsValue) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch, js_name = setTimeout)]
    pub fn set_timeout(callback: &JsValue, ms: f64) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch, js_name = clearTimeout)]
    pub fn clear_timeout(id: &JsValue) -> Result<(), JsValue>;

    #[wasm_bindgen(catch, js_namespace = Reflect, js_name = get)]
    fn reflect_get(target: &JsValue, key: &str) -> Result<JsValue, JsValue>;

    /// `target[symbol]`.
    #[wasm_bindgen(catch, js_namespace = Reflect, js_name = get)]
    pub fn get_symbol(target: &JsValue, symbol: &js_sys::Symbol) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch, js_namespace = Reflect, js_name = set)]
    fn reflect_set(target: &JsValue, key: &str, value: &JsValue) -> Result<bool, JsValue>;

    #[wasm_bindgen(catch, js_namespace = Reflect, js_name = apply)]
    fn reflect_apply(function: &JsValue, this: &JsValue, arguments: &js_sys::Array) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch, js_namespace = Object, js_name = assign)]
    pub fn assign(target: &js_sys::Object, first: &JsValue, second: &JsValue) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch, js_namespace = Object, js_name = create)]
    fn object_create(prototype: &JsValue) -> Result<js_sys::Object, JsValue>;

    #[wasm_bindgen(catch, js_namespace = JSON, js_name = parse)]
    pub fn parse_json(text: &JsValue) -> Result<JsValue, JsValue>;

    // Throws for a revoked Proxy.
    #[wasm_bindgen(catch, js_namespace = Array, js_name = isArray)]
    fn array_is_array(value: &JsValue) -> Result<bool, JsValue>;

    #[wasm_bindgen(catch, js_namespace = Array, js_name = from)]
    pub fn array_from(iterable: &JsValue) -> Result<js_sys::Array, JsValue>;

    #[wasm_bindgen(catch, js_name = String)]
    fn to_string(value: &JsValue) -> Result<js_sys::JsString, JsValue>;

    #[wasm_bindgen(thread_local_v2, js_namespace = navigator, js_name = userAgent)]
    static USER_AGENT: Option<JsValue>;

    /// `crypto.subtle.importKey` (Web Cryptography). Insecure contexts have no `subtle`: that is an error like every other.
    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"], js_name = importKey)]
    pub fn import_key(
        format: &str,
        key: &js_sys::Uint8Array,
        algorithm: &str,
        extractable: bool,
        uses: &js_sys::Array,
    ) -> Result<JsValue, JsValue>;

    /// `crypto.subtle.sign`.
    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"])]
    pub fn sign(algorithm: &str, key: &JsValue, data: &js_sys::Uint8Array) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch, js_namespace = crypto, js_name = getRandomValues)]
    pub fn random(bytes: &js_sys::Uint8Array) -> Result<(), JsValue>;

    /// `Headers` (WHATWG Fetch).
    pub type Headers;

    #[wasm_bindgen(catch, constructor)]
    pub fn new(init: &JsValue) -> Result<Headers, JsValue>;

    #[wasm_bindgen(catch, method)]
    pub fn set(this: &Headers, name: &JsValue, value: &JsValue) -> Result<(), JsValue>;

    /// `Request` (WHATWG Fetch).
    pub type Request;

    #[wasm_bindgen(catch, constructor)]
    pub fn new(url: &str, init: &JsValue) -> Result<Request, JsValue>;

    /// `TextDecoder` (WHATWG Encoding).
    pub type TextDecoder;

    #[wasm_bindgen(catch, constructor)]
    pub fn new() -> Result<TextDecoder, JsValue>;

    #[wasm_bindgen(catch, method)]
    pub fn decode(this: &TextDecoder, chunk: &JsValue, options: &JsValue) -> Result<js_sys::JsString, JsValue>;

    /// A string, for the method that js-sys binds without `catch`.
    pub type Text;

    #[wasm_bindgen(catch, method, js_name = replaceAll)]
    pub fn replace_all(this: &Text, from: &JsValue, to: &str) -> Result<js_sys::JsString, JsValue>;

    /// `DOMException` (Web IDL).
    pub type DOMException;

    #[wasm_bindgen(catch, constructor)]
    pub fn new(message: &str, name: &str) -> Result<DOMException, JsValue>;

    /// `AbortController` (DOM).
    pub type AbortController;

    #[wasm_bindgen(catch, constructor)]
    pub fn new() -> Result<AbortController, JsValue>;
}

/// `target[key]`; what its getter throws is the error.
pub fn get(target: &JsValue, key: &str) -> Result<JsValue, JsValue> {
    reflect_get(target, key)
}

/// `target[key]`, or undefined when that throws or `target` is no object.
pub fn peek(target: &JsValue, key: &str) -> JsValue {
    // Asked first, although Reflect.get would throw: throwing takes long, and with each exception that a `catch` import throws
    // wasm-bindgen loses a slot of its table of references, for good.
    if !is_object(target) {
        return JsValue::UNDEFINED;
    }
    reflect_get(target, key).unwrap_or(JsValue::UNDEFINED)
}

/// `target[key]` when it is a string.
pub fn peek_string(target: &JsValue, key: &str) -> Option<String> {
    peek(target, key).as_string()
}

/// `target[key] = value` on an object of our own.
pub fn set(target: &JsValue, key: &str, value: &JsValue) {
    // It can fail only where the page froze or patched its prototypes; what is missing then shows in the request.
    let _ = reflect_set(target, key, value);
}

/// `target[name](...arguments)`.
pub fn call_method(target: &JsValue, name: &str, arguments: &[&JsValue]) -> Result<JsValue, JsValue> {
    call(&reflect_get(target, name)?, target, arguments)
}

/// `function.apply(this, arguments)`.
pub fn call(function: &JsValue, this: &JsValue, arguments: &[&JsValue]) -> Result<JsValue, JsValue> {
    let list = js_sys::Array::new();
    // By index: a page may have patched `push`.
    for (index, argument) in (0..).zip(arguments) {
        list.set(index, JsValue::clone(argument));
    }
    reflect_apply(function, this, &list)
}

/// The promise of `value`, whatever it is: a promise, a thenable, a plain value. Always a new one, for one of the caller's may have a
/// `then` of its own that throws, or calls back twice.
pub fn promise_of(value: &JsValue) -> js_sys::Promise {
    js_sys::Promise::new(&mut |resolve, _| {
        let _ = resolve.call1(&JsValue::UNDEFINED, value);
    })
}

/// Runs `future` by itself. Boxed, because each type of future that is spawned costs its own code.
pub fn spawn(future: impl Future<Output = ()> + 'static) {
    let future: Pin<Box<dyn Future<Output = ()>>> = Box::pin(future);
    wasm_bindgen_futures::spawn_local(future);
}

/// The promise of what `future` gives. Boxed for the same reason.
pub fn promise(future: impl Future<Output = Result<JsValue, Failure>> + 'static) -> js_sys::Promise {
    let future: Pin<Box<dyn Future<Output = Result<JsValue, Failure>>>> = Box::pin(future);
    wasm_bindgen_futures::future_to_promise(async move { future.await.map_err(|failure| failure.error) })
}

/// Nobody waits for this promise; its rejection must not be reported as unhandled.
pub fn ignore(promise: js_sys::Promise) {
    spawn(async move {
        let _ = wasm_bindgen_futures::JsFuture::from(promise).await;
    });
}

/// The same for a promise that a call gave, if it gave one.
pub fn ignore_result(result: Result<JsValue, JsValue>) {
    match result {
        Ok(value) if is_object(&value) => {
            ignore(promise_of(&value));
        }
        _ => {}
    }
}

/// Whether `value` is an object or a function, so that it has properties.
pub fn is_object(value: &JsValue) -> bool {
    value.is_object() || value.is_function()
}

/// Whether `value` is an array.
pub fn is_array(value: &JsValue) -> bool {
    array_is_array(value).unwrap_or_default()
}

/// An array of strings and values made one string by the platform, so that a secret among them never enters wasm memory.
pub fn concat(first: &str, second: &JsValue) -> JsValue {
    js_sys::JsString::from(first).concat(second).into()
}

/// `String(value)`, or nothing when even that throws.
pub fn text(value: &JsValue) -> String {
    to_string(value).ok().and_then(|text| text.as_string()).unwrap_or_default()
}

/// Whether this is a browser's page or worker. There, `user-agent` is the browser's own (setting it would cost a CORS preflight).
pub fn is_browser() -> bool {
    USER_AGENT.with(|agent| agent.as_ref().and_then(JsValue::as_string).is_some_and(|agent| agent.starts_with("Mozilla/")))
}

/// What stands in place of a secret.
pub const MASK: &str = "***";

/// `text` with [`MASK`] in place of `secret`, wherever it is.
pub fn mask(text: &js_sys::JsString, secret: &JsValue) -> js_sys::JsString {
    text.unchecked_ref::<Text>().replace_all(secret, MASK).unwrap_or_else(|_| MASK.into())
}

/// An object without a prototype, so that nothing which a page put on `Object.prototype` is read from it.
pub fn bare_object() -> js_sys::Object {
    object_create(&JsValue::NULL).unwrap_or_default()
}

/// A new object with these properties.
pub fn object(properties: &[(&str, &JsValue)]) -> JsValue {
    let object = js_sys::Object::new();
    for (key, value) in properties {
        set(&object, key, value);
    }
    object.into()
}

/// `value` as a string that stays in JavaScript's memory.
pub fn as_js_string(value: &JsValue) -> Option<js_sys::JsString> {
    value.dyn_ref::<js_sys::JsString>().cloned()
}
