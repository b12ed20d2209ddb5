//! Finds requests of a bulk run that are the same. The first one is sent, and the others get its result.

use super::report::ItemResult;
use js_sys::Map;
use std::cell::{OnceCell, RefCell};
use std::mem::take;
use std::rc::Rc;
use wasm_bindgen::JsValue;

/// The number of duplicates that may wait for results before the run stops reading input. Bounds memory.
pub const MAX_WAITING: usize = 1024;

/// The minimum number of different requests that are remembered if memory is bounded.
const REMEMBERED: usize = 16_384;

/// The first item with a URL.
pub struct Original {
    /// Its place in the input.
    pub index: usize,
    /// Its result, once that is known.
    pub result: OnceCell<ItemResult>,
    /// Until then: the requests that are duplicates of it, with their places in the input.
    pub waiting: RefCell<Vec<(usize, JsValue)>>,
}

/// Some of the different requests. A `Map` holds the URLs, which take most of the memory, with their places in the list.
#[derive(Default)]
struct Generation {
    places: Map,
    originals: Vec<Rc<Original>>,
}

impl Generation {
    fn get(&self, url: &JsValue) -> Option<&Rc<Original>> {
        self.originals.get(self.places.get(url).as_f64()? as usize)
    }
}

/// The different requests, by URL.
pub struct Duplicates {
    bounded: bool,
    young: Generation,
    /// The previous generation, if memory is bounded.
    old: Generation,
}

impl Duplicates {
    /// `bounded`: remember only recent requests, so that endless input does not fill memory.
    pub fn new(bounded: bool) -> Duplicates {
        Duplicates { bounded, young: Generation::default(), old: Generation::default() }
    }

    /// Returns the first item with this URL. If there is none, it is the item with this index.
    pub fn original(&mut self, url: &str, index: usize) -> Rc<Original> {
        let url = JsValue::from(url);
        if let Some(known) = self.young.get(&url).or_else(|| self.old.get(&url)) {
            return known.clone();
        }
        if self.bounded && self.young.originals.len() >= REMEMBERED {
            self.old = take(&mut self.young);
        }
        let original = Rc::new(Original { index, result: OnceCell::new(), waiting: RefCell::default() });
        self.young.places.set(&url, &self.young.originals.len().into());
        self.young.originals.push(original.clone());
        original
    }
}
