//! Time, on clocks that a page, a user or a suspended machine can change.

use std::cell::Cell;
use wasm_bindgen::prelude::*;

#[cfg_attr(feature = "package", wasm_bindgen(raw_module = "./border.js"))]
#[cfg_attr(not(feature = "package"), wasm_bindgen(module = "/src/border/border.js"))]
extern "C" {
    /// Milliseconds since 1970, for dates and the lifetimes of tokens. 0 if the clock does not work.
    #[wasm_bindgen(js_name = systemTime)]
    pub fn now_since_epoch() -> f64;
    #[wasm_bindgen(js_name = steadyTime)]
    fn steady_time() -> f64;
    /// The time of an HTTP date, in milliseconds since 1970.
    #[wasm_bindgen(js_name = httpDate)]
    pub fn http_date(text: &str) -> Option<f64>;
    /// A time in milliseconds since 1970 as ISO 8601, UTC.
    pub fn timestamp(time: f64) -> Option<String>;
}

/// A clock for waits. It never runs backwards, and after a wait it has advanced by at least that wait.
pub struct Clock {
    /// The last time of the platform's clock.
    platform: Cell<f64>,
    now: Cell<f64>,
}

impl Clock {
    /// Starts a clock at 0.
    pub fn start() -> Clock {
        Clock { platform: Cell::new(steady_time()), now: Cell::new(0.0) }
    }

    /// Milliseconds since the start. Steps backwards and invalid times of the platform's clock are ignored.
    pub fn now(&self) -> f64 {
        let platform = steady_time();
        let passed = platform - self.platform.replace(platform);
        if passed > 0.0 && passed.is_finite() {
            self.now.set(self.now.get() + passed);
        }
        self.now.get()
    }

    /// Records that a timer for `time` has fired: it is at least that late, even if the platform's clock is behind.
    pub fn reached(&self, time: f64) {
        self.now.set(self.now().max(time));
    }
}
