//! The feeds of restaurants: one row each, which a transaction that appends holds.

use super::{Connection, Database, id_list};
use crate::domain::values::ids::RestaurantId;
use crate::domain::values::position::Position;
use crate::store::columns::number;
use crate::store::error::broken;
use crate::store::{Result, StoreError};
use sqlx::{FromRow, query, query_as, query_scalar};
use uuid::Uuid;

macro_rules! held {
    ($clause:literal) => {
        concat!(
            "SELECT f.head, f.next_number, r.default_minutes FROM feeds f ",
            "JOIN restaurants r ON r.id = f.restaurant WHERE f.restaurant = $1",
            $clause
        )
    };
}

statements! {
    ADD = "INSERT INTO feeds (restaurant, head, next_number) VALUES ($1, 0, 1)";
    /// In SQLite the transaction already holds the one write lock.
    HOLD = by_database! { sqlite: held!(""), postgres: held!(" FOR UPDATE OF f") };
    HEAD = "SELECT head FROM feeds WHERE restaurant = $1";
    /// SQLite takes the ids as a JSON array of hexadecimal texts, PostgreSQL as an array.
    HEADS = by_database! {
        sqlite: "SELECT restaurant, head FROM feeds WHERE restaurant IN (SELECT unhex(value) FROM json_each($1))",
        postgres: "SELECT restaurant, head FROM feeds WHERE restaurant = ANY($1)",
    };
    /// Advances the head from `$4` to `$2`. Changes no row if another transaction has advanced it.
    ADVANCE = "UPDATE feeds SET head = $2, next_number = $3 WHERE restaurant = $1 AND head = $4";
}

/// A feed, and the defaults of its restaurant that a decision needs.
#[derive(FromRow)]
pub struct FeedRow {
    head: i64,
    next_number: i64,
    default_minutes: i64,
}

impl FeedRow {
    pub fn head(&self) -> Position {
        Position::from_column(self.head)
    }

    pub fn next_number(&self) -> Result<u32> {
        number("next_number", self.next_number)
    }

    pub fn default_minutes(&self) -> Result<u16> {
        number("default_minutes", self.default_minutes)
    }
}

pub async fn add(connection: &mut Connection, restaurant: RestaurantId) -> Result<()> {
    query::<Database>(ADD).bind(restaurant.uuid()).execute(connection).await?;
    Ok(())
}

/// Holds a feed until the transaction ends, against every other that would append to it.
///
/// # Errors
/// `Missing` when there is no such restaurant.
pub async fn hold(connection: &mut Connection, restaurant: RestaurantId) -> Result<FeedRow> {
    let feed = query_as::<Database, FeedRow>(HOLD).bind(restaurant.uuid()).fetch_optional(connection).await?;
    feed.ok_or(StoreError::Missing)
}

pub async fn head(connection: &mut Connection, restaurant: RestaurantId) -> Result<Option<Position>> {
    let query = query_scalar::<Database, i64>(HEAD).bind(restaurant.uuid());
    Ok(query.fetch_optional(connection).await?.map(Position::from_column))
}

/// Returns the heads of several feeds. Skips restaurants that do not exist.
pub async fn heads(connection: &mut Connection, restaurants: Vec<Uuid>) -> Result<Vec<(RestaurantId, Position)>> {
    let query = query_as::<Database, (Uuid, i64)>(HEADS).bind(id_list(restaurants)?);
    let rows = query.fetch_all(connection).await?;
    Ok(rows.into_iter().map(|(id, head)| (RestaurantId::from_uuid(id), Position::from_column(head))).collect())
}

/// Advances the head of a held feed, past events that place `orders` orders.
pub async fn advance(
    connection: &mut Connection,
    restaurant: RestaurantId,
    feed: &FeedRow,
    to: Position,
    orders: i64,
) -> Result<()> {
    let moved = query::<Database>(ADVANCE)
        .bind(restaurant.uuid())
        .bind(to.column())
        .bind(feed.next_number + orders)
        .bind(feed.head)
        .execute(connection)
        .await?;
    if moved.rows_affected() == 1 { Ok(()) } else { Err(broken("the head of a feed moved while it was held")) }
}
