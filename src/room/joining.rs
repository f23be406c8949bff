//! Joins: opens the room, and replays missed events at each reader's pace. ([`super::sharing`]
//! sends the snapshots.) All reads of the store run beside the event path.

use super::messages::{Join, Page, ToMember};
use super::opening::{Opened, Replay, is_kept, open, replay};
use super::room::{PendingJoin, Room, Stage, TAIL_BYTES, TAIL_FRAMES};
use super::tail::Tail;
use super::task;
use crate::domain::model::event::Event;
use crate::domain::model::history::Point;
use crate::domain::model::room_id::{RoomId, RoomKind};
use crate::domain::values::position::Position;
use crate::protocol::{Frame, FrameKind, ServerFrame};
use crate::telemetry::ResumeOutcome;
use crate::{clock, store};
use actix::prelude::*;
use std::sync::Arc;
use std::time::Duration;

/// The most bytes of one page of a replay.
const PAGE_BYTES: usize = 64 * 1024;
/// The most events of the first read of a replay.
const FIRST_READ: u32 = 64;
/// The range of later reads is twice the number of events of the previous page. So large events are neither read twice nor all
/// at once.
const READS: std::ops::RangeInclusive<usize> = 4..=256;
/// The longest time for sending a page: enough for the pages of all rooms of a connection on the
/// slowest network. The transport closes a reader that does not read at all much earlier.
pub(super) const PAGE_DEADLINE: Duration = Duration::from_secs(300);
/// The most events held while the room opens. Overflow: the room opens again at a later head.
const MAX_EARLY: usize = 1024;

/// Makes the answer to a join that a room refuses.
type Refusal = fn(RoomId, u64) -> ToMember;

impl Room {
    /// Reads the opening state: the room's last event up to `head`, and whether the room exists.
    pub(super) fn open(&mut self, ctx: &mut Context<Self>) {
        let read = open(self.store.clone(), self.history(), self.restaurant, self.id, self.head.position);
        task::run(read, ctx, |opened, room, ctx| room.opened(opened, ctx));
    }

    fn opened(&mut self, opened: store::Result<Option<Opened>>, ctx: &mut Context<Self>) {
        if matches!(&opened, Ok(Some(opened)) if opened.asked != self.head.position) {
            self.open(ctx);
            return;
        }
        let Stage::Opening { early, joining } = std::mem::take(&mut self.stage) else { return };
        match opened {
            Ok(Some(opened)) => {
                self.owner = opened.owner;
                self.stage = Stage::Open { last: opened.last };
                if let Some(snapshot) = opened.snapshot {
                    self.shared.set(snapshot, clock::uptime());
                }
                early.iter().for_each(|event| self.deliver(event, ctx));
                joining.into_iter().for_each(|join| self.join(join, ctx));
            }
            Ok(None) => self.stay_closed(early, joining, ToMember::Refused, ctx),
            Err(_) => self.stay_closed(early, joining, ToMember::Unavailable, ctx),
        }
    }

    /// Keeps the events for another attempt, and refuses the joins.
    fn stay_closed(&mut self, early: Vec<Arc<Event>>, joining: Vec<Join>, answer: Refusal, ctx: &mut Context<Self>) {
        self.stage = Stage::Closed { early };
        self.refuse(joining, answer, ctx);
    }

    /// Holds an event until the room is open. On overflow, the room opens after the last of them.
    pub(super) fn hold(&mut self, event: Arc<Event>) {
        let (Stage::Closed { early } | Stage::Opening { early, .. }) = &mut self.stage else { return };
        if early.len() < MAX_EARLY {
            early.push(event);
            return;
        }
        early.clear();
        self.head = event.mark().into();
        self.tail = Tail::new(event.position, TAIL_FRAMES, TAIL_BYTES);
    }

    pub(super) fn refuse(&mut self, joining: Vec<Join>, answer: Refusal, ctx: &mut Context<Self>) {
        for join in joining {
            let _ = join.mailbox.try_send(answer(self.id, join.number));
        }
        self.close_if_empty(ctx);
    }

    /// Serves a join from the tail if possible, and otherwise from the log or with a snapshot.
    pub(super) fn join(&mut self, join: Join, ctx: &mut Context<Self>) {
        if join.only_owner.is_some() && join.only_owner != self.owner {
            self.refuse(vec![join], ToMember::Refused, ctx);
            return;
        }
        let is_new = !self.members.leave(join.member);
        let turn = self.members.join(join.member, join.mailbox);
        let turn = PendingJoin {
            member: join.member,
            number: join.number,
            turn,
            pages: join.pages,
            paged: join.paged,
            rewritten: join.has_event == Some(false),
            read: FIRST_READ,
        };
        if is_new {
            self.metrics.members.get_or_create(&self.kind()).inc();
        }
        // The menu exists before the feed's first event, so a member without state cannot derive it
        // from events.
        let is_usable =
            |position| self.id.kind() != RoomKind::Menu || position > Position::ZERO || self.head.position == position;
        let is_covered = |position| position <= self.head.position && self.tail.covers(position);
        match join.since.filter(|since| !turn.rewritten && is_usable(since.position)) {
            // A cursor beyond this node's head may be valid or invalid; the log decides.
            Some(since) if join.has_event == Some(true) && is_covered(since.position) => self.resume(turn, since, ctx),
            Some(since) => self.replay(turn, since, true, ctx),
            None => self.send_snapshot(turn, ctx),
        }
    }

