//! How a room serves those who join: opens itself, and replays what was missed at the reader's pace. ([`super::sharing`]
//! has its snapshots.) All of it beside the event path: what is read from the store comes back as a message to the room.

use super::messages::{Join, Page, ToMember};
use super::opening::{Opened, Replay, is_kept, open, replay};
use super::room::{Room, TAIL_BYTES, TAIL_FRAMES, Turn};
use super::tail::Tail;
use crate::domain::model::event::Event;
use crate::domain::model::room_id::RoomKind;
use crate::domain::values::position::Position;
use crate::protocol::{Frame, FrameKind, ServerFrame};
use crate::telemetry::{ByResume, ResumeOutcome};
use crate::{clock, store};
use actix::prelude::*;
use std::sync::Arc;
use std::time::Duration;

/// Bytes of one page of a replay.
const PAGE_BYTES: usize = 64 * 1024;
/// Events of the first read of a replay, and of any later one: about twice what the page before could take, so that large
/// events are not read over and over, nor all at once.
const FIRST_READ: u32 = 64;
const READS: std::ops::RangeInclusive<usize> = 4..=256;
/// How long a page may take to leave: as long as the slowest network needs for the pages of all rooms of a connection. A
/// reader that takes nothing is cut long before, by its transport.
pub(super) const PAGE_DEADLINE: Duration = Duration::from_secs(300);
/// Events held while the room opens. Beyond it the room opens anew.
const OPENING: usize = 1024;

impl Room {
    /// Reads the last event before this room began to listen, and whether there is such a room.
    pub(super) fn open(&mut self, ctx: &mut Context<Self>) {
        if std::mem::replace(&mut self.opening, true) {
            return;
        }
        let read = open(self.store.clone(), self.restaurant, self.id, self.head);
        ctx.spawn(read.into_actor(self).map(|opened, room, ctx| {
            room.opening = false;
            room.opened(opened, ctx);
        }));
    }

    fn opened(&mut self, opened: store::Result<Option<Opened>>, ctx: &mut Context<Self>) {
        if matches!(&opened, Ok(Some(opened)) if opened.asked != self.head) {
            self.open(ctx);
            return;
        }
        let joining = std::mem::take(&mut self.joining);
        match opened {
            Ok(Some(opened)) => {
                self.owner = opened.owner;
                self.last = Some(opened.last);
                if let Some(snapshot) = opened.snapshot {
                    self.shared.set(snapshot, clock::uptime());
                }
                for event in std::mem::take(&mut self.early) {
                    self.deliver(&event, ctx);
                }
                joining.into_iter().for_each(|join| self.join(join, ctx));
            }
            Ok(None) => self.turn_away(joining, &ToMember::Refused(self.id), ctx),
            Err(_) => self.turn_away(joining, &ToMember::Unavailable(self.id), ctx),
        }
    }

    /// Keeps an event until the room has opened. When too many come the room begins to listen after the last of them.
    pub(super) fn hold(&mut self, event: Arc<Event>) {
        if self.early.len() < OPENING {
            self.early.push(event);
            return;
        }
        self.head = event.position;
        self.tail = Tail::new(self.head, TAIL_FRAMES, TAIL_BYTES);
        self.early.clear();
    }

    pub(super) fn turn_away(&mut self, joining: Vec<Join>, answer: &ToMember, ctx: &mut Context<Self>) {
        for join in joining {
            let _ = join.mailbox.try_send(answer.clone());
        }
        self.close_if_empty(ctx);
    }

    /// Serves a join from memory when it can, else from the log or with a fresh snapshot.
    pub(super) fn join(&mut self, join: Join, ctx: &mut Context<Self>) {
        if join.only_owner.is_some() && join.only_owner != self.owner {
            self.turn_away(vec![join], &ToMember::Refused(self.id), ctx);
            return;
        }
        let is_new = !self.members.leave(join.member);
        let turn = self.members.join(join.member, join.mailbox);
        let turn = Turn { member: join.member, turn, pages: join.pages, paged: join.paged, read: FIRST_READ };
        if is_new {
            self.metrics.members.get_or_create(&self.kind()).inc();
        }
        // A menu is there before the feed's first event, so who has seen nothing cannot make it from events.
        let since = join.since.filter(|since| self.id.kind() != RoomKind::Menu || *since > Position::ZERO || self.head == *since);
        match since {
            // A cursor beyond what this node has seen may be ahead of it, or nonsense: the log knows.
            Some(since) if since <= self.head && self.tail.covers(since) => self.resume(turn, since, ctx),
            Some(since) => self.replay(turn, since, true, ctx),
            None => self.send_snapshot(turn, ctx),
        }
    }

    /// Brings a member up to date from the tail, unless events in it have lost words in the log: it has them as they were.
    fn resume(&mut self, turn: Turn, since: Position, ctx: &mut Context<Self>) {
        if self.tail.count_after(since) == Some(0) {
            self.count_resume(ResumeOutcome::Tail);
            self.finish(turn, Vec::new(), since, ctx);
            return;
        }
        let read = is_kept(self.store.clone(), self.restaurant, since);
        ctx.spawn(read.into_actor(self).map(move |is_kept, room, ctx| match is_kept {
            Ok(true) => {
                room.count_resume(ResumeOutcome::Tail);
                room.finish(turn, Vec::new(), since, ctx);
            }
            Ok(false) => room.start_over(turn, ctx),
            Err(_) => room.drop_member(&turn, ToMember::Unavailable(room.id), ctx),
        }));
    }

