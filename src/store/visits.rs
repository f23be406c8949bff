//! Visits: which orders a table has had since its guests sat down.

use super::Result;
use crate::domain::model::order::Order;
use crate::domain::model::visit::OpenVisit;
use crate::domain::values::ids::{RestaurantId, VisitId};
use crate::domain::values::text::{Key, TableLabel};
use crate::domain::values::time::Timestamp;
use async_trait::async_trait;

/// What came of closing a visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VisitClosed {
    /// It is closed, and these sessions of its guests ended with it.
    Done(Vec<Key>),
    /// An order or a call of the table is open, so it goes on.
    Busy,
}

/// Visits. A visit opens in the transaction that places the first order at a table ([`super::Log::commit`]).
#[async_trait]
pub trait Visits: Send + Sync + 'static {
    /// The visits that go on, each with its orders by age; of all visits together at most `limit` orders.
    async fn open_visits(&self, restaurant: RestaurantId, limit: u32) -> Result<Vec<(OpenVisit, Vec<Order>)>>;

    /// The visit that goes on at a table.
    async fn visit_of_table(&self, restaurant: RestaurantId, table: &TableLabel) -> Result<Option<OpenVisit>>;

    /// The table of a visit that goes on.
    async fn open_visit(&self, restaurant: RestaurantId, id: VisitId) -> Result<Option<OpenVisit>>;

    /// Closes a visit, and with `end_sessions` ends the sessions of the table's guests, in one transaction. `Missing` when no
    /// such visit goes on.
    async fn close_visit(&self, restaurant: RestaurantId, id: VisitId, end_sessions: bool, at: Timestamp) -> Result<VisitClosed>;

    /// Closes visits of which no order is open and that have heard of none since a time; returns how many.
    async fn close_idle_visits(&self, before: Timestamp, at: Timestamp) -> Result<u64>;
}
