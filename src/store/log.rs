//! The log of a restaurant: it turns commands into numbered events.

use super::audit::Note;
use super::{Result, WriteFaults};
use crate::domain::model::call::Calls;
use crate::domain::model::delivery::Delivery;
use crate::domain::model::display::Known;
use crate::domain::model::draft::Moment;
use crate::domain::model::event::{By, Event};
use crate::domain::model::history::{Head, Link, Mark};
use crate::domain::model::house_rules::HouseRules;
use crate::domain::model::menu::Menu;
use crate::domain::model::order::Order;
use crate::domain::model::refusal::Refusal;
use crate::domain::model::room_id::RoomId;
use crate::domain::model::status::OrderStatus;
use crate::domain::model::ticket_counter::TicketCounter;
use crate::domain::model::undrawn::Tickets;
use crate::domain::model::visit::{Seating, VisitAction};
use crate::domain::rules::decision::Decision;
use crate::domain::rules::order_limits::{Guest, OpenOrders};
use crate::domain::values::ids::{CommandId, Generation, OrderId, RestaurantId};
use crate::domain::values::position::Position;
use crate::domain::values::text::{Key, TableLabel};
use crate::domain::values::time::Timestamp;
use async_trait::async_trait;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use uuid::Uuid;

/// The state that a transaction reads before it decides. Every change of that state also changes the feed's head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reads {
    /// One order.
    Order(OrderId),
    /// One order and the menu, to add to the order.
    OrderAndMenu(OrderId),
    /// The menu and the next order number, to place an order.
    Basket,
    /// Like [`Reads::Basket`], with the orders that a POS or an aggregator has placed under this number.
    ExternalBasket(Key),
    /// Like [`Reads::Basket`], with the numbers of open orders of a guest, of their table and of all guests of the restaurant.
    GuestBasket(Guest),
    /// The open calls.
    Calls,
    /// The open calls, and the table of a guest.
    GuestCalls(Guest),
    /// What an action on a visit depends on.
    Visit(VisitAction),
    /// The menu.
    Menu,
    /// One kitchen screen.
    Display(Key),
    /// Tickets that no screen shows.
    Tickets,
}

impl Reads {
    /// Whether the menu is read.
    #[must_use]
    pub const fn has_menu(&self) -> bool {
        self.has_basket() || matches!(self, Self::Menu | Self::OrderAndMenu(_) | Self::Visit(VisitAction::Split { .. }))
    }

    /// Whether an order is placed.
    #[must_use]
    pub const fn has_basket(&self) -> bool {
        matches!(self, Self::Basket | Self::ExternalBasket(_) | Self::GuestBasket(_))
    }

    /// Whether work that reads this shares a group with other work. Work that is rare, or depends
    /// on many rows, runs alone.
    #[must_use]
    pub const fn is_shared(&self) -> bool {
        matches!(self, Self::Order(_) | Self::OrderAndMenu(_) | Self::Calls | Self::GuestCalls(_)) || self.has_basket()
    }
}

/// An order that has a number in a POS or at an aggregator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalOrder {
    /// The current order.
    pub order: Order,
    /// The `sub` of the principal that placed it.
    pub source: Key,
    /// The fingerprint of the command that placed it.
    pub fingerprint: Vec<u8>,
}

/// The state that a transaction has read.
#[derive(Debug)]
pub struct State {
    /// The time of the work and the head of the feed. The transaction fails if another one advances the head before it commits.
    pub moment: Moment,
    /// Minutes that `accept` promises when it names none.
    pub default_minutes: u16,
    /// The rules of the restaurant for its own people.
    pub rules: Arc<HouseRules>,
    /// The next order number, for the three baskets and for visits (else 0). A decision that places an order uses it up.
    pub next_number: u32,
    /// The counter of tickets, for the three baskets and for visits. A decision that places an order with a ticket uses one up.
    pub ticket_counter: TicketCounter,
    /// The order, for [`Reads::Order`] and [`Reads::OrderAndMenu`], if the restaurant has it.
    pub order: Option<Order>,
    /// The orders that were placed under the same number, for [`Reads::ExternalBasket`], the first one first. Nodes of the
    /// version before let each source use a number once, so there may be several.
    pub external: Vec<ExternalOrder>,
    /// The menu, for the three baskets, the split of a visit, [`Reads::OrderAndMenu`] and [`Reads::Menu`].
    pub menu: Option<Arc<Menu>>,
    /// Open orders of guests, for [`Reads::GuestBasket`] (else zero).
    pub open: OpenOrders,
    /// The table that the guest's session is at, for [`Reads::GuestBasket`] and [`Reads::GuestCalls`]. Their token may
    /// name the one before.
    pub seat: Option<TableLabel>,
    /// The open calls, for [`Reads::Calls`] and [`Reads::GuestCalls`].
    pub calls: Calls,
    /// The visit, for [`Reads::Visit`].
    pub seating: Seating,
    /// The screen, for [`Reads::Display`].
    pub display: Known,
    /// The tickets, for [`Reads::Tickets`].
    pub tickets: Tickets,
}

