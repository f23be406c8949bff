//! The `Connection` actor of a WebSocket: frames in, effects out.

use super::Services;
use super::census::{Control, Seat};
use super::heartbeat::{Beat, Pulse};
use super::session::{Complaint, Effect, FORBIDDEN, Session};
use super::transport::{self, Fault, Incoming};
use super::wire::Wire;
use crate::auth::token::Verified;
use crate::clock;
use crate::commands::{Answer, CommandError};
use crate::domain::command::Command;
use crate::domain::ids::CommandId;
use crate::domain::place::Basket;
use crate::domain::position::Position;
use crate::domain::room_id::RoomId;
use crate::domain::text::Key;
use crate::domain::time::Timestamp;
use crate::protocol::client_frame::Nonce;
use crate::protocol::{CloseCode, ErrorCode, Frame, ServerFrame, frame};
use crate::room::{Join, Page, ToMember};
use crate::store::StoreError;
use crate::store::devices::Receipt;
use crate::telemetry::{ByCode, ByRole};
use actix::prelude::*;
use actix_rt::net::TcpStream;
use actix_web_actors::ws::{self, WebsocketContext};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// Messages from rooms that wait while the actor is not polled; a room finds it full and lets the member lag.
const MAILBOX: usize = 256;
/// Commands of one connection that wait for the one before. More are refused with `rate_limited`.
const COMMANDS: usize = 64;
/// A screen's receipts are recorded at most this often.
const SEEN_PERIOD: Duration = Duration::from_millis(500);
/// What a client is told to wait when the database does not answer.
const RETRY_AFTER_MS: u64 = 1000;

/// A command in line. Commands of a connection run one after another, in the order they were sent.
enum Errand {
    Command(Box<Command>),
    Place(CommandId, Box<Basket>),
}

/// One WebSocket.
///
/// Ordering: frames of one room leave in feed order; commands run in the order they came, each after the one before.
/// Loss: none while it is open; a reader that falls too far behind is closed with 4409 and resumes from its cursors.
pub struct Connection {
    services: Arc<Services>,
    seat: Seat,
    session: Session,
    wire: Wire,
    fault: Fault,
    heard: Timestamp,
    /// When the token expires, on the clock of [`clock::uptime`].
    expires: Timestamp,
    expires_at: Timestamp,
    /// A text message whose fragments are still coming.
    partial: Vec<u8>,
    errands: VecDeque<Errand>,
    busy: bool,
    drawn: Option<Position>,
}

type Ctx = WebsocketContext<Connection>;

/// Starts a connection on a socket that has finished its handshake, and runs it to its end.
pub async fn run(services: Arc<Services>, seat: Seat, verified: Verified, io: TcpStream, first: Vec<u8>) {
    let (io, wire, fault) = (Rc::new(io), Wire::default(), Fault::default());
    let incoming = Incoming::new(io.clone(), &first, services.limits.frame_bytes, fault.clone());
    drop(first);
    let metrics = services.metrics.clone();
    let connection = Connection::new(services, seat, verified, wire.clone(), fault);
    let actor = WebsocketContext::create(connection, incoming);
    transport::drive(io, wire.clone(), actor).await;
    if let Some(code) = wire.ending() {
        metrics.closes.get_or_create(&ByCode { code: code.number() }).inc();
    }
}

/// How far away a wall-clock time is, on the clock that nobody sets.
fn on_uptime(at: Timestamp) -> Timestamp {
    clock::uptime().plus(at.since(clock::now()))
}

impl Connection {
    fn new(services: Arc<Services>, seat: Seat, verified: Verified, wire: Wire, fault: Fault) -> Self {
        let now = clock::uptime();
        let session = Session::new(verified.principal, services.limits.messages, now);
        Self {
            services,
            seat,
            session,
            wire,
            fault,
            heard: now,
            expires: on_uptime(verified.expires_at),
            expires_at: verified.expires_at,
            partial: Vec::new(),
            errands: VecDeque::new(),
            busy: false,
            drawn: None,
        }
    }

    fn welcome(&self) -> Frame {
        let services = &self.services;
        ServerFrame::Welcome {
            connection: &self.seat.member.0.to_string(),
            epoch: services.directory.store().epoch(),
            role: self.session.principal.role,
            restaurant: self.session.principal.restaurant,
            expires_at: self.expires_at,
            server_time: clock::now(),
            limits: services.limits.frame(),
        }
        .encode()
    }

