//! Why an input is invalid.

use std::borrow::Cow;

/// Why a value is refused, as the rest of a sentence that begins with the name of its option or field, such as `"must not be
/// empty"`. It never contains the value, which may be a secret in the wrong place.
pub type Invalid = Cow<'static, str>;