    /// Answers a cursor that is of no use with a snapshot.
    fn start_over(&mut self, turn: Turn, ctx: &mut Context<Self>) {
        self.count_resume(ResumeOutcome::Snapshot);
        self.renew_order();
        self.send_snapshot(turn, ctx);
    }

    fn count_resume(&self, outcome: ResumeOutcome) {
        self.metrics.resumes.get_or_create(&ByResume { outcome }).inc();
    }

    /// Reads a part of what a member missed after `sent` and sends it, and so on. `is_first`: `sent` is a cursor that
    /// the member brought.
    fn replay(&mut self, turn: Turn, sent: Position, is_first: bool, ctx: &mut Context<Self>) {
        let read = replay(self.store.clone(), self.restaurant, self.id, sent, is_first, turn.read);
        ctx.spawn(read.into_actor(self).map(move |page, room, ctx| match page {
            Ok(Replay::Events { frames, through }) => {
                if is_first {
                    room.count_resume(ResumeOutcome::Log);
                }
                room.finish(turn, frames, through, ctx);
            }
            Ok(Replay::Unusable) => room.start_over(turn, ctx),
            Err(_) => room.drop_member(&turn, ToMember::Unavailable(room.id), ctx),
        }));
    }

    /// A member that has everything up to `through` after these frames gets the rest from the tail, then `live`. What
    /// is more than a page goes page by page, at the pace of its reader.
    pub(super) fn finish(&mut self, turn: Turn, mut frames: Vec<Frame>, through: Position, ctx: &mut Context<Self>) {
        let rest = self.tail.after(through);
        let is_whole = rest.is_some();
        frames.extend(rest.unwrap_or_default());
        let size = page_size(&frames);
        if size < frames.len() || !is_whole {
            // Beyond the page there is more, or so much happened while the log was read that the tail has lost the
            // thread: send this much and go on from there.
            let sent = if size < frames.len() { frames[size - 1].position() } else { through };
            frames.truncate(size);
            self.send_page(turn, frames, sent, ctx);
            return;
        }
        let position = frames.last().map_or(through, Frame::position).max(through).max(self.head);
        frames.push(ServerFrame::Live { room: self.id, position }.encode());
        let Some(mailbox) = self.members.handle(turn.member, turn.turn) else { return };
        self.count(frames.len() as u64, frames.iter().map(|frame| frame.wire().len() as u64).sum());
        match mailbox.try_send(ToMember::Frames(frames)) {
            Ok(()) => self.members.set_live(turn.member, turn.turn, position),
            Err(_) => self.drop_member(&turn, ToMember::Evicted, ctx),
        }
    }

    /// Sends a page, waits until most of it has left, and goes on after `sent`.
    fn send_page(&mut self, mut turn: Turn, frames: Vec<Frame>, sent: Position, ctx: &mut Context<Self>) {
        if self.members.handle(turn.member, turn.turn).is_none() {
            return;
        }
        self.count(frames.len() as u64, frames.iter().map(|frame| frame.wire().len() as u64).sum());
        turn.read = (frames.len() * 2).clamp(*READS.start(), *READS.end()) as u32;
        let page = tokio::time::timeout(PAGE_DEADLINE, turn.pages.send(Page::Frames(frames)));
        ctx.spawn(page.into_actor(self).map(move |taken, room, ctx| match taken {
            Ok(Ok(())) => room.go_on(turn, sent, ctx),
            _ => room.drop_member(&turn, ToMember::Evicted, ctx),
        }));
    }

    /// Goes on with a member that has everything up to `sent`, however much has happened since.
    pub(super) fn go_on(&mut self, turn: Turn, sent: Position, ctx: &mut Context<Self>) {
        if self.tail.covers(sent) {
            self.finish(turn, Vec::new(), sent, ctx);
        } else {
            self.replay(turn, sent, false, ctx);
        }
    }

    /// Puts a member out that cannot be caught up, and tells it why.
    pub(super) fn drop_member(&mut self, turn: &Turn, why: ToMember, ctx: &mut Context<Self>) {
        if let Some(mailbox) = self.members.handle(turn.member, turn.turn) {
            // Not fan-out: the one message that ends a membership, which a full mailbox must not lose.
            mailbox.do_send(why);
            self.leave(turn.member, ctx);
        }
    }
}

/// How many of these frames make a page: as many as fit, at least one. A snapshot is shared and counts for nothing.
fn page_size(frames: &[Frame]) -> usize {
    let mut bytes = 0;
    let fits = |frame: &&Frame| {
        bytes += if frame.kind() == FrameKind::Snapshot { 0 } else { frame.wire().len() };
        bytes <= PAGE_BYTES
    };
    frames.iter().take_while(fits).count().max(1.min(frames.len()))
}
