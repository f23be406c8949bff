//! Snapshots of a room: read once, shared by all joining members, and sent at each reader's pace.

use super::joining::PAGE_DEADLINE;
use super::messages::{Page, ToMember};
use super::opening::{SnapshotError, read};
use super::room::{PendingJoin, Room};
use super::shared_snapshot::IDLE;
use super::task;
use crate::clock;
use crate::domain::model::room_id::RoomKind;
use crate::protocol::Snapshot;
use actix::prelude::*;

impl Room {
    /// Sends the shared snapshot, or reads a new one, once for all joins that wait for it.
    pub(super) fn send_snapshot(&mut self, turn: PendingJoin, ctx: &mut Context<Self>) {
        let tail = &self.tail;
        let is_current = |position| tail.count_after(position) == Some(0);
        if let Some(snapshot) = self.shared.get(self.id.kind(), clock::uptime(), is_current) {
            self.send_shared(turn, snapshot, ctx);
            return;
        }
        self.awaiting.push(turn);
        if self.awaiting.len() == 1 {
            let (store, last) = (self.store.clone(), self.shared.last());
            let read = read(store, self.history(), self.restaurant, self.id, last, self.budget.clone());
            task::run(read, ctx, |snapshot, room, ctx| room.refreshed(snapshot, ctx));
        }
    }

    /// Drops the shared snapshot of an order, from which words may have been erased without an
    /// event.
    pub(super) fn release_order(&mut self) {
        if self.id.kind() == RoomKind::Order {
            self.shared.release();
        }
    }

    fn refreshed(&mut self, read: Result<Snapshot, SnapshotError>, ctx: &mut Context<Self>) {
        let awaiting = std::mem::take(&mut self.awaiting);
        let snapshot = match read {
            Ok(snapshot) => {
                self.share(snapshot.clone(), ctx);
                Some(snapshot)
            }
            Err(SnapshotError::Full) => {
                self.metrics.hit("snapshot_bytes");
                // An old snapshot suffices: newer events come from the log.
                self.shared.get_any(clock::uptime())
            }
            Err(SnapshotError::Unavailable) => None,
        };
        let Some(snapshot) = snapshot else {
            awaiting.iter().for_each(|turn| self.drop_member(turn, ToMember::Unavailable(self.id, turn.number), ctx));
            return;
        };
        for turn in awaiting {
            self.send_shared(turn, snapshot.clone(), ctx);
        }
    }

    fn share(&mut self, snapshot: Snapshot, ctx: &mut Context<Self>) {
        self.shared.set(snapshot, clock::uptime());
        if matches!(self.id.kind(), RoomKind::Kitchen | RoomKind::Floor) {
            self.prune_later(ctx);
        }
    }

    fn prune_later(&mut self, ctx: &mut Context<Self>) {
        if !std::mem::replace(&mut self.prune_scheduled, true) {
            ctx.run_later(IDLE / 2, |room, ctx| {
                room.prune_scheduled = false;
                if !room.shared.prune(clock::uptime()) {
                    room.prune_later(ctx);
                }
            });
        }
    }

    /// Sends a snapshot: a small one at once, a large one at the reader's pace.
    fn send_shared(&mut self, turn: PendingJoin, snapshot: Snapshot, ctx: &mut Context<Self>) {
        if !snapshot.is_small() {
            self.send_part(turn, snapshot, 0, ctx);
            return;
        }
        let first = if turn.paged { snapshot.part(0) } else { None };
        let frame = first.unwrap_or_else(|| snapshot.plain());
        self.finish(turn, vec![frame], snapshot.point(), ctx);
    }

    /// Sends a part of a snapshot, waits until most of it has left, and continues; or sends it
    /// whole to a client that did not ask for parts. Events during that time follow from the tail
    /// or the log.
    fn send_part(&mut self, turn: PendingJoin, snapshot: Snapshot, number: usize, ctx: &mut Context<Self>) {
        if self.members.handle(turn.member, turn.turn).is_none() {
            return;
        }
        let Some(part) = snapshot.part(number).filter(|_| turn.paged) else {
            self.send_whole(turn, snapshot, ctx);
            return;
        };
        self.count(1, part.wire().len() as u64);
        let page = tokio::time::timeout(PAGE_DEADLINE, turn.pages.send(Page::Frames(vec![part])));
        task::run(page, ctx, move |taken, room, ctx| match taken {
            Ok(Ok(())) if number + 1 < snapshot.parts() => room.send_part(turn, snapshot, number + 1, ctx),
            Ok(Ok(())) => room.resume_after(turn, snapshot.point(), ctx),
            _ => room.drop_member(&turn, ToMember::Evicted, ctx),
        });
    }

    fn send_whole(&mut self, turn: PendingJoin, snapshot: Snapshot, ctx: &mut Context<Self>) {
        self.count(1, snapshot.bytes() as u64);
        // The deadline is that of all its parts together.
        let deadline = PAGE_DEADLINE * u32::try_from(snapshot.parts()).unwrap_or(u32::MAX);
        let page = tokio::time::timeout(deadline, turn.pages.send(Page::Whole(snapshot.clone())));
        task::run(page, ctx, move |taken, room, ctx| match taken {
            Ok(Ok(())) => room.resume_after(turn, snapshot.point(), ctx),
            _ => room.drop_member(&turn, ToMember::Evicted, ctx),
        });
    }
}
