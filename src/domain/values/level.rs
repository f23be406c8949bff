//! Feature levels: which kinds, fields and statuses every node of a cluster knows.

use serde::{Deserialize, Serialize};

/// A feature level. Each level includes the ones below it; `docs/decisions/0015-feature-level.md` lists what each brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Level(u16);

impl Level {
    /// The level of nodes that register none.
    pub const ZERO: Self = Self(0);
    /// `expected_total`, `allergy`, and `quantity` of `void_item`.
    pub const ONE: Self = Self(1);
    /// The level of this version.
    pub const CURRENT: Self = Self::ONE;

    /// The level with a number, as a flag or a row has it.
    #[must_use]
    pub const fn new(number: u16) -> Self {
        Self(number)
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }
}
