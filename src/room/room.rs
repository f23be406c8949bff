//! The `Room` actor: encodes each event once and hands it to every member; brings those who join or lag up to date.

use super::members::{MemberId, Members, Sent};
use super::messages::{FeedEvent, Join, Leave, Page, RoomEmpty, Sync, ToMember};
use super::opening::{Opened, Replay, open, replay};
use super::tail::Tail;
use crate::clock;
use crate::domain::event::Event;
use crate::domain::ids::RestaurantId;
use crate::domain::position::Position;
use crate::domain::room_id::{RoomId, RoomKind};
use crate::domain::text::Key;
use crate::domain::time::Timestamp;
use crate::feed::{Directory, Feed};
use crate::protocol::{Frame, FrameKind, ServerFrame};
use crate::store;
use crate::telemetry::{ByKind, ByResume, Metrics, ResumeOutcome};
use actix::dev::SendError;
use actix::prelude::*;
use std::sync::Arc;
use std::time::Duration;

/// Messages a room holds that it has not handled; the feed waits when it is full.
const MAILBOX: usize = 4096;
/// Events held while the room opens. Beyond it the room opens anew.
const OPENING: usize = 1024;
/// Frames of the tail.
const TAIL_FRAMES: usize = 512;
/// Bytes of the tail: what a lagging member is sent at once has to fit in its backlog.
const TAIL_BYTES: usize = 128 * 1024;
/// Events after which a snapshot is no longer shared.
const FRESH: usize = 64;
/// How long the floor's snapshot is shared.
const FLOOR_AGE: Duration = Duration::from_secs(2);
/// Bytes of one page of a replay.
const PAGE_BYTES: usize = 64 * 1024;
/// How long a page may take to leave.
const PAGE_DEADLINE: Duration = Duration::from_secs(30);
/// How soon lagging members are tried again.
const CATCH_UP: Duration = Duration::from_millis(20);

/// A member's join while it is being served.
struct Turn {
    member: MemberId,
    turn: u64,
    pages: Recipient<Page>,
}

/// The state of the room that joiners without a cursor get, encoded once and shared until the tail has moved past it.
struct Cached {
    position: Position,
    frame: Frame,
    /// On the clock of [`clock::uptime`].
    read_at: Timestamp,
}

impl From<Opened> for Cached {
    fn from(opened: Opened) -> Self {
        Self { position: opened.position, frame: opened.frame, read_at: clock::uptime() }
    }
}

/// One room on this node.
///
/// Ordering: every member gets the room's events in feed order, each once, with `prev` naming the one before. A member
/// is never waited for: a full mailbox makes it lag, and lagging too long puts it out. Nothing in the event path
/// awaits the database.
pub struct Room {
    id: RoomId,
    restaurant: RestaurantId,
    feed: Addr<Feed>,
    store: store::SharedStore,
    metrics: Metrics,
    /// Everything of the feed up to here has been seen.
    head: Position,
    /// The room's last event; `None` until it has opened.
    last: Option<Position>,
    tail: Tail,
    members: Members<Recipient<ToMember>>,
    owner: Option<Key>,
    cached: Option<Cached>,
    /// Joins that wait for a snapshot that is being read.
    awaiting: Vec<Turn>,
    /// While it opens: what has to wait for it.
    early: Vec<Arc<Event>>,
    joining: Vec<Join>,
    opening: bool,
    joins: u64,
    catching_up: bool,
}

impl Room {
    /// Starts a room on this arbiter; it will be handed every event after `head` that it carries.
    pub fn launch(id: RoomId, restaurant: RestaurantId, head: Position, feed: Addr<Feed>, directory: &Directory) -> Addr<Self> {
        let (store, metrics) = (directory.store().clone(), directory.metrics().clone());
        Self::create(move |ctx| {
            ctx.set_mailbox_capacity(MAILBOX);
            Self {
                id,
                restaurant,
                feed,
                store,
                metrics,
                head,
                last: None,
                tail: Tail::new(head, TAIL_FRAMES, TAIL_BYTES),
                members: Members::default(),
                owner: None,
                cached: None,
                awaiting: Vec::new(),
                early: Vec::new(),
                joining: Vec::new(),
                opening: false,
                joins: 0,
                catching_up: false,
            }
        })
    }

