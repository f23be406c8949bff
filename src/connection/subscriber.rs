//! What every connection is, whatever carries it: a seat in the census, a token that expires, and a way into rooms.

use super::Services;
use super::registry::{ConnectionSlot, Control};
use super::subscription::Subscription;
use crate::clock;
use crate::domain::model::principal::{Principal, Role};
use crate::domain::model::room_id::RoomId;
use crate::domain::values::position::Position;
use crate::domain::values::text::Station;
use crate::domain::values::time::Timestamp;
use crate::protocol::{Frame, ServerFrame};
use crate::room::{Join, Page, ToMember};
use crate::screens::reporter::Visit;
use crate::telemetry::ByRole;
use actix::Recipient;
use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

/// Messages from rooms that wait while an actor is not polled; a room finds it full and lets the member lag.
pub const MAILBOX: usize = 256;

/// How long a room may take to let somebody in.
pub const OPENING: Duration = Duration::from_secs(10);

/// A connection as the rest of the node sees it.
pub struct Subscriber {
    /// What it needs of the node.
    pub services: Arc<Services>,
    seat: ConnectionSlot,
    expires_at: Timestamp,
    expires: Timestamp,
    /// A kitchen screen, from when it asks for its kitchen room.
    visit: RefCell<Option<Visit>>,
}

impl Subscriber {
    /// Takes a seat until the token expires.
    #[must_use]
    pub fn new(services: Arc<Services>, seat: ConnectionSlot, expires_at: Timestamp) -> Self {
        Self { services, seat, expires_at, expires: on_uptime(expires_at), visit: RefCell::default() }
    }

    /// When the token expires, on the clock of [`clock::uptime`].
    #[must_use]
    pub const fn expires(&self) -> Timestamp {
        self.expires
    }

    /// Goes on until a new token expires.
    pub fn renew(&mut self, expires_at: Timestamp) {
        self.expires_at = expires_at;
        self.expires = on_uptime(expires_at);
    }

    /// The connection's first frame.
    #[must_use]
    pub fn welcome(&self, who: &Principal) -> Frame {
        ServerFrame::Welcome {
            connection: &clock::new_id().to_string(),
            epoch: self.services.store.epoch(),
            role: who.role,
            restaurant: who.restaurant,
            expires_at: self.expires_at,
            server_time: clock::now(),
            version: self.services.version,
            paged: true,
            feature_level: self.services.level.get(),
            limits: self.services.limits.frame(),
        }
        .encode()
    }

    /// Counts the connection in, and says how to reach it. Gives whether its session goes on: one that ended before
    /// there was anybody to reach has told nobody.
    #[must_use]
    pub fn begin(&self, who: &Principal, reach: Recipient<Control>) -> bool {
        self.gauge(who).inc();
        self.register(who, reach);
        !self.is_over(who)
    }

    /// Says how to reach it; again after a refresh, which may have moved it to another session.
    pub fn register(&self, who: &Principal, reach: Recipient<Control>) {
        self.seat.register(&who.session, reach);
    }

    /// Whether its session is over.
    #[must_use]
    pub fn is_over(&self, who: &Principal) -> bool {
        self.services.ended.contains(&who.session)
    }

    /// Asks for a room; the answer comes to the mailbox. Says whether it could be asked for.
    #[must_use]
    pub fn join(&self, who: &Principal, wish: Subscription, mailbox: Recipient<ToMember>, pages: Recipient<Page>) -> bool {
        let Subscription { room, since, only_owner, paged } = wish;
        let join = Join { member: self.seat.member, since, head: Position::ZERO, only_owner, paged, mailbox, pages };
        let is_asked = self.services.directory.join(who.restaurant, room, join).is_ok();
        if is_asked && who.role == Role::Kitchen && room == RoomId::Kitchen(who.restaurant) {
            self.visit.borrow_mut().get_or_insert_with(|| self.services.displays.visit(who));
        }
        is_asked
    }

    /// Leaves a room.
    pub fn leave(&self, who: &Principal, room: RoomId) {
        if matches!(room, RoomId::Kitchen(_)) {
            self.visit.take();
        }
        self.services.directory.leave(who.restaurant, room, self.seat.member);
    }

    /// A kitchen screen has drawn everything up to a position, of one station if it shows but one.
    pub fn drawn(&self, position: Position, shows: Option<Station>) {
        if let Some(visit) = &*self.visit.borrow() {
            visit.drawn(position, shows);
        }
    }

    /// A page of the floor has drawn everything up to a position.
    pub fn floor_drawn(&self, who: &Principal, position: Position) {
        self.services.displays.floor_drawn(who.restaurant, position);
    }

    /// Leaves its rooms and counts it out.
    pub fn end(&self, who: &Principal, rooms: &[RoomId]) {
        self.gauge(who).dec();
        self.visit.take();
        rooms.iter().for_each(|room| self.leave(who, *room));
    }

    fn gauge(&self, who: &Principal) -> impl std::ops::Deref<Target = prometheus_client::metrics::gauge::Gauge> + '_ {
        self.services.metrics.connections.get_or_create(&ByRole { role: who.role.as_str() })
    }
}

/// How far away a wall-clock time is, on the clock that nobody sets.
fn on_uptime(at: Timestamp) -> Timestamp {
    clock::uptime().plus(at.since(clock::now()))
}
