//! [`Visits`], and the rows of a visit that placing an order and moving the visit write.

use super::script::{Outcome, Script, Value};
use super::{Backend, Connection, Database, documents, feeds, guests};
use crate::domain::model::order::Order;
use crate::domain::model::visit::{MOST_MOVED, OpenVisit, Seating, VisitAction, VisitChange, VisitWrite};
use crate::domain::values::ids::{RestaurantId, VisitChangeId, VisitId};
use crate::domain::values::text::{Key, TableLabel};
use crate::domain::values::time::Timestamp;
use crate::store::columns::{document, text};
use crate::store::group::{External, ExternalKey, OrderWrite, Reading};
use crate::store::visits::{VisitClosed, VisitRecord, Visits};
use crate::store::{Result, StoreError, audit, batches, columns};
use async_trait::async_trait;
use sqlx::{FromRow, query, query_as, query_scalar};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use uuid::Uuid;

/// Gives the orders that a query names to the visit `$2` at the table `$3`, from the visit `$4`.
macro_rules! take_orders {
    ($orders:literal) => {
        concat!(
            "UPDATE orders SET visit = $2, at_table = $3, table_label = CASE WHEN diner IS NULL THEN '' ELSE $3 END ",
            "WHERE restaurant = $1 AND visit = $4 AND id IN (",
            $orders,
            ")"
        )
    };
}

/// Moves back the sessions that a query names, and those of guests with an order of the visit `$4`.
macro_rules! return_guests {
    ($sessions:literal) => {
        concat!(
            "UPDATE sessions SET table_label = $2 WHERE restaurant = $1 AND table_label = $3 AND role = 'diner' AND (id IN (",
            $sessions,
            ") OR sub IN (SELECT diner FROM orders WHERE restaurant = $1 AND visit = $4))"
        )
    };
}

