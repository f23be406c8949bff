//! [`Screens`]: leases and receipts, and the row of a screen in a feed's transaction.

use super::{Backend, Connection, Database, tickets};
use crate::domain::model::display::{Display, Known};
use crate::domain::model::undrawn::Tickets;
use crate::domain::values::ids::{NodeId, OrderId, RestaurantId};
use crate::domain::values::position::Position;
use crate::domain::values::text::Key;
use crate::domain::values::time::Timestamp;
use crate::store::columns::{document, station, text};
use crate::store::screens::{FloorReceipt, Lease, RaisedCall, Receipt, ScreenKey, Screens, TicketCheck};
use crate::store::{Result, StoreError};
use async_trait::async_trait;
use sqlx::{FromRow, query, query_as, query_scalar};
use uuid::Uuid;

statements! {
    DISPLAYS = "SELECT display, name, station, connected, position, seen_at FROM displays \
        WHERE restaurant = $1 ORDER BY display";
    DISPLAY = "SELECT display, name, station, connected, position, seen_at FROM displays \
        WHERE restaurant = $1 AND display = $2";
    /// Leaves the position alone: only receipts move it.
    SET_DISPLAY = "INSERT INTO displays (restaurant, display, name, station, connected, position, seen_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7) \
        ON CONFLICT (restaurant, display) DO UPDATE SET name = excluded.name, station = excluded.station, \
        connected = excluded.connected, seen_at = excluded.seen_at";
    REMOVE_DISPLAY = "DELETE FROM displays WHERE restaurant = $1 AND display = $2";
    /// Ignores a position after the head, which no screen can have drawn.
    SEE = "UPDATE displays SET seen_at = $4, shows = $5, position = CASE \
        WHEN $3 > position AND $3 <= (SELECT head FROM feeds WHERE restaurant = $1) THEN $3 ELSE position END \
        WHERE restaurant = $1 AND display = $2";

    FLOOR = "SELECT position FROM floor_receipts WHERE restaurant = $1";
    /// Ignores a position after the head, which no screen can have drawn.
    SEE_FLOOR = "INSERT INTO floor_receipts (restaurant, position, seen_at) \
        SELECT restaurant, CAST($2 AS BIGINT), CAST($3 AS BIGINT) FROM feeds WHERE restaurant = $1 AND head >= $2 \
        ON CONFLICT (restaurant) DO UPDATE SET position = excluded.position, seen_at = excluded.seen_at \
        WHERE excluded.position > floor_receipts.position";

    HOLD = "INSERT INTO display_leases (restaurant, display, node, beat) VALUES ($1, $2, $3, 1) \
        ON CONFLICT (restaurant, display, node) DO UPDATE SET beat = display_leases.beat + 1";
    RENEW = "UPDATE display_leases SET beat = beat + 1 WHERE restaurant = $1 AND display = $2 AND node = $3";
    RELEASE = "DELETE FROM display_leases WHERE restaurant = $1 AND display = $2 AND node = $3";
    RELEASE_ALL = "DELETE FROM display_leases WHERE restaurant = $1 AND display = $2";
    LAPSE = "DELETE FROM display_leases WHERE restaurant = $1 AND display = $2 AND node = $3 AND beat = $4";
    HELD = "SELECT beat FROM display_leases WHERE restaurant = $1 AND display = $2 LIMIT 1";
    LEASES = "SELECT restaurant, display, node, beat FROM display_leases \
        WHERE (restaurant, display, node) > ($1, $2, $3) ORDER BY restaurant, display, node LIMIT $4";
    UNHELD = "SELECT d.restaurant, d.display FROM displays d WHERE d.connected = TRUE AND NOT EXISTS \
        (SELECT 1 FROM display_leases l WHERE l.restaurant = d.restaurant AND l.display = d.display)";

    PLACED_AT = events_by!("events_of_order": "position", "WHERE restaurant = $1 AND order_id = $2 ORDER BY position LIMIT 1");
    OPEN_CALLS = "SELECT document, position FROM calls WHERE restaurant = $1 ORDER BY id";
}

/// A kitchen screen.
#[derive(FromRow)]
struct DisplayRow {
    display: String,
    name: String,
    station: Option<String>,
    connected: bool,
    position: i64,
    seen_at: i64,
}

impl TryFrom<DisplayRow> for Display {
    type Error = StoreError;
    fn try_from(row: DisplayRow) -> Result<Self> {
        Ok(Self {
            id: text("display", &row.display)?,
            name: text("name", &row.name)?,
            station: station(row.station.as_deref())?,
            connected: row.connected,
            last_seen_at: Timestamp::from_micros(row.seen_at),
            position: Position::from_column(row.position),
        })
    }
}

#[async_trait]
impl Screens for Backend {
    async fn hold(&self, lease: &Lease) -> Result<()> {
        self.execute(on_lease(HOLD, lease)).await.map(|_| ())
    }

    async fn release(&self, lease: &Lease) -> Result<()> {
        self.execute(on_lease(RELEASE, lease)).await.map(|_| ())
    }

    async fn renew(&self, node: NodeId, places: Vec<ScreenKey>) -> Result<Vec<ScreenKey>> {
        self.write(move |c| Box::pin(renew(c, node, places))).await
    }

    async fn leases(&self, after: Option<Lease>, limit: u32) -> Result<Vec<(Lease, i64)>> {
        let query = query_as::<Database, (Uuid, String, Uuid, i64)>(LEASES);
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
        self.execute(on_lease(LAPSE, lease).bind(beat)).await.map(|_| ())
    }

