//! The actor of a WebSocket: frames in, effects out.

use super::client_state::{ClientState, Effect};
use super::command_queue::{CommandQueue, QueuedCommand, reply};
use super::fragments::Fragments;
use super::heartbeat::{Beat, Pulse};
use super::socket::{self, Fault, Incoming, Outgoing};
use crate::auth::authenticate::Denied;
use crate::auth::token::{TokenError, Verified};
use crate::clock;
use crate::connection::Node;
use crate::connection::registry::{ConnectionSlot, Control};
use crate::connection::send_queue::{SendQueue, TooSlow};
use crate::connection::sockets::registry::Place;
use crate::connection::sockets::stream::Stream;
use crate::connection::subscriber::{MAILBOX, Subscriber};
use crate::connection::subscription::Subscription;
use crate::connection::transport::{Deferred, QueuedTransport, Transport, spread};
use crate::domain::model::principal::Principal;
use crate::domain::model::room_id::RoomId;
use crate::domain::values::ids::Generation;
use crate::domain::values::position::Position;
use crate::domain::values::time::Timestamp;
use crate::protocol::{CloseCode, ErrorCode, Failure, Frame, ServerFrame, frame};
use crate::room::{Page, ToMember};
use crate::store::audit;
use crate::telemetry::TransportKind;
use actix::prelude::*;
use actix_http::ws::{Codec, Item};
use actix_web_actors::ws::{self, WebsocketContext};
use bytes::{Bytes, BytesMut};
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// One WebSocket.
///
/// Ordering: frames of one room leave in feed order; commands run one after another, in the order they came.
/// Loss: none while it is open; a reader that falls too far behind is closed with 4409 and resumes from its cursors.
pub struct Connection {
    subscriber: Subscriber,
    client: ClientState,
    send_queue: Outgoing,
    fault: Fault,
    /// When the client last sent something.
    heard: Timestamp,
    fragments: Fragments,
    commands: CommandQueue,
    /// The client's address, for the audit.
    address: Option<IpAddr>,
    deferred: Deferred,
    /// The next command waits until most of what is queued has left.
    is_resting: bool,
}

type Ctx = WebsocketContext<Connection>;

/// Starts a connection on a socket whose handshake is accepted. Returns a future that runs it to its end. Each open connection
/// keeps that future in memory, so it must not hold values that only the start needs. `first` has the bytes that came after the
/// handshake. `answer` is the handshake's answer, which leaves with the first frame. `place` is the socket's place in the
/// registry.
pub fn run(
    node: Arc<Node>,
    (slot, address, generation): (ConnectionSlot, IpAddr, Option<Generation>),
    verified: Verified,
    (io, place): (Rc<Stream>, Rc<Place>),
    (first, answer): (BytesMut, Bytes),
) -> impl Future<Output = ()> {
    let send_queue = SendQueue::after(answer);
    let fault = Fault::default();
    let incoming = Incoming::new(io.clone(), &first, node.limits.frame_bytes, fault.clone());
    let outgoing = Outgoing::new(send_queue.clone(), io.clone());
    let mut connection = Connection::new(
        Subscriber::new(TransportKind::WebSocket, node.clone(), slot, generation, verified.expires_at),
        verified.principal,
        outgoing,
        fault,
    );
    connection.address = node.keep_addresses.then_some(address);
    // The frame guard has checked sizes already; without this the codec would apply its library's default.
    let codec = Codec::new().max_size(node.limits.frame_bytes as usize);
    let actor = Box::pin(WebsocketContext::with_codec(connection, incoming, codec));
    async move {
        socket::drive(io, send_queue.clone(), actor, node.limits.write_timeout).await;
        if let Some(code) = send_queue.ending() {
            node.count_close(code);
        }
        drop(place);
    }
}

impl Connection {
    fn new(subscriber: Subscriber, principal: Principal, send_queue: Outgoing, fault: Fault) -> Self {
        let now = clock::uptime();
        let client = ClientState::new(principal, subscriber.node.limits.messages, now);
        Self {
            subscriber,
            client,
            send_queue,
            fault,
            heard: now,
            fragments: Fragments::default(),
            commands: CommandQueue::default(),
            address: None,
            deferred: Deferred::default(),
            is_resting: false,
        }
    }

    fn backlog_bytes(&self) -> usize {
        self.subscriber.node.limits.backlog_bytes
    }

    fn push_control(&self, control: Bytes, ctx: &mut Ctx) {
        if self.send_queue.push_control(control, self.subscriber.node.limits.backlog_bytes).is_err() {
            self.close(CloseCode::TooSlow, ctx);
        }
    }

    /// Queues the close frame and stops the actor; the socket sends what is left.
    fn close(&self, code: CloseCode, ctx: &mut Ctx) {
        self.send_queue.close(code);
        ctx.stop();
    }

    fn fail(&mut self, failure: &Failure, ctx: &mut Ctx) {
        self.push(&failure.frame(), ctx);
    }

