//! The feeds of restaurants: one row each, which a transaction that appends holds.

use super::script::{Outcome, Script};
use super::{Connection, Database, id_list};
use crate::domain::values::ids::RestaurantId;
use crate::domain::values::position::Position;
use crate::store::columns::number;
use crate::store::group::Feed;
use crate::store::{Result, StoreError};
use sqlx::{FromRow, query, query_as, query_scalar};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use uuid::Uuid;

/// The rows of feeds and of their restaurants' defaults.
macro_rules! feeds {
    ($version:literal, $row:literal, $lock:literal) => {
        concat!(
            "SELECT f.restaurant, f.head, f.next_number, r.default_minutes, ",
            $version,
            " AS version FROM (VALUES ",
            $row,
            ") AS k CROSS JOIN feeds f JOIN restaurants r ON r.id = f.restaurant WHERE f.restaurant = k.column1",
            $lock
        )
    };
}

statements! {
    ADD = "INSERT INTO feeds (restaurant, head, next_number) VALUES ($1, 0, 1)";
    /// In SQLite the transaction already holds the one write lock.
    HOLD = by_database! {
        sqlite: feeds!("0", "($1)", ""),
        postgres: feeds!("f.xmin::text::bigint", "($1::uuid)", " FOR UPDATE OF f"),
    };
    READ = by_database! {
        sqlite: feeds!("0", "($1)", ""),
        postgres: feeds!("f.xmin::text::bigint", "($1::uuid)", ""),
    };
    /// Holds a feed and changes its version, for work that may change what groups read and does not advance the head.
    HOLD_ANEW = by_database! {
        sqlite: feeds!("0", "($1)", ""),
        postgres: "UPDATE feeds f SET head = f.head FROM restaurants r WHERE r.id = f.restaurant AND f.restaurant = $1 \
            RETURNING f.restaurant, f.head, f.next_number, r.default_minutes, f.xmin::text::bigint AS version",
    };
    HEAD = "SELECT head FROM feeds WHERE restaurant = $1";
    /// SQLite takes the ids as a JSON array of hexadecimal texts, PostgreSQL as an array.
    HEADS = by_database! {
        sqlite: "SELECT restaurant, head FROM feeds WHERE restaurant IN (SELECT unhex(value) FROM json_each($1))",
        postgres: "SELECT restaurant, head FROM feeds WHERE restaurant = ANY($1)",
    };
    /// Advances the head from `$4` to `$1`. Changes no row if another transaction has advanced it.
    ADVANCE = "UPDATE feeds SET head = $1, next_number = $2 WHERE restaurant = $3 AND head = $4";
    ADVANCE_ALL = on_rows!(
        "UPDATE feeds SET head = v.column1, next_number = v.column2 FROM ",
        ("$1" "bigint", "$2" "bigint", "$3" "uuid", "$4" "bigint"),
        " AS v WHERE feeds.restaurant = v.column3 AND feeds.head = v.column4"
    );
    /// As [`ADVANCE`], for a feed that is not held. Changes no row if it has another version than `$5`.
    ADVANCE_UNCHANGED = by_database! {
        sqlite: "UPDATE feeds SET head = $1, next_number = $2 WHERE restaurant = $3 AND head = $4 AND $5 = 0",
        postgres: "UPDATE feeds SET head = $1, next_number = $2 WHERE restaurant = $3 AND head = $4 AND xmin::text::bigint = $5",
    };
}

/// A feed, and the defaults of its restaurant that a decision needs.
#[derive(FromRow)]
struct FeedRow {
    restaurant: Uuid,
    head: i64,
    next_number: i64,
    default_minutes: i64,
    version: i64,
}

impl TryFrom<FeedRow> for (RestaurantId, Feed) {
    type Error = StoreError;
    fn try_from(row: FeedRow) -> Result<Self> {
        let feed = Feed {
            head: Position::from_column(row.head),
            next_number: number("next_number", row.next_number)?,
            default_minutes: number("default_minutes", row.default_minutes)?,
            version: row.version,
        };
        Ok((RestaurantId::from_uuid(row.restaurant), feed))
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
pub async fn hold(connection: &mut Connection, restaurant: RestaurantId) -> Result<Feed> {
    let feed = query_as::<Database, FeedRow>(HOLD_ANEW).bind(restaurant.uuid()).fetch_optional(connection).await?;
    <(RestaurantId, Feed)>::try_from(feed.ok_or(StoreError::Missing)?).map(|(_, feed)| feed)
}

/// Reads the feeds of a group, and holds them unless others may change them meanwhile. Skips restaurants that do not exist.
pub fn read_all(script: &mut Script, restaurants: &BTreeSet<RestaurantId>, is_held: bool) {
    script.read(if is_held { HOLD } else { READ }, restaurants.iter().map(|id| [id.uuid().into()]).collect());
}

pub fn found(outcome: &Outcome) -> Result<HashMap<RestaurantId, Feed>> {
    outcome.read::<FeedRow>()?.into_iter().map(TryFrom::try_from).collect()
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

/// Advances held feeds, each from a state to another.
pub fn advance(script: &mut Script, feeds: &BTreeMap<RestaurantId, (Feed, Feed)>) {
    let row = |(restaurant, (from, to)): (&RestaurantId, &(Feed, Feed))| {
        [to.head.column().into(), i64::from(to.next_number).into(), restaurant.uuid().into(), from.head.column().into()]
    };
    script.update(ADVANCE, ADVANCE_ALL, feeds.iter().map(row).collect());
}

/// Advances feeds that are not held, each if it is still as it was read.
pub fn advance_unchanged(script: &mut Script, feeds: &BTreeMap<RestaurantId, (Feed, Feed)>) {
    let row = |(restaurant, (from, to)): (&RestaurantId, &(Feed, Feed))| {
        let [head, number] = [to.head.column().into(), i64::from(to.next_number).into()];
        [head, number, restaurant.uuid().into(), from.head.column().into(), from.version.into()]
    };
    feeds.iter().for_each(|feed| script.write(ADVANCE_UNCHANGED, vec![row(feed)]));
}
