//! The lifecycle that the actors of all transports share. Two traits declare what differs between them.

use super::registry::Control;
use super::send_queue::TooSlow;
use super::subscriber::Subscriber;
use super::subscription::Subscription;
use crate::auth::authenticate::Denied;
use crate::domain::model::principal::Principal;
use crate::domain::model::room_id::RoomId;
use crate::domain::values::position::Position;
use crate::protocol::{Failure, Frame, ServerFrame};
use crate::room::{Page, ToMember};
use actix::dev::ToEnvelope;
use actix::{Actor, ActorFutureExt, AsyncContext, Handler, WrapFuture};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::oneshot;

/// The longest wait of a client whose epoch is over.
const SPREAD_MS: u64 = 500;

/// The actor of a connection over any transport.
pub trait Transport:
    Actor<Context: AsyncContext<Self> + ToEnvelope<Self, Control> + ToEnvelope<Self, ToMember> + ToEnvelope<Self, Page>>
    + Handler<Control>
    + Handler<ToMember>
    + Handler<Page>
{
    /// Returns the connection as the rest of the node sees it.
    fn subscriber(&self) -> &Subscriber;

    /// Returns the principal that the connection acts for.
    fn principal(&self) -> &Principal;

    /// Sends frames of a room, in order.
    fn deliver(&mut self, frames: &[Frame], ctx: &mut Self::Context);

    /// Reports a room that cannot be joined, or cannot continue.
    fn turned_away(&mut self, room: RoomId, failure: Failure, ctx: &mut Self::Context);

    /// Ends a connection that has fallen too far behind. The client reconnects with its cursors.
    fn evict(&mut self, ctx: &mut Self::Context);

    /// Ends a connection whose epoch is over. The client reconnects, and gets snapshots.
    fn start_over(&mut self, ctx: &mut Self::Context);

    /// Ends a connection whose token is no longer valid.
    fn expire(&mut self, denied: Denied, ctx: &mut Self::Context);

    /// Ends the connection in its slot of the drain window, since the node shuts down.
    fn leave_after(&mut self, slot: Duration, ctx: &mut Self::Context);

    /// Registers the connection. Returns whether its session is still live; ends the connection if not.
    fn begin(&mut self, ctx: &mut Self::Context) -> bool {
        let is_live = self.subscriber().begin(self.principal(), ctx.address().recipient());
        if !is_live {
            self.expire(Denied::Ended, ctx);
        }
        is_live
    }

    /// Asks to join a room. The room answers with messages to this actor.
    fn join(&mut self, subscription: Subscription, ctx: &mut Self::Context) {
        let room = subscription.room;
        let mailbox = ctx.address().recipient();
        let pages = ctx.address().recipient();
        if !self.subscriber().join(self.principal(), subscription, mailbox, pages) {
            self.turned_away(room, Failure::room_unavailable(), ctx);
        }
    }

    /// Handles a message that is not from a room.
    fn control(&mut self, control: Control, ctx: &mut Self::Context) {
        match control {
            // A new token may have moved the connection to a session that is live.
            Control::SessionEnded if !self.subscriber().is_over(self.principal()) => {}
            Control::SessionEnded => self.expire(Denied::Ended, ctx),
            Control::Drain { slot_ms } => self.leave_after(Duration::from_millis(slot_ms), ctx),
        }
    }

    /// Handles a message of one of its rooms.
    fn hear(&mut self, message: ToMember, ctx: &mut Self::Context) {
        match message {
            ToMember::Frame(frame) => self.deliver(&[frame], ctx),
            ToMember::Frames(frames) => self.deliver(&frames, ctx),
            // The client has asked again, and the answer to that decides.
            ToMember::Refused(room, number) | ToMember::Unavailable(room, number)
                if !self.subscriber().is_last_join(room, number) => {}
            ToMember::Refused(room, _) => self.turned_away(room, Failure::forbidden_room(), ctx),
            ToMember::Unavailable(room, _) => self.turned_away(room, Failure::room_unavailable(), ctx),
            ToMember::Evicted => self.evict(ctx),
            ToMember::Rewritten => self.start_over(ctx),
        }
    }
}

/// Returns a random wait for a client whose epoch is over, so that the clients of a restaurant do not all reconnect at once.
#[must_use]
pub fn spread() -> Duration {
    Duration::from_millis(rand::random_range(0..SPREAD_MS))
}

/// Rooms to join again when most of the queue has been sent.
#[derive(Debug, Default)]
pub struct Deferred(BTreeMap<RoomId, Subscription>);

impl Deferred {
    /// Forgets a room.
    pub fn remove(&mut self, room: RoomId) {
        self.0.remove(&room);
    }
}

/// A transport with a queue that lasts as long as the connection.
pub trait QueuedTransport: Transport {
    /// Queues a frame.
    ///
    /// # Errors
    /// When the queue is full.
    fn enqueue(&self, frame: &Frame) -> Result<(), TooSlow>;

    /// Whether the queue still holds a part of a snapshot.
    fn holds_snapshot(&self) -> bool;

    /// Resolves when most of the queue has been sent, or when the connection ends.
    fn drained(&self) -> oneshot::Receiver<()>;

    /// Returns the rooms whose joins are deferred.
    fn deferred(&mut self) -> &mut Deferred;

    /// Returns the subscription that resumes a room after a position.
    fn resumption(&self, room: RoomId, since: Position) -> Subscription;

    /// Queues a frame. Evicts a client that falls too far behind, unless it is still reading a snapshot. In that case, drops the
    /// frames of the room, which are in the log, and joins the room again later.
    fn push(&mut self, frame: &Frame, ctx: &mut Self::Context) {
        let origin = frame.origin();
        if origin.is_some_and(|(room, _)| self.deferred().0.contains_key(&room)) {
            return;
        }
        if self.enqueue(frame).is_ok() {
            return;
        }
        match origin {
            Some((room, prev)) if self.holds_snapshot() => self.join_later(self.resumption(room, prev), ctx),
            _ => {
                self.subscriber().node.metrics.evictions.inc();
                self.evict(ctx);
            }
        }
    }

    /// Joins a room when most of the queue has been sent.
    fn join_later(&mut self, subscription: Subscription, ctx: &mut Self::Context) {
        if self.deferred().0.is_empty() {
            ctx.spawn(self.drained().into_actor(self).map(|_, transport, ctx| {
                for subscription in std::mem::take(&mut transport.deferred().0).into_values() {
                    transport.join(subscription, ctx);
                }
            }));
        }
        self.deferred().0.insert(subscription.room, subscription);
    }

    /// Announces that the node shuts down. The client reconnects in its slot of the drain window.
    fn announce_going_away(&mut self, slot: Duration, ctx: &mut Self::Context) {
        let reconnect_in_ms = u64::try_from(slot.as_millis()).unwrap_or(u64::MAX);
        self.push(&ServerFrame::GoingAway { reconnect_in_ms }.encode(), ctx);
    }
}
