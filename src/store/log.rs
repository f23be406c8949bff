//! The log of a restaurant: commands go in, numbered events come out.

use super::audit::Note;
use super::{Result, WriteFaults};
use crate::domain::model::call::Calls;
use crate::domain::model::display::Known;
use crate::domain::model::draft::Moment;
use crate::domain::model::event::{By, Event};
use crate::domain::model::menu::Menu;
use crate::domain::model::order::Order;
use crate::domain::model::refusal::Refusal;
use crate::domain::model::room_id::RoomId;
use crate::domain::model::status::OrderStatus;
use crate::domain::model::undrawn::Tickets;
use crate::domain::rules::decision::Decision;
use crate::domain::rules::order_limits::{Guest, OpenOrders};
use crate::domain::values::ids::{CommandId, OrderId, RestaurantId};
use crate::domain::values::position::Position;
use crate::domain::values::text::Key;
use crate::domain::values::time::Timestamp;
use async_trait::async_trait;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a transaction reads (and so locks, through the feed's head) before it decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reads {
    /// One order.
    Order(OrderId),
    /// The menu and the next order number, to place an order.
    Basket,
    /// The same, and the order that a POS or an aggregator has placed under a number of its own.
    ExternalBasket {
        /// The principal's `sub`.
        source: Key,
        /// The number.
        external_id: Key,
    },
    /// As [`Reads::Basket`], and how many orders are open of a guest, of their table and of the restaurant's guests.
    GuestBasket(Guest),
    /// The open calls.
    Calls,
    /// The menu.
    Menu,
    /// One kitchen screen.
    Display(Key),
    /// Tickets that no screen shows.
    Tickets,
}

/// An order that a source knows by a number of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalOrder {
    /// The order as it stands.
    pub order: Order,
    /// The fingerprint of the command that placed it.
    pub fingerprint: Vec<u8>,
}

/// What it read.
#[derive(Debug)]
pub struct State {
    /// The time of the work and the head of the feed, which is locked until the end of the transaction.
    pub moment: Moment,
    /// Minutes that `accept` promises when it names none.
    pub default_minutes: u16,
    /// The next order number, for [`Reads::Basket`] and [`Reads::GuestBasket`] (else 0). It is used up only when the decision places an order.
    pub next_number: u32,
    /// The order, for [`Reads::Order`], if the restaurant has it.
    pub order: Option<Order>,
    /// The order that was placed under the same number, for [`Reads::ExternalBasket`].
    pub external: Option<ExternalOrder>,
    /// The menu, for [`Reads::Basket`], [`Reads::GuestBasket`] and [`Reads::Menu`].
    pub menu: Option<Menu>,
    /// Open orders of guests, for [`Reads::GuestBasket`] (else none).
    pub open: OpenOrders,
    /// The open calls, for [`Reads::Calls`].
    pub calls: Calls,
    /// The screen, for [`Reads::Display`].
    pub display: Known,
    /// The tickets, for [`Reads::Tickets`].
    pub tickets: Tickets,
}

/// Makes a decision of what was read. Pure and quick: it runs inside the transaction.
pub type Decide = Box<dyn FnOnce(State) -> std::result::Result<Decision, Refusal> + Send>;

/// The name under which an answer is remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandKey {
    /// The principal's `sub`.
    pub sub: Key,
    /// The id the client made.
    pub id: CommandId,
    /// SHA-256 of the command's meaning: the same id with another fingerprint is a `conflict`.
    pub fingerprint: [u8; 32],
}

/// One transaction of a feed.
pub struct Work {
    /// Whose feed.
    pub restaurant: RestaurantId,
    /// What to read.
    pub reads: Reads,
    /// Under what name to remember the answer; none for work of the clock and for calls that are idempotent by themselves.
    pub command: Option<CommandKey>,
    /// Who makes the events.
    pub by: By,
    /// When.
    pub at: Timestamp,
    /// The entry of the audit to write with it. Its label and its outcome are filled in by the transaction.
    pub note: Option<Note>,
    /// What to do about it.
    pub decide: Decide,
}

/// A remembered or fresh answer to a command.
#[derive(Debug, Clone)]
pub struct Ack {
    /// The position of the last event it made; when it changed nothing, that of the document.
    pub position: Position,
    /// Whether it made any.
    pub changed: bool,
    /// The document as it then stood.
    pub document: Box<RawValue>,
}

/// What a transaction came to.
#[derive(Debug, Clone)]
pub struct Committed {
    /// The answer.
    pub answer: std::result::Result<Ack, Refusal>,
    /// The events appended, in order; none for a refusal, for no change and for a repeated command.
    pub events: Arc<[Event]>,
    /// Whether the answer was remembered from before.
    pub repeated: bool,
}

