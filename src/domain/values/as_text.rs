//! Serialization of types that are one word on the wire, by `Display` and `FromStr`.

use serde::{Deserialize, Deserializer};

/// Deserializes an optional field that must not be `null`, since its absence permits more than any
/// value.
///
/// # Errors
/// Those of the field's type.
pub fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Deserializes an optional field whose `null` removes a value, while its absence leaves it unchanged. Beside it goes
/// `serde(default)`.
///
/// # Errors
/// Those of the field's type.
pub fn or_null<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Deserializes a field for which `null` means the same as its absence. A field of type `Option` needs this only beside
/// another `deserialize_with`.
///
/// # Errors
/// Those of the field's type.
pub fn or_default<'de, T: Deserialize<'de> + Default, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Implements `Deserialize` by `FromStr`, with the message of its error. Generics are in brackets
/// before the type.
macro_rules! read_as_text {
    ([$($generics:tt)*] $name:ty) => {
        impl<'de, $($generics)*> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <::std::borrow::Cow<'de, str> as ::serde::Deserialize<'de>>::deserialize(deserializer)?;
                text.parse().map_err(::serde::de::Error::custom)
            }
        }
    };
    ($name:ty) => { $crate::domain::values::as_text::read_as_text!([] $name); };
}

/// Implements `Serialize` by `Display`, and `Deserialize` as [`read_as_text`] does.
macro_rules! serde_as_text {
    ($name:ty) => {
        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        $crate::domain::values::as_text::read_as_text!($name);
    };
}

pub(crate) use {read_as_text, serde_as_text};
