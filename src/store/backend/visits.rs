//! [`Visits`], and the rows of a visit that placing an order writes.

use super::{Backend, Connection, Database, documents, feeds, guests};
use crate::domain::model::order::Order;
use crate::domain::model::visit::OpenVisit;
use crate::domain::values::ids::{OrderId, RestaurantId, VisitId};
use crate::domain::values::text::{Key, TableLabel};
use crate::domain::values::time::Timestamp;
use crate::store::columns::{document, text};
use crate::store::log::{CommandKey, ExternalOrder};
use crate::store::visits::{VisitClosed, Visits};
use crate::store::{Result, StoreError, audit, batches};
use async_trait::async_trait;
use sqlx::{FromRow, query, query_as, query_scalar};
use uuid::Uuid;

statements! {
    /// Opens the visit of a table, or continues the open one.
    OPEN = "INSERT INTO visits (restaurant, id, table_label, opened_at, last_at) VALUES ($1, $2, $3, $4, $4) \
        ON CONFLICT (restaurant, table_label) WHERE closed_at IS NULL DO UPDATE SET last_at = excluded.last_at RETURNING id";
    RECORD_CLOSE = "UPDATE visits SET last_at = $3 \
        WHERE restaurant = $1 AND id = (SELECT visit FROM orders WHERE restaurant = $1 AND id = $2)";
    /// The cross join makes SQLite begin with the visits, of which few are open.
    OPEN_WITH_ORDERS = "SELECT v.id, v.table_label, v.opened_at, o.document FROM visits v CROSS JOIN orders o \
        WHERE v.restaurant = $1 AND v.closed_at IS NULL AND o.restaurant = v.restaurant AND o.visit = v.id ORDER BY v.table_label, o.id LIMIT $2";
    OF_TABLE = "SELECT id, table_label, opened_at FROM visits \
        WHERE restaurant = $1 AND table_label = $2 AND closed_at IS NULL";
    VISIT = "SELECT id, table_label, opened_at FROM visits WHERE restaurant = $1 AND id = $2 AND closed_at IS NULL";
    OPEN_ORDERS = "SELECT count(*) FROM orders WHERE restaurant = $1 AND visit = $2 AND is_open";
    CLOSE = "UPDATE visits SET closed_at = $3 WHERE restaurant = $1 AND id = $2 AND closed_at IS NULL";
    CLOSE_IDLE = "UPDATE visits SET closed_at = $2 WHERE (restaurant, id) IN (SELECT v.restaurant, v.id FROM visits v \
        WHERE v.closed_at IS NULL AND v.last_at < $1 AND NOT EXISTS (SELECT 1 FROM orders o \
        WHERE o.restaurant = v.restaurant AND o.visit = v.id AND o.is_open) ORDER BY v.last_at LIMIT $3)";

    EXTERNAL = "SELECT o.document, e.fingerprint FROM external_orders e \
        JOIN orders o ON o.restaurant = e.restaurant AND o.id = e.order_id \
        WHERE e.restaurant = $1 AND e.source = $2 AND e.external_id = $3";
    ADD_EXTERNAL = "INSERT INTO external_orders (restaurant, source, external_id, order_id, fingerprint) \
        VALUES ($1, $2, $3, $4, $5)";
}

/// An open visit.
#[derive(FromRow)]
struct VisitRow {
    id: Uuid,
    table_label: String,
    opened_at: i64,
}

impl TryFrom<VisitRow> for OpenVisit {
    type Error = StoreError;
    fn try_from(row: VisitRow) -> Result<Self> {
        let table = text("table_label", &row.table_label)?;
        Ok(Self { id: VisitId::from_uuid(row.id), table, opened_at: Timestamp::from_micros(row.opened_at) })
    }
}

#[async_trait]
impl Visits for Backend {
    async fn open_visits(&self, restaurant: RestaurantId, limit: u32) -> Result<Vec<(OpenVisit, Vec<Order>)>> {
        let query = query_as::<Database, (Uuid, String, i64, String)>(OPEN_WITH_ORDERS);
        let query = query.bind(restaurant.uuid()).bind(i64::from(limit));
        let rows = self.read(move |c| Box::pin(async move { Ok(query.fetch_all(c).await?) })).await?;
        let mut visits: Vec<(OpenVisit, Vec<Order>)> = Vec::new();
        for (id, table_label, opened_at, json) in rows {
            let order = document(&json)?;
            match visits.last_mut().filter(|(visit, _)| visit.id.uuid() == id) {
                Some((_, orders)) => orders.push(order),
                None => visits.push((VisitRow { id, table_label, opened_at }.try_into()?, vec![order])),
            }
        }
        Ok(visits)
    }

