//! [`Guests`]: guests' sessions and the limits they reach.

use super::script::{Outcome, Script};
use super::{Backend, Connection, Database, found, sessions};
use crate::domain::rules::order_limits::{Guest, OpenOrders};
use crate::domain::values::ids::RestaurantId;
use crate::domain::values::text::{Key, TableLabel};
use crate::domain::values::time::Timestamp;
use crate::store::columns::text;
use crate::store::guests::{GuestSession, Guests, LimitRefusal, RefusalKey};
use crate::store::sessions::SessionRow;
use crate::store::{Result, StoreError};
use async_trait::async_trait;
use sqlx::{FromRow, query, query_as, query_scalar};
use std::collections::{BTreeSet, HashMap, HashSet};
use uuid::Uuid;

/// Sessions that have not ended: `$1` restaurant, `$2` now, `$3` limit, `$4` the id to begin after or NULL, then the parameters
/// of the filter.
macro_rules! sessions {
    ($filter:literal) => {
        concat!(
            "SELECT s.id, s.table_label, s.created_at, s.refreshed_at, (SELECT count(*) FROM orders o ",
            "WHERE o.restaurant = s.restaurant AND o.table_label = coalesce(s.table_label, '') AND o.diner = s.sub ",
            "AND o.is_open) AS open_orders FROM sessions s ",
            "WHERE s.restaurant = $1 AND s.role = 'diner' AND s.expires_at > $2 AND (CAST($4 AS TEXT) IS NULL OR s.id < $4) ",
            $filter,
            " ORDER BY s.id DESC LIMIT $3"
        )
    };
}

/// The table of a guest whose open orders are counted.
macro_rules! seat {
    () => {
        "coalesce((SELECT s.table_label FROM sessions s WHERE s.id = k.column4 AND s.restaurant = k.column1), k.column2)"
    };
}

statements! {
    /// The label of a key's table, held against its removal and against another key. In SQLite the transaction already holds
    /// the one write lock.
    HOLD_TABLE = by_database! {
        sqlite: "SELECT label FROM tables WHERE restaurant = $1 AND key = $2",
        postgres: "SELECT label FROM tables WHERE restaurant = $1 AND key = $2 FOR SHARE",
    };
    /// Each of the counts reads one index. The table is that of the session `$4`, or without it `$2`.
    OPEN_ORDERS = on_rows!(concat!("SELECT k.column1, k.column2, k.column3, k.column4, \
        (SELECT count(*) FROM orders WHERE restaurant = k.column1 AND table_label = ", seat!(), " AND diner = k.column3 AND is_open), \
        (SELECT count(*) FROM orders WHERE restaurant = k.column1 AND table_label = ", seat!(), " AND diner IS NOT NULL AND is_open), \
        (SELECT count(*) FROM orders WHERE restaurant = k.column1 AND diner IS NOT NULL AND is_open), \
        (SELECT count(*) FROM orders WHERE restaurant = k.column1 AND starts_at IS NOT NULL AND table_label = ", seat!(), " AND diner = k.column3 AND is_open), \
        (SELECT count(*) FROM orders WHERE restaurant = k.column1 AND starts_at IS NOT NULL AND table_label = ", seat!(), " AND diner IS NOT NULL AND is_open) \
        FROM "), ("$1" "uuid", "$2" "text", "$3" "text", "$4" "text"), " AS k");
    /// The tables of sessions.
    SEATS = on_rows!(
        "SELECT s.restaurant, s.id, s.table_label FROM ", ("$1" "uuid", "$2" "text"),
        " AS k CROSS JOIN sessions s WHERE s.id = k.column2 AND s.restaurant = k.column1"
    );
    SEAT = "SELECT table_label FROM sessions WHERE id = $2 AND restaurant = $1";

    GUEST_SESSIONS = sessions!("");
    GUEST_SESSIONS_OF_TABLE = sessions!("AND s.table_label = $5");
    GUEST_SESSION = "SELECT id FROM sessions WHERE restaurant = $1 AND id = $2 AND role = 'diner'";
    SESSIONS_OF_TABLE = "SELECT id FROM sessions WHERE restaurant = $1 AND table_label = $2 AND role = 'diner' ORDER BY id";
    /// The unspent token and the one that was spent last, which a phone still has if it did not receive the answer.
    LAST_REFRESHES = "SELECT hash FROM session_refreshes WHERE session = $1 AND (spent_at IS NULL \
        OR spent_at = (SELECT max(spent_at) FROM session_refreshes WHERE session = $1))";
    KEEP_ENDED_REFRESH = "INSERT INTO ended_refreshes (hash, session) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING";

    ADD_REFUSALS = "INSERT INTO limit_refusals (restaurant, limit_name, table_label, refusals, first_at, last_at) \
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (restaurant, limit_name, table_label) DO UPDATE SET \
        refusals = limit_refusals.refusals + excluded.refusals, last_at = excluded.last_at";
    REFUSALS = "SELECT restaurant, limit_name, table_label, refusals, first_at, last_at FROM limit_refusals \
        WHERE restaurant = $1 ORDER BY last_at DESC LIMIT $2";
    FORGET_REFUSALS = "DELETE FROM limit_refusals WHERE (restaurant, limit_name, table_label) IN (\
        SELECT restaurant, limit_name, table_label FROM limit_refusals WHERE last_at < $1 ORDER BY last_at LIMIT $2)";
}

