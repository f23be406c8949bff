//! The snapshot that those who join a room share, pure.

use crate::domain::model::room_id::RoomKind;
use crate::domain::values::position::Position;
use crate::domain::values::time::Timestamp;
use crate::protocol::Snapshot;
use crate::protocol::snapshot::Trace;
use std::time::Duration;

/// How long a snapshot of the floor or of an order is shared, since what screens have drawn changes in the one without an
/// event, and words leave the other by age without one; and how long a large one is shared though events have come since, which its readers get after it.
const AGE: Duration = Duration::from_secs(2);

/// What makes a snapshot large.
const LARGE: usize = 1024 * 1024;

/// How long a kitchen or a floor keeps a snapshot that nobody asks for.
pub(super) const IDLE: Duration = Duration::from_secs(10);

/// Snapshots of a room that are held at once, by readers that take their time. Beyond it who joins gets the last of them,
/// and what happened since from the log: readers that hardly read must not use up the node's memory for snapshots.
const HELD: usize = 3;

/// The snapshot that those who join get, and what became of the ones before.
#[derive(Default)]
pub(super) struct Shared {
    last: Option<Last>,
    before: Vec<Trace>,
}

struct Last {
    snapshot: Snapshot,
    /// On the clock of [`clock::uptime`].
    read_at: Timestamp,
    asked_at: Timestamp,
}

impl Shared {
    /// Takes a snapshot that was read just now.
    pub(super) fn set(&mut self, snapshot: Snapshot, now: Timestamp) {
        self.forget();
        self.last = Some(Last { snapshot, read_at: now, asked_at: now });
    }

    pub(super) fn forget(&mut self) {
        self.before.retain(Trace::is_held);
        self.before.extend(self.last.take().map(|last| last.snapshot.trace()));
    }

    /// The last snapshot, if it will do. `is_current`: nothing of the room has happened since its position.
    pub(super) fn get(&mut self, kind: RoomKind, now: Timestamp, is_current: impl FnOnce(Position) -> bool) -> Option<Snapshot> {
        let last = self.last.as_mut()?;
        let is_recent = now.since(last.read_at) < AGE;
        let is_current =
            is_current(last.snapshot.position()) && (is_recent || !matches!(kind, RoomKind::Floor | RoomKind::Order));
        let is_good = is_current || is_recent && last.snapshot.bytes() >= LARGE;
        self.before.retain(Trace::is_held);
        (is_good || self.before.len() + 1 >= HELD).then(|| last.give(now))
    }

    /// The last snapshot, however old.
    pub(super) fn any(&mut self, now: Timestamp) -> Option<Snapshot> {
        self.last.as_mut().map(|last| last.give(now))
    }

    /// Lets go of a snapshot that nobody has asked for in a while; says whether none is left.
    pub(super) fn tidy(&mut self, now: Timestamp) -> bool {
        if self.last.as_ref().is_some_and(|last| now.since(last.asked_at) >= IDLE) {
            self.forget();
        }
        self.last.is_none()
    }
}

impl Last {
    fn give(&mut self, now: Timestamp) -> Snapshot {
        self.asked_at = now;
        self.snapshot.clone()
    }
}
