//! Small pieces of text handling that avoid `core::fmt`, whose machinery would weigh kilobytes in the package.

use alloc::string::String;

/// Appends `number` in decimal digits.
pub fn push_number(out: &mut String, number: u64) {
    let mut digits = [0u8; 20];
    let mut rest = number;
    let mut start = digits.len();
    for (at, digit) in digits.iter_mut().enumerate().rev() {
        *digit = b'0'.wrapping_add((rest % 10) as u8);
        rest /= 10;
        start = at;
        if rest == 0 {
            break;
        }
    }
    for digit in digits.iter().skip(start) {
        out.push(char::from(*digit));
    }
}

/// `parts` in one string, allocated once.
pub fn concat(parts: &[&str]) -> String {
    parts.concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::prelude::v1::*;
    #[allow(unused_imports)]
    use std::{format, vec};

    proptest! {
        #[test]
        fn numbers_are_written_as_the_standard_library_does(number: u64) {
            let mut out = String::from("n=");
            push_number(&mut out, number);
            prop_assert_eq!(out, format!("n={number}"));
        }
    }
}