/// Decides by the state that was read. Must be quick, since it runs inside the transaction. Runs again when another member of
/// its group fails.
pub type Decide = Box<dyn Fn(State) -> std::result::Result<Decision, Refusal> + Send + Sync>;

/// The key under which the store remembers an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandKey {
    /// The principal's `sub`.
    pub sub: Key,
    /// The id that the client made.
    pub id: CommandId,
    /// SHA-256 of the command's meaning: the same id with another fingerprint is a `conflict`.
    pub fingerprint: [u8; 32],
}

/// One transaction of a feed.
pub struct Work {
    /// The restaurant of the feed.
    pub restaurant: RestaurantId,
    /// The state to read.
    pub reads: Reads,
    /// The key to remember the answer under; `None` for timed work and for calls that are idempotent by themselves.
    pub command: Option<CommandKey>,
    /// The author of the events.
    pub by: By,
    /// The time.
    pub at: Timestamp,
    /// The entry of the audit to write in the same transaction, which fills in its label and its outcome.
    pub note: Option<Note>,
    /// The rider's data of an order that is placed.
    pub delivery: Option<Delivery>,
    /// The decision.
    pub decide: Decide,
}

/// A remembered or fresh answer to a command.
#[derive(Debug, Clone)]
pub struct Ack {
    /// The position of the last event that the command made; if it changed nothing, that of the document.
    pub position: Position,
    /// Whether the command made events.
    pub changed: bool,
    /// The document after the command.
    pub document: Box<RawValue>,
}

/// The result of a transaction.
#[derive(Debug, Clone)]
pub struct Committed {
    /// The answer.
    pub answer: std::result::Result<Ack, Refusal>,
    /// The appended events, in order; empty for a refusal, for no change and for a repeated command.
    pub events: Arc<[Event]>,
    /// Where they continue the history, if the event before them is known.
    pub link: Option<Link>,
    /// Whether the store repeated a remembered answer.
    pub repeated: bool,
}

/// The state of a room at one position.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The last event of the feed. The other fields are the state at exactly this event.
    pub last: Mark,
    /// The order of an order room, the open orders of a kitchen or a floor by id, or the menu.
    pub documents: Vec<Box<RawValue>>,
    /// The ids of the orders of a kitchen or a floor, in the order of their documents; empty for other rooms.
    pub orders: Vec<OrderId>,
    /// The floor's open calls by id.
    pub calls: Option<BTreeMap<String, Box<RawValue>>>,
    /// The floor's kitchen screens by device id.
    pub displays: Option<BTreeMap<String, Box<RawValue>>>,
}

/// The changes of a kitchen or a floor since a position.
#[derive(Debug, Clone)]
pub struct Changes {
    /// The last event of the feed. The other fields are the state at exactly this event.
    pub last: Mark,
    /// The documents of orders with events since; `None` for an order that is no longer open.
    pub orders: BTreeMap<OrderId, Option<Box<RawValue>>>,
    /// As in [`Snapshot`], whole.
    pub calls: Option<BTreeMap<String, Box<RawValue>>>,
    /// As in [`Snapshot`], whole.
    pub displays: Option<BTreeMap<String, Box<RawValue>>>,
}

/// The most events since a position for which [`Log::changes`] returns the changes.
pub const MOST_CHANGES: u64 = 500;

/// The statuses of the orders to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderFilter {
    /// Those that are not final.
    Open,
    /// Those that are final.
    Closed,
    /// All.
    All,
    /// Those that wait for their time.
    Upcoming,
    /// Those in one status.
    Status(OrderStatus),
}

