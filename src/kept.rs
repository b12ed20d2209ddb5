//! JavaScript values inside what is serialized.

use serde::Serialize;
use wasm_bindgen::JsValue;

/// A JavaScript value that is passed on unchanged.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(transparent)]
pub struct Kept(#[serde(with = "serde_wasm_bindgen::preserve")] pub JsValue);
