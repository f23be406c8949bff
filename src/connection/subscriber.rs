//! The state that connections of all transports have: a slot in the registry, a token that expires, and a way into rooms.

use super::Node;
use super::registry::{ConnectionSlot, Control};
use super::subscription::{LastJoins, Subscription};
use crate::clock;
use crate::domain::model::history::{Epoch, Point};
use crate::domain::model::principal::{Principal, Role};
use crate::domain::model::room_id::RoomId;
use crate::domain::values::ids::Generation;
use crate::domain::values::position::Position;
use crate::domain::values::text::Station;
use crate::domain::values::time::Timestamp;
use crate::protocol::{Frame, ServerFrame};
use crate::room::{Join, Page, ToMember};
use crate::screens::reporter::ScreenGuard;
use crate::telemetry::{ByRole, TransportKind};
use actix::Recipient;
use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// Messages that wait while an actor is not polled. A room that finds the mailbox full lets the member lag.
pub const MAILBOX: usize = 256;

/// The deadline for a room to admit a member.
pub const OPENING: Duration = Duration::from_secs(10);

/// A connection as the rest of the node sees it.
pub struct Subscriber {
    /// The parts of the node that it uses.
    pub node: Arc<Node>,
    id: Uuid,
    transport: TransportKind,
    begun: Timestamp,
    slot: ConnectionSlot,
    generation: Option<Generation>,
    expires_at: Timestamp,
    expires: Timestamp,
    joins: RefCell<LastJoins>,
    /// Counts a kitchen screen as connected, from its request for the kitchen room on.
    screen: RefCell<Option<ScreenGuard>>,
}

impl Subscriber {
    /// Makes the subscriber of a slot. `generation` is that of the feed.
    #[must_use]
    pub fn new(
        transport: TransportKind,
        node: Arc<Node>,
        slot: ConnectionSlot,
        generation: Option<Generation>,
        expires_at: Timestamp,
    ) -> Self {
        let (expires, joins, screen) = (on_uptime(expires_at), RefCell::default(), RefCell::default());
        let (id, begun) = (clock::new_id(), clock::uptime());
        Self { node, id, transport, begun, slot, generation, expires_at, expires, joins, screen }
    }

    /// Returns the epoch of its cursors.
    #[must_use]
    pub fn epoch(&self) -> Epoch<'_> {
        Epoch { database: self.node.store.epoch(), generation: self.generation }
    }

    /// Returns when the token expires, on the clock of [`clock::uptime`].
    #[must_use]
    pub const fn expires(&self) -> Timestamp {
        self.expires
    }

    /// Replaces the token by one that expires at another time.
    pub fn renew(&mut self, expires_at: Timestamp) {
        self.expires_at = expires_at;
        self.expires = on_uptime(expires_at);
    }

    /// Returns the connection's first frame.
    #[must_use]
    pub fn welcome(&self, principal: &Principal, heartbeat: Duration) -> Frame {
        ServerFrame::Welcome {
            connection: &self.id.to_string(),
            epoch: &self.epoch().to_string(),
            role: principal.role,
            restaurant: principal.restaurant,
            expires_at: self.expires_at,
            server_time: clock::now(),
            version: self.node.version,
            paged: true,
            feature_level: self.node.level.get(),
            limits: self.node.limits.frame(heartbeat),
        }
        .encode()
    }

    /// Counts and registers the connection. Returns whether its session is live: the end of a session cannot notify a
    /// connection that is not yet registered.
    #[must_use]
    pub fn begin(&self, principal: &Principal, reach: Recipient<Control>) -> bool {
        self.gauge(principal).inc();
        self.node.metrics.connections_of(self.transport).inc();
        self.register(principal, reach);
        !self.is_over(principal)
    }

    /// Registers how to reach the connection. Also called after a new token, which may belong to another session.
    pub fn register(&self, principal: &Principal, reach: Recipient<Control>) {
        self.slot.register(&principal.session, reach);
    }

    /// Whether its session is over.
    #[must_use]
    pub fn is_over(&self, principal: &Principal) -> bool {
        self.node.ended.contains(&principal.session)
    }

    /// Asks to join a room, which answers to the mailbox. Returns whether the room could be asked.
    #[must_use]
    pub fn join(
        &self,
        principal: &Principal,
        subscription: Subscription,
        mailbox: Recipient<ToMember>,
        pages: Recipient<Page>,
    ) -> bool {
        let Subscription { room, since, only_owner, paged } = subscription;
        let (member, generation, head, has_event) = (self.slot.member, self.generation, Point::default(), None);
        let number = self.joins.borrow_mut().next(room);
        let join = Join { member, number, since, has_event, generation, head, only_owner, paged, mailbox, pages };
        let is_asked = self.node.feeds.join(principal.restaurant, room, join);
        if is_asked && principal.role == Role::Kitchen && room == RoomId::Kitchen(principal.restaurant) {
            self.screen.borrow_mut().get_or_insert_with(|| self.node.screens.register(principal));
        }
        is_asked
    }

    /// Whether this was the last request to join the room.
    #[must_use]
    pub fn is_last_join(&self, room: RoomId, number: u64) -> bool {
        self.joins.borrow().is_last(room, number)
    }

    /// Leaves a room.
    pub fn leave(&self, principal: &Principal, room: RoomId) {
        if matches!(room, RoomId::Kitchen(_)) {
            self.screen.take();
        }
        self.joins.borrow_mut().remove(room);
        self.node.feeds.leave(principal.restaurant, room, self.slot.member);
    }

    /// Records that a kitchen screen has drawn everything up to a position, of one station if it shows only that.
    pub fn drawn(&self, position: Position, shows: Option<Station>) {
        if let Some(screen) = &*self.screen.borrow() {
            screen.drawn(position, shows);
        }
    }

    /// Records that a page of the floor has drawn everything up to a position.
    pub fn floor_drawn(&self, principal: &Principal, position: Position) {
        self.node.screens.floor_drawn(principal.restaurant, position);
    }

    /// Leaves the rooms and stops counting the connection.
    pub fn end(&self, principal: &Principal, rooms: &[RoomId]) {
        self.gauge(principal).dec();
        self.node.metrics.connections_of(self.transport).dec();
        self.screen.take();
        rooms.iter().for_each(|room| self.leave(principal, *room));
        // A long poll is one request, which has a line of its own.
        if self.transport != TransportKind::LongPoll {
            self.log_end(principal, rooms.len());
        }
    }

    fn log_end(&self, principal: &Principal, rooms: usize) {
        let seconds = clock::uptime().since(self.begun).as_secs();
        let (restaurant, role, who) = (principal.restaurant, principal.role, &principal.sub);
        log::info!(connection:% = self.id, transport = self.transport.as_str(), restaurant:%, role:%, who:%, rooms, seconds; "connection ended");
    }

    fn gauge(&self, principal: &Principal) -> impl std::ops::Deref<Target = prometheus_client::metrics::gauge::Gauge> + '_ {
        self.node.metrics.connections.get_or_create(&ByRole { role: principal.role.as_str() })
    }
}

/// Converts a wall-clock time to the monotonic clock.
fn on_uptime(at: Timestamp) -> Timestamp {
    clock::uptime().plus(at.since(clock::now()))
}
