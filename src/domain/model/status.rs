//! The transition table: which action is allowed in which status of an order.

use super::command::OrderAction;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// Sent by the diner, not yet taken by the staff.
    Placed,
    /// Taken, with a promised time; nothing cooks yet.
    Accepted,
    /// The kitchen has begun and owes something still.
    Preparing,
    /// Every item is done or voided.
    Ready,
    /// On the table; final, but can be recalled for [`RECALL_WINDOW`].
    Served,
    /// Not taken; final.
    Rejected,
    /// Given up; final.
    Cancelled,
}

/// How long after it was served an order can be recalled.
pub const RECALL_WINDOW: std::time::Duration = std::time::Duration::from_secs(15 * 60);

impl OrderStatus {
    /// Every status, in the order an order goes through them.
    pub const ALL: [Self; 7] =
        [Self::Placed, Self::Accepted, Self::Preparing, Self::Ready, Self::Served, Self::Rejected, Self::Cancelled];

    /// Whether nothing more is expected to happen to the order.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Served | Self::Rejected | Self::Cancelled)
    }

    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Placed => "placed",
            Self::Accepted => "accepted",
            Self::Preparing => "preparing",
            Self::Ready => "ready",
            Self::Served => "served",
            Self::Rejected => "rejected",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for OrderStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where one item of an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemStatus {
    /// Waits for its station.
    Queued,
    /// On the fire.
    Cooking,
    /// Bumped.
    Done,
    /// Struck from the order; costs nothing.
    Voided,
}

impl ItemStatus {
    /// Done or voided: the kitchen owes nothing more for it.
    #[must_use]
    pub const fn is_settled(self) -> bool {
        matches!(self, Self::Done | Self::Voided)
    }
}

/// What the table says of an action in a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell {
    /// Allowed: it may change the order.
    Allowed,
    /// What it asks for holds already: answered `changed: false`.
    Holds,
    /// Not allowed: `invalid_transition`.
    Refused,
}

/// One cell of the transition table, by the order's status alone. Who may act, the status of the single item and the
/// recall window of a served order are looked at beside it.
#[must_use]
pub const fn cell(status: OrderStatus, action: &OrderAction) -> Cell {
    use OrderStatus::{Accepted, Cancelled, Placed, Preparing, Ready, Rejected, Served};
    match (action, status) {
        (OrderAction::Accept { .. } | OrderAction::Reject { .. }, Placed)
        | (OrderAction::Start | OrderAction::StartItem { .. } | OrderAction::FinishItem { .. }, Accepted | Preparing)
        | (OrderAction::Ready | OrderAction::Promise { .. }, Accepted | Preparing)
        | (OrderAction::RecallItem { .. }, Preparing | Ready)
        | (OrderAction::Recall, Preparing | Ready | Served)
        | (OrderAction::Serve, Ready)
        | (
            OrderAction::Cancel { .. } | OrderAction::VoidItem { .. } | OrderAction::VoidSome { .. } | OrderAction::Rush { .. },
            Placed | Accepted | Preparing | Ready,
        ) => Cell::Allowed,
        (OrderAction::Accept { .. }, Accepted)
        | (OrderAction::Reject { .. }, Rejected)
        | (OrderAction::Ready, Ready)
        | (OrderAction::Serve, Served)
        | (OrderAction::Cancel { .. }, Cancelled) => Cell::Holds,
        _ => Cell::Refused,
    }
}