statements! {
    /// Opens the visit of a table, or continues the open one.
    OPEN = "INSERT INTO visits (restaurant, id, table_label, opened_at, last_at) VALUES ($1, $2, $3, $4, $5) \
        ON CONFLICT (restaurant, table_label) WHERE closed_at IS NULL DO UPDATE SET last_at = excluded.last_at";
    /// Records when orders of visits were closed.
    RECORD_CLOSE = on_rows!(
        "UPDATE visits SET last_at = v.column3 FROM ", ("$1" "uuid", "$2" "uuid", "$3" "bigint"),
        " AS v CROSS JOIN orders o WHERE o.restaurant = v.column1 AND o.id = v.column2 \
         AND visits.restaurant = o.restaurant AND visits.id = o.visit"
    );
    /// The cross join makes SQLite begin with the visits, since few of them are open.
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

    ORDERS_OF_VISIT = "SELECT document FROM orders WHERE restaurant = $1 AND visit = $2 ORDER BY id LIMIT $3";
    HAS_TABLE = "SELECT 1 FROM tables WHERE restaurant = $1 AND label = $2";
    MOVE = "UPDATE visits SET table_label = $3 WHERE restaurant = $1 AND id = $2 AND table_label = $4 AND closed_at IS NULL";
    /// The table of an order, and of one that a guest has placed.
    MOVE_ORDERS = "UPDATE orders SET at_table = $3, table_label = CASE WHEN diner IS NULL THEN '' ELSE $3 END \
        WHERE restaurant = $1 AND visit = $2";
    /// Ends the visit `$2` at the table `$3`, whose guests join another visit.
    END_MERGED = "UPDATE visits SET closed_at = $4 WHERE restaurant = $1 AND id = $2 AND table_label = $3 AND closed_at IS NULL";
    MERGE_ORDERS = "UPDATE orders SET visit = $4, at_table = $3, table_label = CASE WHEN diner IS NULL THEN '' ELSE $3 END \
        WHERE restaurant = $1 AND visit = $2";
    REOPEN = "UPDATE visits SET closed_at = NULL WHERE restaurant = $1 AND id = $2 AND table_label = $3 AND closed_at IS NOT NULL";
    /// Updates the times of the visit `$2` from the visit `$3`, whose orders it has, or which had its orders for a while.
    JOIN_TIMES = "UPDATE visits SET last_at = other.last_at FROM visits AS other WHERE visits.restaurant = $1 AND visits.id = $2 \
        AND other.restaurant = $1 AND other.id = $3 AND other.last_at > visits.last_at";
    /// Gives the orders of the JSON array `$5` back to the visit `$2`.
    TAKE_ORDERS = by_database! {
        sqlite: take_orders!("SELECT unhex(replace(value, '-', '')) FROM json_each($5)"),
        postgres: take_orders!("SELECT json_array_elements_text($5::json)::uuid"),
    };
    MOVE_CALL = "UPDATE calls SET document = $3 WHERE restaurant = $1 AND id = $2";
    /// Moves everybody at the table with their visit.
    MOVE_GUESTS = "UPDATE sessions SET table_label = $2 WHERE restaurant = $1 AND table_label = $3 AND role = 'diner' RETURNING id";
    /// Moves back the guests who came with the visit (the JSON array `$5`) or have ordered in it. Other guests stay.
    RETURN_GUESTS = by_database! {
        sqlite: return_guests!("SELECT value FROM json_each($5)"),
        postgres: return_guests!("SELECT json_array_elements_text($5::json)"),
    };
    ADD_CHANGE = "INSERT INTO visit_changes (restaurant, id, visit, at, document) VALUES ($1, $2, $3, $4, $5)";
    SET_CHANGE = "UPDATE visit_changes SET document = $3 WHERE restaurant = $1 AND id = $2";
    FORGET_CHANGES = "DELETE FROM visit_changes WHERE restaurant = $1 AND at < $2";
    VISIT_OF_CHANGE = "SELECT visit FROM visit_changes WHERE restaurant = $1 AND id = $2";
    CHANGES_OF_VISIT = "SELECT document FROM visit_changes WHERE restaurant = $1 AND visit = $2 ORDER BY id DESC LIMIT $3";
    CHANGES = "SELECT document FROM visit_changes WHERE restaurant = $1 ORDER BY id DESC LIMIT $2";

    EXTERNAL = on_rows!(
        "SELECT e.restaurant, e.source, e.external_id, e.fingerprint, o.document FROM ", ("$1" "uuid", "$2" "text"),
        " AS k CROSS JOIN external_orders e JOIN orders o ON o.restaurant = e.restaurant AND o.id = e.order_id \
         WHERE e.restaurant = k.column1 AND e.external_id = k.column2"
    );
    OF_EXTERNAL = "SELECT o.document FROM external_orders e CROSS JOIN orders o WHERE e.restaurant = $1 AND e.external_id = $2 \
        AND o.restaurant = e.restaurant AND o.id = e.order_id ORDER BY e.order_id LIMIT $3";
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
    async fn open_visits(&self, restaurant: RestaurantId, limit: u32) -> Result<Vec<VisitRecord>> {
        let query = query_as::<Database, (Uuid, String, i64, String)>(OPEN_WITH_ORDERS);
        let query = query.bind(restaurant.uuid()).bind(i64::from(limit));
        let changes = query_scalar::<Database, String>(CHANGES).bind(restaurant.uuid()).bind(i64::from(MOST_CHANGES));
        let read =
            self.read(move |c| Box::pin(async move { Ok((query.fetch_all(&mut *c).await?, changes.fetch_all(&mut *c).await?)) }));
        let (rows, changes) = read.await?;
        let mut visits: Vec<VisitRecord> = Vec::new();
        for (id, table_label, opened_at, json) in rows {
            let order = document(&json)?;
            match visits.last_mut().filter(|record| record.visit.id.uuid() == id) {
                Some(record) => record.orders.push(order),
                None => {
                    let visit = VisitRow { id, table_label, opened_at }.try_into()?;
                    visits.push(VisitRecord { visit, orders: vec![order], changes: Vec::new() });
                }
            }
        }
        for change in in_order(&changes)? {
            if let Some(record) = visits.iter_mut().find(|record| record.visit.id == change.visit) {
                record.changes.push(change);
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

/// The most changes of visits to read: more than a restaurant makes in [`KEEP_CHANGES`].
const MOST_CHANGES: u32 = 1000;
/// How long to keep changes of visits. They outlast the time for undoing, so that a late `undo` is refused with the reason.
const KEEP_CHANGES: Duration = Duration::from_secs(60 * 60);

/// Reads what an action on a visit depends on. The caller reads the calls.
pub async fn seating(connection: &mut Connection, restaurant: RestaurantId, action: &VisitAction) -> Result<Seating> {
    let id = match action {
        VisitAction::Move { visit, .. } | VisitAction::Merge { into: visit, .. } => *visit,
        VisitAction::Undo { change } => match visit_of_change(&mut *connection, restaurant, *change).await? {
            Some(visit) => visit,
            None => return Ok(Seating::default()),
        },
    };
    let visit = open_with_orders(&mut *connection, restaurant, id).await?;
    let joining = match action {
        VisitAction::Merge { visit, .. } => open_with_orders(&mut *connection, restaurant, *visit).await?,
        VisitAction::Move { .. } | VisitAction::Undo { .. } => None,
    };
    let changes = query_scalar::<Database, String>(CHANGES_OF_VISIT).bind(restaurant.uuid()).bind(id.uuid());
    let changes = changes.bind(i64::from(MOST_CHANGES)).fetch_all(&mut *connection).await?;
    let changes = in_order(&changes)?;
    let table = match action {
        VisitAction::Move { table, .. } => Some(table),
        VisitAction::Merge { .. } => None,
        VisitAction::Undo { change } => changes.iter().find(|known| known.id == *change).map(|known| &known.from),
    };
    let (has_table, is_taken) = match table {
        Some(table) => table_state(connection, restaurant, table).await?,
        None => (false, false),
    };
    let (visit, orders) = visit.map_or((None, Vec::new()), |(visit, orders)| (Some(visit), orders));
    Ok(Seating { visit, orders, changes, joining, has_table, is_taken, ..Seating::default() })
}

async fn open_with_orders(
    connection: &mut Connection,
    restaurant: RestaurantId,
    id: VisitId,
) -> Result<Option<(OpenVisit, Vec<Order>)>> {
    let find = query_as::<Database, VisitRow>(VISIT).bind(restaurant.uuid()).bind(id.uuid());
    let Some(row) = find.fetch_optional(&mut *connection).await? else { return Ok(None) };
    let orders = query_scalar::<Database, String>(ORDERS_OF_VISIT).bind(restaurant.uuid()).bind(id.uuid());
    let orders = orders.bind(MOST_MOVED as i64 + 1).fetch_all(connection).await?;
    let orders = orders.iter().map(|json| document(json)).collect::<Result<_>>()?;
    Ok(Some((row.try_into()?, orders)))
}

/// Reads changes, newest first.
fn in_order(changes: &[String]) -> Result<Vec<VisitChange>> {
    let mut changes = changes.iter().map(|json| document(json)).collect::<Result<Vec<VisitChange>>>()?;
    changes.sort_by_key(|change| Reverse(change.position));
    Ok(changes)
}

async fn visit_of_change(
    connection: &mut Connection,
    restaurant: RestaurantId,
    change: VisitChangeId,
) -> Result<Option<VisitId>> {
    let find = query_scalar::<Database, Uuid>(VISIT_OF_CHANGE).bind(restaurant.uuid()).bind(change.uuid());
    Ok(find.fetch_optional(connection).await?.map(VisitId::from_uuid))
}

/// Returns whether a table exists, and whether a visit is at it.
async fn table_state(connection: &mut Connection, restaurant: RestaurantId, table: &TableLabel) -> Result<(bool, bool)> {
    let exists = query::<Database>(HAS_TABLE).bind(restaurant.uuid()).bind(table.as_str());
    let has_table = exists.fetch_optional(&mut *connection).await?.is_some();
    let taken = query_as::<Database, VisitRow>(OF_TABLE).bind(restaurant.uuid()).bind(table.as_str());
    Ok((has_table, taken.fetch_optional(connection).await?.is_some()))
}

/// Writes the rows of a change of a visit beside its documents. Returns 1 if the visit was still where the decision read it.
pub async fn write(connection: &mut Connection, restaurant: RestaurantId, write: &VisitWrite) -> Result<u64> {
    let change = &write.change;
    let moved = write_visits(connection, restaurant, write).await?;
    let guests = move_guests(connection, restaurant, write).await?;
    for call in &write.calls {
        let set = query::<Database>(MOVE_CALL).bind(restaurant.uuid()).bind(call.id.uuid());
        set.bind(columns::write(call)?).execute(&mut *connection).await?;
    }
    let json = columns::write(&VisitChange { guests, ..change.clone() })?;
    let of_change = |statement| query::<Database>(statement).bind(restaurant.uuid()).bind(change.id.uuid());
    if change.is_undone {
        of_change(SET_CHANGE).bind(json).execute(&mut *connection).await?;
    } else {
        let add = of_change(ADD_CHANGE).bind(change.visit.uuid()).bind(change.at.micros());
        add.bind(json).execute(&mut *connection).await?;
        let forget = query::<Database>(FORGET_CHANGES).bind(restaurant.uuid());
        forget.bind(change.at.minus(KEEP_CHANGES).micros()).execute(&mut *connection).await?;
    }
    Ok(moved)
}

/// Writes the rows of the visits and their orders' columns. Returns the number of visits that changed.
async fn write_visits(connection: &mut Connection, restaurant: RestaurantId, write: &VisitWrite) -> Result<u64> {
    let (VisitChange { visit, merged, at, is_undone, .. }, (from, to)) = (&write.change, write.tables());
    let of_visit = |statement, visit: VisitId, table: &TableLabel| {
        query::<Database>(statement).bind(restaurant.uuid()).bind(visit.uuid()).bind(table.as_str().to_owned())
    };
    let (visits, orders) = match merged {
        None => (of_visit(MOVE, *visit, to).bind(from.as_str()), of_visit(MOVE_ORDERS, *visit, to)),
        Some(merged) if *is_undone => {
            let orders = of_visit(TAKE_ORDERS, merged.visit, to).bind(visit.uuid());
            (of_visit(REOPEN, merged.visit, to), orders.bind(columns::write(&merged.orders)?))
        }
        Some(merged) => {
            let end = of_visit(END_MERGED, merged.visit, from).bind(at.micros());
            (end, of_visit(MERGE_ORDERS, merged.visit, to).bind(visit.uuid()))
        }
    };
    let changed = visits.execute(&mut *connection).await?.rows_affected();
    orders.execute(&mut *connection).await?;
    if let Some(merged) = merged {
        let (goes_on, other) = if *is_undone { (merged.visit, *visit) } else { (*visit, merged.visit) };
        let join = query::<Database>(JOIN_TIMES).bind(restaurant.uuid()).bind(goes_on.uuid()).bind(other.uuid());
        join.execute(connection).await?;
    }
    Ok(changed)
}

/// Moves the guests of a visit. Returns the sessions of those who have come with it.
async fn move_guests(connection: &mut Connection, restaurant: RestaurantId, write: &VisitWrite) -> Result<Vec<Key>> {
    let (change, (from, to)) = (&write.change, write.tables());
    if change.is_undone {
        let back = query::<Database>(RETURN_GUESTS).bind(restaurant.uuid()).bind(to.as_str()).bind(from.as_str());
        let visit = change.merged.as_ref().map_or(change.visit, |merged| merged.visit);
        let back = back.bind(visit.uuid()).bind(columns::write(&change.guests)?);
        back.execute(connection).await?;
        return Ok(change.guests.clone());
    }
    let moved = query_scalar::<Database, String>(MOVE_GUESTS).bind(restaurant.uuid()).bind(to.as_str()).bind(from.as_str());
    moved.fetch_all(connection).await?.iter().map(|id| text("id", id)).collect()
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

/// Opens the visits of new orders at tables, or continues the open ones. The new orders name these visits.
pub fn open_for<'a>(script: &mut Script, orders: impl Iterator<Item = &'a OrderWrite>) {
    let mut tables = BTreeMap::new();
    for write in orders.filter(|write| write.is_new) {
        let order = &write.order;
        if let Some(table) = order.table_of_visit() {
            let (opened_at, last_at) =
                tables.entry((order.restaurant, table.as_str())).or_insert((order.placed_at, order.placed_at));
            *opened_at = order.placed_at.max(*opened_at);
            *last_at = write.closed_at.unwrap_or(order.placed_at).max(order.placed_at).max(*last_at);
        }
    }
    let row = |((restaurant, table), (opened_at, last_at)): ((RestaurantId, &str), (Timestamp, Timestamp))| {
        let id = crate::clock::new_id().into();
        [restaurant.uuid().into(), id, table.into(), opened_at.micros().into(), last_at.micros().into()]
    };
    script.write_seen("visits", OPEN, tables.into_iter().map(row).collect());
}

/// Records when orders of visits were closed. For a new order, the row of its visit has the time.
pub fn record_closes<'a>(script: &mut Script, orders: impl Iterator<Item = &'a OrderWrite>) {
    let row = |write: &OrderWrite| {
        let order = &write.order;
        let at = write.closed_at.filter(|_| !write.is_new)?;
        Some([order.restaurant.uuid().into(), order.id.uuid().into(), at.micros().into()])
    };
    script.write_found(RECORD_CLOSE, orders.filter_map(row).collect());
}

/// Reads the orders that were placed under external numbers.
pub fn read_external(script: &mut Script, keys: &BTreeSet<ExternalKey>) {
    let row = |(restaurant, id): &ExternalKey| [restaurant.uuid().into(), id.as_str().into()];
    script.read(EXTERNAL, keys.iter().map(row).collect());
}

/// Returns the orders of an external number, oldest first.
pub async fn of_external(
    connection: &mut Connection,
    restaurant: RestaurantId,
    external_id: String,
    limit: u32,
) -> Result<Vec<Order>> {
    let query = query_scalar::<Database, String>(OF_EXTERNAL).bind(restaurant.uuid()).bind(external_id).bind(i64::from(limit));
    query.fetch_all(connection).await?.iter().map(|json| document(json)).collect()
}

/// Adds the orders that were found to a reading.
pub fn external(outcome: &Outcome, reading: &mut Reading) -> Result<()> {
    for (restaurant, source, id, fingerprint, json) in outcome.read::<(Uuid, String, String, Vec<u8>, String)>()? {
        let (restaurant, order) = (RestaurantId::from_uuid(restaurant), document::<Order>(&json)?);
        let external = External { order: order.id, source: text("source", &source)?, fingerprint };
        let known = reading.external.entry((restaurant, text("external_id", &id)?)).or_default();
        // A read repeats its last row.
        if !known.contains(&external) {
            known.push(external);
            known.sort_by_key(|external| external.order);
        }
        reading.orders.insert((restaurant, order.id), order);
    }
    Ok(())
}

/// Records the numbers under which sources have placed orders.
pub fn add_external<'a>(script: &mut Script, orders: impl Iterator<Item = &'a OrderWrite>) {
    let row = |write: &OrderWrite| {
        let (order, key) = (&write.order, write.source.as_ref()?);
        let id = order.external_id.as_ref()?.as_str().into();
        let fingerprint = Value::Bytes(key.fingerprint.to_vec());
        Some([order.restaurant.uuid().into(), key.sub.as_str().into(), id, order.id.uuid().into(), fingerprint])
    };
    script.write(ADD_EXTERNAL, orders.filter_map(row).collect());
}