    fn push(&self, frame: &Frame, ctx: &mut Ctx) {
        if self.wire.push(frame, self.services.limits.backlog_bytes).is_err() {
            self.services.metrics.evictions.inc();
            self.close(CloseCode::TooSlow, ctx);
        }
    }

    fn push_control(&self, control: bytes::Bytes, ctx: &mut Ctx) {
        if self.wire.push_control(control, self.services.limits.backlog_bytes).is_err() {
            self.close(CloseCode::TooSlow, ctx);
        }
    }

    /// Queues the close frame and ends the actor; the transport lets it leave.
    fn close(&self, code: CloseCode, ctx: &mut Ctx) {
        self.wire.close(code);
        ctx.stop();
    }

    fn complain(&self, complaint: &Complaint, ctx: &mut Ctx) {
        let Complaint { id, room, code, message, retry_after_ms } = complaint;
        let frame = ServerFrame::Error {
            id: *id,
            room: room.as_deref(),
            code: *code,
            message,
            retry_after_ms: *retry_after_ms,
            document: None,
        };
        self.push(&frame.encode(), ctx);
    }

    fn complain_of_room(&self, room: RoomId, code: ErrorCode, message: &str, retry_after_ms: Option<u64>, ctx: &mut Ctx) {
        let room = Some(room.to_string());
        self.complain(&Complaint { id: None, room, code, message: message.into(), retry_after_ms }, ctx);
    }

