//! Traps on demand, in test builds of the package only: to see what the package's loader makes of one.

use core::arch::wasm32::unreachable;
use wasm_bindgen::prelude::*;

/// Traps in the caller's own call.
#[wasm_bindgen(js_name = trapNow)]
pub fn trap_now() {
    unreachable()
}

/// Traps later, where nobody waits for a result.
#[wasm_bindgen(js_name = trapLater)]
pub fn trap_later() {
    wasm_bindgen_futures::spawn_local(async { unreachable() });
}