    async fn visit_of_table(&self, restaurant: RestaurantId, table: &TableLabel) -> Result<Option<OpenVisit>> {
        let query = query_as::<Database, VisitRow>(OF_TABLE).bind(restaurant.uuid());
        self.one(query.bind(table.as_str().to_owned())).await
    }

    async fn open_visit(&self, restaurant: RestaurantId, id: VisitId) -> Result<Option<OpenVisit>> {
        self.one(query_as::<Database, VisitRow>(VISIT).bind(restaurant.uuid()).bind(id.uuid())).await
    }

    async fn close_visit(&self, restaurant: RestaurantId, id: VisitId, end_sessions: bool, at: Timestamp) -> Result<VisitClosed> {
        self.write(move |c| Box::pin(close(c, restaurant, id, end_sessions, at))).await
    }

    async fn close_idle_visits(&self, before: Timestamp, at: Timestamp) -> Result<u64> {
        batches::run(|| {
            let close = query::<Database>(CLOSE_IDLE).bind(before.micros()).bind(at.micros());
            self.execute(close.bind(i64::from(batches::ROWS)))
        })
        .await
    }
}

async fn close(
    connection: &mut Connection,
    restaurant: RestaurantId,
    id: VisitId,
    end_sessions: bool,
    at: Timestamp,
) -> Result<VisitClosed> {
    // Orders placed at the same time wait for this lock: each is the last of this visit or the first of the next.
    feeds::hold(connection, restaurant).await?;
    let find = query_as::<Database, VisitRow>(VISIT).bind(restaurant.uuid()).bind(id.uuid());
    let visit = OpenVisit::try_from(find.fetch_optional(&mut *connection).await?.ok_or(StoreError::Missing)?)?;
    let count = query_scalar::<Database, i64>(OPEN_ORDERS).bind(restaurant.uuid()).bind(id.uuid());
    let calls = documents::calls(&mut *connection, restaurant).await?;
    if count.fetch_one(&mut *connection).await? > 0 || calls.values().any(|call| call.table == visit.table) {
        audit::set_outcome("busy");
        return Ok(VisitClosed::Busy);
    }
    let close = query::<Database>(CLOSE).bind(restaurant.uuid()).bind(id.uuid()).bind(at.micros());
    close.execute(&mut *connection).await?;
    if !end_sessions {
        return Ok(VisitClosed::Done(Vec::new()));
    }
    Ok(VisitClosed::Done(guests::end_table(connection, restaurant, visit.table.as_str()).await?))
}

/// Returns the visit of a new order at a table: the open one, or a new one.
pub async fn of_new_order(connection: &mut Connection, order: &Order) -> Result<Option<Uuid>> {
    let Some(table) = &order.table else { return Ok(None) };
    let open = query_scalar::<Database, Uuid>(OPEN)
        .bind(order.restaurant.uuid())
        .bind(crate::clock::new_id())
        .bind(table.as_str())
        .bind(order.placed_at.micros());
    Ok(Some(open.fetch_one(connection).await?))
}

/// Records that an order of a visit was closed.
pub async fn record_close(connection: &mut Connection, restaurant: RestaurantId, order: OrderId, at: Timestamp) -> Result<()> {
    let record = query::<Database>(RECORD_CLOSE).bind(restaurant.uuid()).bind(order.uuid()).bind(at.micros());
    record.execute(connection).await?;
    Ok(())
}

/// Returns the order that a source has placed under a number of its own.
pub async fn external(
    connection: &mut Connection,
    restaurant: RestaurantId,
    source: &Key,
    external_id: &Key,
) -> Result<Option<ExternalOrder>> {
    let find = query_as::<Database, (String, Vec<u8>)>(EXTERNAL).bind(restaurant.uuid());
    let row = find.bind(source.as_str()).bind(external_id.as_str()).fetch_optional(connection).await?;
    row.map(|(json, fingerprint)| Ok(ExternalOrder { order: document(&json)?, fingerprint })).transpose()
}

/// Records the number under which a source has placed an order.
pub async fn add_external(connection: &mut Connection, order: &Order, key: &CommandKey) -> Result<()> {
    let Some(external_id) = &order.external_id else { return Ok(()) };
    query::<Database>(ADD_EXTERNAL)
        .bind(order.restaurant.uuid())
        .bind(key.sub.as_str())
        .bind(external_id.as_str())
        .bind(order.id.uuid())
        .bind(key.fingerprint.as_slice())
        .execute(connection)
        .await?;
    Ok(())
}
