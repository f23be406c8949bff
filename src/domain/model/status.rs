//! The statuses of orders and items, and the transition table: the actions allowed in each status.

use super::command::OrderAction;
use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::ToSchema;

/// The status of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// Placed, and not yet accepted by the staff.
    Placed,
    /// Accepted with a promised time; the kitchen has not started.
    Accepted,
    /// The kitchen has started, and some items are not done.
    Preparing,
    /// Every item is done or voided.
    Ready,
    /// Served; final, but can be recalled within [`RECALL_WINDOW`].
    Served,
    /// Rejected by the staff; final.
    Rejected,
    /// Cancelled; final.
    Cancelled,
}

/// The time after serving within which an order can be recalled.
pub const RECALL_WINDOW: std::time::Duration = std::time::Duration::from_secs(15 * 60);

impl OrderStatus {
    /// Every status, in the sequence in which an order passes through them.
    pub const ALL: [Self; 7] =
        [Self::Placed, Self::Accepted, Self::Preparing, Self::Ready, Self::Served, Self::Rejected, Self::Cancelled];

    /// Whether the status is final.
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

/// The status of one item of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ItemStatus {
    /// Waiting for its station.
    Queued,
    /// Being prepared.
    Cooking,
    /// Finished (bumped).
    Done,
    /// Removed from the bill; costs nothing.
    Voided,
}

impl ItemStatus {
    /// Whether the item is done or voided, so that the kitchen has nothing left to do for it.
    #[must_use]
    pub const fn is_settled(self) -> bool {
        matches!(self, Self::Done | Self::Voided)
    }
}

/// A cell of the transition table: the effect of an action in a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell {
    /// Allowed: it may change the order.
    Allowed,
    /// Already so: answered with `changed: false`.
    Holds,
    /// Not allowed: `invalid_transition`.
    Refused,
}

/// Returns a cell of the transition table. Only the order's status counts here; permissions, the
/// status of a single item and the recall window are checked elsewhere.
#[must_use]
pub const fn cell(status: OrderStatus, action: &OrderAction) -> Cell {
    use OrderStatus::{Accepted, Cancelled, Placed, Preparing, Ready, Rejected, Served};
    match (action, status) {
        (OrderAction::Accept { .. } | OrderAction::Reject { .. }, Placed)
        | (
            OrderAction::Start | OrderAction::StartSome(_) | OrderAction::StartItem { .. } | OrderAction::FinishItem { .. },
            Accepted | Preparing,
        )
        | (OrderAction::Ready | OrderAction::ReadySome(_) | OrderAction::Promise { .. }, Accepted | Preparing)
        | (OrderAction::RecallItem { .. }, Preparing | Ready)
        | (OrderAction::Recall, Preparing | Ready | Served)
        | (OrderAction::Serve, Ready)
        | (
            OrderAction::Cancel { .. }
            | OrderAction::VoidItem { .. }
            | OrderAction::VoidSome { .. }
            | OrderAction::Rush { .. }
            | OrderAction::AddItems { .. },
            Placed | Accepted | Preparing | Ready,
        )
        | (OrderAction::StartNow | OrderAction::Reschedule(_), Placed | Accepted)
        | (OrderAction::ChangeItem { .. } | OrderAction::Fire { .. } | OrderAction::Hold { .. }, Placed | Accepted | Preparing)
        | (OrderAction::ServeItem { .. } | OrderAction::ServeCourse { .. }, Preparing | Ready) => Cell::Allowed,
        (OrderAction::Accept { .. }, Accepted)
        | (OrderAction::Reject { .. }, Rejected)
        | (OrderAction::Ready | OrderAction::ReadySome(_), Ready)
        | (OrderAction::Serve | OrderAction::ServeItem { .. } | OrderAction::ServeCourse { .. }, Served)
        | (OrderAction::Cancel { .. }, Cancelled) => Cell::Holds,
        _ => Cell::Refused,
    }
}