    /// Looks at the clock, and sleeps until there is something to look at again.
    fn beat(&mut self, ctx: &mut Ctx) {
        let pulse = Pulse { heard: self.heard, expires: self.expires };
        let wait = match pulse.beat(self.services.limits.heartbeat, clock::uptime()) {
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
        if self.services.ended.contains(&self.session.principal.session) {
            self.close(CloseCode::TokenExpired, ctx);
            return false;
        }
        match self.session.admit(&self.services.limits, self.heard) {
            None => true,
            Some(effect) => {
                self.services.metrics.hit("messages");
                self.act(effect, ctx);
                false
            }
        }
    }

    fn text(&mut self, text: &str, ctx: &mut Ctx) {
        let services = self.services.clone();
        let effect = self.session.read(text, services.directory.store().epoch(), &services.limits);
        self.act(effect, ctx);
    }

    fn act(&mut self, effect: Effect, ctx: &mut Ctx) {
        match effect {
            Effect::Join { room, since, only_owner } => self.join(room, since, only_owner, ctx),
            Effect::Leave(room) => self.services.directory.leave(self.session.principal.restaurant, room, self.seat.member),
            Effect::Command(command) => self.enqueue(Errand::Command(command), ctx),
            Effect::Place(id, basket) => self.enqueue(Errand::Place(id, basket), ctx),
            Effect::Refresh(token) => self.refresh(token, ctx),
            Effect::Seen(position) => self.seen(position, ctx),
            Effect::Pong(nonce) => self.pong(nonce.as_ref(), ctx),
            Effect::Complain(complaint) => {
                if complaint.code == ErrorCode::TooManyRooms {
                    self.services.metrics.hit("rooms");
                }
                self.complain(&complaint, ctx);
            }
            Effect::Close(code) => self.close(code, ctx),
            Effect::Nothing => {}
        }
    }

    fn pong(&self, nonce: Option<&Nonce>, ctx: &mut Ctx) {
        self.push(&ServerFrame::Pong { nonce, server_time: clock::now() }.encode(), ctx);
    }

    fn join(&mut self, room: RoomId, since: Option<Position>, only_owner: Option<Key>, ctx: &mut Ctx) {
        let (mailbox, pages) = (ctx.address().recipient(), ctx.address().recipient());
        let join = Join { member: self.seat.member, since, only_owner, mailbox, pages };
        if self.services.directory.join(self.session.principal.restaurant, room, join).is_err() {
            self.session.left(room);
            self.unavailable(room, ctx);
        }
    }

    fn unavailable(&self, room: RoomId, ctx: &mut Ctx) {
        self.complain_of_room(
            room,
            ErrorCode::Unavailable,
            "the room cannot be read now; subscribe again",
            Some(RETRY_AFTER_MS),
            ctx,
        );
    }

    fn enqueue(&mut self, errand: Errand, ctx: &mut Ctx) {
        if self.errands.len() >= COMMANDS {
            let id = match errand {
                Errand::Command(command) => command.id,
                Errand::Place(id, _) => id,
            };
            self.services.metrics.hit("commands");
            let message = "too many commands wait for an answer; send it again later".to_owned();
            let (code, retry_after_ms) = (ErrorCode::RateLimited, Some(RETRY_AFTER_MS));
            return self.complain(&Complaint { id: Some(id), room: None, code, message, retry_after_ms }, ctx);
        }
        self.errands.push_back(errand);
        self.run_next(ctx);
    }

    fn run_next(&mut self, ctx: &mut Ctx) {
        if self.busy {
            return;
        }
        let Some(errand) = self.errands.pop_front() else {
            self.errands = VecDeque::new();
            return;
        };
        self.busy = true;
        let (services, who) = (self.services.clone(), self.session.principal.clone());
        let run = async move {
            match errand {
                Errand::Command(command) => (command.id, services.commands.execute(&who, *command).await),
                Errand::Place(id, basket) => (id, services.commands.place(&who, id, *basket).await),
            }
        };
        ctx.spawn(run.into_actor(self).map(|(id, answer), connection, ctx| {
            connection.busy = false;
            connection.answer(id, &answer, ctx);
            connection.run_next(ctx);
        }));
    }

    fn answer(&self, id: CommandId, answer: &Answer, ctx: &mut Ctx) {
        let failed = |code, message, retry_after_ms, document| ServerFrame::Error {
            id: Some(id),
            room: None,
            code,
            message,
            retry_after_ms,
            document,
        };
        let frame = match answer {
            Ok(ack) => ServerFrame::Ack { id, position: ack.position, changed: ack.changed, document: &ack.document },
            Err(CommandError::Refused(refusal)) => failed(refusal.kind.into(), &refusal.message, None, refusal.document.as_ref()),
            Err(CommandError::Store(StoreError::Unavailable)) => failed(
                ErrorCode::Unavailable,
                "the database does not answer; send it again under the same id",
                Some(RETRY_AFTER_MS),
                None,
            ),
            Err(CommandError::Store(_)) => failed(ErrorCode::Internal, "something went wrong on the server", None, None),
        };
        self.push(&frame.encode(), ctx);
    }

    /// Goes on under a new token of the same principal.
    fn refresh(&mut self, token: String, ctx: &mut Ctx) {
        let verified = self.services.tokens.verify(&token.into(), clock::now());
        let fresh = verified.ok().filter(|verified| !self.services.ended.contains(&verified.principal.session));
        let expires_at = fresh.and_then(|fresh| self.session.refresh(fresh.principal).then_some(fresh.expires_at));
        let Some(expires_at) = expires_at else {
            let message = "not a valid token of this principal; the connection goes on under the old one";
            return self.push(&ServerFrame::error(ErrorCode::Unauthorized, message).encode(), ctx);
        };
        self.expires_at = expires_at;
        self.expires = on_uptime(expires_at);
        self.seat.register(&self.session.principal.session, ctx.address().recipient());
    }

    /// Notes what the screen has drawn, and records it a little later, once for everything in between.
    fn seen(&mut self, position: Position, ctx: &mut Ctx) {
        if self.drawn.is_none() {
            ctx.run_later(SEEN_PERIOD, |connection, ctx| connection.record_seen(ctx));
        }
        self.drawn = self.drawn.max(Some(position));
    }

    fn record_seen(&mut self, ctx: &mut Ctx) {
        let Some(position) = self.drawn.take() else { return };
        let Some(receipt) = self.receipt(position) else { return };
        let services = self.services.clone();
        let record = async move {
            match services.directory.store().record_seen(&receipt).await {
                Ok(()) => drop(services.metrics.seen.inc()),
                Err(error) => log::warn!(error:% = error; "cannot record what a screen has drawn"),
            }
        };
        ctx.spawn(record.into_actor(self));
    }

    fn receipt(&self, position: Position) -> Option<Receipt> {
        let who = &self.session.principal;
        let display = match who.device {
            Some(device) => device.to_string().parse().ok()?,
            None => who.sub.clone(),
        };
        let name = who.station.as_ref().map_or("kitchen", |station| station.as_str()).parse().ok()?;
        Some(Receipt { restaurant: who.restaurant, display, name, station: who.station.clone(), position, at: clock::now() })
    }

    /// A fragment of a text message; the guard has bounded them together.
    fn fragment(&mut self, item: actix_http::ws::Item, ctx: &mut Ctx) {
        use actix_http::ws::Item;
        match item {
            Item::FirstText(part) => self.partial = part.to_vec(),
            Item::Continue(part) => self.partial.extend_from_slice(&part),
            Item::FirstBinary(_) => self.close(CloseCode::ProtocolViolation, ctx),
            Item::Last(part) => {
                let mut whole = std::mem::take(&mut self.partial);
                whole.extend_from_slice(&part);
                match String::from_utf8(whole) {
                    Ok(text) if self.admit(ctx) => self.text(&text, ctx),
                    Ok(_) => {}
                    Err(_) => self.close(CloseCode::ProtocolViolation, ctx),
                }
            }
        }
    }
}

impl Actor for Connection {
    type Context = Ctx;