impl OrderFilter {
    /// Returns the word for it: that of a group, or of the status.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::All => "all",
            Self::Upcoming => "upcoming",
            Self::Status(status) => status.as_str(),
        }
    }

    /// Whether an order is one of these.
    #[must_use]
    pub fn has(self, order: &Order) -> bool {
        match self {
            Self::Open => !order.status.is_final(),
            Self::Closed => order.status.is_final(),
            Self::All => true,
            Self::Upcoming => order.upcoming,
            Self::Status(status) => order.status == status,
        }
    }
}

/// Which orders to list. Ids ascend with age.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderQuery {
    /// Their statuses.
    pub filter: OrderFilter,
    /// Their table, if only those of one.
    pub table: Option<TableLabel>,
    /// The id after which they begin.
    pub after: OrderId,
    /// The id before which they end.
    pub before: OrderId,
    /// Whether the newest come first, instead of the oldest.
    pub newest_first: bool,
}

impl OrderQuery {
    /// Lists all orders of these statuses, the oldest first.
    #[must_use]
    pub const fn of(filter: OrderFilter) -> Self {
        let (after, before) = (OrderId::from_uuid(Uuid::nil()), OrderId::from_uuid(Uuid::max()));
        Self { filter, table: None, after, before, newest_first: false }
    }
}

/// Orders by the position of their last event.
#[derive(Debug, Clone, Default)]
pub struct UpdatedOrders {
    /// The orders, each with the time of its last event, which is at the position of its document.
    pub orders: Vec<(Order, Timestamp)>,
    /// The position up to which the log was read; `None` at its end.
    pub more_after: Option<Position>,
}

