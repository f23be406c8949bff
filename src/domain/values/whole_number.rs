//! Whole numbers within bounds, with errors that name the bounds.

use serde::Deserializer;
use serde::de::{Error, Unexpected, Visitor};
use std::fmt::{self, Display};
use std::ops::RangeInclusive;

/// Deserializes a whole number within bounds.
///
/// # Errors
/// For anything else; the error names the bounds.
pub fn within<'de, N, D>(deserializer: D, bounds: RangeInclusive<N>) -> Result<N, D::Error>
where
    N: TryFrom<u64> + PartialOrd + Display,
    D: Deserializer<'de>,
{
    deserializer.deserialize_u64(Within(bounds))
}

struct Within<N>(RangeInclusive<N>);

impl<N: TryFrom<u64> + PartialOrd + Display> Visitor<'_> for Within<N> {
    type Value = N;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a whole number from {} to {}", self.0.start(), self.0.end())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<N, E> {
        let inside = N::try_from(number).ok().filter(|number| self.0.contains(number));
        inside.ok_or_else(|| E::invalid_value(Unexpected::Unsigned(number), &self))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<N, E> {
        match u64::try_from(number) {
            Ok(number) => self.visit_u64(number),
            Err(_) => Err(E::invalid_value(Unexpected::Signed(number), &self)),
        }
    }
}
