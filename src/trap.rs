//! Traps on demand, in test builds of the package only: to see what the package's loader makes of one.

use core::arch::wasm32::unreachable;
use wasm_bindgen::prelude::*;

/// Traps in the caller's own call.
#[wasm_bindgen(js_name = trapNow)]
pub fn trap_now() {
    unreachable()
}
