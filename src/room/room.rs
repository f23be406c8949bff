//! The `Room` actor: encodes each event once and hands it to every member; brings those who join or lag up to date.

use super::budget::Budget;
use super::members::{MemberId, Members, Sent};
use super::messages::{FeedEvent, Join, Leave, Page, RoomEmpty, Sync, ToMember};
use super::shared_snapshot::Shared;
use super::tail::Tail;
use crate::domain::model::event::Event;
use crate::domain::model::room_id::RoomId;
use crate::domain::values::ids::RestaurantId;
use crate::domain::values::position::Position;
use crate::domain::values::text::Key;
use crate::protocol::{Frame, ServerFrame};
use crate::telemetry::{ByKind, Metrics};
use crate::{clock, store};
use actix::dev::SendError;
use actix::prelude::*;
use std::sync::Arc;
use std::time::Duration;

/// Messages a room holds that it has not handled; the feed waits when it is full.
const MAILBOX: usize = 4096;
/// Frames of the tail.
pub(super) const TAIL_FRAMES: usize = 512;
/// Bytes of the tail: what a lagging member is sent at once has to fit in its backlog.
pub(super) const TAIL_BYTES: usize = 128 * 1024;
/// How long a room without members stays.
const LINGER: Duration = Duration::from_secs(10);
/// How soon lagging members are tried again.
const CATCH_UP: Duration = Duration::from_millis(20);

/// What rooms and feeds work with.
#[derive(Clone)]
pub struct Parts {
    /// The log.
    pub store: store::SharedStore,
    /// The node's metrics.
    pub metrics: Metrics,
    /// What the snapshots of all rooms may hold together.
    pub snapshots: Arc<Budget>,
}

/// One room on this node.
///
/// Ordering: every member gets the room's events in feed order, each once, with `prev` naming the one before. A member
/// is never waited for: a full mailbox makes it lag, and lagging too long puts it out. Nothing in the event path
/// awaits the database.
pub struct Room {
    pub(super) id: RoomId,
    pub(super) restaurant: RestaurantId,
    pub(super) feed: Recipient<RoomEmpty>,
    pub(super) store: store::SharedStore,
    pub(super) metrics: Metrics,
    /// Everything of the feed up to here has been seen.
    pub(super) head: Position,
    /// The room's last event; `None` until it has opened.
    pub(super) last: Option<Position>,
    pub(super) tail: Tail,
    pub(super) members: Members<Recipient<ToMember>>,
    pub(super) owner: Option<Key>,
    pub(super) budget: Arc<Budget>,
    pub(super) shared: Shared,
    /// Joins that wait for a snapshot that is being read.
    pub(super) awaiting: Vec<Turn>,
    /// While it opens: what has to wait for it.
    pub(super) early: Vec<Arc<Event>>,
    pub(super) joining: Vec<Join>,
    pub(super) opening: bool,
    pub(super) joins: u64,
    pub(super) catching_up: bool,
    pub(super) lingering: bool,
    /// A look at whether its snapshot is still asked for is due.
    pub(super) tidying: bool,
}

impl Room {
    /// Starts a room on this arbiter; it will be handed every event after `head` that it carries.
    pub fn launch(id: RoomId, restaurant: RestaurantId, head: Position, feed: Recipient<RoomEmpty>, parts: Parts) -> Addr<Self> {
        let Parts { store, metrics, snapshots: budget } = parts;
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
                budget,
                shared: Shared::default(),
                awaiting: Vec::new(),
                early: Vec::new(),
                joining: Vec::new(),
                opening: false,
                joins: 0,
                catching_up: false,
                lingering: false,
                tidying: false,
            }
        })
    }

    pub(super) fn kind(&self) -> ByKind {
        ByKind { kind: self.id.kind().as_str() }
    }

    pub(super) fn leave(&mut self, member: MemberId, ctx: &mut Context<Self>) {
        if self.members.leave(member) {
            self.metrics.members.get_or_create(&self.kind()).dec();
        }
        self.close_if_empty(ctx);
    }

    fn is_empty(&self) -> bool {
        self.members.is_empty() && self.joining.is_empty()
    }

    /// Tells the feed that this room may go. One that has opened stays a little: who lost a network, or polls, comes back
    /// to a room that still knows what was missed.
    pub(super) fn close_if_empty(&mut self, ctx: &mut Context<Self>) {
        if !self.is_empty() || std::mem::replace(&mut self.lingering, true) {
            return;
        }
        let wait = if self.last.is_some() { LINGER } else { Duration::ZERO };
        ctx.run_later(wait, |room, _| {
            room.lingering = false;
            if room.is_empty() {
                room.feed.do_send(RoomEmpty { room: room.id, joins: room.joins });
            }
        });
    }

    /// Encodes an event, once, and hands it to every live member.
    pub(super) fn deliver(&mut self, event: &Event, ctx: &mut Context<Self>) {
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
        self.account_for(before, ctx);
        self.catch_up_soon(ctx);
    }

    pub(super) fn count(&self, frames: u64, bytes: u64) {
        self.metrics.deliveries.inc_by(frames);
        self.metrics.delivered_bytes.inc_by(bytes);
    }

    /// Members that a broadcast found gone are counted out.
    fn account_for(&mut self, before: usize, ctx: &mut Context<Self>) {
        let gone = before - self.members.len();
        if gone > 0 {
            self.metrics.members.get_or_create(&self.kind()).dec_by(i64::try_from(gone).unwrap_or(0));
            self.close_if_empty(ctx);
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
        self.account_for(before, ctx);
        self.catch_up_soon(ctx);
    }
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
        // While it opens, what it listens from must stay as it was asked for.
        if self.last.is_some() {
            self.head = self.head.max(join.head);
            self.join(join, ctx);
        } else {
            self.joining.push(join);
            self.open(ctx);
        }
    }
}

impl Handler<Leave> for Room {
    type Result = ();
    fn handle(&mut self, Leave { member }: Leave, ctx: &mut Context<Self>) {
        self.joining.retain(|join| join.member != member);
        self.leave(member, ctx);
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

/// A member's join while it is being served.
pub(super) struct Turn {
    pub(super) member: MemberId,
    pub(super) turn: u64,
    pub(super) pages: Recipient<Page>,
    /// A snapshot is to come in parts.
    pub(super) paged: bool,
    /// Events of the next read of its replay.
    pub(super) read: u32,
}
