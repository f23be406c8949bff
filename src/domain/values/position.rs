//! Positions in a feed.

use super::schema::{self, wire_schema};
use super::whole_number;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The position of an event in its restaurant's feed: 1, 2, 3 … without gaps. Zero is before the
/// first. It fits in 53 bits, so that JavaScript can hold it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
#[serde(transparent)]
pub struct Position(u64);

impl Position {
    /// Before the first event.
    pub const ZERO: Self = Self(0);
    /// The highest position that JavaScript can hold exactly.
    pub const MAX: Self = Self((1 << 53) - 1);

    /// Returns the position with this number; `None` above 53 bits.
    #[must_use]
    pub const fn new(number: u64) -> Option<Self> {
        if number <= Self::MAX.0 { Some(Self(number)) } else { None }
    }

    /// Returns the position in a database column; zero for an invalid one.
    #[must_use]
    pub fn from_column(number: i64) -> Self {
        u64::try_from(number).ok().and_then(Self::new).unwrap_or_default()
    }

    /// Returns the position for a database column.
    #[must_use]
    pub const fn column(self) -> i64 {
        self.0.cast_signed()
    }

    /// Returns the position's number.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }

    /// Returns the position after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for Position {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        whole_number::within(deserializer, Self::ZERO.0..=Self::MAX.0).map(Self)
    }
}

wire_schema!(
    Position,
    "Position",
    schema::integer(Self::ZERO.0, Self::MAX.0).description(Some("A position in the feed of a restaurant."))
);