/// The log, and the documents that are folded from it.
///
/// Ordering: positions of one restaurant are 1, 2, 3 … in commit order, without a gap, whichever node writes.
/// Atomicity: events, document, order number and remembered answer are committed together or not at all.
/// Loss: work for which [`Log::commit`] has returned `Ok` is on disk. After `Err(Unavailable)` it may or may not have been
/// committed; repeating it under the same [`CommandKey`] returns the one answer.
#[async_trait]
pub trait Log: Send + Sync + 'static {
    /// Returns a random string that was made with the database. The epoch of a cursor contains the feed's generation, too.
    fn epoch(&self) -> &str;

    /// Does the work in a transaction, which it may share with other waiting work. Locks the feed's head, or writes only if the
    /// head has not moved. Repeats a remembered answer, or refuses with `conflict` if the fingerprint differs. Otherwise reads,
    /// decides, writes the document, appends the events at the next positions, remembers the answer (also a refusal, if
    /// [`crate::domain::model::refusal::Refusal::is_remembered`]), and commits. `Missing` if there is no such restaurant.
    ///
    /// Cancel safety: the transaction runs to its end even when the caller stops waiting.
    async fn commit(&self, work: Work) -> Result<Committed>;

    /// Returns the remembered answer to a command, for a command that a limit would refuse. If the fingerprint differs, the
    /// answer is `conflict`, as in [`Log::commit`].
    async fn answered(&self, restaurant: RestaurantId, command: &CommandKey) -> Result<Option<Committed>>;

    /// Returns the last committed position; zero before the first event. `Missing` if there is no such restaurant.
    async fn head(&self, restaurant: RestaurantId) -> Result<Position>;

    /// Returns the heads of several feeds, each with the events at the positions that are asked for, by one query. Skips
    /// restaurants that do not exist.
    async fn heads(&self, asked: &[(RestaurantId, Position)]) -> Result<HashMap<RestaurantId, Head>>;

    /// Replaces a generation of a feed by a new one, unless another node has replaced it meanwhile. Returns the generation that
    /// the feed then has.
    async fn begin_generation(
        &self,
        restaurant: RestaurantId,
        from: Option<Generation>,
        to: Generation,
    ) -> Result<Option<Generation>>;

    /// Resolves when a new connection leads to another server, to a server that was restarted, or to another database. One task
    /// may wait.
    async fn reconnected(&self);

    /// Returns at most `limit` events with `after < position <= through`, in order: those that a room carries or, without a
    /// room, all of the feed. The caller has read `through` as a head, so all events up to it are committed.
    async fn events(
        &self,
        restaurant: RestaurantId,
        room: Option<RoomId>,
        after: Position,
        through: Position,
        limit: u32,
    ) -> Result<Vec<Event>>;

    /// Returns the position of the last event up to `through` that a room carries; zero when there is none.
    async fn last_in_room(&self, restaurant: RestaurantId, room: RoomId, through: Position) -> Result<Position>;

    /// Returns the state of a room at one point of the feed. `None` for an order that the restaurant does not have.
    async fn snapshot(&self, restaurant: RestaurantId, room: RoomId) -> Result<Option<Snapshot>>;

    /// Returns the changes that turn a snapshot of a kitchen or a floor at a position into the current one. `None` for another
    /// room, for a position after the head, and after more than [`MOST_CHANGES`] events; then read a snapshot.
    async fn changes(&self, restaurant: RestaurantId, room: RoomId, since: Position) -> Result<Option<Changes>>;

    /// Returns an order; `None` if the restaurant does not have it.
    async fn order(&self, restaurant: RestaurantId, id: OrderId) -> Result<Option<Order>>;

    /// Returns at most `limit` orders, in the sequence of the query.
    async fn orders(&self, restaurant: RestaurantId, query: OrderQuery, limit: u32) -> Result<Vec<Order>>;

    /// Returns the orders that have a number in a POS or at an aggregator, oldest first.
    async fn orders_of_external_id(&self, restaurant: RestaurantId, external_id: &Key) -> Result<Vec<Order>>;

    /// Returns at most `limit` orders whose last event is after a position, by that event.
    async fn updated_orders(&self, restaurant: RestaurantId, after: Position, limit: u32) -> Result<UpdatedOrders>;

    /// Returns a position such that every event at `at` or later comes after it. Assumes that events are ordered by time, so
    /// subtract the possible difference between the clocks of nodes from `at`.
    async fn position_before(&self, restaurant: RestaurantId, at: Timestamp) -> Result<Position>;

    /// Returns at most `limit` orders of a diner that are older than one, newest first.
    async fn orders_of_diner(
        &self,
        restaurant: RestaurantId,
        diner: &Key,
        after: Option<OrderId>,
        limit: u32,
    ) -> Result<Vec<Order>>;

    /// Returns the menu; `None` if there is no such restaurant.
    async fn menu(&self, restaurant: RestaurantId) -> Result<Option<Menu>>;

    /// Returns the menu as the text of its document, like [`Log::menu`].
    async fn menu_text(&self, restaurant: RestaurantId) -> Result<Option<String>>;

    /// Returns the restaurants whose menu has a pause, an 86 or an opening that ends at or before `now`.
    async fn lapsed_menus(&self, now: Timestamp) -> Result<Vec<RestaurantId>>;

    /// Returns at most `limit` orders for later whose work begins at or before `now`, the first ones first.
    async fn due_orders(&self, now: Timestamp, limit: u32) -> Result<Vec<(RestaurantId, OrderId)>>;

    /// Returns at most `limit` orders of which a course fires by itself at or before `now`, the first ones first.
    async fn due_courses(&self, now: Timestamp, limit: u32) -> Result<Vec<(RestaurantId, OrderId)>>;

    /// Sets the times at which an order is due, beside its document, by the document. An older node changes only the latter.
    async fn sync_times(&self, restaurant: RestaurantId, order: OrderId) -> Result<()>;

    /// Whether the database differs from the one that a node last had: it is on another server, another database there, or an
    /// earlier state of the file.
    async fn is_moved(&self) -> Result<bool>;

    /// Records that a node has this database. With `renew`, begins a generation of every feed if nodes last had another one.
    async fn record_origin(&self, renew: bool) -> Result<()>;

    /// Makes earlier copies of the database differ from it. Only a file needs this.
    async fn renew_origin(&self) -> Result<()>;

    /// Removes answers that were remembered before a time; returns their number.
    async fn forget_answers(&self, before: Timestamp) -> Result<u64>;

    /// Checks that the database answers.
    async fn ping(&self) -> Result<()>;

    /// Commits a row of this node with a filler of `bytes`, to learn whether the database takes writes.
    async fn probe_write(&self, bytes: usize, at: Timestamp) -> Result<()>;

    /// Returns the counts of failed writes.
    fn write_faults(&self) -> &WriteFaults;

    /// Resolves when the database is no longer the one that was opened; nothing may be acknowledged from then on. Returns
    /// what happened.
    async fn lost(&self) -> &'static str;

    /// Closes the database after the last unit of work. A SQLite file is then complete without its write-ahead log. Later
    /// calls are `Unavailable`.
    async fn close(&self);
}