#[derive(FromRow)]
struct GuestSessionRow {
    id: String,
    table_label: Option<String>,
    created_at: i64,
    refreshed_at: i64,
    open_orders: i64,
}

impl TryFrom<GuestSessionRow> for GuestSession {
    type Error = StoreError;
    fn try_from(row: GuestSessionRow) -> Result<Self> {
        Ok(Self {
            id: text("id", &row.id)?,
            table: row.table_label.as_deref().map(|label| text("table_label", label)).transpose()?,
            started_at: Timestamp::from_micros(row.created_at),
            seen_at: Timestamp::from_micros(row.refreshed_at),
            open_orders: u32::try_from(row.open_orders).unwrap_or(u32::MAX),
        })
    }
}

#[derive(FromRow)]
struct RefusalRow {
    restaurant: Uuid,
    limit_name: String,
    table_label: String,
    refusals: i64,
    first_at: i64,
    last_at: i64,
}

impl TryFrom<RefusalRow> for Option<(RefusalKey, LimitRefusal)> {
    type Error = StoreError;
    fn try_from(row: RefusalRow) -> Result<Self> {
        // Only a newer node knows this limit: skip it.
        let Ok(limit) = row.limit_name.parse() else { return Ok(None) };
        let table = Some(row.table_label).filter(|label| !label.is_empty());
        let table: Option<TableLabel> = table.map(|label| text("table_label", &label)).transpose()?;
        let key = RefusalKey { restaurant: RestaurantId::from_uuid(row.restaurant), limit, table };
        let refusal = LimitRefusal {
            count: u64::try_from(row.refusals).unwrap_or(0),
            first_at: Timestamp::from_micros(row.first_at),
            last_at: Timestamp::from_micros(row.last_at),
        };
        Ok(Some((key, refusal)))
    }
}

#[async_trait]
impl Guests for Backend {
    async fn begin_guest_session(&self, session: &SessionRow, refresh_hash: [u8; 32], key: &Key, at: Timestamp) -> Result<()> {
        let (session, key) = (session.clone(), key.clone());
        self.write(move |c| Box::pin(async move { begin(c, &session, refresh_hash, &key, at).await })).await
    }

    async fn guest_sessions(
        &self,
        restaurant: RestaurantId,
        table: Option<&TableLabel>,
        after: Option<&Key>,
        at: Timestamp,
        limit: u32,
    ) -> Result<Vec<GuestSession>> {
        let of = |statement| {
            let query = query_as::<Database, GuestSessionRow>(statement).bind(restaurant.uuid()).bind(at.micros());
            query.bind(i64::from(limit)).bind(after.map(|id| id.as_str().to_owned()))
        };
        let query = match table {
            None => of(GUEST_SESSIONS),
            Some(table) => of(GUEST_SESSIONS_OF_TABLE).bind(table.as_str().to_owned()),
        };
        self.all(query).await
    }

    async fn end_guest_session(&self, restaurant: RestaurantId, session: &Key) -> Result<()> {
        let session = session.clone();
        self.write(move |c| Box::pin(async move { end_one(c, restaurant, &session).await })).await
    }

    async fn seat(&self, restaurant: RestaurantId, session: &Key) -> Result<Option<TableLabel>> {
        let query = query_scalar::<Database, Option<String>>(SEAT).bind(restaurant.uuid()).bind(session.as_str().to_owned());
        let label = self.read(move |c| Box::pin(async move { Ok(query.fetch_optional(c).await?) })).await?;
        label.flatten().map(|label| text("table_label", &label)).transpose()
    }

    async fn add_limit_refusals(&self, refusals: Vec<(RefusalKey, LimitRefusal)>) -> Result<()> {
        self.write(move |c| Box::pin(add_refusals(c, refusals))).await
    }

    async fn limit_refusals(&self, restaurant: RestaurantId, limit: u32) -> Result<Vec<(RefusalKey, LimitRefusal)>> {
        let query = query_as::<Database, RefusalRow>(REFUSALS).bind(restaurant.uuid()).bind(i64::from(limit));
        let rows: Vec<Option<_>> = self.all(query).await?;
        Ok(rows.into_iter().flatten().collect())
    }

    async fn forget_limit_refusals(&self, before: Timestamp) -> Result<u64> {
        self.forget(FORGET_REFUSALS, before).await
    }
}

async fn begin(connection: &mut Connection, session: &SessionRow, hash: [u8; 32], key: &Key, at: Timestamp) -> Result<()> {
    let who = &session.principal;
    let table = query_scalar::<Database, String>(HOLD_TABLE).bind(who.restaurant.uuid()).bind(key.as_str());
    let table = table.fetch_optional(&mut *connection).await?;
    if table.as_deref() != who.table.as_ref().map(|label| label.as_str()) || table.is_none() {
        return Err(StoreError::Missing);
    }
    sessions::add_session(connection, session, hash, None, at).await
}

