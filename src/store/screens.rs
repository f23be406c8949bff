//! Kitchen screens that are connected: which node holds each, and what each has drawn.

use super::Result;
use crate::domain::model::call::Call;
use crate::domain::model::undrawn::Tickets;
use crate::domain::values::ids::{NodeId, OrderId, RestaurantId};
use crate::domain::values::position::Position;
use crate::domain::values::text::{Key, Station};
use crate::domain::values::time::Timestamp;
use async_trait::async_trait;

/// A screen of a restaurant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScreenKey {
    /// Whose it is.
    pub restaurant: RestaurantId,
    /// The screen's id, as in [`crate::domain::model::display::Display`].
    pub display: Key,
}

/// What a screen has drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Which.
    pub place: ScreenKey,
    /// Everything up to here is on its glass.
    pub position: Position,
    /// When it said so.
    pub at: Timestamp,
    /// The one station it shows, of a screen that may show all.
    pub shows: Option<Station>,
}

/// What pages of a restaurant's floor have drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FloorReceipt {
    /// Whose floor.
    pub restaurant: RestaurantId,
    /// Everything up to here is on a page.
    pub position: Position,
    /// When a page reported it.
    pub at: Timestamp,
}

/// An open call, and the position of the event that raised it; none for a call that an older node wrote.
pub type RaisedCall = (Call, Option<Position>);

/// That a node holds a connection of a screen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lease {
    /// Which.
    pub place: ScreenKey,
    /// The node.
    pub node: NodeId,
}

/// Leases and receipts: plain rows, beside the feed. Whether a screen is connected is a matter of the feed
/// ([`crate::domain::model::display`]), whose transaction looks at the leases.
#[async_trait]
pub trait Screens: Send + Sync + 'static {
    /// Takes a lease, or goes on with the one there is. `Missing` when there is no such restaurant.
    async fn hold(&self, lease: &Lease) -> Result<()>;

    /// Gives a lease back.
    async fn release(&self, lease: &Lease) -> Result<()>;

    /// Counts the beats of a node's leases up; gives the screens whose lease is not there any more.
    async fn renew(&self, node: NodeId, places: Vec<ScreenKey>) -> Result<Vec<ScreenKey>>;

    /// Leases with their beats, by place and node, after one, at most `limit`.
    async fn leases(&self, after: Option<Lease>, limit: u32) -> Result<Vec<(Lease, i64)>>;

    /// Takes a lease away whose beat stands still: not when it has gone on from `beat`.
    async fn lapse(&self, lease: &Lease, beat: i64) -> Result<()>;

    /// Connected screens that no node holds.
    async fn unheld(&self) -> Result<Vec<ScreenKey>>;

    /// Records what screens have drawn; a position that is older than the recorded one, or not in the feed yet, changes
    /// only the time and the station shown. A screen that is not known is left out. Gives how many are
    /// known.
    async fn record_seen(&self, receipts: Vec<Receipt>) -> Result<u64>;

    /// Records what floors have drawn. A position that is older than the recorded one, or not in the feed yet, changes nothing.
    async fn record_floor(&self, receipts: Vec<FloorReceipt>) -> Result<()>;

    /// Returns the position up to which a page of the floor has drawn everything.
    async fn floor_position(&self, restaurant: RestaurantId) -> Result<Position>;

    /// Returns the position of an order's first event.
    async fn placed_at(&self, restaurant: RestaurantId, order: OrderId) -> Result<Option<Position>>;

    /// Returns the open calls of a restaurant, oldest first.
    async fn open_calls(&self, restaurant: RestaurantId) -> Result<Vec<RaisedCall>>;

    /// What waits in kitchens, by restaurant, after one, of at most `limit`: at least of those where there may be something
    /// to tell the floor. Each restaurant's is read at one point, and may be another by the time it is decided about.
    async fn tickets(&self, after: Option<RestaurantId>, limit: u32) -> Result<Vec<(RestaurantId, Tickets)>>;
}