/// The state of a room at one position.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The head of the feed that the rest agrees with exactly.
    pub position: Position,
    /// An order room: one; kitchen and floor: every open order by age; menu: the menu.
    pub documents: Vec<Box<RawValue>>,
    /// The floor's open calls by id.
    pub calls: Option<BTreeMap<String, Box<RawValue>>>,
    /// The floor's kitchen screens by device id.
    pub displays: Option<BTreeMap<String, Box<RawValue>>>,
}

/// Which orders to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderFilter {
    /// Those that are not final.
    Open,
    /// Those that are final.
    Closed,
    /// All.
    All,
    /// Those in one status.
    Status(OrderStatus),
}

/// The log and what is folded from it.
///
/// Ordering: positions of one restaurant are 1, 2, 3 … in commit order, without a hole, whoever writes from whichever
/// node. Atomicity: events, document, order number and remembered answer are committed together or not at all.
/// Loss: what [`Log::commit`] has returned `Ok` for is on disk. After `Err(Unavailable)` the work may or may not have been
/// committed; doing it again under the same [`CommandKey`] gives the one answer.
#[async_trait]
pub trait Log: Send + Sync + 'static {
    /// A random string made when the database was created; positions of another epoch mean nothing here.
    fn epoch(&self) -> &str;

    /// Runs one transaction: locks the feed's head, looks for a remembered answer (repeats it, or refuses with
    /// `conflict` under another fingerprint), reads, decides, writes the document, appends the events at the next
    /// positions, remembers the answer (refusals too, when [`crate::domain::model::refusal::RefusalKind::is_remembered`]),
    /// commits. Runs to its end even when the caller stops waiting. `Missing` when there is no such restaurant.
    async fn commit(&self, work: Work) -> Result<Committed>;

    /// The answer that a command has had, without a transaction: for a command that a limit would refuse. `conflict` under
    /// another fingerprint, as [`Log::commit`] says it.
    async fn answered(&self, restaurant: RestaurantId, command: &CommandKey) -> Result<Option<Committed>>;

    /// The last committed position.
    async fn head(&self, restaurant: RestaurantId) -> Result<Position>;

    /// The heads of several feeds, in one query. A restaurant that does not exist is left out.
    async fn heads(&self, restaurants: &[RestaurantId]) -> Result<Vec<(RestaurantId, Position)>>;

    /// Events with `after < position <= through`, in order, at most `limit`. With a room, only those it carries; without,
    /// all of the feed. The caller has seen `through` as a head, so nothing up to it is still to be committed.
    async fn events(
        &self,
        restaurant: RestaurantId,
        room: Option<RoomId>,
        after: Position,
        through: Position,
        limit: u32,
    ) -> Result<Vec<Event>>;

    /// The position of the last event up to `through` that a room carries; zero when there is none.
    async fn last_in_room(&self, restaurant: RestaurantId, room: RoomId, through: Position) -> Result<Position>;

    /// The state of a room, read at one point of the feed. `None` for an order that the restaurant does not have.
    async fn snapshot(&self, restaurant: RestaurantId, room: RoomId) -> Result<Option<Snapshot>>;

    /// One order.
    async fn order(&self, restaurant: RestaurantId, id: OrderId) -> Result<Option<Order>>;

    /// Orders by id (which is by age), after one, at most `limit`.
    async fn orders(
        &self,
        restaurant: RestaurantId,
        filter: OrderFilter,
        after: Option<OrderId>,
        limit: u32,
    ) -> Result<Vec<Order>>;

    /// A diner's own orders, newest first, those after one (which are older), at most `limit`.
    async fn orders_of_diner(
        &self,
        restaurant: RestaurantId,
        diner: &Key,
        after: Option<OrderId>,
        limit: u32,
    ) -> Result<Vec<Order>>;

    /// The menu.
    async fn menu(&self, restaurant: RestaurantId) -> Result<Option<Menu>>;

    /// The menu as the text of its document.
    async fn menu_text(&self, restaurant: RestaurantId) -> Result<Option<String>>;

    /// Restaurants whose menu has a pause or an 86 that ends at or before `now`.
    async fn lapsed_menus(&self, now: Timestamp) -> Result<Vec<RestaurantId>>;

    /// Forgets answers remembered before a time; says how many.
    async fn forget_answers(&self, before: Timestamp) -> Result<u64>;

    /// Asks the database for a sign of life.
    async fn ping(&self) -> Result<()>;

    /// Commits this node's row of so many bytes, to learn whether the database takes writes.
    async fn probe_write(&self, bytes: usize, at: Timestamp) -> Result<()>;

    /// What commits have run into.
    fn write_faults(&self) -> &WriteFaults;

    /// Resolves when the database is no longer the one that was opened, so that nothing more may be acknowledged; returns
    /// what happened to it.
    async fn lost(&self) -> &'static str;

    /// Closes the database in order, after the last unit of work: a SQLite file is whole by itself then, without its
    /// write-ahead log. What comes later is `Unavailable`.
    async fn close(&self);
}
