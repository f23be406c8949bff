//! The `Connection` actor of a WebSocket: frames in, effects out.

use super::client_state::{ClientState, Effect};
use super::command_queue::{CommandQueue, QueuedCommand, reply};
use super::fragments::Fragments;
use super::heartbeat::{Beat, Pulse};
use super::socket::{self, Fault, Incoming, Outgoing};
use crate::auth::token::Verified;
use crate::clock;
use crate::connection::Services;
use crate::connection::registry::{ConnectionSlot, Control};
use crate::connection::send_queue::SendQueue;
use crate::connection::subscriber::{MAILBOX, Subscriber};
use crate::connection::subscription::Subscription;
use crate::domain::model::room_id::RoomId;
use crate::domain::values::time::Timestamp;
use crate::protocol::{CloseCode, ErrorCode, Failure, Frame, ServerFrame, frame};
use crate::room::{Page, ToMember};
use crate::store::audit;
use actix::prelude::*;
use actix_http::ws::{Codec, Item};
use actix_rt::net::TcpStream;
use actix_web_actors::ws::{self, WebsocketContext};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// One WebSocket.
///
/// Ordering: frames of one room leave in feed order; commands run in the order they came, each after the one before.
/// Loss: none while it is open; a reader that falls too far behind is closed with 4409 and resumes from its cursors.
pub struct Connection {
    presence: Subscriber,
    session: ClientState,
    wire: Outgoing,
    fault: Fault,
    heard: Timestamp,
    fragments: Fragments,
    errands: CommandQueue,
    /// Where it comes from, for the audit.
    address: Option<IpAddr>,
    /// Rooms to be asked for when most of what waits has left.
    later: BTreeMap<RoomId, Subscription>,
    /// The next command waits until most of what waits has left.
    is_resting: bool,
}

type Ctx = WebsocketContext<Connection>;

/// Starts a connection on a socket that has finished its handshake, and runs it to its end.
pub async fn run(
    services: Arc<Services>,
    (seat, address): (ConnectionSlot, IpAddr),
    verified: Verified,
    io: Rc<TcpStream>,
    first: Vec<u8>,
) {
    let (wire, fault) = (SendQueue::default(), Fault::default());
    let incoming = Incoming::new(io.clone(), &first, services.limits.frame_bytes, fault.clone());
    drop(first);
    let mut connection = Connection::new(services.clone(), seat, verified, Outgoing::new(wire.clone(), io.clone()), fault);
    connection.address = services.keep_addresses.then_some(address);
    // The guard has judged sizes already; the codec's own limit is a default of its library's.
    let codec = Codec::new().max_size(services.limits.frame_bytes as usize);
    let actor = WebsocketContext::with_codec(connection, incoming, codec);
    socket::drive(io, wire.clone(), actor, services.limits.write_timeout).await;
    if let Some(code) = wire.ending() {
        services.count_close(code);
    }
}

impl Connection {
    fn new(services: Arc<Services>, seat: ConnectionSlot, verified: Verified, wire: Outgoing, fault: Fault) -> Self {
        let now = clock::uptime();
        let session = ClientState::new(verified.principal, services.limits.messages, now);
        Self {
            presence: Subscriber::new(services, seat, verified.expires_at),
            session,
            wire,
            fault,
            heard: now,
            fragments: Fragments::default(),
            errands: CommandQueue::default(),
            address: None,
            later: BTreeMap::new(),
            is_resting: false,
        }
    }

    fn backlog_bytes(&self) -> usize {
        self.presence.services.limits.backlog_bytes
    }

    fn push(&mut self, frame: &Frame, ctx: &mut Ctx) {
        let origin = frame.origin();
        if origin.is_some_and(|(room, _)| self.later.contains_key(&room)) {
            // It comes when the room is asked again.
            return;
        }
        if self.wire.push(frame, self.backlog_bytes()).is_ok() {
            return;
        }
        match origin {
            // It is a snapshot that has yet to leave: no fault of the reader's. What the room says meanwhile is in its log.
            Some((room, prev)) if self.wire.holds_snapshot() => {
                self.ask_later(Subscription::again(&self.session.principal, room, Some(prev)), ctx);
            }
            _ => {
                self.presence.services.metrics.evictions.inc();
                self.close(CloseCode::TooSlow, ctx);
            }
        }
    }

    fn push_control(&self, control: bytes::Bytes, ctx: &mut Ctx) {
        if self.wire.push_control(control, self.presence.services.limits.backlog_bytes).is_err() {
            self.close(CloseCode::TooSlow, ctx);
        }
    }

    /// Queues the close frame and ends the actor; the transport lets it leave.
    fn close(&self, code: CloseCode, ctx: &mut Ctx) {
        self.wire.close(code);
        ctx.stop();
    }

    fn fail(&mut self, failure: &Failure, ctx: &mut Ctx) {
        self.push(&failure.frame(), ctx);
    }

