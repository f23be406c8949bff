//! [`Screens`]: leases and receipts, and the row of a screen in a feed's transaction.

use super::{Backend, Connection, Database, tickets};
use crate::domain::model::display::{Display, Known};
use crate::domain::model::undrawn::Tickets;
use crate::domain::values::ids::{NodeId, OrderId, RestaurantId};
use crate::domain::values::position::Position;
use crate::domain::values::text::Key;
use crate::store::rows::{self, DisplayRow};
use crate::store::screens::{FloorReceipt, Lease, RaisedCall, Receipt, ScreenKey, Screens};
use crate::store::{Result, sql};
use async_trait::async_trait;
use sqlx::{query, query_as, query_scalar};
use uuid::Uuid;

#[async_trait]
impl Screens for Backend {
    async fn hold(&self, lease: &Lease) -> Result<()> {
        self.execute(on_lease(sql::displays::HOLD, lease)).await.map(|_| ())
    }

    async fn release(&self, lease: &Lease) -> Result<()> {
        self.execute(on_lease(sql::displays::RELEASE, lease)).await.map(|_| ())
    }

    async fn renew(&self, node: NodeId, places: Vec<ScreenKey>) -> Result<Vec<ScreenKey>> {
        self.write(move |c| Box::pin(renew(c, node, places))).await
    }

    async fn leases(&self, after: Option<Lease>, limit: u32) -> Result<Vec<(Lease, i64)>> {
        let query = query_as::<Database, (Uuid, String, Uuid, i64)>(sql::displays::LEASES);
        let query = match after {
            Some(Lease { place, node }) => query.bind(place.restaurant.uuid()).bind(place.display.to_string()).bind(node.uuid()),
            None => query.bind(Uuid::nil()).bind(String::new()).bind(Uuid::nil()),
        };
        let query = query.bind(i64::from(limit));
        let rows = self.read(move |c| Box::pin(async move { Ok(query.fetch_all(c).await?) })).await?;
        let lease = |(restaurant, display, node, beat): (Uuid, String, Uuid, i64)| {
            Ok((Lease { place: place(restaurant, &display)?, node: NodeId::from_uuid(node) }, beat))
        };
        rows.into_iter().map(lease).collect()
    }

    async fn lapse(&self, lease: &Lease, beat: i64) -> Result<()> {
        self.execute(on_lease(sql::displays::LAPSE, lease).bind(beat)).await.map(|_| ())
    }

    async fn unheld(&self) -> Result<Vec<ScreenKey>> {
        let query = query_as::<Database, (Uuid, String)>(sql::displays::UNHELD);
        let rows = self.read(move |c| Box::pin(async move { Ok(query.fetch_all(c).await?) })).await?;
        rows.into_iter().map(|(restaurant, display)| place(restaurant, &display)).collect()
    }

    async fn record_seen(&self, receipts: Vec<Receipt>) -> Result<u64> {
        self.write(move |c| Box::pin(record_seen(c, receipts))).await
    }

    async fn record_floor(&self, receipts: Vec<FloorReceipt>) -> Result<()> {
        self.write(move |c| Box::pin(record_floor(c, receipts))).await
    }

    async fn floor_position(&self, restaurant: RestaurantId) -> Result<Position> {
        let query = query_scalar::<Database, i64>(sql::displays::FLOOR).bind(restaurant.uuid());
        let row = self.read(move |c| Box::pin(async move { Ok(query.fetch_optional(c).await?) })).await?;
        Ok(row.map_or(Position::ZERO, Position::from_column))
    }

    async fn placed_at(&self, restaurant: RestaurantId, order: OrderId) -> Result<Option<Position>> {
        let query = query_scalar::<Database, i64>(sql::log::PLACED_AT).bind(restaurant.uuid()).bind(order.uuid());
        let row = self.read(move |c| Box::pin(async move { Ok(query.fetch_optional(c).await?) })).await?;
        Ok(row.map(Position::from_column))
    }