    /// Does what the heartbeat asks for now, and sleeps until its next turn.
    fn beat(&mut self, ctx: &mut Ctx) {
        if self.send_queue.has_yielded() {
            // Its answer to a ping may come after a minute of frames that it has yet to read.
            self.heard = clock::uptime();
        }
        let pulse = Pulse { heard: self.heard, expires: self.subscriber.expires() };
        let wait = match pulse.beat(self.subscriber.node.limits.heartbeat, clock::uptime()) {
            Beat::Expired => return self.expire(TokenError::Expired.into(), ctx),
            Beat::Lost => return self.close(CloseCode::HeartbeatLost, ctx),
            Beat::Ping(wait) => {
                self.push_control(frame::ping(), ctx);
                wait
            }
            Beat::Wait(wait) => wait,
        };
        ctx.run_later(wait.max(Duration::from_millis(1)), Self::beat);
    }

    /// Counts a message against the rate, whatever it is. Returns whether to handle it.
    fn admit(&mut self, ctx: &mut Ctx) -> bool {
        self.heard = clock::uptime();
        if self.subscriber.is_over(&self.client.principal) {
            self.expire(Denied::Ended, ctx);
            return false;
        }
        match self.client.admit(&self.subscriber.node.limits, self.heard) {
            None => true,
            Some(effect) => {
                self.subscriber.node.metrics.hit("messages");
                self.act(effect, ctx);
                false
            }
        }
    }

    fn text(&mut self, text: &str, ctx: &mut Ctx) {
        let node = self.subscriber.node.clone();
        let effect = self.client.read(text, &self.subscriber.epoch().to_string(), &node.limits);
        self.act(effect, ctx);
    }

    fn act(&mut self, effect: Effect, ctx: &mut Ctx) {
        match effect {
            Effect::Join(subscription) => self.join_in_turn(subscription, ctx),
            Effect::Leave(room) => {
                self.deferred.remove(room);
                self.subscriber.leave(&self.client.principal, room);
            }
            Effect::Command(command) => self.run_in_turn(QueuedCommand::Command(command), ctx),
            Effect::Place(id, basket, shift) => self.run_in_turn(QueuedCommand::Place(id, basket, shift), ctx),
            Effect::Refresh(token) => self.refresh(token, ctx),
            Effect::Seen(position, station) => self.subscriber.drawn(position, station),
            Effect::FloorSeen(position) => self.subscriber.floor_drawn(&self.client.principal, position),
            Effect::Pong(nonce) => {
                self.push(&ServerFrame::Pong { nonce: nonce.as_ref(), server_time: clock::now() }.encode(), ctx);
            }
            Effect::Fail(failure) => {
                if failure.code() == ErrorCode::TooManyRooms {
                    self.subscriber.node.metrics.hit("rooms");
                }
                self.fail(&failure, ctx);
            }
            Effect::Close(code) => self.close(code, ctx),
            Effect::Nothing => {}
        }
    }

    /// Joins a room, or defers the join while more than a backlog is queued. So however often a client asks for a room, at most
    /// one more snapshot of it is queued.
    fn join_in_turn(&mut self, subscription: Subscription, ctx: &mut Ctx) {
        if self.send_queue.waiting() > self.backlog_bytes() {
            return self.join_later(subscription, ctx);
        }
        self.deferred.remove(subscription.room);
        self.join(subscription, ctx);
    }

    fn run_in_turn(&mut self, command: QueuedCommand, ctx: &mut Ctx) {
        let Err(id) = self.commands.push(command) else { return self.run_next(ctx) };
        self.subscriber.node.metrics.hit("commands");
        self.fail(&Failure::too_many_commands().about_command(id), ctx);
    }

    /// Runs the next command. While a snapshot is queued with many answers behind it, the commands wait.
    fn run_next(&mut self, ctx: &mut Ctx) {
        if self.is_resting {
            return;
        }
        if self.send_queue.holds_snapshot() && self.send_queue.backlog() > self.backlog_bytes() / 2 {
            self.is_resting = true;
            ctx.spawn(self.send_queue.drained().into_actor(self).map(|_, connection, ctx| {
                connection.is_resting = false;
                connection.run_next(ctx);
            }));
            return;
        }
        let Some(command) = self.commands.begin() else { return };
        let node = self.subscriber.node.clone();
        let principal = self.client.principal.clone();
        let run = audit::scope(self.address, async move { command.run(&node.commands, &principal).await });
        ctx.spawn(run.into_actor(self).map(|(id, answer), connection, ctx| {
            connection.commands.finish();
            connection.push(&reply(id, answer), ctx);
            connection.run_next(ctx);
        }));
    }

    /// Replaces the token by a new one of the same principal.
    fn refresh(&mut self, token: String, ctx: &mut Ctx) {
        let fresh = self.subscriber.node.verify(&token.into()).ok();
        let expires_at = fresh.and_then(|fresh| self.client.refresh(fresh.principal).then_some(fresh.expires_at));
        let Some(expires_at) = expires_at else {
            let message = "not a valid token of this principal; the connection continues with the old one";
            return self.fail(&Failure::new(ErrorCode::Unauthorized, message), ctx);
        };
        self.subscriber.renew(expires_at);
        self.subscriber.register(&self.client.principal, ctx.address().recipient());
    }

