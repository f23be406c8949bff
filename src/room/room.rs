//! The `Room` actor: encodes each event once, sends it to all members, and catches up those who
//! join or lag.

use super::budget::SnapshotBudget;
use super::histories::Histories;
use super::members::{MemberId, Members, Sent};
use super::messages::{FeedEvent, HistoryRewritten, Join, Leave, Page, RoomEmpty, Sync, ToMember};
use super::opening::History;
use super::shared_snapshot::SharedSnapshot;
use super::tail::Tail;
use crate::domain::model::event::Event;
use crate::domain::model::history::{Point, Standing};
use crate::domain::model::room_id::RoomId;
use crate::domain::values::ids::{Generation, RestaurantId};
use crate::domain::values::position::Position;
use crate::domain::values::text::Key;
use crate::protocol::{Frame, ServerFrame};
use crate::telemetry::{ByKind, Metrics};
use crate::{clock, store};
use actix::dev::SendError;
use actix::prelude::*;
use std::sync::Arc;
use std::time::Duration;

/// The capacity of a room's mailbox. Overflow: the feed waits.
const MAILBOX: usize = 4096;
/// The most frames of the tail.
pub(super) const TAIL_FRAMES: usize = 512;
/// The most bytes of the tail, which a lagging member's backlog must hold at once.
pub(super) const TAIL_BYTES: usize = 128 * 1024;
/// The time that a room without members stays.
const LINGER: Duration = Duration::from_secs(10);
/// The delay before another attempt to catch up lagging members.
const CATCH_UP: Duration = Duration::from_millis(20);

/// Resources that all rooms and feeds share.
#[derive(Clone)]
pub struct Resources {
    /// The store with the log.
    pub store: store::SharedStore,
    /// The node's metrics.
    pub metrics: Metrics,
    /// The memory budget of all rooms' snapshots.
    pub snapshots: Arc<SnapshotBudget>,
    /// What this node knows of feeds.
    pub histories: Histories,
}

/// The stage of a room's life. A room delivers events and serves joins only while it is open.
pub(super) enum Stage {
    /// Nobody has joined yet, or the last attempt to open failed.
    Closed { early: Vec<Arc<Event>> },
    /// The room reads its opening state. Events and joins wait for it.
    Opening { early: Vec<Arc<Event>>, joining: Vec<Join> },
    /// The room is open. `last` is the position of its last event.
    Open { last: Position },
}

impl Default for Stage {
    fn default() -> Self {
        Self::Closed { early: Vec::new() }
    }
}

impl Stage {
    const fn last(&self) -> Option<Position> {
        match self {
            Self::Open { last } => Some(*last),
            Self::Closed { .. } | Self::Opening { .. } => None,
        }
    }

    fn has_joins(&self) -> bool {
        matches!(self, Self::Opening { joining, .. } if !joining.is_empty())
    }
}

/// One room on this node.
///
/// Ordering: each member receives the room's events in feed order, each once, with `prev` naming
/// the one before. The room never waits for a member: one with a full mailbox lags, and the room
/// evicts it if it lags too long. The event path never awaits the database.
pub struct Room {
    pub(super) id: RoomId,
    pub(super) restaurant: RestaurantId,
    pub(super) feed: Recipient<RoomEmpty>,
    pub(super) store: store::SharedStore,
    pub(super) metrics: Metrics,
    histories: Histories,
    /// The generation of the feed, with which all members were welcomed.
    generation: Option<Generation>,
    /// The point up to which the room has seen the feed.
    pub(super) head: Point,
    pub(super) stage: Stage,
    pub(super) tail: Tail,
    pub(super) members: Members<Recipient<ToMember>>,
    pub(super) owner: Option<Key>,
    pub(super) budget: Arc<SnapshotBudget>,
    pub(super) shared: SharedSnapshot,
    /// Joins that wait for the read of a snapshot.
    pub(super) awaiting: Vec<PendingJoin>,
    /// Joins handled so far.
    pub(super) joins: u64,
    /// Whether another attempt to catch up lagging members is scheduled.
    catch_up_scheduled: bool,
    /// Whether a check for an empty room is scheduled.
    close_scheduled: bool,
    /// Whether a check for an unused snapshot is scheduled.
    pub(super) prune_scheduled: bool,
}

impl Room {
    /// Starts a room on this thread. The room receives each of its events after `standing`.
    pub fn launch(
        id: RoomId,
        restaurant: RestaurantId,
        Standing { generation, last }: Standing,
        feed: Recipient<RoomEmpty>,
        resources: Resources,
    ) -> Addr<Self> {
        let Resources { store, metrics, snapshots: budget, histories } = resources;
        Self::create(move |ctx| {
            ctx.set_mailbox_capacity(MAILBOX);
            Self {
                id,
                restaurant,
                feed,
                store,
                metrics,
                histories,
                generation,
                head: last.into(),
                stage: Stage::default(),
                tail: Tail::new(last.position, TAIL_FRAMES, TAIL_BYTES),
                members: Members::default(),
                owner: None,
                budget,
                shared: SharedSnapshot::default(),
                awaiting: Vec::new(),
                joins: 0,
                catch_up_scheduled: false,
                close_scheduled: false,
                prune_scheduled: false,
            }
        })
    }

