//! Kitchen screens as the floor sees them: which are connected, and what each has drawn.

use crate::domain::values::position::Position;
use crate::domain::values::text::{Key, Name, Station};
use crate::domain::values::time::Timestamp;
use serde::{Deserialize, Serialize};

/// A kitchen screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Display {
    /// The paired device's id; for a token made by hand, its `sub`.
    pub id: Key,
    /// What people call it.
    pub name: Name,
    /// The station it is bound to; none shows all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub station: Option<Station>,
    /// Whether some node holds a connection of it.
    pub connected: bool,
    /// When it was last heard of.
    pub last_seen_at: Timestamp,
    /// The last position it has drawn.
    pub position: Position,
}

/// What a node has to say of a screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A connection of it has begun.
    Connected {
        /// What people call it.
        name: Name,
        /// The station it is bound to.
        station: Option<Station>,
    },
    /// This node holds it no more, or the node that held it is gone.
    Lost {
        /// When its last connection ended, where that is known.
        left: Option<Timestamp>,
    },
    /// A manager has given it another name or station, whether it is connected or not.
    Renamed {
        /// What people call it now.
        name: Name,
        /// The station it is bound to now.
        station: Option<Station>,
    },
    /// It is no screen of the restaurant any more.
    Removed,
}

/// What the store knows of a screen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// Its row, when it has one.
    pub display: Option<Display>,
    /// Whether some node still holds it.
    pub is_held: bool,
}
