//! Connected kitchen screens: the node that holds each, and the position up to which each has drawn.

use super::Result;
use crate::domain::model::call::Call;
use crate::domain::model::undrawn::Tickets;
use crate::domain::values::ids::{NodeId, OrderId, RestaurantId};
use crate::domain::values::position::Position;
use crate::domain::values::text::{Key, Station};
use crate::domain::values::time::Timestamp;
use async_trait::async_trait;

/// A kitchen screen of a restaurant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScreenKey {
    /// The restaurant of the screen.
    pub restaurant: RestaurantId,
    /// The screen's id, as in [`crate::domain::model::display::Display`].
    pub display: Key,
}

/// A report of a screen that it has drawn everything up to a position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The screen.
    pub place: ScreenKey,
    /// The screen has drawn everything up to here.
    pub position: Position,
    /// When it reported so.
    pub at: Timestamp,
    /// The station that it shows now, if it may show all.
    pub shows: Option<Station>,
}

/// A report of a page of the floor that it has drawn everything up to a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FloorReceipt {
    /// The restaurant of the floor.
    pub restaurant: RestaurantId,
    /// A page has drawn everything up to here.
    pub position: Position,
    /// When a page reported it.
    pub at: Timestamp,
}

/// A due check of a restaurant's tickets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TicketCheck {
    /// The restaurant.
    pub restaurant: RestaurantId,
    /// Increases with each change that the check depends on. It is read before the tickets, so that a later change is noticed.
    pub version: i64,
}

/// An open call and the position of the event that raised it; `None` for a call that an older node wrote.
pub type RaisedCall = (Call, Option<Position>);

/// The lease of a node on a screen that is connected to it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lease {
    /// The screen.
    pub place: ScreenKey,
    /// The node.
    pub node: NodeId,
}

/// Leases and receipts: plain rows, beside the feed. The feed says whether a screen is connected
/// ([`crate::domain::model::display`]); its transaction reads the leases.
#[async_trait]
pub trait Screens: Send + Sync + 'static {
    /// Takes a lease or renews the one that exists. `Missing` when there is no such restaurant.
    async fn hold(&self, lease: &Lease) -> Result<()>;

    /// Returns a lease.
    async fn release(&self, lease: &Lease) -> Result<()>;

    /// Increases the beats of a node's leases; returns the screens whose lease no longer exists.
    async fn renew(&self, node: NodeId, places: Vec<ScreenKey>) -> Result<Vec<ScreenKey>>;

    /// Returns at most `limit` leases after one with their beats, by screen and node.
    async fn leases(&self, after: Option<Lease>, limit: u32) -> Result<Vec<(Lease, i64)>>;

    /// Removes a lease whose beat is still `beat`.
    async fn lapse(&self, lease: &Lease, beat: i64) -> Result<()>;

    /// Returns the connected screens that no node holds.
    async fn unheld(&self) -> Result<Vec<ScreenKey>>;

    /// Records the receipts of screens. A position that is older than the recorded one, or not yet in the feed, changes only
    /// the time and the station shown. Skips unknown screens; returns the number of known ones.
    async fn record_seen(&self, receipts: Vec<Receipt>) -> Result<u64>;

    /// Records the receipts of floors. A position that is older than the recorded one, or not yet in the feed, changes nothing.
    async fn record_floor(&self, receipts: Vec<FloorReceipt>) -> Result<()>;

    /// Returns the position up to which a page of the floor has drawn everything.
    async fn floor_position(&self, restaurant: RestaurantId) -> Result<Position>;

    /// Returns the position of an order's first event.
    async fn placed_at(&self, restaurant: RestaurantId, order: OrderId) -> Result<Option<Position>>;

    /// Returns the open calls of a restaurant, oldest first.
    async fn open_calls(&self, restaurant: RestaurantId) -> Result<Vec<RaisedCall>>;

    /// Returns the due checks of at most `limit` restaurants after one: of each whose floor may need a notice.
    async fn due_checks(&self, after: Option<RestaurantId>, limit: u32) -> Result<Vec<TicketCheck>>;

    /// Returns at most `limit` restaurants after one whose floor lists tickets that no screen has shown.
    async fn kitchens_with_raised(&self, after: Option<RestaurantId>, limit: u32) -> Result<Vec<RestaurantId>>;

    /// Returns the waiting tickets of a restaurant, read at one point. They may have changed by the time of the decision.
    async fn tickets(&self, restaurant: RestaurantId) -> Result<Tickets>;

    /// Marks checks as done, except those of kitchens that have changed since.
    async fn checked(&self, checks: Vec<TicketCheck>) -> Result<()>;
}
