//! The snapshots of a room: read once, shared by all who join, sent at the pace of each reader.

use super::joining::{PAGE_DEADLINE, Turn};
use super::messages::{Page, ToMember};
use super::opening::{Unread, read};
use super::room::Room;
use crate::clock;
use crate::domain::model::room_id::RoomKind;
use crate::domain::values::position::Position;
use crate::domain::values::time::Timestamp;
use crate::protocol::Snapshot;
use crate::protocol::snapshot::Trace;
use actix::prelude::*;
use std::time::Duration;

/// How long a snapshot of the floor or of an order is shared, since what screens have drawn changes in the one without an
/// event, and words leave the other by age without one; and how long a large one is shared though events have come since, which its readers get after it.
const AGE: Duration = Duration::from_secs(2);
/// What makes a snapshot large.
const LARGE: usize = 1024 * 1024;
/// How long a kitchen or a floor keeps a snapshot that nobody asks for.
const IDLE: Duration = Duration::from_secs(10);
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

    fn forget(&mut self) {
        self.before.retain(Trace::is_held);
        self.before.extend(self.last.take().map(|last| last.snapshot.trace()));
    }

    /// The last snapshot, if it will do. `is_current`: nothing of the room has happened since its position.
    fn get(&mut self, kind: RoomKind, now: Timestamp, is_current: impl FnOnce(Position) -> bool) -> Option<Snapshot> {
        let last = self.last.as_mut()?;
        let is_recent = now.since(last.read_at) < AGE;
        let is_current =
            is_current(last.snapshot.position()) && (is_recent || !matches!(kind, RoomKind::Floor | RoomKind::Order));
        let is_good = is_current || is_recent && last.snapshot.bytes() >= LARGE;
        self.before.retain(Trace::is_held);
        (is_good || self.before.len() + 1 >= HELD).then(|| last.give(now))
    }

    /// The last snapshot, however old.
    fn any(&mut self, now: Timestamp) -> Option<Snapshot> {
        self.last.as_mut().map(|last| last.give(now))
    }

    /// Lets go of a snapshot that nobody has asked for in a while; says whether none is left.
    fn tidy(&mut self, now: Timestamp) -> bool {
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

impl Room {
    /// Sends the shared snapshot, or has a new one read, once for everybody who waits for it.
    pub(super) fn send_snapshot(&mut self, turn: Turn, ctx: &mut Context<Self>) {
        let tail = &self.tail;
        let is_current = |position| tail.count_after(position) == Some(0);
        if let Some(snapshot) = self.shared.get(self.id.kind(), clock::uptime(), is_current) {
            self.send_shared(turn, snapshot, ctx);
            return;
        }
        self.awaiting.push(turn);
        if self.awaiting.len() == 1 {
            let read = read(self.store.clone(), self.restaurant, self.id, self.budget.clone());
            ctx.spawn(read.into_actor(self).map(|snapshot, room, ctx| room.refreshed(snapshot, ctx)));
        }
    }

    /// Lets go of the snapshot of an order: words may have left it without an event.
    pub(super) fn renew_order(&mut self) {
        if self.id.kind() == RoomKind::Order {
            self.shared.forget();
        }
    }

    fn refreshed(&mut self, read: Result<Snapshot, Unread>, ctx: &mut Context<Self>) {
        let awaiting = std::mem::take(&mut self.awaiting);
        let snapshot = match read {
            Ok(snapshot) => {
                self.share(snapshot.clone(), ctx);
                Some(snapshot)
            }
            Err(Unread::Full) => {
                self.metrics.hit("snapshot_bytes");
                // An old one will do: what happened since comes from the log.
                self.shared.any(clock::uptime())
            }
            Err(Unread::Unavailable) => None,
        };
        let Some(snapshot) = snapshot else {
            awaiting.iter().for_each(|turn| self.drop_member(turn, ToMember::Unavailable(self.id), ctx));
            return;
        };
        for turn in awaiting {
            self.send_shared(turn, snapshot.clone(), ctx);
        }
    }

    fn share(&mut self, snapshot: Snapshot, ctx: &mut Context<Self>) {
        self.shared.set(snapshot, clock::uptime());
        if matches!(self.id.kind(), RoomKind::Kitchen | RoomKind::Floor) {
            self.tidy_later(ctx);
        }
    }

    fn tidy_later(&mut self, ctx: &mut Context<Self>) {
        if !std::mem::replace(&mut self.tidying, true) {
            ctx.run_later(IDLE / 2, |room, ctx| {
                room.tidying = false;
                if !room.shared.tidy(clock::uptime()) {
                    room.tidy_later(ctx);
                }
            });
        }
    }

    /// Sends a snapshot: one that is no larger than a page at once, another at the pace of its reader.
    fn send_shared(&mut self, turn: Turn, snapshot: Snapshot, ctx: &mut Context<Self>) {
        if !snapshot.is_small() {
            self.send_part(turn, snapshot, 0, ctx);
            return;
        }
        let first = if turn.paged { snapshot.part(0) } else { None };
        let frame = first.unwrap_or_else(|| snapshot.plain());
        self.finish(turn, vec![frame], snapshot.position(), ctx);
    }

    /// Sends a part of a snapshot, waits until most of it has left, and goes on; or all of it, to who wants it whole. The
    /// member is not live meanwhile: what happens is sent after it, from the tail or the log.
    fn send_part(&mut self, turn: Turn, snapshot: Snapshot, number: usize, ctx: &mut Context<Self>) {
        if self.members.handle(turn.member, turn.turn).is_none() {
            return;
        }
        let Some(part) = snapshot.part(number).filter(|_| turn.paged) else {
            self.send_whole(turn, snapshot, ctx);
            return;
        };
        self.count(1, part.wire().len() as u64);
        let page = tokio::time::timeout(PAGE_DEADLINE, turn.pages.send(Page::Frames(vec![part])));
        ctx.spawn(page.into_actor(self).map(move |taken, room, ctx| match taken {
            Ok(Ok(())) if number + 1 < snapshot.parts() => room.send_part(turn, snapshot, number + 1, ctx),
            Ok(Ok(())) => room.go_on(turn, snapshot.position(), ctx),
            _ => room.drop_member(&turn, ToMember::Evicted, ctx),
        }));
    }

    fn send_whole(&mut self, turn: Turn, snapshot: Snapshot, ctx: &mut Context<Self>) {
        self.count(1, snapshot.bytes() as u64);
        // As long as its parts would have.
        let deadline = PAGE_DEADLINE * u32::try_from(snapshot.parts()).unwrap_or(u32::MAX);
        let page = tokio::time::timeout(deadline, turn.pages.send(Page::Whole(snapshot.clone())));
        ctx.spawn(page.into_actor(self).map(move |taken, room, ctx| match taken {
            Ok(Ok(())) => room.go_on(turn, snapshot.position(), ctx),
            _ => room.drop_member(&turn, ToMember::Evicted, ctx),
        }));
    }
}
