//! The twin of the WebSocket's `Connection` that speaks server-sent events: one way, one room or several.

use super::body::{Body, BodyQueue};
use super::encoding;
use crate::auth::authenticate::Denied;
use crate::auth::token::{TokenError, Verified};
use crate::clock;
use crate::connection::Services;
use crate::connection::abandoned::{AbandonGuard, Abandoned};
use crate::connection::registry::{ConnectionSlot, Control};
use crate::connection::sockets::handle::SocketHandle;
use crate::connection::subscriber::{MAILBOX, OPENING, Subscriber};
use crate::connection::subscription::{Subscription, Wishes};
use crate::domain::model::principal::Principal;
use crate::domain::model::room_id::RoomId;
use crate::domain::values::position::Position;
use crate::protocol::client_frame::Subscribe;
use crate::protocol::{CloseCode, Failure, Frame, ServerFrame};
use crate::room::{Page, ToMember};
use actix::prelude::*;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// The shortest time after which a reader is asked to connect again, and how much longer it may be: those whom one node
/// has lost do not all come back at once.
const RETRY_MS: u64 = 1000;
const RETRY_SPREAD_MS: u64 = 2000;

/// One stream.
///
/// Ordering: as in each of its rooms. Loss: none while it is open; a reader that falls too far behind is cut, and resumes
/// from the last id it has read, or from its cursors.
pub struct EventStream {
    presence: Subscriber,
    who: Principal,
    wishes: Wishes,
    /// Rooms to ask for when most of what waits has left.
    later: BTreeMap<RoomId, Subscription>,
    outlet: Rc<BodyQueue>,
    /// Where the socket can be cut.
    line: Option<Rc<SocketHandle>>,
    /// Waits for the answer of the only room, before which the response has no status.
    opening: Option<oneshot::Sender<Result<(), Failure>>>,
}

/// Joins rooms and returns the body of the response: of one room once it has let the reader in, of several at once.
/// `line` is the request's connection, where the server keeps it. Cancelling leaves the rooms; so does dropping the body.
///
/// # Errors
/// `forbidden`, `rate_limited`, `unavailable`: what can be refused is, before there is a response. Of several rooms those
/// that are refused are errors in the stream.
pub async fn open(
    services: Arc<Services>,
    verified: Verified,
    asked: &[Subscribe],
    line: Option<Rc<SocketHandle>>,
) -> Result<Body, Failure> {
    let (wishes, seat) = services.admit(&verified.principal, asked)?;
    let outlet = Rc::new(wishes.only().map_or_else(BodyQueue::default, |wish| BodyQueue::at(wish.since.unwrap_or_default())));
    let (opening, opened) = oneshot::channel();
    let stream = EventStream::new(services, seat, verified, wishes, outlet.clone(), line, opening);
    let body = Body::new(outlet, AbandonGuard(stream.start().recipient()));
    match tokio::time::timeout(OPENING, opened).await {
        Ok(Ok(answer)) => answer.map(|()| body),
        Ok(Err(_)) | Err(_) => Err(Failure::room_unavailable()),
    }
}

impl EventStream {
    fn new(
        services: Arc<Services>,
        seat: ConnectionSlot,
        verified: Verified,
        wishes: Wishes,
        outlet: Rc<BodyQueue>,
        line: Option<Rc<SocketHandle>>,
        opening: oneshot::Sender<Result<(), Failure>>,
    ) -> Self {
        let Verified { principal: who, expires_at } = verified;
        let presence = Subscriber::new(services, seat, expires_at);
        Self { presence, who, wishes, later: BTreeMap::new(), outlet, line, opening: Some(opening) }
    }

    fn push(&mut self, frame: &Frame, ctx: &mut Context<Self>) {
        let origin = frame.origin();
        if origin.is_some_and(|(room, _)| self.later.contains_key(&room)) {
            // It comes when the room is asked again.
            return;
        }
        let services = &self.presence.services;
        if self.outlet.push(frame, services.store.epoch(), services.limits.backlog_bytes).is_ok() {
            return;
        }
        match origin {
            // Another room's snapshot has yet to leave: no fault of the reader's. What the room says meanwhile is in its log.
            Some((room, prev)) if self.outlet.holds_snapshot() => self.ask_later(room, prev, ctx),
            _ => {
                services.metrics.evictions.inc();
                self.cut(ctx);
            }
        }
    }

    fn ask_later(&mut self, room: RoomId, since: Position, ctx: &mut Context<Self>) {
        if self.later.is_empty() {
            ctx.spawn(self.outlet.drained().into_actor(self).map(|_, stream, ctx| {
                for wish in std::mem::take(&mut stream.later).into_values() {
                    stream.join(wish, ctx);
                }
            }));
        }
        self.later.insert(room, Subscription { paged: true, ..Subscription::again(&self.who, room, Some(since)) });
    }

    fn join(&mut self, wish: Subscription, ctx: &mut Context<Self>) {
        let (room, mailbox, pages) = (wish.room, ctx.address().recipient(), ctx.address().recipient());
        if !self.presence.join(&self.who, wish, mailbox, pages) {
            self.turned_away(room, Failure::room_unavailable(), ctx);
        }
    }

    fn push_line(&self, line: Bytes, ctx: &mut Context<Self>) {
        if self.outlet.push_line(line, self.presence.services.limits.backlog_bytes).is_err() {
            self.cut(ctx);
        }
    }

    /// Fails the request, if it still waits for its room. Returns whether it did.
    fn fail(&mut self, failure: &Failure) -> bool {
        // The receiver is gone when the request was dropped.
        self.opening.take().map(|opening| opening.send(Err(failure.clone()))).is_some()
    }

