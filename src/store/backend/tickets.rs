//! Tickets that no screen shows: what a decision about them reads, and the rows of those that the floor is told of.

use super::{Connection, Database};
use crate::domain::model::undrawn::{Changes, SeenUpTo, Ticket, Tickets, Waiting};
use crate::domain::values::ids::{OrderId, RestaurantId};
use crate::domain::values::position::Position;
use crate::store::rows::{self, TicketRow, WaitingRow};
use crate::store::{Result, sql};
use sqlx::{query, query_as, query_scalar};
use std::collections::BTreeSet;
use uuid::Uuid;

/// The most orders of a kitchen that are looked at, the oldest; more than a kitchen can have before it.
const WAITING: i64 = 1000;

pub async fn of_kitchens(
    connection: &mut Connection,
    after: Option<RestaurantId>,
    limit: u32,
) -> Result<Vec<(RestaurantId, Tickets)>> {
    let after = after.map_or(Uuid::nil(), RestaurantId::uuid);
    let kitchens = query_scalar::<Database, Uuid>(sql::displays::KITCHENS).bind(after).bind(i64::from(limit));
    let mut found = Vec::new();
    for kitchen in kitchens.fetch_all(&mut *connection).await? {
        let restaurant = RestaurantId::from_uuid(kitchen);
        found.push((restaurant, read(connection, restaurant).await?));
    }
    Ok(found)
}

pub async fn read(connection: &mut Connection, restaurant: RestaurantId) -> Result<Tickets> {
    let drawn = drawn(connection, restaurant).await?;
    let waiting = query_as::<Database, WaitingRow>(sql::displays::WAITING).bind(restaurant.uuid());
    let waiting = waiting.bind(drawn.everywhere().column()).bind(WAITING).fetch_all(&mut *connection).await?;
    let waiting = waiting.into_iter().map(Waiting::try_from).collect::<Result<Vec<_>>>()?;
    Ok(Tickets { waiting, drawn, raised: raised(connection, restaurant).await? })
}

async fn drawn(connection: &mut Connection, restaurant: RestaurantId) -> Result<SeenUpTo> {
    let rows = query_as::<Database, (Option<String>, i64)>(sql::displays::DRAWN).bind(restaurant.uuid());
    let mut drawn = SeenUpTo::default();
    for (station, position) in rows.fetch_all(connection).await? {
        let station = station.map(|station| rows::text("station", &station)).transpose()?;
        drawn.add(station, Position::from_column(position));
    }
    Ok(drawn)
}

pub async fn raised(connection: &mut Connection, restaurant: RestaurantId) -> Result<BTreeSet<Ticket>> {
    let rows = query_as::<Database, TicketRow>(sql::displays::RAISED).bind(restaurant.uuid());
    rows.fetch_all(connection).await?.into_iter().map(Ticket::try_from).collect()
}

/// Writes what the floor is told; gives 1 when every row of it was there to change, as for a decision's one row.
pub async fn write(connection: &mut Connection, restaurant: RestaurantId, news: &Changes) -> Result<u64> {
    let on_ticket = |text, Ticket { station, order, .. }: &Ticket| {
        query::<Database>(text).bind(restaurant.uuid()).bind(station.to_string()).bind(OrderId::uuid(*order))
    };
    let mut changed = 0;
    for ticket in &news.settled {
        changed += on_ticket(sql::displays::SETTLE, ticket).execute(&mut *connection).await?.rows_affected();
    }
    for ticket in &news.raised {
        let raise = on_ticket(sql::displays::RAISE, ticket).bind(i64::from(ticket.number));
        changed += raise.execute(&mut *connection).await?.rows_affected();
    }
    Ok(u64::from(changed == (news.settled.len() + news.raised.len()) as u64))
}
