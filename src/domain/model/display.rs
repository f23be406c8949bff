//! Kitchen screens as the floor sees them: which are connected, and how far each has drawn the
//! feed.

use crate::domain::values::position::Position;
use crate::domain::values::text::{Key, Name, Station};
use crate::domain::values::time::Timestamp;
use serde::{Deserialize, Serialize};

/// A kitchen screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Display {
    /// The paired device's id, or the `sub` of a token that was issued by hand.
    pub id: Key,
    /// The screen's name.
    pub name: Name,
    /// The station it is bound to; without one it shows all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub station: Option<Station>,
    /// Whether any node holds a connection of the screen.
    pub connected: bool,
    /// When a node last heard from the screen.
    pub last_seen_at: Timestamp,
    /// The last feed position that the screen has drawn.
    pub position: Position,
}

/// A change of a screen that a node reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A connection of the screen has opened.
    Connected {
        /// The screen's name.
        name: Name,
        /// The station it is bound to, if any.
        station: Option<Station>,
    },
    /// This node no longer holds the screen, or the node that held it is gone.
    Lost {
        /// When the last connection ended, if known.
        left: Option<Timestamp>,
    },
    /// A manager has changed the name or the station. The screen need not be connected.
    Renamed {
        /// The new name.
        name: Name,
        /// The new station, if any.
        station: Option<Station>,
    },
    /// The screen no longer belongs to the restaurant.
    Removed,
}

/// A screen as the store has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// The screen's row, if it exists.
    pub display: Option<Display>,
    /// Whether any node still holds the screen.
    pub is_held: bool,
}