    /// Ends the stream after what waits.
    fn end(&mut self, code: CloseCode, ctx: &mut Context<Self>) {
        self.outlet.end(code);
        ctx.stop();
    }

    /// Ends the stream of a reader that takes nothing, with the socket: its dispatcher would wait for it for ever.
    fn cut(&self, ctx: &mut Context<Self>) {
        self.outlet.end(CloseCode::TooSlow);
        if let Some(line) = &self.line {
            line.cut();
        }
        ctx.stop();
    }

    /// A room did not take it, or cannot go on. The others do.
    fn turned_away(&mut self, room: RoomId, failure: Failure, ctx: &mut Context<Self>) {
        if self.fail(&failure) {
            return ctx.stop();
        }
        self.later.remove(&room);
        self.wishes.remove(room);
        self.push(&failure.about_room(room).frame(), ctx);
        if self.wishes.is_empty() {
            self.end(CloseCode::Normal, ctx);
        }
    }

    /// Says which of several rooms are not for it, and asks for the others.
    fn join_all(&mut self, ctx: &mut Context<Self>) {
        if self.wishes.only().is_none() {
            self.opened();
        }
        for failure in self.wishes.take_refused() {
            self.push(&failure.frame(), ctx);
        }
        if self.wishes.is_empty() {
            self.end(CloseCode::Normal, ctx);
        }
        for wish in self.wishes.granted() {
            self.join(wish, ctx);
        }
    }

    /// The room has let it in.
    fn opened(&mut self) {
        if let Some(opening) = self.opening.take() {
            // When the request was dropped, its leash says so next.
            let _ = opening.send(Ok(()));
        }
    }

    fn deliver(&mut self, frames: &[Frame], ctx: &mut Context<Self>) {
        self.opened();
        frames.iter().for_each(|frame| self.push(frame, ctx));
    }

    /// Shows that it lives. A reader that has taken nothing since the last time is gone or stuck.
    fn beat(&mut self, ctx: &mut Context<Self>) {
        if self.outlet.is_stalled() {
            return self.cut(ctx);
        }
        self.push_line(encoding::HEARTBEAT, ctx);
    }

    /// Ends the stream with the reason why its token is no longer good.
    fn expire(&mut self, denied: Denied, ctx: &mut Context<Self>) {
        let failure = denied.into();
        if !self.fail(&failure) {
            self.push(&failure.frame(), ctx);
        }
        self.end(CloseCode::TokenExpired, ctx);
    }
}

impl Actor for EventStream {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        ctx.set_mailbox_capacity(MAILBOX);
        let heartbeat = self.presence.services.limits.heartbeat;
        if let Some(line) = &self.line {
            line.expect_answers_within(heartbeat * 2);
        }
        if !self.presence.begin(&self.who, ctx.address().recipient()) {
            return self.expire(Denied::Ended, ctx);
        }
        self.push_line(encoding::retry(RETRY_MS + rand::random_range(0..RETRY_SPREAD_MS)), ctx);
        self.push(&self.presence.welcome(&self.who), ctx);
        ctx.run_later(self.presence.expires().since(clock::uptime()), |stream, ctx| {
            stream.expire(TokenError::Expired.into(), ctx)
        });
        ctx.run_interval(heartbeat, Self::beat);
        self.join_all(ctx);
    }

    fn stopped(&mut self, _: &mut Context<Self>) {
        if let Some(code) = self.outlet.ending() {
            self.presence.services.count_close(code);
        }
        self.presence.end(&self.who, &self.wishes.rooms());
    }
}

impl Handler<ToMember> for EventStream {
    type Result = ();
    fn handle(&mut self, message: ToMember, ctx: &mut Context<Self>) {
        match message {
            ToMember::Frame(frame) => self.deliver(&[frame], ctx),
            ToMember::Frames(frames) => self.deliver(&frames, ctx),
            ToMember::Refused(room) => self.turned_away(room, Failure::forbidden_room(), ctx),
            ToMember::Unavailable(room) => self.turned_away(room, Failure::room_unavailable(), ctx),
            ToMember::Evicted => self.cut(ctx),
        }
    }
}

impl Handler<Page> for EventStream {
    type Result = ResponseFuture<()>;
    fn handle(&mut self, page: Page, ctx: &mut Context<Self>) -> Self::Result {
        match page {
            Page::Frames(frames) => self.deliver(&frames, ctx),
            Page::Whole(snapshot) => {
                self.opened();
                self.outlet.push_whole(&snapshot, self.presence.services.store.epoch());
            }
        }
        let drained = self.outlet.drained();
        Box::pin(async move { drop(drained.await) })
    }
}

impl Handler<Control> for EventStream {
    type Result = ();
    fn handle(&mut self, control: Control, ctx: &mut Context<Self>) {
        match control {
            Control::SessionEnded if !self.presence.is_over(&self.who) => {}
            Control::SessionEnded => self.expire(Denied::Ended, ctx),
            Control::Drain { slot_ms } => {
                self.push(&ServerFrame::GoingAway { reconnect_in_ms: slot_ms }.encode(), ctx);
                ctx.run_later(Duration::from_millis(slot_ms), |stream, ctx| {
                    stream.fail(&Failure::going_down());
                    stream.end(CloseCode::Restarting, ctx);
                });
            }
        }
    }
}

impl Handler<Abandoned> for EventStream {
    type Result = ();
    fn handle(&mut self, _: Abandoned, ctx: &mut Context<Self>) {
        ctx.stop();
    }
}
