//! Visits: the orders of a table since its guests sat down.

use super::Result;
use crate::domain::model::order::Order;
use crate::domain::model::visit::{OpenVisit, VisitChange};
use crate::domain::values::ids::{RestaurantId, VisitId};
use crate::domain::values::text::{Key, TableLabel};
use crate::domain::values::time::Timestamp;
use async_trait::async_trait;

/// The result of closing a visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VisitClosed {
    /// The store closed it and ended these sessions of its guests.
    Done(Vec<Key>),
    /// An order or a call of the table is open, so the visit stays open.
    Busy,
}

/// An open visit with its orders by age, and its changes, newest first.
#[derive(Debug, Clone)]
pub struct VisitRecord {
    /// The visit.
    pub visit: OpenVisit,
    /// Its orders.
    pub orders: Vec<Order>,
    /// Its changes of the last hour.
    pub changes: Vec<VisitChange>,
}

/// Visits. A visit opens in the transaction that places the first order at a table, and moves in the transaction of the
/// command ([`super::Log::commit`]).
#[async_trait]
pub trait Visits: Send + Sync + 'static {
    /// Returns the open visits by table, without those that have no order; at most `limit` orders of all visits together.
    async fn open_visits(&self, restaurant: RestaurantId, limit: u32) -> Result<Vec<VisitRecord>>;

    /// Returns the open visit of a table.
    async fn visit_of_table(&self, restaurant: RestaurantId, table: &TableLabel) -> Result<Option<OpenVisit>>;

    /// Returns an open visit by id.
    async fn open_visit(&self, restaurant: RestaurantId, id: VisitId) -> Result<Option<OpenVisit>>;

    /// Closes a visit, and with `end_sessions` ends the sessions of the table's guests, in one transaction. `Missing` when there
    /// is no such open visit.
    async fn close_visit(&self, restaurant: RestaurantId, id: VisitId, end_sessions: bool, at: Timestamp) -> Result<VisitClosed>;

    /// Closes visits that have no open order and have had no change since a time; returns the number of visits.
    async fn close_idle_visits(&self, before: Timestamp, at: Timestamp) -> Result<u64>;
}
