//! Bounded texts: trimmed, without control characters, of limited length.

use super::as_text::read_as_text;
use super::schema::{self, wire_schema};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use utoipa::openapi::schema::Object;

/// Why a text is invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidText {
    /// Empty after trimming.
    #[error("must not be empty")]
    Empty,
    /// More characters than allowed.
    #[error("must have at most {0} characters")]
    TooLong(usize),
    /// A control character.
    #[error("must not contain control characters")]
    Control,
    /// A character outside the type's alphabet.
    #[error("may contain only {0}")]
    Alphabet(&'static str),
}

/// Trimmed text of 1 to `MAX` characters, without line breaks and other control characters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Text<const MAX: usize>(Box<str>);

/// The most characters of a [`Note`].
const MAX_NOTE: usize = 200;

/// A note of a guest or of the staff.
pub type Note = Text<MAX_NOTE>;
/// The name of a dish, a category, a person or a screen.
pub type Name = Text<80>;
/// The number of a dish in other systems (stock-keeping unit).
pub type Sku = Text<40>;
/// The label of a table.
pub type TableLabel = Text<20>;
/// The most characters of a [`GuestName`].
const MAX_GUEST_NAME: usize = 40;

/// The name that staff call out when an order is picked up.
pub type GuestName = Text<MAX_GUEST_NAME>;

impl<const MAX: usize> Text<MAX> {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> FromStr for Text<MAX> {
    type Err = InvalidText;
    fn from_str(text: &str) -> Result<Self, InvalidText> {
        let text = text.trim();
        if text.is_empty() {
            return Err(InvalidText::Empty);
        }
        if text.chars().count() > MAX {
            return Err(InvalidText::TooLong(MAX));
        }
        if text.chars().any(char::is_control) {
            return Err(InvalidText::Control);
        }
        Ok(Self(text.into()))
    }
}

/// Deserializes an optional text. An empty one counts as absent, since forms send empty fields.
///
/// # Errors
/// The message of [`InvalidText`].
pub fn optional<'de, D: serde::Deserializer<'de>, const MAX: usize>(deserializer: D) -> Result<Option<Text<MAX>>, D::Error> {
    let text = Option::<std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
    let text = text.filter(|text| !text.trim().is_empty());
    text.map(|text| text.parse().map_err(serde::de::Error::custom)).transpose()
}

/// The most characters of a [`Slug`].
const MAX_SLUG: usize = 40;
/// The most characters of a [`Key`].
const MAX_KEY: usize = 64;

/// 1 to 40 lower-case letters, digits and hyphens: a restaurant's slug, a station.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Slug(Box<str>);

/// The station of a kitchen that cooks an item (`hot`, `cold`, `bar`).
pub type Station = Slug;

impl Slug {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Slug {
    type Err = InvalidText;
    fn from_str(text: &str) -> Result<Self, InvalidText> {
        if text.is_empty() {
            return Err(InvalidText::Empty);
        }
        if text.len() > MAX_SLUG {
            return Err(InvalidText::TooLong(MAX_SLUG));
        }
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if !text.bytes().all(allowed) {
            return Err(InvalidText::Alphabet("lower-case letters, digits and hyphens"));
        }
        Ok(Self(text.into()))
    }
}

/// 1 to 64 visible ASCII characters: a token's `sub` or `sid`, an external order number.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Key(Box<str>);

impl Key {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Key {
    type Err = InvalidText;
    fn from_str(text: &str) -> Result<Self, InvalidText> {
        if text.is_empty() {
            return Err(InvalidText::Empty);
        }
        if text.len() > MAX_KEY {
            return Err(InvalidText::TooLong(MAX_KEY));
        }
        if !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(InvalidText::Alphabet("visible ASCII characters"));
        }
        Ok(Self(text.into()))
    }
}

macro_rules! text_traits {
    ([$($generics:tt)*] $name:ty) => {
        impl<$($generics)*> fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl<$($generics)*> fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
        read_as_text!([$($generics)*] $name);
    };
}

text_traits!([const MAX: usize] Text<MAX>);
text_traits!([] Slug);
text_traits!([] Key);

/// The control characters, as the content of a character class of a regular expression.
const CONTROL: &str = r"\x00-\x1f\x7f-\x9f";
/// The white space of Unicode except control characters. ECMAScript's `\s` also matches U+FEFF,
/// which does not count as white space here.
const BLANK: &str = r" \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000";

wire_schema!(
    [const MAX: usize] Text<MAX>,
    format!("Text{MAX}"),
    schema::text(format!(r"^[^{CONTROL}]*[^{BLANK}{CONTROL}][^{CONTROL}]*$"))
        .min_length(Some(1))
        .max_length(Some(MAX))
        .description(Some("A text that is not blank, without control characters (a line break counts as one). \
                           White space at both ends is removed and does not count."))
);
wire_schema!(
    Slug,
    "Slug",
    schema::text(format!("^[a-z0-9-]{{1,{MAX_SLUG}}}$")).description(Some("Lower-case letters, digits and hyphens."))
);
wire_schema!(Key, "Key", schema::text(format!("^[!-~]{{1,{MAX_KEY}}}$")).description(Some("Visible ASCII characters.")));

/// Builds the schema of a note that [`optional`] reads.
pub(crate) fn optional_note_schema() -> Object {
    optional_schema(MAX_NOTE)
}

/// Builds the schema of a guest's name that [`optional`] reads.
pub(crate) fn optional_guest_name_schema() -> Object {
    optional_schema(MAX_GUEST_NAME)
}

fn optional_schema(max: usize) -> Object {
    let text = schema::text(format!("^[^{CONTROL}]*$")).max_length(Some(max));
    text.description(Some("A text without control characters. A blank one counts as absent.")).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_trimmed_and_bounded_without_control_characters() {
        assert_eq!("  nut allergy ".parse::<Note>().unwrap().as_str(), "nut allergy");
        assert_eq!("ঝাল কম".parse::<Note>().unwrap().as_str(), "ঝাল কম");
        assert_eq!(" ".parse::<Note>(), Err(InvalidText::Empty));
        assert_eq!("é".repeat(201).parse::<Note>(), Err(InvalidText::TooLong(200)));
        assert_eq!("a\u{0}b".parse::<Note>(), Err(InvalidText::Control));
    }

    #[test]
    fn slugs_and_keys_keep_to_their_alphabets() {
        assert!("cold-2".parse::<Slug>().is_ok());
        for bad in ["", "Hot", "hot bar", "a/b", &"x".repeat(41)] {
            assert!(bad.parse::<Slug>().is_err(), "{bad}");
        }
        assert!("user-7:x".parse::<Key>().is_ok());
        assert!("a b".parse::<Key>().is_err() && "é".parse::<Key>().is_err());
    }
}
