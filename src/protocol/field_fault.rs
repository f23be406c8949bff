//! A field of a body that is wrong, as problems name it.

use serde::Serialize;
use std::fmt::Write;
use utoipa::ToSchema;

/// A field of the body that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldFault {
    /// The field: a JSON pointer in the form of a URI fragment (RFC 6901, section 6), as `#/items/0/quantity`.
    #[schema(pattern = "^#/")]
    pointer: String,
    /// What is wrong with it.
    detail: String,
}

impl FieldFault {
    /// Makes the fault of the field at a JSON pointer.
    #[must_use]
    pub fn new(pointer: &str, detail: String) -> Self {
        Self { pointer: fragment(pointer), detail }
    }
}

/// Returns a pointer as a fragment, in which other characters are escaped.
fn fragment(pointer: &str) -> String {
    let mut fragment = "#".to_owned();
    for byte in pointer.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/?".contains(&byte) {
            fragment.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(fragment, "%{byte:02X}");
        }
    }
    fragment
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_is_a_fragment() {
        for (pointer, expected) in
            [("/items/0/quantity", "#/items/0/quantity"), ("/a~1b~0c", "#/a~1b~0c"), ("/c%d e^\u{e9}", "#/c%25d%20e%5E%C3%A9")]
        {
            assert_eq!(fragment(pointer), expected);
        }
    }
}
