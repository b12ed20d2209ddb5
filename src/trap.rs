//! Traps on demand, in test builds only, to test how the package's loader handles them.

use core::arch::wasm32::unreachable;
use wasm_bindgen::prelude::*;

/// Traps in the caller's own call.
#[wasm_bindgen(js_name = trapNow)]
pub fn trap_now() {
    unreachable()
}