    /// Catches a member up from the tail, unless the log has erased words that the tail still has.
    fn resume(&mut self, turn: PendingJoin, since: Point, ctx: &mut Context<Self>) {
        if self.tail.count_after(since.position) == Some(0) {
            self.count_resume(ResumeOutcome::Tail);
            self.finish(turn, Vec::new(), since, ctx);
            return;
        }
        let read = is_kept(self.store.clone(), self.restaurant, since.position);
        task::run(read, ctx, move |is_kept, room, ctx| match is_kept {
            Ok(true) => {
                room.count_resume(ResumeOutcome::Tail);
                room.finish(turn, Vec::new(), since, ctx);
            }
            Ok(false) => room.start_over(turn, ctx),
            Err(_) => room.drop_member(&turn, ToMember::Unavailable(room.id, turn.number), ctx),
        });
    }

    /// Answers an unusable cursor with a snapshot.
    fn start_over(&mut self, turn: PendingJoin, ctx: &mut Context<Self>) {
        self.count_resume(ResumeOutcome::Snapshot);
        self.release_order();
        self.send_snapshot(turn, ctx);
    }

    fn count_resume(&self, outcome: ResumeOutcome) {
        self.metrics.resumed(outcome);
    }

    /// Reads and sends the next page of missed events, after `sent`. `is_first` says that `sent` is
    /// the member's own cursor.
    fn replay(&mut self, turn: PendingJoin, sent: Point, is_first: bool, ctx: &mut Context<Self>) {
        let read = replay(self.store.clone(), self.history(), self.restaurant, self.id, sent, is_first, turn.read);
        task::run(read, ctx, move |page, room, ctx| match page {
            Ok(Replay::Events { frames, through }) => {
                if is_first {
                    room.count_resume(ResumeOutcome::Log);
                }
                room.finish(turn, frames, through, ctx);
            }
            Ok(Replay::Unusable) => room.start_over(turn, ctx),
            Ok(Replay::Rewritten) => room.start_over(PendingJoin { rewritten: true, ..turn }, ctx),
            Err(_) => room.drop_member(&turn, ToMember::Unavailable(room.id, turn.number), ctx),
        });
    }

    /// Sends these frames, then those after `through` from the tail, then `live`. If all this is more than a page, sends it
    /// page by page at the reader's pace.
    pub(super) fn finish(&mut self, turn: PendingJoin, mut frames: Vec<Frame>, through: Point, ctx: &mut Context<Self>) {
        let rest = self.tail.after(through.position);
        let is_whole = rest.is_some();
        frames.extend(rest.unwrap_or_default());
        let size = page_size(&frames);
        if size < frames.len() || !is_whole {
            // There is more than a page, or the tail no longer covers `through` after many events
            // during the read: send this page and continue after it.
            let sent = if size < frames.len() { frames[size - 1].point() } else { through };
            frames.truncate(size);
            self.send_page(turn, frames, sent, ctx);
            return;
        }
        let Point { position, tag } = frames.last().map_or(through, Frame::point).or_later(through).or_later(self.head);
        frames.push(ServerFrame::Live { room: self.id, position, tag, rewritten: turn.rewritten }.encode());
        let Some(mailbox) = self.members.handle(turn.member, turn.turn) else { return };
        self.count(frames.len() as u64, frames.iter().map(|frame| frame.wire().len() as u64).sum());
        match mailbox.try_send(ToMember::Frames(frames)) {
            Ok(()) => self.members.set_live(turn.member, turn.turn, position),
            Err(_) => self.drop_member(&turn, ToMember::Evicted, ctx),
        }
    }

    /// Sends a page, waits until most of it has left, and continues after `sent`.
    fn send_page(&mut self, mut turn: PendingJoin, frames: Vec<Frame>, sent: Point, ctx: &mut Context<Self>) {
        if self.members.handle(turn.member, turn.turn).is_none() {
            return;
        }
        self.count(frames.len() as u64, frames.iter().map(|frame| frame.wire().len() as u64).sum());
        turn.read = (frames.len() * 2).clamp(*READS.start(), *READS.end()) as u32;
        let page = tokio::time::timeout(PAGE_DEADLINE, turn.pages.send(Page::Frames(frames)));
        task::run(page, ctx, move |taken, room, ctx| match taken {
            Ok(Ok(())) => room.resume_after(turn, sent, ctx),
            _ => room.drop_member(&turn, ToMember::Evicted, ctx),
        });
    }

    /// Continues with a member that has everything up to `sent`.
    pub(super) fn resume_after(&mut self, turn: PendingJoin, sent: Point, ctx: &mut Context<Self>) {
        if self.tail.covers(sent.position) {
            self.finish(turn, Vec::new(), sent, ctx);
        } else {
            self.replay(turn, sent, false, ctx);
        }
    }

    /// Removes a member that cannot be caught up, and sends it the reason.
    pub(super) fn drop_member(&mut self, turn: &PendingJoin, why: ToMember, ctx: &mut Context<Self>) {
        if let Some(mailbox) = self.members.handle(turn.member, turn.turn) {
            // `do_send`: the one message that ends a membership must not be lost to a full mailbox.
            mailbox.do_send(why);
            self.leave(turn.member, ctx);
        }
    }
}

/// Returns the number of frames that fit in a page, at least one. A snapshot is shared and does not
/// count.
fn page_size(frames: &[Frame]) -> usize {
    let mut bytes = 0;
    let fits = |frame: &&Frame| {
        bytes += if frame.kind() == FrameKind::Snapshot { 0 } else { frame.wire().len() };
        bytes <= PAGE_BYTES
    };
    frames.iter().take_while(fits).count().max(1.min(frames.len()))
}
