//! Tickets that no screen shows: the state that a decision about them reads, and the rows of those raised on the floor.

use super::{Connection, Database};
use crate::domain::model::undrawn::{Changes, SeenUpTo, Ticket, Tickets, Waiting};
use crate::domain::values::ids::{OrderId, RestaurantId};
use crate::domain::values::position::Position;
use crate::store::columns::{document, number, text};
use crate::store::screens::TicketCheck;
use crate::store::{Result, StoreError};
use sqlx::{FromRow, query, query_as, query_scalar};
use std::collections::BTreeSet;
use uuid::Uuid;

statements! {
    DUE = "SELECT restaurant, version FROM ticket_checks WHERE is_due AND restaurant > $1 ORDER BY restaurant LIMIT $2";
    /// Changes no row if the kitchen has changed since the check.
    DONE = "UPDATE ticket_checks SET is_due = FALSE WHERE restaurant = $1 AND version = $2";
    KITCHENS_WITH_RAISED = "SELECT DISTINCT restaurant FROM undrawn WHERE restaurant > $1 ORDER BY restaurant LIMIT $2";
    DRAWN = "SELECT COALESCE(station, shows), position FROM displays WHERE restaurant = $1";
    /// The oldest waiting orders that were accepted after position `$2`.
    WAITING = "SELECT id, number, accepted_position, waits_at FROM orders \
        WHERE restaurant = $1 AND waits_at IS NOT NULL AND accepted_position > $2 ORDER BY id LIMIT $3";
    RAISED = "SELECT station, order_id, number FROM undrawn WHERE restaurant = $1 ORDER BY station, order_id";
    RAISE = "INSERT INTO undrawn (restaurant, station, order_id, number) VALUES ($1, $2, $3, $4)";
    SETTLE = "DELETE FROM undrawn WHERE restaurant = $1 AND station = $2 AND order_id = $3";
}

/// An order that waits in the kitchen.
#[derive(FromRow)]
struct WaitingRow {
    id: Uuid,
    number: i64,
    accepted_position: i64,
    waits_at: String,
}

impl TryFrom<WaitingRow> for Waiting {
    type Error = StoreError;
    fn try_from(row: WaitingRow) -> Result<Self> {
        Ok(Self {
            order: OrderId::from_uuid(row.id),
            number: number("number", row.number)?,
            accepted: Position::from_column(row.accepted_position),
            stations: document(&row.waits_at)?,
        })
    }
}

/// A ticket that is raised on the floor.
#[derive(FromRow)]
struct TicketRow {
    station: String,
    order_id: Uuid,
    number: i64,
}

impl TryFrom<TicketRow> for Ticket {
    type Error = StoreError;
    fn try_from(row: TicketRow) -> Result<Self> {
        let (station, number) = (text("station", &row.station)?, number("number", row.number)?);
        Ok(Self { station, order: OrderId::from_uuid(row.order_id), number })
    }
}

/// The most orders of a kitchen to read, oldest first: more than a kitchen can have in work.
const MOST_WAITING: i64 = 1000;

/// Returns the due checks of restaurants after one.
pub async fn due(connection: &mut Connection, after: Option<RestaurantId>, limit: u32) -> Result<Vec<TicketCheck>> {
    let after = after.map_or(Uuid::nil(), RestaurantId::uuid);
    let due = query_as::<Database, (Uuid, i64)>(DUE).bind(after).bind(i64::from(limit)).fetch_all(connection).await?;
    Ok(due.into_iter().map(|(id, version)| TicketCheck { restaurant: RestaurantId::from_uuid(id), version }).collect())
}

/// Marks checks as done, in sorted order, so that two nodes cannot deadlock.
pub async fn done(connection: &mut Connection, mut checks: Vec<TicketCheck>) -> Result<()> {
    checks.sort_by_key(|check| check.restaurant);
    for TicketCheck { restaurant, version } in checks {
        query::<Database>(DONE).bind(restaurant.uuid()).bind(version).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Returns the restaurants after one with a raised ticket.
pub async fn with_raised(connection: &mut Connection, after: Option<RestaurantId>, limit: u32) -> Result<Vec<RestaurantId>> {
    let after = after.map_or(Uuid::nil(), RestaurantId::uuid);
    let kitchens = query_scalar::<Database, Uuid>(KITCHENS_WITH_RAISED).bind(after).bind(i64::from(limit));
    Ok(kitchens.fetch_all(connection).await?.into_iter().map(RestaurantId::from_uuid).collect())
}

pub async fn read(connection: &mut Connection, restaurant: RestaurantId) -> Result<Tickets> {
    let drawn = drawn(connection, restaurant).await?;
    let waiting = query_as::<Database, WaitingRow>(WAITING).bind(restaurant.uuid());
    let waiting = waiting.bind(drawn.everywhere().column()).bind(MOST_WAITING).fetch_all(&mut *connection).await?;
    let waiting = waiting.into_iter().map(Waiting::try_from).collect::<Result<Vec<_>>>()?;
    Ok(Tickets { waiting, drawn, raised: raised(connection, restaurant).await? })
}

async fn drawn(connection: &mut Connection, restaurant: RestaurantId) -> Result<SeenUpTo> {
    let rows = query_as::<Database, (Option<String>, i64)>(DRAWN).bind(restaurant.uuid());
    let mut drawn = SeenUpTo::default();
    for (station, position) in rows.fetch_all(connection).await? {
        let station = station.map(|station| text("station", &station)).transpose()?;
        drawn.add(station, Position::from_column(position));
    }
    Ok(drawn)
}

pub async fn raised(connection: &mut Connection, restaurant: RestaurantId) -> Result<BTreeSet<Ticket>> {
    let rows = query_as::<Database, TicketRow>(RAISED).bind(restaurant.uuid());
    rows.fetch_all(connection).await?.into_iter().map(Ticket::try_from).collect()
}

/// Writes which tickets are raised and settled. Returns 1 if all rows changed, as the one row of other decisions does.
pub async fn write(connection: &mut Connection, restaurant: RestaurantId, changes: &Changes) -> Result<u64> {
    let on_ticket = |statement, Ticket { station, order, .. }: &Ticket| {
        query::<Database>(statement).bind(restaurant.uuid()).bind(station.to_string()).bind(OrderId::uuid(*order))
    };
    let mut changed = 0;
    for ticket in &changes.settled {
        changed += on_ticket(SETTLE, ticket).execute(&mut *connection).await?.rows_affected();
    }
    for ticket in &changes.raised {
        let raise = on_ticket(RAISE, ticket).bind(i64::from(ticket.number));
        changed += raise.execute(&mut *connection).await?.rows_affected();
    }
    Ok(u64::from(changed == (changes.settled.len() + changes.raised.len()) as u64))
}
