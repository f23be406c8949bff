//! Actions on orders, parsed.

use super::course::CourseNumber;
use super::line::{Correction, Round};
use crate::domain::values::ids::ItemId;
use crate::domain::values::reason::Reason;
use crate::domain::values::text::Note;
use crate::domain::values::time::Timestamp;
use serde::Serialize;

/// An action on an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum OrderAction {
    /// Accept the order and promise a time.
    Accept {
        /// Minutes from now; the restaurant's default when absent.
        minutes: Option<u16>,
    },
    /// Reject the order.
    Reject(Cause),
    /// Start its queued items.
    Start,
    /// Start the queued ones of some lines. A separate variant for the reason given at [`Self::VoidSome`].
    StartSome(Vec<ItemId>),
    /// Start one item.
    StartItem(ItemId),
    /// Bump one item.
    FinishItem(ItemId),
    /// Undo the bump of one item.
    RecallItem(ItemId),
    /// Bump the ticket.
    Ready,
    /// Bump some lines of the ticket: those that the cook saw.
    ReadySome(Vec<ItemId>),
    /// Undo the bump of the ticket.
    Recall,
    /// Mark it as brought to the guest.
    Serve,
    /// Cancel the order.
    Cancel(Cause),
    /// Void a whole line.
    VoidItem(ItemId, Cause),
    /// Void some portions of a line. A variant of its own, since the JSON of [`Self::VoidItem`]
    /// must keep the fingerprint that older nodes compute.
    VoidSome(ItemId, u16, Cause),
    /// Promise a new time.
    Promise {
        /// Minutes from now.
        minutes: u16,
    },
    /// Set or clear the order's rush mark.
    Rush(bool),
    /// Add another round.
    AddItems(Round),
    /// Correct a line that no one has begun to cook.
    ChangeItem(Correction),
    /// Send held lines to the kitchen.
    Fire(Lines),
    /// Hold lines that no one has begun to cook.
    Hold(Lines),
    /// Mark one line as brought to the guest.
    ServeItem(ItemId),
    /// Mark the lines of a course as brought to the guest.
    ServeCourse(CourseNumber),
    /// Begin with an order for later now.
    StartNow,
    /// Set when the order is due.
    Reschedule(Timestamp),
}

/// Lines of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Lines {
    /// Those of a course.
    Course(CourseNumber),
    /// One.
    Item(ItemId),
}

/// A reason, with optional free text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cause {
    /// One of the fixed reasons.
    pub reason: Reason,
    /// Free text that the guest reads.
    pub detail: Option<Note>,
}

impl OrderAction {
    /// Returns the number of items that the action may add to the order.
    #[must_use]
    pub const fn new_items(&self) -> usize {
        match self {
            Self::AddItems(round) => round.items.len(),
            Self::VoidSome(..) => 1,
            _ => 0,
        }
    }

    /// Whether the action came with feature level 2.
    pub(super) const fn is_of_level_two(&self) -> bool {
        matches!(
            self,
            Self::AddItems(_)
                | Self::ChangeItem(_)
                | Self::Fire(_)
                | Self::Hold(_)
                | Self::ServeItem(_)
                | Self::ServeCourse(_)
                | Self::StartSome(_)
                | Self::ReadySome(_)
                | Self::StartNow
                | Self::Reschedule(_)
        )
    }

    /// Returns the lines that `start` or `ready` names.
    #[must_use]
    pub fn only(&self) -> Option<&[ItemId]> {
        match self {
            Self::StartSome(items) | Self::ReadySome(items) => Some(items),
            _ => None,
        }
    }

    /// Whether the action takes prices or the restaurant's day from the menu.
    #[must_use]
    pub const fn reads_menu(&self) -> bool {
        matches!(self, Self::AddItems(_) | Self::ChangeItem(_) | Self::Reschedule(_))
    }
}