    async fn unheld(&self) -> Result<Vec<ScreenKey>> {
        let query = query_as::<Database, (Uuid, String)>(UNHELD);
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
        let query = query_scalar::<Database, i64>(FLOOR).bind(restaurant.uuid());
        let row = self.read(move |c| Box::pin(async move { Ok(query.fetch_optional(c).await?) })).await?;
        Ok(row.map_or(Position::ZERO, Position::from_column))
    }

    async fn placed_at(&self, restaurant: RestaurantId, order: OrderId) -> Result<Option<Position>> {
        let query = query_scalar::<Database, i64>(PLACED_AT).bind(restaurant.uuid()).bind(order.uuid());
        let row = self.read(move |c| Box::pin(async move { Ok(query.fetch_optional(c).await?) })).await?;
        Ok(row.map(Position::from_column))
    }

    async fn open_calls(&self, restaurant: RestaurantId) -> Result<Vec<RaisedCall>> {
        let query = query_as::<Database, (String, Option<i64>)>(OPEN_CALLS).bind(restaurant.uuid());
        let found = self.read(move |c| Box::pin(async move { Ok(query.fetch_all(c).await?) })).await?;
        let call = |(json, position): (String, Option<i64>)| Ok((document(&json)?, position.map(Position::from_column)));
        found.into_iter().map(call).collect()
    }

    async fn due_checks(&self, after: Option<RestaurantId>, limit: u32) -> Result<Vec<TicketCheck>> {
        self.read(move |c| Box::pin(tickets::due(c, after, limit))).await
    }

    async fn kitchens_with_raised(&self, after: Option<RestaurantId>, limit: u32) -> Result<Vec<RestaurantId>> {
        self.read(move |c| Box::pin(tickets::with_raised(c, after, limit))).await
    }

    async fn tickets(&self, restaurant: RestaurantId) -> Result<Tickets> {
        self.read_at_one_point(move |c| Box::pin(tickets::read(c, restaurant))).await
    }

    async fn checked(&self, checks: Vec<TicketCheck>) -> Result<()> {
        self.write(move |c| Box::pin(tickets::done(c, checks))).await
    }
}

type Statement = sqlx::query::Query<'static, Database, super::Arguments>;

fn on_lease(statement: &'static str, Lease { place, node }: &Lease) -> Statement {
    query(statement).bind(place.restaurant.uuid()).bind(place.display.to_string()).bind(node.uuid())
}

fn place(restaurant: Uuid, display: &str) -> Result<ScreenKey> {
    Ok(ScreenKey { restaurant: RestaurantId::from_uuid(restaurant), display: text("display", display)? })
}

/// Renews in sorted order, so that two nodes that hold the same screens cannot deadlock.
async fn renew(connection: &mut Connection, node: NodeId, mut places: Vec<ScreenKey>) -> Result<Vec<ScreenKey>> {
    places.sort();
    let mut gone = Vec::new();
    for place in places {
        let lease = Lease { place, node };
        if on_lease(RENEW, &lease).execute(&mut *connection).await?.rows_affected() == 0 {
            gone.push(lease.place);
        }
    }
    Ok(gone)
}

async fn record_seen(connection: &mut Connection, mut receipts: Vec<Receipt>) -> Result<u64> {
    let mut known = 0;
    receipts.sort_by(|one, other| one.place.cmp(&other.place));
    for Receipt { place, position, at, shows } in receipts {
        let see = query::<Database>(SEE).bind(place.restaurant.uuid()).bind(place.display.to_string());
        let see = see.bind(position.column()).bind(at.micros()).bind(shows.map(|station| station.to_string()));
        known += see.execute(&mut *connection).await?.rows_affected();
    }
    Ok(known)
}

/// Records in sorted order, as [`renew`] does.
async fn record_floor(connection: &mut Connection, mut receipts: Vec<FloorReceipt>) -> Result<()> {
    receipts.sort_by_key(|receipt| receipt.restaurant);
    for FloorReceipt { restaurant, position, at } in receipts {
        let see = query::<Database>(SEE_FLOOR).bind(restaurant.uuid()).bind(position.column());
        see.bind(at.micros()).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Returns the screens of a restaurant.
pub async fn all(connection: &mut Connection, restaurant: RestaurantId) -> Result<Vec<Display>> {
    let rows = query_as::<Database, DisplayRow>(DISPLAYS).bind(restaurant.uuid()).fetch_all(connection).await?;
    rows.into_iter().map(Display::try_from).collect()
}

/// Returns a screen's row, and whether a node holds it.
pub async fn known(connection: &mut Connection, restaurant: RestaurantId, id: &Key) -> Result<Known> {
    let row = query_as::<Database, DisplayRow>(DISPLAY).bind(restaurant.uuid()).bind(id.to_string());
    let display = row.fetch_optional(&mut *connection).await?.map(Display::try_from).transpose()?;
    let held = query_scalar::<Database, i64>(HELD).bind(restaurant.uuid()).bind(id.to_string());
    Ok(Known { display, is_held: held.fetch_optional(connection).await?.is_some() })
}

pub async fn set(connection: &mut Connection, restaurant: RestaurantId, display: &Display) -> Result<u64> {
    let set = query::<Database>(SET_DISPLAY)
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
    let on_screen = |statement| query::<Database>(statement).bind(restaurant.uuid()).bind(id.to_string());
    on_screen(RELEASE_ALL).execute(&mut *connection).await?;
    Ok(on_screen(REMOVE_DISPLAY).execute(connection).await?.rows_affected())
}