    /// Looks at the clock, and sleeps until there is something to look at again.
    fn beat(&mut self, ctx: &mut Ctx) {
        if self.wire.has_yielded() {
            // Its own frames, and its answer to a ping, may stand behind a minute of what it has yet to read.
            self.heard = clock::uptime();
        }
        let pulse = Pulse { heard: self.heard, expires: self.presence.expires() };
        let wait = match pulse.beat(self.presence.services.limits.heartbeat, clock::uptime()) {
            Beat::Expired => return self.close(CloseCode::TokenExpired, ctx),
            Beat::Lost => return self.close(CloseCode::HeartbeatLost, ctx),
            Beat::Ping(wait) => {
                self.push_control(frame::ping(), ctx);
                wait
            }
            Beat::Wait(wait) => wait,
        };
        ctx.run_later(wait.max(Duration::from_millis(1)), Self::beat);
    }

    /// One message counts against the rate whatever it is; says whether to look at it.
    fn admit(&mut self, ctx: &mut Ctx) -> bool {
        self.heard = clock::uptime();
        if self.presence.is_over(&self.session.principal) {
            self.close(CloseCode::TokenExpired, ctx);
            return false;
        }
        match self.session.admit(&self.presence.services.limits, self.heard) {
            None => true,
            Some(effect) => {
                self.presence.services.metrics.hit("messages");
                self.act(effect, ctx);
                false
            }
        }
    }

    fn text(&mut self, text: &str, ctx: &mut Ctx) {
        let services = self.presence.services.clone();
        let effect = self.session.read(text, services.store.epoch(), &services.limits);
        self.act(effect, ctx);
    }

    fn act(&mut self, effect: Effect, ctx: &mut Ctx) {
        match effect {
            Effect::Join(wish) => self.join(wish, ctx),
            Effect::Leave(room) => {
                self.later.remove(&room);
                self.presence.leave(&self.session.principal, room);
            }
            Effect::Command(command) => self.enqueue(QueuedCommand::Command(command), ctx),
            Effect::Place(id, basket) => self.enqueue(QueuedCommand::Place(id, basket), ctx),
            Effect::Refresh(token) => self.refresh(token, ctx),
            Effect::Seen(position, station) => self.presence.drawn(position, station),
            Effect::FloorSeen(position) => self.presence.floor_drawn(&self.session.principal, position),
            Effect::Pong(nonce) => {
                self.push(&ServerFrame::Pong { nonce: nonce.as_ref(), server_time: clock::now() }.encode(), ctx);
            }
            Effect::Fail(failure) => {
                if failure.code() == ErrorCode::TooManyRooms {
                    self.presence.services.metrics.hit("rooms");
                }
                self.fail(&failure, ctx);
            }
            Effect::Close(code) => self.close(code, ctx),
            Effect::Nothing => {}
        }
    }

    /// Asks for a room, or does so later while more than a backlog waits: however often a room is asked for, no more than
    /// one snapshot of it is queued behind that.
    fn join(&mut self, wish: Subscription, ctx: &mut Ctx) {
        if self.wire.waiting() > self.backlog_bytes() {
            self.ask_later(wish, ctx);
            return;
        }
        self.later.remove(&wish.room);
        let (room, mailbox, pages) = (wish.room, ctx.address().recipient(), ctx.address().recipient());
        if !self.presence.join(&self.session.principal, wish, mailbox, pages) {
            self.session.left(room);
            self.fail(&Failure::room_unavailable().about_room(room), ctx);
        }
    }

    fn ask_later(&mut self, wish: Subscription, ctx: &mut Ctx) {
        if self.later.is_empty() {
            ctx.spawn(self.wire.drained().into_actor(self).map(|_, connection, ctx| {
                for wish in std::mem::take(&mut connection.later).into_values() {
                    connection.join(wish, ctx);
                }
            }));
        }
        self.later.insert(wish.room, wish);
    }

    fn enqueue(&mut self, errand: QueuedCommand, ctx: &mut Ctx) {
        let Err(id) = self.errands.push(errand) else { return self.run_next(ctx) };
        self.presence.services.metrics.hit("commands");
        self.fail(&Failure::too_many_commands().about_command(id), ctx);
    }

    /// Runs the next command. While a snapshot is on its way and many answers stand behind it, the commands wait.
    fn run_next(&mut self, ctx: &mut Ctx) {
        if self.is_resting {
            return;
        }
        if self.wire.holds_snapshot() && self.wire.backlog() > self.backlog_bytes() / 2 {
            self.is_resting = true;
            ctx.spawn(self.wire.drained().into_actor(self).map(|_, connection, ctx| {
                connection.is_resting = false;
                connection.run_next(ctx);
            }));
            return;
        }
        let Some(errand) = self.errands.begin() else { return };
        let (services, who) = (self.presence.services.clone(), self.session.principal.clone());
        let run = audit::scope(self.address, async move { errand.run(&services.commands, &who).await });
        ctx.spawn(run.into_actor(self).map(|(id, answer), connection, ctx| {
            connection.errands.finish();
            connection.push(&reply(id, answer), ctx);
            connection.run_next(ctx);
        }));
    }

