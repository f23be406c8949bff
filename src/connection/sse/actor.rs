//! The actor of a stream of server-sent events: one way, one room or several.

use super::body::{Body, BodyQueue};
use super::encoding;
use crate::auth::authenticate::Denied;
use crate::auth::token::{TokenError, Verified};
use crate::clock;
use crate::connection::Node;
use crate::connection::abandoned::{AbandonGuard, Abandoned};
use crate::connection::registry::Control;
use crate::connection::send_queue::TooSlow;
use crate::connection::sockets::handle::SocketHandle;
use crate::connection::subscriber::{MAILBOX, OPENING, Subscriber};
use crate::connection::subscription::{Subscription, Subscriptions};
use crate::connection::transport::{Deferred, QueuedTransport, Transport, spread};
use crate::domain::model::principal::Principal;
use crate::domain::model::room_id::RoomId;
use crate::domain::values::position::Position;
use crate::protocol::client_frame::Subscribe;
use crate::protocol::{CloseCode, Failure, Frame};
use crate::room::{Page, ToMember};
use crate::telemetry::TransportKind;
use actix::prelude::*;
use bytes::Bytes;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// The shortest time after which a reader connects again, and the most that is added at random: so the readers of a node that
/// went down do not all return at once.
const RETRY_MS: u64 = 1000;
const RETRY_SPREAD_MS: u64 = 2000;
/// The longest time between two heartbeats of a stream. A client can ask for a sign of life over a WebSocket, but not over a
/// stream.
const LONGEST_BEAT: Duration = Duration::from_secs(8);

/// One stream.
///
/// Ordering: as in each of its rooms. Loss: none while it is open; a reader that falls too far behind is cut, and resumes
/// from the last id it has read, or from its cursors.
pub struct EventStream {
    subscriber: Subscriber,
    principal: Principal,
    subscriptions: Subscriptions,
    deferred: Deferred,
    queue: Rc<BodyQueue>,
    /// The connection of the request, where the server keeps it.
    socket: Option<Rc<SocketHandle>>,
    /// Resolves with the answer of the only room, before which the response has no status.
    opening: Option<oneshot::Sender<Result<(), Failure>>>,
}

/// Joins rooms and returns the body of the response: for one room, when it has admitted the reader; for several, at once.
/// `socket` is the request's connection, where the server keeps it.
///
/// Cancel safety: cancelling leaves the rooms. Dropping the body leaves them too.
///
/// # Errors
/// `forbidden`, `rate_limited` and `unavailable`, before there is a response. If there are several rooms, the refusal of one is
/// an error in the stream.
pub async fn open(
    node: Arc<Node>,
    verified: Verified,
    asked: &[Subscribe],
    socket: Option<Rc<SocketHandle>>,
) -> Result<Body, Failure> {
    let Verified { principal, expires_at } = verified;
    let generation = node.generation(principal.restaurant).await?;
    let (subscriptions, slot) = node.admit(&principal, asked, generation)?;
    let cursor = subscriptions.only().map(|only| only.since.unwrap_or_default().position);
    let queue = Rc::new(cursor.map_or_else(BodyQueue::default, BodyQueue::at));
    let (opening, opened) = oneshot::channel();
    let stream = EventStream {
        subscriber: Subscriber::new(TransportKind::Sse, node, slot, generation, expires_at),
        principal,
        subscriptions,
        deferred: Deferred::default(),
        queue: queue.clone(),
        socket,
        opening: Some(opening),
    };
    let body = Body::new(queue, AbandonGuard(stream.start().recipient()));
    match tokio::time::timeout(OPENING, opened).await {
        Ok(Ok(answer)) => answer.map(|()| body),
        Ok(Err(_)) | Err(_) => Err(Failure::room_unavailable()),
    }
}

impl EventStream {
    fn push_line(&mut self, line: Bytes, ctx: &mut Context<Self>) {
        if self.queue.push_line(line, self.subscriber.node.limits.backlog_bytes).is_err() {
            self.evict(ctx);
        }
    }

    /// Fails the request, if it still waits for its room. Returns whether it did.
    fn fail(&mut self, failure: &Failure) -> bool {
        // The receiver is gone when the request was dropped.
        self.opening.take().map(|opening| opening.send(Err(failure.clone()))).is_some()
    }

    /// Ends the stream after what is queued.
    fn end(&mut self, code: CloseCode, ctx: &mut Context<Self>) {
        self.queue.end(code);
        ctx.stop();
    }

    /// Reports the rooms that are not for this principal, and joins the others.
    fn join_all(&mut self, ctx: &mut Context<Self>) {
        if self.subscriptions.only().is_none() {
            self.opened();
        }
        for failure in self.subscriptions.take_refused() {
            self.push(&failure.frame(), ctx);
        }
        if self.subscriptions.is_empty() {
            self.end(CloseCode::Normal, ctx);
        }
        for subscription in self.subscriptions.granted() {
            self.join(subscription, ctx);
        }
    }

    /// Begins the response, since the room has admitted the reader.
    fn opened(&mut self) {
        if let Some(opening) = self.opening.take() {
            // When the request was dropped, its guard stops this actor next.
            let _ = opening.send(Ok(()));
        }
    }

