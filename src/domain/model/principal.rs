//! Who is speaking.

use crate::domain::values::ids::{DeviceId, OrderId, RestaurantId};
use crate::domain::values::text::{Key, Station, TableLabel};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// What a principal is in the restaurant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A phone at a table or counter.
    Diner,
    /// A kitchen screen.
    Kitchen,
    /// A waiter, a host.
    Staff,
    /// Staff who also keep the menu, the tables and the people.
    Manager,
    /// A POS or an aggregator.
    Service,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 5] = [Self::Diner, Self::Kitchen, Self::Staff, Self::Manager, Self::Service];

    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Diner => "diner",
            Self::Kitchen => "kitchen",
            Self::Staff => "staff",
            Self::Manager => "manager",
            Self::Service => "service",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The word is not a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("role must be one of diner, kitchen, staff, manager, service")]
pub struct UnknownRole;

impl FromStr for Role {
    type Err = UnknownRole;
    fn from_str(word: &str) -> Result<Self, UnknownRole> {
        Self::ALL.into_iter().find(|role| role.as_str() == word).ok_or(UnknownRole)
    }
}

/// A verified speaker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// Who: unique within the restaurant, the scope of command ids.
    pub sub: Key,
    /// As what.
    pub role: Role,
    /// Where.
    pub restaurant: RestaurantId,
    /// The session the token belongs to; ending it ends every connection under it.
    pub session: Key,
    /// The station a kitchen screen is bound to; without one it acts on all.
    pub station: Option<Station>,
    /// The table a diner sits at.
    pub table: Option<TableLabel>,
    /// The paired screen, when it is one.
    pub device: Option<DeviceId>,
    /// The one order that a link shows of a diner: whoever holds it may read that order and do nothing else.
    pub share: Option<OrderId>,
}