    fn kind(&self) -> ByKind {
        ByKind { kind: self.id.kind().as_str() }
    }

    /// Reads the snapshot, and the last event before this room began to listen.
    fn open(&mut self, ctx: &mut Context<Self>) {
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
                self.owner = opened.owner.clone();
                self.last = Some(opened.last);
                self.cached = Some(opened.into());
                for event in std::mem::take(&mut self.early) {
                    self.deliver(&event, ctx);
                }
                joining.into_iter().for_each(|join| self.join(join, ctx));
            }
            Ok(None) => self.turn_away(joining, ToMember::Refused(self.id)),
            Err(_) => self.turn_away(joining, ToMember::Unavailable(self.id)),
        }
    }

    /// Keeps an event until the room has opened. When too many come the room begins to listen after the last of them.
    fn hold(&mut self, event: Arc<Event>) {
        if self.early.len() < OPENING {
            self.early.push(event);
            return;
        }
        self.head = event.position;
        self.tail = Tail::new(self.head, TAIL_FRAMES, TAIL_BYTES);
        self.early.clear();
    }

    fn turn_away(&mut self, joining: Vec<Join>, answer: ToMember) {
        for join in joining {
            let _ = join.mailbox.try_send(answer.clone());
        }
        self.tell_if_empty();
    }

    /// Serves a join from memory when it can, else from the log or with a fresh snapshot.
    fn join(&mut self, join: Join, ctx: &mut Context<Self>) {
        if join.only_owner.is_some() && join.only_owner != self.owner {
            self.turn_away(vec![join], ToMember::Refused(self.id));
            return;
        }
        let is_new = !self.members.leave(join.member);
        let turn = self.members.join(join.member, join.mailbox);
        let turn = Turn { member: join.member, turn, pages: join.pages };
        if is_new {
            self.metrics.members.get_or_create(&self.kind()).inc();
        }
        match join.since {
            // A cursor beyond what this node has seen may be ahead of it, or nonsense: the log knows.
            Some(since) if since <= self.head && self.tail.covers(since) => {
                self.count_resume(ResumeOutcome::Tail);
                self.finish(turn, Vec::new(), since, ctx);
            }
            Some(since) => self.replay(turn, since, true, ctx),
            None => self.send_snapshot(turn, ctx),
        }
    }

    fn count_resume(&self, outcome: ResumeOutcome) {
        self.metrics.resumes.get_or_create(&ByResume { outcome }).inc();
    }

    /// Sends the shared snapshot, or has a new one read, once for everybody who waits for it.
    fn send_snapshot(&mut self, turn: Turn, ctx: &mut Context<Self>) {
        if let Some(cached) = self.cached.as_ref().filter(|cached| self.is_fresh(cached)) {
            let (position, frames) = (cached.position, vec![cached.frame.clone()]);
            self.finish(turn, frames, position, ctx);
            return;
        }
        self.awaiting.push(turn);
        if self.awaiting.len() == 1 {
            let read = open(self.store.clone(), self.restaurant, self.id, self.head);
            ctx.spawn(read.into_actor(self).map(|opened, room, ctx| room.refreshed(opened, ctx)));
        }
    }

    /// A snapshot is shared while little has happened since; the floor's only briefly, since what screens have drawn
    /// changes in it without an event.
    fn is_fresh(&self, cached: &Cached) -> bool {
        let is_recent = self.id.kind() != RoomKind::Floor || clock::uptime().since(cached.read_at) < FLOOR_AGE;
        is_recent && self.tail.count_after(cached.position).is_some_and(|since| since <= FRESH)
    }

    fn refreshed(&mut self, opened: store::Result<Option<Opened>>, ctx: &mut Context<Self>) {
        let awaiting = std::mem::take(&mut self.awaiting);
        let Ok(Some(opened)) = opened else {
            awaiting.iter().for_each(|turn| self.drop_member(turn, ToMember::Unavailable(self.id)));
            return;
        };
        let (position, frame) = (opened.position, opened.frame.clone());
        self.cached = Some(opened.into());
        for turn in awaiting {
            self.finish(turn, vec![frame.clone()], position, ctx);
        }
    }

    /// Reads a part of what a member missed after `sent` and sends it, and so on. `is_first`: `sent` is a cursor that
    /// the member brought.
    fn replay(&mut self, turn: Turn, sent: Position, is_first: bool, ctx: &mut Context<Self>) {
        let read = replay(self.store.clone(), self.restaurant, self.id, sent, is_first);
        ctx.spawn(read.into_actor(self).map(move |page, room, ctx| match page {
            Ok(Replay::Events { frames, through }) => {
                if is_first {
                    room.count_resume(ResumeOutcome::Log);
                }
                room.finish(turn, frames, through, ctx);
            }
            Ok(Replay::Unusable) => {
                room.count_resume(ResumeOutcome::Snapshot);
                room.send_snapshot(turn, ctx);
            }
            Err(_) => room.drop_member(&turn, ToMember::Unavailable(room.id)),
        }));
    }

    /// A member that has everything up to `through` after these frames gets the rest from the tail, then `live`. What
    /// is more than a page goes page by page, at the pace of its reader.
    fn finish(&mut self, turn: Turn, mut frames: Vec<Frame>, through: Position, ctx: &mut Context<Self>) {
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
            Err(_) => self.drop_member(&turn, ToMember::Evicted),
        }
    }

    /// Sends a page, waits until most of it has left, and goes on after `sent`.
    fn send_page(&mut self, turn: Turn, frames: Vec<Frame>, sent: Position, ctx: &mut Context<Self>) {
        if self.members.handle(turn.member, turn.turn).is_none() {
            return;
        }
        self.count(frames.len() as u64, frames.iter().map(|frame| frame.wire().len() as u64).sum());
        let page = tokio::time::timeout(PAGE_DEADLINE, turn.pages.send(Page(frames)));
        ctx.spawn(page.into_actor(self).map(move |taken, room, ctx| match taken {
            Ok(Ok(())) if room.tail.covers(sent) => room.finish(turn, Vec::new(), sent, ctx),
            Ok(Ok(())) => room.replay(turn, sent, false, ctx),
            _ => room.drop_member(&turn, ToMember::Evicted),
        }));
    }

    /// Puts a member out that cannot be caught up, and tells it why.
    fn drop_member(&mut self, turn: &Turn, why: ToMember) {
        if let Some(mailbox) = self.members.handle(turn.member, turn.turn) {
            // Not fan-out: the one message that ends a membership, which a full mailbox must not lose.
            mailbox.do_send(why);
            self.leave(turn.member);
        }
    }

    fn leave(&mut self, member: MemberId) {
        if self.members.leave(member) {
            self.metrics.members.get_or_create(&self.kind()).dec();
        }
        self.tell_if_empty();
    }

    fn tell_if_empty(&self) {
        if self.members.is_empty() && self.joining.is_empty() {
            self.feed.do_send(RoomEmpty { room: self.id, joins: self.joins });
        }
    }

    /// Encodes an event, once, and hands it to every live member.
    fn deliver(&mut self, event: &Event, ctx: &mut Context<Self>) {
        let prev = self.last.unwrap_or(Position::ZERO);
        let frame = ServerFrame::Event { room: self.id, position: event.position, prev, event: event.into() }.encode();
        self.last = Some(event.position);
        self.head = self.head.max(event.position);
        self.tail.push(frame.clone());
        self.metrics.commit_to_delivery.observe(clock::now().since(event.at).as_secs_f64());
        self.broadcast(&frame, prev, true, ctx);
    }

    fn broadcast(&mut self, frame: &Frame, prev: Position, is_event: bool, ctx: &mut Context<Self>) {
        let before = self.members.len();
        let tally = self.members.broadcast(frame, prev, is_event, clock::uptime(), |mailbox, frame| {
            outcome(mailbox.try_send(ToMember::Frame(frame.clone())))
        });
        self.count(tally.taken, tally.taken * frame.wire().len() as u64);
        self.metrics.lagging.inc_by(tally.lagging);
        self.account_for(before);
        self.catch_up_soon(ctx);
    }

    fn count(&self, frames: u64, bytes: u64) {
        self.metrics.deliveries.inc_by(frames);
        self.metrics.delivered_bytes.inc_by(bytes);
    }

    /// Members that a broadcast found gone are counted out.
    fn account_for(&self, before: usize) {
        let gone = before - self.members.len();
        if gone > 0 {
            self.metrics.members.get_or_create(&self.kind()).dec_by(i64::try_from(gone).unwrap_or(0));
            self.tell_if_empty();
        }
    }

    fn catch_up_soon(&mut self, ctx: &mut Context<Self>) {
        if self.members.has_lagging() && !std::mem::replace(&mut self.catching_up, true) {
            ctx.run_later(CATCH_UP, |room, ctx| {
                room.catching_up = false;
                room.catch_up(ctx);
            });
        }
    }

    fn catch_up(&mut self, ctx: &mut Context<Self>) {
        let before = self.members.len();
        let evicted = self.members.catch_up(&self.tail, clock::uptime(), |mailbox, frames| {
            if frames.is_empty() { Sent::Taken } else { outcome(mailbox.try_send(ToMember::Frames(frames))) }
        });
        for mailbox in evicted {
            // Not fan-out: the one message that ends a membership, which a full mailbox must not lose.
            mailbox.do_send(ToMember::Evicted);
            self.metrics.evictions.inc();
        }
        self.account_for(before);
        self.catch_up_soon(ctx);
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

fn outcome(sent: Result<(), SendError<ToMember>>) -> Sent {
    match sent {
        Ok(()) => Sent::Taken,
        Err(SendError::Full(_)) => Sent::Full,
        Err(SendError::Closed(_)) => Sent::Gone,
    }
}

impl Actor for Room {
    type Context = Context<Self>;

    fn started(&mut self, _: &mut Context<Self>) {
        self.metrics.rooms.get_or_create(&self.kind()).inc();
    }

    fn stopped(&mut self, _: &mut Context<Self>) {
        self.metrics.rooms.get_or_create(&self.kind()).dec();
    }
}

impl Handler<Join> for Room {
    type Result = ();
    fn handle(&mut self, join: Join, ctx: &mut Context<Self>) {
        self.joins += 1;
        if self.last.is_some() {
            self.join(join, ctx);
        } else {
            self.joining.push(join);
            self.open(ctx);
        }
    }
}

impl Handler<Leave> for Room {
    type Result = ();
    fn handle(&mut self, Leave { member }: Leave, _: &mut Context<Self>) {
        self.joining.retain(|join| join.member != member);
        self.leave(member);
    }
}

impl Handler<FeedEvent> for Room {
    type Result = ();
    fn handle(&mut self, FeedEvent(event): FeedEvent, ctx: &mut Context<Self>) {
        if self.last.is_some() {
            self.deliver(&event, ctx);
        } else {
            self.hold(event);
        }
    }
}

impl Handler<Sync> for Room {
    type Result = ();
    fn handle(&mut self, Sync { head, now }: Sync, ctx: &mut Context<Self>) {
        let Some(prev) = self.last else { return };
        self.head = self.head.max(head);
        let frame = ServerFrame::Sync { room: self.id, position: head, prev, server_time: now }.encode();
        self.broadcast(&frame, prev, false, ctx);
    }
}
