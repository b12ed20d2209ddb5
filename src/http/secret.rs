//! Text that is never shown in errors or logs.

use std::rc::Rc;
use zeroize::Zeroizing;

/// A secret. It is wiped from memory when the last reference is dropped.
#[derive(Clone, Default)]
pub struct Secret(Rc<Zeroizing<String>>);

impl Secret {
    /// The text.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// Whether this is the same secret in memory. Secrets are not compared by their text.
    pub fn is_same(&self, other: &Secret) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl From<Zeroizing<String>> for Secret {
    fn from(text: Zeroizing<String>) -> Secret {
        Secret(Rc::new(text))
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}