    /// Returns the history with which reads of this room are compared.
    pub(super) fn history(&self) -> History {
        (self.histories.clone(), self.generation)
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
        self.members.is_empty() && !self.stage.has_joins()
    }

    /// Reports to the feed that this room may close. An open room stays for [`LINGER`], so that
    /// members who poll or reconnect find its tail.
    pub(super) fn close_if_empty(&mut self, ctx: &mut Context<Self>) {
        if !self.is_empty() || std::mem::replace(&mut self.close_scheduled, true) {
            return;
        }
        let wait = if self.stage.last().is_some() { LINGER } else { Duration::ZERO };
        ctx.run_later(wait, |room, _| {
            room.close_scheduled = false;
            if room.is_empty() {
                room.feed.do_send(RoomEmpty { room: room.id, joins: room.joins });
            }
        });
    }

    /// Encodes an event once and sends it to each live member.
    pub(super) fn deliver(&mut self, event: &Event, ctx: &mut Context<Self>) {
        let Stage::Open { last } = &mut self.stage else { return };
        let prev = std::mem::replace(last, event.position);
        let frame = ServerFrame::event(self.id, prev, event).encode();
        self.head = self.head.or_later(event.mark().into());
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
        self.count_gone(before, ctx);
        self.catch_up_soon(ctx);
    }

    pub(super) fn count(&self, frames: u64, bytes: u64) {
        self.metrics.deliveries.inc_by(frames);
        self.metrics.delivered_bytes.inc_by(bytes);
    }

    /// Updates the metric after members have gone during a broadcast.
    fn count_gone(&mut self, before: usize, ctx: &mut Context<Self>) {
        let gone = before - self.members.len();
        if gone > 0 {
            self.metrics.members.get_or_create(&self.kind()).dec_by(i64::try_from(gone).unwrap_or(0));
            self.close_if_empty(ctx);
        }
    }

    fn catch_up_soon(&mut self, ctx: &mut Context<Self>) {
        if self.members.has_lagging() && !std::mem::replace(&mut self.catch_up_scheduled, true) {
            ctx.run_later(CATCH_UP, |room, ctx| {
                room.catch_up_scheduled = false;
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
            // `do_send`: the one message that ends a membership must not be lost to a full mailbox.
            mailbox.do_send(ToMember::Evicted);
            self.metrics.evictions.inc();
        }
        self.count_gone(before, ctx);
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
        match &mut self.stage {
            Stage::Open { .. } => {
                self.head = self.head.or_later(join.head);
                self.join(join, ctx);
            }
            // The opening state is read at the current head, which must not change meanwhile.
            Stage::Opening { joining, .. } => joining.push(join),
            Stage::Closed { early } => {
                let early = std::mem::take(early);
                self.stage = Stage::Opening { early, joining: vec![join] };
                self.open(ctx);
            }
        }
    }
}

impl Handler<Leave> for Room {
    type Result = ();
    fn handle(&mut self, Leave { member }: Leave, ctx: &mut Context<Self>) {
        if let Stage::Opening { joining, .. } = &mut self.stage {
            joining.retain(|join| join.member != member);
        }
        self.leave(member, ctx);
    }
}

impl Handler<HistoryRewritten> for Room {
    type Result = ();
    fn handle(&mut self, _: HistoryRewritten, ctx: &mut Context<Self>) {
        let joining = match std::mem::take(&mut self.stage) {
            Stage::Opening { joining, .. } => joining,
            Stage::Closed { .. } | Stage::Open { .. } => Vec::new(),
        };
        let before = self.members.len();
        let members = self.members.clear();
        for mailbox in members.into_iter().chain(joining.into_iter().map(|join| join.mailbox)) {
            // `do_send`: the one message that ends a membership must not be lost to a full mailbox.
            mailbox.do_send(ToMember::Rewritten);
        }
        self.count_gone(before, ctx);
        ctx.stop();
    }
}

impl Handler<FeedEvent> for Room {
    type Result = ();
    fn handle(&mut self, FeedEvent(event): FeedEvent, ctx: &mut Context<Self>) {
        match self.stage {
            Stage::Open { .. } => self.deliver(&event, ctx),
            Stage::Closed { .. } | Stage::Opening { .. } => self.hold(event),
        }
    }
}

impl Handler<Sync> for Room {
    type Result = ();
    fn handle(&mut self, Sync { head, now }: Sync, ctx: &mut Context<Self>) {
        let Some(prev) = self.stage.last() else { return };
        self.head = self.head.or_later(head);
        let Point { position, tag } = head;
        let frame = ServerFrame::Sync { room: self.id, position, tag, prev, server_time: now }.encode();
        self.broadcast(&frame, prev, false, ctx);
    }
}

/// A join that the room is serving.
pub(super) struct PendingJoin {
    pub(super) member: MemberId,
    pub(super) number: u64,
    pub(super) turn: u64,
    pub(super) pages: Recipient<Page>,
    /// Whether the client accepts snapshots in parts.
    pub(super) paged: bool,
    /// Whether its cursor named an event that the database does not have.
    pub(super) rewritten: bool,
    /// The most events of the next read of its replay.
    pub(super) read: u32,
}
