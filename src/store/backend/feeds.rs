//! The feeds of restaurants, a row for each. A transaction that appends events holds the row.

use super::script::{Outcome, Script, Value};
use super::{Connection, Database};
use crate::domain::model::history::{Head, Mark};
use crate::domain::model::ticket_counter::TicketCounter;
use crate::domain::values::ids::{EventId, Generation, RestaurantId};
use crate::domain::values::position::Position;
use crate::store::columns::{document, number, write};
use crate::store::group::{Feed, Reading};
use crate::store::{Result, StoreError};
use sqlx::{FromRow, query, query_as, query_scalar};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use uuid::Uuid;

/// The rows of feeds and of their restaurants' defaults.
macro_rules! feeds {
    ($version:literal, $row:literal, $lock:literal) => {
        concat!(
            "SELECT f.restaurant, f.head, f.next_number, f.tickets, f.generation, f.last_position, f.last_event, r.default_minutes, \
             r.rules, ",
            $version,
            " AS version FROM (VALUES ",
            $row,
            ") AS k CROSS JOIN feeds f JOIN restaurants r ON r.id = f.restaurant WHERE f.restaurant = k.column1",
            $lock
        )
    };
}

/// Reads feeds with their last events, and a row for each position of a JSON array, with the event at it.
macro_rules! heads {
    ($keys:literal) => {
        concat!(
            "SELECT f.restaurant, f.head, f.generation, l.id AS last_event, k.position, a.id AS event FROM ",
            $keys,
            " JOIN feeds f ON f.restaurant = k.restaurant ",
            "LEFT JOIN events l ON l.restaurant = f.restaurant AND l.position = f.head ",
            "LEFT JOIN events a ON a.restaurant = f.restaurant AND a.position = k.position"
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
    /// Holds a feed and changes its version. For work that does not advance the head, but may change what groups read.
    HOLD_ANEW = by_database! {
        sqlite: feeds!("0", "($1)", ""),
        postgres: "UPDATE feeds f SET head = f.head FROM restaurants r WHERE r.id = f.restaurant AND f.restaurant = $1 \
            RETURNING f.restaurant, f.head, f.next_number, f.tickets, f.generation, f.last_position, f.last_event, \
            r.default_minutes, r.rules, \
            f.xmin::text::bigint AS version",
    };
    HEAD = "SELECT head FROM feeds WHERE restaurant = $1";
    LAST = "SELECT f.head, l.id FROM feeds f LEFT JOIN events l ON l.restaurant = f.restaurant AND l.position = f.head \
        WHERE f.restaurant = $1";
    /// The restaurants and the positions to ask for, as a JSON array.
    HEADS = by_database! {
        sqlite: heads!(
            "(SELECT unhex(value ->> 'restaurant') AS restaurant, value ->> 'position' AS position FROM json_each($1)) AS k"
        ),
        postgres: heads!("json_to_recordset($1::json) AS k (restaurant uuid, position bigint)"),
    };
    /// Advances the head from `$7` to `$1`. Changes no row if another transaction has advanced it.
    ADVANCE = "UPDATE feeds SET head = $1, next_number = $2, tickets = $3, last_position = $4, last_event = $5 \
        WHERE restaurant = $6 AND head = $7";
    ADVANCE_ALL = on_rows!(
        "UPDATE feeds SET head = v.column1, next_number = v.column2, tickets = v.column3, last_position = v.column4, \
         last_event = v.column5 FROM ",
        ("$1" "bigint", "$2" "bigint", "$3" "text", "$4" "bigint", "$5" "uuid", "$6" "uuid", "$7" "bigint"),
        " AS v WHERE feeds.restaurant = v.column6 AND feeds.head = v.column7"
    );
    /// Advances the head of a feed that is not held. Changes no row if the version is no longer `$8`.
    ADVANCE_UNCHANGED = by_database! {
        sqlite: "UPDATE feeds SET head = $1, next_number = $2, tickets = $3, last_position = $4, last_event = $5 \
            WHERE restaurant = $6 AND head = $7 AND $8 = 0",
        postgres: "UPDATE feeds SET head = $1, next_number = $2, tickets = $3, last_position = $4, last_event = $5 \
            WHERE restaurant = $6 AND head = $7 AND xmin::text::bigint = $8",
    };
    GENERATION = "SELECT generation FROM feeds WHERE restaurant = $1";
    /// Begins a generation after `$3`, unless another was begun meanwhile.
    BEGIN_GENERATION = "UPDATE feeds SET generation = $1 WHERE restaurant = $2 AND generation IS NOT DISTINCT FROM $3";
}

/// A feed, and the defaults of its restaurant that a decision needs.
#[derive(FromRow)]
struct FeedRow {
    restaurant: Uuid,
    head: i64,
    next_number: i64,
    tickets: Option<String>,
    generation: Option<Uuid>,
    last_position: Option<i64>,
    last_event: Option<Uuid>,
    default_minutes: i64,
    /// NULL for none.
    rules: Option<String>,
    version: i64,
}

impl TryFrom<FeedRow> for (RestaurantId, Feed) {
    type Error = StoreError;
    fn try_from(row: FeedRow) -> Result<Self> {
        let head = Position::from_column(row.head);
        // Otherwise a node of an older version has advanced the head.
        let is_known = head == Position::ZERO || row.last_position == Some(row.head);
        let event = row.last_event.filter(|_| row.last_position == Some(row.head)).map(EventId::from_uuid);
        let feed = Feed {
            head,
            generation: row.generation.map(Generation::from_uuid),
            last: is_known.then_some(Mark { position: head, event }),
            next_number: number("next_number", row.next_number)?,
            tickets: row.tickets.map(|json| document(&json)).transpose()?.unwrap_or_default(),
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

/// Holds a feed until the transaction ends, so that no other transaction appends to it.
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

/// Adds the feeds that were read, and the rules of their restaurants.
pub fn found(outcome: &Outcome, reading: &mut Reading) -> Result<()> {
    for mut row in outcome.read::<FeedRow>()? {
        let rules = row.rules.take();
        let (restaurant, feed) = row.try_into()?;
        reading.feeds.insert(restaurant, feed);
        if let Some(rules) = rules {
            reading.rules.insert(restaurant, Arc::new(document(&rules)?));
        }
    }
    Ok(())
}

pub async fn head(connection: &mut Connection, restaurant: RestaurantId) -> Result<Option<Position>> {
    let query = query_scalar::<Database, i64>(HEAD).bind(restaurant.uuid());
    Ok(query.fetch_optional(connection).await?.map(Position::from_column))
}

/// Returns the last event of a feed.
pub async fn last(connection: &mut Connection, restaurant: RestaurantId) -> Result<Option<Mark>> {
    let last = query_as::<Database, (i64, Option<Uuid>)>(LAST).bind(restaurant.uuid()).fetch_optional(connection).await?;
    Ok(last.map(|(position, event)| mark(position, event)))
}

/// A row of [`HEADS`].
#[derive(FromRow)]
struct HeadRow {
    restaurant: Uuid,
    head: i64,
    generation: Option<Uuid>,
    last_event: Option<Uuid>,
    /// A position that was asked for, and the event there.
    position: i64,
    event: Option<Uuid>,
}

fn mark(position: i64, event: Option<Uuid>) -> Mark {
    Mark { position: Position::from_column(position), event: event.map(EventId::from_uuid) }
}

/// Returns the heads of several feeds, each with the events at the positions that were asked for. Skips restaurants that do not
/// exist.
pub async fn heads(connection: &mut Connection, asked: Vec<(RestaurantId, Position)>) -> Result<HashMap<RestaurantId, Head>> {
    let asked = asked.into_iter().map(|(restaurant, position)| {
        serde_json::json!({ "restaurant": restaurant.uuid().simple().to_string(), "position": position })
    });
    let query = query_as::<Database, HeadRow>(HEADS).bind(write(&asked.collect::<Vec<_>>())?);
    let mut heads = HashMap::new();
    for row in query.fetch_all(connection).await? {
        let head = heads.entry(RestaurantId::from_uuid(row.restaurant)).or_insert_with(|| Head {
            generation: row.generation.map(Generation::from_uuid),
            last: mark(row.head, row.last_event),
            asked: Vec::new(),
        });
        head.asked.push(mark(row.position, row.event));
    }
    Ok(heads)
}

/// Replaces a generation of a feed by a new one, unless another node has replaced it meanwhile. Returns the generation that the
/// feed then has.
///
/// # Errors
/// `Missing` when there is no such restaurant.
pub async fn begin_generation(
    connection: &mut Connection,
    restaurant: RestaurantId,
    from: Option<Generation>,
    to: Generation,
) -> Result<Option<Generation>> {
    let begin = query::<Database>(BEGIN_GENERATION).bind(to.uuid()).bind(restaurant.uuid());
    begin.bind(from.map(Generation::uuid)).execute(&mut *connection).await?;
    let now = query_scalar::<Database, Option<Uuid>>(GENERATION).bind(restaurant.uuid()).fetch_optional(connection).await?;
    Ok(now.ok_or(StoreError::Missing)?.map(Generation::from_uuid))
}

/// Advances held feeds, each from the first state to the second.
pub fn advance(script: &mut Script, feeds: &BTreeMap<RestaurantId, (Feed, Feed)>) -> Result<()> {
    script.update(ADVANCE, ADVANCE_ALL, feeds.iter().map(step).collect::<Result<Vec<_>>>()?);
    Ok(())
}

/// Advances feeds that are not held, each only if it has not changed since it was read.
pub fn advance_unchanged(script: &mut Script, feeds: &BTreeMap<RestaurantId, (Feed, Feed)>) -> Result<()> {
    for feed in feeds {
        let version = feed.1.0.version.into();
        let [head, number, tickets, position, event, restaurant, from] = step(feed)?;
        script.write(ADVANCE_UNCHANGED, vec![[head, number, tickets, position, event, restaurant, from, version]]);
    }
    Ok(())
}

/// Returns the values that advance a feed from the first state to the second.
fn step((restaurant, (from, to)): (&RestaurantId, &(Feed, Feed))) -> Result<[Value; 7]> {
    Ok([
        to.head.column().into(),
        i64::from(to.next_number).into(),
        (to.tickets != TicketCounter::default()).then(|| write(&to.tickets)).transpose()?.into(),
        to.last.map(|last| last.position.column()).into(),
        to.last.and_then(|last| last.event).map(EventId::uuid).into(),
        restaurant.uuid().into(),
        from.head.column().into(),
    ])
}
