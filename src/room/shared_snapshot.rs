//! The snapshot that joining members share, pure.

use crate::domain::model::room_id::RoomKind;
use crate::domain::values::position::Position;
use crate::domain::values::time::Timestamp;
use crate::protocol::Snapshot;
use crate::protocol::snapshot::WeakSnapshot;
use std::time::Duration;

/// The longest time for which a snapshot of a floor or an order is shared. Both can change without
/// an event: a floor when a screen reports how far it has drawn the feed, an order when its notes
/// are erased. A large snapshot of any room is shared for this time even if there are newer events;
/// its readers receive those events after it.
const MAX_AGE: Duration = Duration::from_secs(2);

/// The size in bytes above which a snapshot is large.
const LARGE: usize = 1024 * 1024;

/// The time after which a kitchen or a floor drops an unused snapshot.
pub(super) const IDLE: Duration = Duration::from_secs(10);

/// The most snapshots of a room in use at once. Overflow: new members receive the last one, and
/// newer events from the log, so that slow readers cannot use up the node's memory for snapshots.
const MAX_IN_USE: usize = 3;

/// The current shared snapshot, and weak references to earlier ones.
#[derive(Default)]
pub(super) struct SharedSnapshot {
    last: Option<Last>,
    earlier: Vec<WeakSnapshot>,
}

struct Last {
    snapshot: Snapshot,
    /// On the clock of [`clock::uptime`].
    read_at: Timestamp,
    asked_at: Timestamp,
}

impl SharedSnapshot {
    /// Replaces the snapshot with one that was just read.
    pub(super) fn set(&mut self, snapshot: Snapshot, now: Timestamp) {
        self.release();
        self.last = Some(Last { snapshot, read_at: now, asked_at: now });
    }

    pub(super) fn release(&mut self) {
        self.earlier.retain(WeakSnapshot::is_in_use);
        self.earlier.extend(self.last.take().map(|last| last.snapshot.downgrade()));
    }

    /// Returns the snapshot if it is fresh enough. `is_current` says whether the room has no event
    /// after a position.
    pub(super) fn get(&mut self, kind: RoomKind, now: Timestamp, is_current: impl FnOnce(Position) -> bool) -> Option<Snapshot> {
        let last = self.last.as_mut()?;
        let is_recent = now.since(last.read_at) < MAX_AGE;
        let is_current =
            is_current(last.snapshot.position()) && (is_recent || !matches!(kind, RoomKind::Floor | RoomKind::Order));
        let is_fresh = is_current || is_recent && last.snapshot.bytes() >= LARGE;
        self.earlier.retain(WeakSnapshot::is_in_use);
        (is_fresh || self.earlier.len() + 1 >= MAX_IN_USE).then(|| last.use_at(now))
    }

    /// Returns the snapshot as the base of the next one.
    pub(super) fn last(&self) -> Option<Snapshot> {
        self.last.as_ref().map(|last| last.snapshot.clone())
    }

    /// Returns the snapshot regardless of its age.
    pub(super) fn get_any(&mut self, now: Timestamp) -> Option<Snapshot> {
        self.last.as_mut().map(|last| last.use_at(now))
    }

    /// Drops a snapshot that is unused for [`IDLE`]. Returns whether none is left.
    pub(super) fn prune(&mut self, now: Timestamp) -> bool {
        if self.last.as_ref().is_some_and(|last| now.since(last.asked_at) >= IDLE) {
            self.release();
        }
        self.last.is_none()
    }
}

impl Last {
    fn use_at(&mut self, now: Timestamp) -> Snapshot {
        self.asked_at = now;
        self.snapshot.clone()
    }
}
