//! The snapshots of a room: read once, shared by all who join, sent at the pace of each reader.

use super::joining::PAGE_DEADLINE;
use super::messages::{Page, ToMember};
use super::opening::{Unread, read};
use super::room::{Room, Turn};
use super::shared_snapshot::IDLE;
use crate::clock;
use crate::domain::model::room_id::RoomKind;
use crate::protocol::Snapshot;
use actix::prelude::*;

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