    fn fragment(&mut self, item: Item, ctx: &mut Ctx) {
        match self.fragments.take(item) {
            Ok(Some(text)) => self.text(&text, ctx),
            Ok(None) => {}
            Err(code) => self.close(code, ctx),
        }
    }
}

impl Transport for Connection {
    fn subscriber(&self) -> &Subscriber {
        &self.subscriber
    }

    fn principal(&self) -> &Principal {
        &self.client.principal
    }

    fn deliver(&mut self, frames: &[Frame], ctx: &mut Ctx) {
        frames.iter().for_each(|frame| self.push(frame, ctx));
    }

    fn turned_away(&mut self, room: RoomId, failure: Failure, ctx: &mut Ctx) {
        self.client.left(room);
        self.deferred.remove(room);
        self.fail(&failure.about_room(room), ctx);
    }

    fn evict(&mut self, ctx: &mut Ctx) {
        self.close(CloseCode::TooSlow, ctx);
    }

    fn start_over(&mut self, ctx: &mut Ctx) {
        self.announce_going_away(spread(), ctx);
        self.close(CloseCode::Restarting, ctx);
    }

    fn expire(&mut self, _: Denied, ctx: &mut Ctx) {
        self.close(CloseCode::TokenExpired, ctx);
    }

    fn leave_after(&mut self, slot: Duration, ctx: &mut Ctx) {
        self.announce_going_away(slot, ctx);
        ctx.run_later(slot, |connection, ctx| connection.close(CloseCode::Restarting, ctx));
    }
}

impl QueuedTransport for Connection {
    fn enqueue(&self, frame: &Frame) -> Result<(), TooSlow> {
        self.send_queue.push(frame, self.backlog_bytes())
    }

    fn holds_snapshot(&self) -> bool {
        self.send_queue.holds_snapshot()
    }

    fn drained(&self) -> oneshot::Receiver<()> {
        self.send_queue.drained()
    }

    fn deferred(&mut self) -> &mut Deferred {
        &mut self.deferred
    }

    fn resumption(&self, room: RoomId, since: Position) -> Subscription {
        Subscription::again(&self.client.principal, room, Some(since.into()))
    }
}

impl Actor for Connection {
    type Context = Ctx;

    fn started(&mut self, ctx: &mut Ctx) {
        ctx.set_mailbox_capacity(MAILBOX);
        if !self.begin(ctx) {
            return;
        }
        self.push(&self.subscriber.welcome(&self.client.principal, self.subscriber.node.limits.heartbeat), ctx);
        self.beat(ctx);
    }

    fn stopped(&mut self, _: &mut Ctx) {
        self.subscriber.end(&self.client.principal, self.client.rooms());
    }
}

impl StreamHandler<Result<ws::Message, ws::ProtocolError>> for Connection {
    fn handle(&mut self, message: Result<ws::Message, ws::ProtocolError>, ctx: &mut Ctx) {
        match message {
            // The frame guard has checked its code.
            Ok(ws::Message::Close(reason)) => {
                self.send_queue.close_echo(reason.map(|reason| reason.code.into()));
                ctx.stop();
            }
            // Without this part the message cannot be read, so the id of its command is unknown, and the command cannot be
            // refused.
            Ok(ws::Message::Continuation(_)) if !self.admit(ctx) => self.close(CloseCode::RateLimited, ctx),
            Ok(ws::Message::Continuation(item)) => self.fragment(item, ctx),
            // Pongs count too: a flood of them is a flood.
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

    /// Handles the end of the client's frames: the frame guard found a violation, or the socket is closed.
    fn finished(&mut self, ctx: &mut Ctx) {
        match self.fault.get() {
            Some(code) => {
                self.subscriber.node.metrics.hit(if code == CloseCode::TooLarge { "frame_bytes" } else { "protocol" });
                self.close(code, ctx);
            }
            None => ctx.stop(),
        }
    }
}

impl Handler<ToMember> for Connection {
    type Result = ();
    fn handle(&mut self, message: ToMember, ctx: &mut Ctx) {
        self.hear(message, ctx);
    }
}

impl Handler<Page> for Connection {
    type Result = ResponseFuture<()>;
    fn handle(&mut self, page: Page, ctx: &mut Ctx) -> Self::Result {
        match page {
            Page::Frames(frames) => self.deliver(&frames, ctx),
            Page::Whole(snapshot) => self.send_queue.push_fragments(&snapshot),
        }
        Box::pin(futures_util::FutureExt::map(self.send_queue.drained(), drop))
    }
}

impl Handler<Control> for Connection {
    type Result = ();
    fn handle(&mut self, control: Control, ctx: &mut Ctx) {
        self.control(control, ctx);
    }
}