async fn end_one(connection: &mut Connection, restaurant: RestaurantId, session: &Key) -> Result<()> {
    let query = query_scalar::<Database, String>(GUEST_SESSION).bind(restaurant.uuid());
    let found = query.bind(session.as_str()).fetch_optional(&mut *connection).await?;
    end(connection, vec![found.ok_or(StoreError::Missing)?]).await.map(|_| ())
}

/// Ends guests' sessions on the restaurant's behalf. Their phones learn of it when they renew.
async fn end(connection: &mut Connection, ids: Vec<String>) -> Result<Vec<Key>> {
    for id in &ids {
        sessions::hold(connection, id).await?;
        let last = query_scalar::<Database, Vec<u8>>(LAST_REFRESHES).bind(id.as_str());
        let last = last.fetch_all(&mut *connection).await?;
        sessions::end(connection, id).await?;
        for hash in last {
            let keep = query::<Database>(KEEP_ENDED_REFRESH).bind(hash).bind(id.as_str());
            keep.execute(&mut *connection).await?;
        }
    }
    ids.iter().map(|id| text("session", id)).collect()
}

/// Ends the sessions of a table's guests.
pub async fn end_table(connection: &mut Connection, restaurant: RestaurantId, label: &str) -> Result<Vec<Key>> {
    let query = query_scalar::<Database, String>(SESSIONS_OF_TABLE).bind(restaurant.uuid());
    let ids = query.bind(label).fetch_all(&mut *connection).await?;
    end(connection, ids).await
}

/// Counts the open orders of guests, of their tables and of all guests.
pub fn read_open_orders(script: &mut Script, guests: &HashSet<(RestaurantId, Guest)>) {
    let row = |(restaurant, guest): &(RestaurantId, Guest)| {
        let table = guest.table.as_ref().map_or("", |label| label.as_str());
        [restaurant.uuid().into(), table.into(), guest.diner.as_str().into(), guest.session.as_str().into()]
    };
    script.read(OPEN_ORDERS, guests.iter().map(row).collect());
}

type OpenOrdersRow = (Uuid, String, String, String, i64, i64, i64, i64, i64);

pub fn open_orders(outcome: &Outcome) -> Result<HashMap<(RestaurantId, Guest), OpenOrders>> {
    let count = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
    let rows = outcome.read::<OpenOrdersRow>()?.into_iter();
    let counts = |row: OpenOrdersRow| {
        let (restaurant, table, diner, session, by_diner, by_table, by_restaurant, later_by_diner, later_by_table) = row;
        let table = (!table.is_empty()).then(|| text("table_label", &table)).transpose()?;
        // Guests without a table are not one table.
        let of_table = |number| if table.is_some() { count(number) } else { 0 };
        let open = OpenOrders {
            by_diner: count(by_diner),
            by_table: of_table(by_table),
            by_restaurant: count(by_restaurant),
            later_by_diner: count(later_by_diner),
            later_by_table: of_table(later_by_table),
        };
        let guest = Guest { diner: text("diner", &diner)?, table, session: text("session", &session)? };
        Ok(((RestaurantId::from_uuid(restaurant), guest), open))
    };
    rows.map(counts).collect()
}

/// Reads the tables that sessions are at.
pub fn read_seats(script: &mut Script, sessions: &BTreeSet<(RestaurantId, Key)>) {
    script.read(SEATS, sessions.iter().map(|(restaurant, id)| [restaurant.uuid().into(), id.as_str().into()]).collect());
}

pub fn seats(outcome: &Outcome) -> Result<HashMap<(RestaurantId, Key), TableLabel>> {
    let rows = outcome.read::<(Uuid, String, Option<String>)>()?.into_iter();
    let seated = rows.filter_map(|(restaurant, session, table)| Some((RestaurantId::from_uuid(restaurant), session, table?)));
    seated.map(|(restaurant, session, table)| Ok(((restaurant, text("id", &session)?), text("table_label", &table)?))).collect()
}

async fn add_refusals(connection: &mut Connection, mut refusals: Vec<(RefusalKey, LimitRefusal)>) -> Result<()> {
    // Sorted, so that two nodes cannot deadlock.
    refusals.sort_by_cached_key(|(key, _)| (key.restaurant.uuid(), key.limit.as_str(), label(key).to_owned()));
    for (key, refusal) in refusals {
        let added = query::<Database>(ADD_REFUSALS)
            .bind(key.restaurant.uuid())
            .bind(key.limit.as_str())
            .bind(label(&key))
            .bind(i64::try_from(refusal.count).unwrap_or(i64::MAX))
            .bind(refusal.first_at.micros())
            .bind(refusal.last_at.micros())
            .execute(&mut *connection)
            .await?;
        found(added.rows_affected())?;
    }
    Ok(())
}

fn label(key: &RefusalKey) -> &str {
    key.table.as_ref().map_or("", |label| label.as_str())
}
