//! Why an input is invalid.

use std::borrow::Cow;

/// Why a value is refused, as the rest of a sentence that begins with the name of its option or field, such as `"must not be
/// empty"`. It never contains the value, which may be a secret in the wrong place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid(Cow<'static, str>);

impl Invalid {
    /// A fixed reason.
    pub const fn because(reason: &'static str) -> Invalid {
        Invalid(Cow::Borrowed(reason))
    }
}

impl From<String> for Invalid {
    fn from(reason: String) -> Invalid {
        Invalid(Cow::Owned(reason))
    }
}

impl AsRef<str> for Invalid {
    fn as_ref(&self) -> &str {
        &self.0
    }
}
