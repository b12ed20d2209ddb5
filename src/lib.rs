//! Stub, replaced while the core is written: the exported surface and nothing behind it.
#![allow(missing_docs)]
use wasm_bindgen::prelude::*;

#[wasm_bindgen(raw_module = "../errors.js")]
extern "C" {
    pub type SDKValidationError;
    #[wasm_bindgen(constructor)]
    fn new(message: &str, cause: JsValue, raw: JsValue) -> SDKValidationError;
}

#[wasm_bindgen]
pub struct Client {
    fetch: JsValue,
}

#[wasm_bindgen]
impl Client {
    #[wasm_bindgen(constructor)]
    pub fn new(props: JsValue) -> Result<Client, JsValue> {
        if props.is_string() {
            return Err(SDKValidationError::new("x", JsValue::NULL, props).into());
        }
        Ok(Client { fetch: props })
    }
    #[wasm_bindgen(js_name = revokeCredential)]
    pub fn revoke_credential(&self, _request: JsValue, _options: JsValue) -> js_sys::Promise {
        let v = self.fetch.clone();
        wasm_bindgen_futures::future_to_promise(async move { Ok(v) })
    }
}
