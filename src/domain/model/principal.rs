//! Principals: the authenticated senders of requests and commands.

use crate::domain::values::ids::{DeviceId, OrderId, RestaurantId, UserId};
use crate::domain::values::schema;
use crate::domain::values::text::{Key, Station, TableLabel};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;

/// A principal's role in the restaurant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
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

/// An authenticated sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The principal's id, unique within the restaurant. Command ids are scoped to it.
    pub sub: Key,
    /// The principal's role.
    pub role: Role,
    /// The restaurant.
    pub restaurant: RestaurantId,
    /// The session of the token. Ending the session ends all of its connections.
    pub session: Key,
    /// The station that a kitchen screen is bound to; without one it acts on all stations.
    pub station: Option<Station>,
    /// The table that a diner sits at.
    pub table: Option<TableLabel>,
    /// The paired screen, if the principal is one.
    pub device: Option<DeviceId>,
    /// The one order that a shared link opens. The holder of the link may read it and do nothing
    /// else.
    pub share: Option<OrderId>,
    /// The username of a person. `None` for other principals, and for tokens of older versions.
    pub name: Option<Key>,
}

impl Principal {
    /// Returns the person, if the principal is one with a username.
    #[must_use]
    pub fn person(&self) -> Option<Person> {
        let is_person = matches!(self.role, Role::Staff | Role::Manager);
        let id = self.sub.as_str().parse().ok().filter(|_| is_person)?;
        Some(Person { id, name: self.name.clone()? })
    }
}

/// A person on the staff, as other staff see them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = PersonName)]
pub struct Person {
    /// Their id.
    pub id: UserId,
    /// Their username at the time.
    pub name: Key,
}

/// Builds the schema of the role of somebody who signs in with a password.
pub(crate) fn person_role_schema() -> Object {
    schema::word([Role::Staff, Role::Manager].map(Role::as_str)).build()
}

/// Builds the schema of the role of a paired device.
pub(crate) fn screen_role_schema() -> Object {
    schema::word([Role::Kitchen, Role::Staff].map(Role::as_str)).build()
}
