//! What is one word on the wire: written as it displays, read as it parses.

/// Reads a type from JSON text by its `FromStr`; what does not parse is an error with its words. Generics come in
/// brackets before the type.
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

/// Writes a type to JSON text by its `Display`, and reads it as [`read_as_text`] does.
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