    fn started(&mut self, ctx: &mut Ctx) {
        ctx.set_mailbox_capacity(MAILBOX);
        let role = ByRole { role: self.session.principal.role.as_str() };
        self.services.metrics.connections.get_or_create(&role).inc();
        self.seat.register(&self.session.principal.session, ctx.address().recipient());
        self.push(&self.welcome(), ctx);
        self.beat(ctx);
    }

    fn stopped(&mut self, _: &mut Ctx) {
        let role = ByRole { role: self.session.principal.role.as_str() };
        self.services.metrics.connections.get_or_create(&role).dec();
        for room in self.session.rooms() {
            self.services.directory.leave(self.session.principal.restaurant, *room, self.seat.member);
        }
    }
}

impl StreamHandler<Result<ws::Message, ws::ProtocolError>> for Connection {
    fn handle(&mut self, message: Result<ws::Message, ws::ProtocolError>, ctx: &mut Ctx) {
        match message {
            Ok(ws::Message::Text(text)) => {
                if self.admit(ctx) {
                    self.text(&text, ctx);
                }
            }
            Ok(ws::Message::Binary(_)) => {
                if self.admit(ctx) {
                    self.push(&ServerFrame::error(ErrorCode::BadFrame, "frames are text messages of JSON").encode(), ctx);
                }
            }
            Ok(ws::Message::Ping(payload)) => {
                if self.admit(ctx) {
                    self.push_control(frame::pong(&payload), ctx);
                }
            }
            Ok(ws::Message::Pong(_)) => self.heard = clock::uptime(),
            Ok(ws::Message::Continuation(item)) => self.fragment(item, ctx),
            Ok(ws::Message::Close(_)) => self.close(CloseCode::Normal, ctx),
            Ok(ws::Message::Nop) => {}
            Err(_) => self.close(CloseCode::ProtocolViolation, ctx),
        }
    }

    /// The client's stream is over: by the guard's word, or because the socket is.
    fn finished(&mut self, ctx: &mut Ctx) {
        match self.fault.get() {
            Some(code) => {
                self.services.metrics.hit(if code == CloseCode::TooLarge { "frame_bytes" } else { "protocol" });
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
                self.complain_of_room(room, ErrorCode::Forbidden, FORBIDDEN, None, ctx);
            }
            ToMember::Unavailable(room) => {
                self.session.left(room);
                self.unavailable(room, ctx);
            }
            ToMember::Evicted => self.close(CloseCode::TooSlow, ctx),
        }
    }
}

impl Handler<Page> for Connection {
    type Result = ResponseActFuture<Self, ()>;
    fn handle(&mut self, Page(frames): Page, ctx: &mut Ctx) -> Self::Result {
        frames.iter().for_each(|frame| self.push(frame, ctx));
        let drained = self.wire.drained();
        Box::pin(drained.into_actor(self).map(|_, _, _| ()))
    }
}

impl Handler<Control> for Connection {
    type Result = ();
    fn handle(&mut self, control: Control, ctx: &mut Ctx) {
        match control {
            Control::SessionEnded => {
                // A refresh may have moved it to a session that goes on.
                if self.services.ended.contains(&self.session.principal.session) {
                    self.close(CloseCode::TokenExpired, ctx);
                }
            }
            Control::Drain { slot_ms } => {
                self.push(&ServerFrame::GoingAway { reconnect_in_ms: slot_ms }.encode(), ctx);
                ctx.run_later(Duration::from_millis(slot_ms), |connection, ctx| connection.close(CloseCode::Restarting, ctx));
            }
        }
    }
}