    /// Evicts a reader that has taken nothing since the last check, since it is gone or stuck.
    fn check_reader(&mut self, ctx: &mut Context<Self>) {
        if self.queue.is_stalled() {
            self.evict(ctx);
        }
    }

    fn beat(&mut self, ctx: &mut Context<Self>) {
        self.push_line(encoding::HEARTBEAT, ctx);
    }
}

impl Transport for EventStream {
    fn subscriber(&self) -> &Subscriber {
        &self.subscriber
    }

    fn principal(&self) -> &Principal {
        &self.principal
    }

    fn deliver(&mut self, frames: &[Frame], ctx: &mut Context<Self>) {
        self.opened();
        frames.iter().for_each(|frame| self.push(frame, ctx));
    }

    /// The other rooms continue.
    fn turned_away(&mut self, room: RoomId, failure: Failure, ctx: &mut Context<Self>) {
        if self.fail(&failure) {
            return ctx.stop();
        }
        self.deferred.remove(room);
        self.subscriptions.remove(room);
        self.push(&failure.about_room(room).frame(), ctx);
        if self.subscriptions.is_empty() {
            self.end(CloseCode::Normal, ctx);
        }
    }

    /// Ends the socket too: its dispatcher would wait forever for a reader that takes nothing.
    fn evict(&mut self, ctx: &mut Context<Self>) {
        self.queue.end(CloseCode::TooSlow);
        if let Some(socket) = &self.socket {
            socket.cut();
        }
        ctx.stop();
    }

    fn start_over(&mut self, ctx: &mut Context<Self>) {
        if !self.fail(&Failure::room_unavailable()) {
            self.announce_going_away(spread(), ctx);
        }
        self.end(CloseCode::Restarting, ctx);
    }

    fn expire(&mut self, denied: Denied, ctx: &mut Context<Self>) {
        let failure = denied.into();
        if !self.fail(&failure) {
            self.push(&failure.frame(), ctx);
        }
        self.end(CloseCode::TokenExpired, ctx);
    }

    fn leave_after(&mut self, slot: Duration, ctx: &mut Context<Self>) {
        self.announce_going_away(slot, ctx);
        ctx.run_later(slot, |stream, ctx| {
            stream.fail(&Failure::going_down());
            stream.end(CloseCode::Restarting, ctx);
        });
    }
}

impl QueuedTransport for EventStream {
    fn enqueue(&self, frame: &Frame) -> Result<(), TooSlow> {
        self.queue.push(frame, self.subscriber.epoch(), self.subscriber.node.limits.backlog_bytes)
    }

    fn holds_snapshot(&self) -> bool {
        self.queue.holds_snapshot()
    }

    fn drained(&self) -> oneshot::Receiver<()> {
        self.queue.drained()
    }

    fn deferred(&mut self) -> &mut Deferred {
        &mut self.deferred
    }

    fn resumption(&self, room: RoomId, since: Position) -> Subscription {
        Subscription { paged: true, ..Subscription::again(&self.principal, room, Some(since.into())) }
    }
}

impl Actor for EventStream {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        ctx.set_mailbox_capacity(MAILBOX);
        let heartbeat = self.subscriber.node.limits.heartbeat;
        if let Some(socket) = &self.socket {
            socket.expect_answers_within(heartbeat * 2);
        }
        if !self.begin(ctx) {
            return;
        }
        self.push_line(encoding::retry(RETRY_MS + rand::random_range(0..RETRY_SPREAD_MS)), ctx);
        let beat = heartbeat.min(LONGEST_BEAT);
        self.push(&self.subscriber.welcome(&self.principal, beat), ctx);
        let life = self.subscriber.expires().since(clock::uptime());
        ctx.run_later(life, |stream, ctx| stream.expire(TokenError::Expired.into(), ctx));
        ctx.run_interval(heartbeat, Self::check_reader);
        ctx.run_interval(beat, Self::beat);
        self.join_all(ctx);
    }

    fn stopped(&mut self, _: &mut Context<Self>) {
        if let Some(code) = self.queue.ending() {
            self.subscriber.node.count_close(code);
        }
        self.subscriber.end(&self.principal, &self.subscriptions.rooms());
    }
}

impl Handler<ToMember> for EventStream {
    type Result = ();
    fn handle(&mut self, message: ToMember, ctx: &mut Context<Self>) {
        self.hear(message, ctx);
    }
}

impl Handler<Page> for EventStream {
    type Result = ResponseFuture<()>;
    fn handle(&mut self, page: Page, ctx: &mut Context<Self>) -> Self::Result {
        match page {
            Page::Frames(frames) => self.deliver(&frames, ctx),
            Page::Whole(snapshot) => {
                self.opened();
                self.queue.push_whole(&snapshot, self.subscriber.epoch());
            }
        }
        let drained = self.queue.drained();
        Box::pin(async move { drop(drained.await) })
    }
}

impl Handler<Control> for EventStream {
    type Result = ();
    fn handle(&mut self, control: Control, ctx: &mut Context<Self>) {
        self.control(control, ctx);
    }
}

impl Handler<Abandoned> for EventStream {
    type Result = ();
    fn handle(&mut self, _: Abandoned, ctx: &mut Context<Self>) {
        ctx.stop();
    }
}