    /// Goes on under a new token of the same principal.
    fn refresh(&mut self, token: String, ctx: &mut Ctx) {
        let fresh = self.presence.services.verify(&token.into()).ok();
        let expires_at = fresh.and_then(|fresh| self.session.refresh(fresh.principal).then_some(fresh.expires_at));
        let Some(expires_at) = expires_at else {
            let message = "not a valid token of this principal; the connection goes on under the old one";
            return self.fail(&Failure::new(ErrorCode::Unauthorized, message), ctx);
        };
        self.presence.renew(expires_at);
        self.presence.register(&self.session.principal, ctx.address().recipient());
    }

    fn fragment(&mut self, item: Item, ctx: &mut Ctx) {
        match self.fragments.take(item) {
            Ok(Some(text)) => self.text(&text, ctx),
            Ok(None) => {}
            Err(code) => self.close(code, ctx),
        }
    }
}

impl Actor for Connection {
    type Context = Ctx;

    fn started(&mut self, ctx: &mut Ctx) {
        ctx.set_mailbox_capacity(MAILBOX);
        if !self.presence.begin(&self.session.principal, ctx.address().recipient()) {
            return self.close(CloseCode::TokenExpired, ctx);
        }
        self.push(&self.presence.welcome(&self.session.principal), ctx);
        self.beat(ctx);
    }

    fn stopped(&mut self, _: &mut Ctx) {
        self.presence.end(&self.session.principal, self.session.rooms());
    }
}

impl StreamHandler<Result<ws::Message, ws::ProtocolError>> for Connection {
    fn handle(&mut self, message: Result<ws::Message, ws::ProtocolError>, ctx: &mut Ctx) {
        match message {
            // Judged by the transport already.
            Ok(ws::Message::Close(reason)) => {
                self.wire.close_echo(reason.map(|reason| reason.code.into()));
                ctx.stop();
            }
            // A message that misses a part is none any more, so nobody can be told to send it again.
            Ok(ws::Message::Continuation(_)) if !self.admit(ctx) => self.close(CloseCode::RateLimited, ctx),
            Ok(ws::Message::Continuation(item)) => self.fragment(item, ctx),
            // Pongs are counted too: a flood is a flood whatever it is made of.
            Ok(_) if !self.admit(ctx) => {}
            Ok(ws::Message::Text(text)) => self.text(&text, ctx),
            Ok(ws::Message::Binary(_)) => {
                self.fail(&Failure::new(ErrorCode::BadFrame, "frames are text messages of JSON"), ctx);
            }
            Ok(ws::Message::Ping(payload)) => self.push_control(frame::pong(&payload), ctx),
            Ok(ws::Message::Pong(_) | ws::Message::Nop) => {}
            Err(_) => self.close(CloseCode::ProtocolViolation, ctx),
        }
    }

    /// The client's stream is over: by the guard's word, or because the socket is.
    fn finished(&mut self, ctx: &mut Ctx) {
        match self.fault.get() {
            Some(code) => {
                self.presence.services.metrics.hit(if code == CloseCode::TooLarge { "frame_bytes" } else { "protocol" });
                self.close(code, ctx);
            }
            None => ctx.stop(),
        }
    }
}

impl Handler<ToMember> for Connection {
    type Result = ();
    fn handle(&mut self, message: ToMember, ctx: &mut Ctx) {
        match message {
            ToMember::Frame(frame) => self.push(&frame, ctx),
            ToMember::Frames(frames) => frames.iter().for_each(|frame| self.push(frame, ctx)),
            ToMember::Refused(room) => {
                self.session.left(room);
                self.later.remove(&room);
                self.fail(&Failure::forbidden_room().about_room(room), ctx);
            }
            ToMember::Unavailable(room) => {
                self.session.left(room);
                self.fail(&Failure::room_unavailable().about_room(room), ctx);
            }
            ToMember::Evicted => self.close(CloseCode::TooSlow, ctx),
        }
    }
}

impl Handler<Page> for Connection {
    type Result = ResponseFuture<()>;
    fn handle(&mut self, page: Page, ctx: &mut Ctx) -> Self::Result {
        match page {
            Page::Frames(frames) => frames.iter().for_each(|frame| self.push(frame, ctx)),
            Page::Whole(snapshot) => self.wire.push_fragments(&snapshot),
        }
        Box::pin(futures_util::FutureExt::map(self.wire.drained(), drop))
    }
}

impl Handler<Control> for Connection {
    type Result = ();
    fn handle(&mut self, control: Control, ctx: &mut Ctx) {
        match control {
            // A refresh may have moved it to a session that goes on.
            Control::SessionEnded if !self.presence.is_over(&self.session.principal) => {}
            Control::SessionEnded => self.close(CloseCode::TokenExpired, ctx),
            Control::Drain { slot_ms } => {
                self.push(&ServerFrame::GoingAway { reconnect_in_ms: slot_ms }.encode(), ctx);
                ctx.run_later(Duration::from_millis(slot_ms), |connection, ctx| connection.close(CloseCode::Restarting, ctx));
            }
        }
    }
}