    async fn open_calls(&self, restaurant: RestaurantId) -> Result<Vec<RaisedCall>> {
        let query = query_as::<Database, (String, Option<i64>)>(sql::log::OPEN_CALLS).bind(restaurant.uuid());
        let found = self.read(move |c| Box::pin(async move { Ok(query.fetch_all(c).await?) })).await?;
        let call = |(json, position): (String, Option<i64>)| Ok((rows::document(&json)?, position.map(Position::from_column)));
        found.into_iter().map(call).collect()
    }

    async fn tickets(&self, after: Option<RestaurantId>, limit: u32) -> Result<Vec<(RestaurantId, Tickets)>> {
        self.read_at_one_point(move |c| Box::pin(tickets::of_kitchens(c, after, limit))).await
    }
}

type Statement = sqlx::query::Query<'static, Database, super::Arguments>;

fn on_lease(text: &'static str, Lease { place, node }: &Lease) -> Statement {
    query(text).bind(place.restaurant.uuid()).bind(place.display.to_string()).bind(node.uuid())
}

fn place(restaurant: Uuid, display: &str) -> Result<ScreenKey> {
    Ok(ScreenKey { restaurant: RestaurantId::from_uuid(restaurant), display: rows::text("display", display)? })
}

/// In one order on every node, so that two that hold the same screens do not wait for each other in a circle.
async fn renew(connection: &mut Connection, node: NodeId, mut places: Vec<ScreenKey>) -> Result<Vec<ScreenKey>> {
    places.sort();
    let mut gone = Vec::new();
    for place in places {
        let lease = Lease { place, node };
        if on_lease(sql::displays::RENEW, &lease).execute(&mut *connection).await?.rows_affected() == 0 {
            gone.push(lease.place);
        }
    }
    Ok(gone)
}

async fn record_seen(connection: &mut Connection, mut receipts: Vec<Receipt>) -> Result<u64> {
    let mut known = 0;
    receipts.sort_by(|one, other| one.place.cmp(&other.place));
    for Receipt { place, position, at, shows } in receipts {
        let see = query::<Database>(sql::displays::SEE).bind(place.restaurant.uuid()).bind(place.display.to_string());
        let see = see.bind(position.column()).bind(at.micros()).bind(shows.map(|station| station.to_string()));
        known += see.execute(&mut *connection).await?.rows_affected();
    }
    Ok(known)
}

/// In one order on every node, as in [`renew`].
async fn record_floor(connection: &mut Connection, mut receipts: Vec<FloorReceipt>) -> Result<()> {
    receipts.sort_by_key(|receipt| receipt.restaurant);
    for FloorReceipt { restaurant, position, at } in receipts {
        let see = query::<Database>(sql::displays::SEE_FLOOR).bind(restaurant.uuid()).bind(position.column());
        see.bind(at.micros()).execute(&mut *connection).await?;
    }
    Ok(())
}

/// A screen's row, and whether any node holds it.
pub async fn known(connection: &mut Connection, restaurant: RestaurantId, id: &Key) -> Result<Known> {
    let row = query_as::<Database, DisplayRow>(sql::displays::DISPLAY).bind(restaurant.uuid()).bind(id.to_string());
    let display = row.fetch_optional(&mut *connection).await?.map(Display::try_from).transpose()?;
    let held = query_scalar::<Database, i64>(sql::displays::HELD).bind(restaurant.uuid()).bind(id.to_string());
    Ok(Known { display, is_held: held.fetch_optional(connection).await?.is_some() })
}

pub async fn set(connection: &mut Connection, restaurant: RestaurantId, display: &Display) -> Result<u64> {
    let set = query::<Database>(sql::displays::SET_DISPLAY)
        .bind(restaurant.uuid())
        .bind(display.id.to_string())
        .bind(display.name.to_string())
        .bind(display.station.as_ref().map(ToString::to_string))
        .bind(display.connected)
        .bind(display.position.column())
        .bind(display.last_seen_at.micros());
    Ok(set.execute(connection).await?.rows_affected())
}

pub async fn remove(connection: &mut Connection, restaurant: RestaurantId, id: &Key) -> Result<u64> {
    let on_screen = |text| query::<Database>(text).bind(restaurant.uuid()).bind(id.to_string());
    on_screen(sql::displays::RELEASE_ALL).execute(&mut *connection).await?;
    Ok(on_screen(sql::displays::REMOVE_DISPLAY).execute(connection).await?.rows_affected())
}
