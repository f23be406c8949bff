//! [`Visits`], and what placing an order writes of its visit.

use super::{Backend, Connection, Database, documents, feeds, guests};
use crate::domain::model::order::Order;
use crate::domain::model::visit::OpenVisit;
use crate::domain::values::ids::{OrderId, RestaurantId, VisitId};
use crate::domain::values::text::{Key, TableLabel};
use crate::domain::values::time::Timestamp;
use crate::store::log::{CommandKey, ExternalOrder};
use crate::store::rows::{self, VisitRow};
use crate::store::visits::{VisitClosed, Visits};
use crate::store::{Result, StoreError, audit, sql};
use async_trait::async_trait;
use sqlx::{query, query_as, query_scalar};
use uuid::Uuid;

#[async_trait]
impl Visits for Backend {
    async fn open_visits(&self, restaurant: RestaurantId, limit: u32) -> Result<Vec<(OpenVisit, Vec<Order>)>> {
        let query = query_as::<Database, (Uuid, String, i64, String)>(sql::visits::OPEN_WITH_ORDERS);
        let query = query.bind(restaurant.uuid()).bind(i64::from(limit));
        let rows = self.read(move |c| Box::pin(async move { Ok(query.fetch_all(c).await?) })).await?;
        let mut visits: Vec<(OpenVisit, Vec<Order>)> = Vec::new();
        for (id, table_label, opened_at, document) in rows {
            let order = rows::document(&document)?;
            match visits.last_mut().filter(|(visit, _)| visit.id.uuid() == id) {
                Some((_, orders)) => orders.push(order),
                None => visits.push((VisitRow { id, table_label, opened_at }.try_into()?, vec![order])),
            }
        }
        Ok(visits)
    }

    async fn visit_of_table(&self, restaurant: RestaurantId, table: &TableLabel) -> Result<Option<OpenVisit>> {
        let query = query_as::<Database, VisitRow>(sql::visits::OF_TABLE).bind(restaurant.uuid());
        self.one(query.bind(table.as_str().to_owned())).await
    }

    async fn open_visit(&self, restaurant: RestaurantId, id: VisitId) -> Result<Option<OpenVisit>> {
        self.one(query_as::<Database, VisitRow>(sql::visits::VISIT).bind(restaurant.uuid()).bind(id.uuid())).await
    }

    async fn close_visit(&self, restaurant: RestaurantId, id: VisitId, end_sessions: bool, at: Timestamp) -> Result<VisitClosed> {
        self.write(move |c| Box::pin(close(c, restaurant, id, end_sessions, at))).await
    }

    async fn close_idle_visits(&self, before: Timestamp, at: Timestamp) -> Result<u64> {
        self.execute(query::<Database>(sql::visits::CLOSE_IDLE).bind(before.micros()).bind(at.micros())).await
    }
}

async fn close(
    connection: &mut Connection,
    restaurant: RestaurantId,
    id: VisitId,
    end_sessions: bool,
    at: Timestamp,
) -> Result<VisitClosed> {
    // An order that comes at this moment waits here: it is the last of this visit, or the first of the next.
    feeds::hold(connection, restaurant).await?;
    let find = query_as::<Database, VisitRow>(sql::visits::VISIT).bind(restaurant.uuid()).bind(id.uuid());
    let visit = OpenVisit::try_from(find.fetch_optional(&mut *connection).await?.ok_or(StoreError::Missing)?)?;
    let count = query_scalar::<Database, i64>(sql::visits::OPEN_ORDERS).bind(restaurant.uuid()).bind(id.uuid());
    let calls = documents::calls(&mut *connection, restaurant).await?;
    if count.fetch_one(&mut *connection).await? > 0 || calls.values().any(|call| call.table == visit.table) {
        audit::came_to("busy");
        return Ok(VisitClosed::Busy);
    }
    let close = query::<Database>(sql::visits::CLOSE).bind(restaurant.uuid()).bind(id.uuid()).bind(at.micros());
    close.execute(&mut *connection).await?;
    if !end_sessions {
        return Ok(VisitClosed::Done(Vec::new()));
    }
    Ok(VisitClosed::Done(guests::end_table(connection, restaurant, visit.table.as_str()).await?))
}

/// The visit that a new order at a table belongs to: the one that goes on, else a new one.
pub async fn of_new_order(connection: &mut Connection, order: &Order) -> Result<Option<Uuid>> {
    let Some(table) = &order.table else { return Ok(None) };
    let open = query_scalar::<Database, Uuid>(sql::visits::OPEN)
        .bind(order.restaurant.uuid())
        .bind(crate::clock::new_id())
        .bind(table.as_str())
        .bind(order.placed_at.micros());
    Ok(Some(open.fetch_one(connection).await?))
}

/// An order of a visit has come to its end.
pub async fn hear(connection: &mut Connection, restaurant: RestaurantId, order: OrderId, at: Timestamp) -> Result<()> {
    let hear = query::<Database>(sql::visits::HEAR).bind(restaurant.uuid()).bind(order.uuid()).bind(at.micros());
    hear.execute(connection).await?;
    Ok(())
}

/// The order that a source has placed under a number of its own.
pub async fn external(
    connection: &mut Connection,
    restaurant: RestaurantId,
    source: &Key,
    external_id: &Key,
) -> Result<Option<ExternalOrder>> {
    let find = query_as::<Database, (String, Vec<u8>)>(sql::visits::EXTERNAL).bind(restaurant.uuid());
    let row = find.bind(source.as_str()).bind(external_id.as_str()).fetch_optional(connection).await?;
    row.map(|(document, fingerprint)| Ok(ExternalOrder { order: rows::document(&document)?, fingerprint })).transpose()
}

/// Keeps the number under which a source has placed an order.
pub async fn add_external(connection: &mut Connection, order: &Order, key: &CommandKey) -> Result<()> {
    let Some(external_id) = &order.external_id else { return Ok(()) };
    query::<Database>(sql::visits::ADD_EXTERNAL)
        .bind(order.restaurant.uuid())
        .bind(key.sub.as_str())
        .bind(external_id.as_str())
        .bind(order.id.uuid())
        .bind(key.fingerprint.as_slice())
        .execute(connection)
        .await?;
    Ok(())
}
