//! [`Visits`], and the rows of a visit that placing an order and moving the visit write.

use super::script::Script;
use super::{Backend, Connection, Database, documents, feeds, guests, visit_guests};
use crate::domain::model::order::Order;
use crate::domain::model::split::{Split, SplitTo};
use crate::domain::model::visit::{Beside, MOST_MOVED, Merged, OpenVisit, Seating, VisitAction, VisitChange, VisitWrite};
use crate::domain::values::ids::{OrderId, RestaurantId, VisitChangeId, VisitId};
use crate::domain::values::text::TableLabel;
use crate::domain::values::time::Timestamp;
use crate::store::columns::{document, text};
use crate::store::error::broken;
use crate::store::order_write::OrderWrite;
use crate::store::visits::{VisitClosed, VisitRecord, Visits};
use crate::store::{Result, StoreError, audit, batches, columns};
use async_trait::async_trait;
use sqlx::{FromRow, query, query_as, query_scalar};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;
use uuid::Uuid;

/// The columns of an open visit.
macro_rules! visit {
    ($rest:literal) => {
        concat!("SELECT id, coalesce(at_table, table_label) AS table_label, opened_at, bill FROM visits ", $rest)
    };
}

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

statements! {
    /// Opens the visit of a table, or continues the open one.
    OPEN = "INSERT INTO visits (restaurant, id, table_label, opened_at, last_at) VALUES ($1, $2, $3, $4, $5) \
        ON CONFLICT (restaurant, table_label) WHERE closed_at IS NULL DO UPDATE SET last_at = excluded.last_at";
    /// Records when orders of visits were closed. An order that lines leave may have been closed before the visit was last used.
    RECORD_CLOSE = on_rows!(
        "UPDATE visits SET last_at = v.column3 FROM ", ("$1" "uuid", "$2" "uuid", "$3" "bigint"),
        " AS v CROSS JOIN orders o WHERE o.restaurant = v.column1 AND o.id = v.column2 \
         AND visits.restaurant = o.restaurant AND visits.id = o.visit AND visits.last_at < v.column3"
    );
    /// The cross join makes SQLite begin with the visits, since few of them are open.
    OPEN_WITH_ORDERS = "SELECT v.id, coalesce(v.at_table, v.table_label), v.opened_at, v.bill, o.document FROM visits v CROSS JOIN orders o \
        WHERE v.restaurant = $1 AND v.closed_at IS NULL AND o.restaurant = v.restaurant AND o.visit = v.id ORDER BY v.table_label, o.id LIMIT $2";
    OF_TABLE = visit!("WHERE restaurant = $1 AND table_label = $2 AND closed_at IS NULL");
    VISIT = visit!("WHERE restaurant = $1 AND id = $2 AND closed_at IS NULL");
    /// The other bills at a table.
    BILLS = visit!("WHERE restaurant = $1 AND at_table = $2 AND closed_at IS NULL");
    OPEN_ORDERS = "SELECT count(*) FROM orders WHERE restaurant = $1 AND visit = $2 AND is_open";
    CLOSE = "UPDATE visits SET closed_at = $3 WHERE restaurant = $1 AND id = $2 AND closed_at IS NULL";
    CLOSE_IDLE = "UPDATE visits SET closed_at = $2 WHERE (restaurant, id) IN (SELECT v.restaurant, v.id FROM visits v \
        WHERE v.closed_at IS NULL AND v.last_at < $1 AND NOT EXISTS (SELECT 1 FROM orders o \
        WHERE o.restaurant = v.restaurant AND o.visit = v.id AND o.is_open) ORDER BY v.last_at LIMIT $3)";

    ORDERS_OF_VISIT = "SELECT document FROM orders WHERE restaurant = $1 AND visit = $2 ORDER BY id LIMIT $3";
    HAS_TABLE = "SELECT 1 FROM tables WHERE restaurant = $1 AND label = $2";
    /// Moves the visit `$2` from the table `$4` to `$3`, where it is the first.
    MOVE = "UPDATE visits SET table_label = $3, at_table = NULL, bill = NULL WHERE restaurant = $1 AND id = $2 \
        AND coalesce(at_table, table_label) = $4 AND closed_at IS NULL";
    /// Moves the visit `$2` back to the table `$3`, where it is the bill `$6`. Its own id is `$5`.
    MOVE_BILL = "UPDATE visits SET table_label = $5, at_table = $3, bill = $6 WHERE restaurant = $1 AND id = $2 \
        AND table_label = $4 AND closed_at IS NULL";
    /// Opens a visit that lines are split off to.
    OPEN_SPLIT = "INSERT INTO visits (restaurant, id, table_label, opened_at, last_at, at_table, bill) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    /// The table of an order, and of one that a guest has placed.
    MOVE_ORDERS = "UPDATE orders SET at_table = $3, table_label = CASE WHEN diner IS NULL THEN '' ELSE $3 END \
        WHERE restaurant = $1 AND visit = $2";
    /// Ends the visit `$2` at the table `$3`, which goes on as another.
    END_MERGED = "UPDATE visits SET closed_at = $4 WHERE restaurant = $1 AND id = $2 AND coalesce(at_table, table_label) = $3 \
        AND closed_at IS NULL";
    MERGE_ORDERS = "UPDATE orders SET visit = $4, at_table = $3, table_label = CASE WHEN diner IS NULL THEN '' ELSE $3 END \
        WHERE restaurant = $1 AND visit = $2";
    REOPEN = "UPDATE visits SET closed_at = NULL, bill = $4 WHERE restaurant = $1 AND id = $2 AND coalesce(at_table, table_label) = $3 \
        AND closed_at IS NOT NULL";
    /// Updates the times of the visit `$2` from the visit `$3`, whose orders it has, or which had its orders for a while.
    JOIN_TIMES = "UPDATE visits SET last_at = other.last_at FROM visits AS other WHERE visits.restaurant = $1 AND visits.id = $2 \
        AND other.restaurant = $1 AND other.id = $3 AND other.last_at > visits.last_at";
    /// Gives the orders of the JSON array `$5` back to the visit `$2`.
    TAKE_ORDERS = by_database! {
        sqlite: take_orders!("SELECT unhex(replace(value, '-', '')) FROM json_each($5)"),
        postgres: take_orders!("SELECT json_array_elements_text($5::json)::uuid"),
    };
    MOVE_CALL = "UPDATE calls SET document = $3 WHERE restaurant = $1 AND id = $2";
    ADD_CHANGE = "INSERT INTO visit_changes (restaurant, id, visit, at, document) VALUES ($1, $2, $3, $4, $5)";
    SET_CHANGE = "UPDATE visit_changes SET document = $3 WHERE restaurant = $1 AND id = $2";
    FORGET_CHANGES = "DELETE FROM visit_changes WHERE restaurant = $1 AND at < $2";
    VISIT_OF_CHANGE = "SELECT visit FROM visit_changes WHERE restaurant = $1 AND id = $2";
    CHANGES_OF_VISIT = "SELECT document FROM visit_changes WHERE restaurant = $1 AND visit = $2 ORDER BY id DESC LIMIT $3";
    CHANGES = "SELECT document FROM visit_changes WHERE restaurant = $1 ORDER BY id DESC LIMIT $2";
}

/// An open visit.
#[derive(FromRow)]
struct VisitRow {
    id: Uuid,
    table_label: String,
    opened_at: i64,
    bill: Option<i64>,
}

impl TryFrom<VisitRow> for OpenVisit {
    type Error = StoreError;
    fn try_from(row: VisitRow) -> Result<Self> {
        let table = text("table_label", &row.table_label)?;
        let bill = row.bill.map(|bill| u16::try_from(bill).map_err(|_| broken("a bill's number is out of range"))).transpose()?;
        Ok(Self { id: VisitId::from_uuid(row.id), table, opened_at: Timestamp::from_micros(row.opened_at), bill })
    }
}

#[async_trait]
impl Visits for Backend {
    async fn open_visits(&self, restaurant: RestaurantId, limit: u32) -> Result<Vec<VisitRecord>> {
        let query = query_as::<Database, (Uuid, String, i64, Option<i64>, String)>(OPEN_WITH_ORDERS);
        let query = query.bind(restaurant.uuid()).bind(i64::from(limit));
        let changes = query_scalar::<Database, String>(CHANGES).bind(restaurant.uuid()).bind(i64::from(MOST_CHANGES));
        let read =
            self.read(move |c| Box::pin(async move { Ok((query.fetch_all(&mut *c).await?, changes.fetch_all(&mut *c).await?)) }));
        let (rows, changes) = read.await?;
        let mut visits: Vec<VisitRecord> = Vec::new();
        for (id, table_label, opened_at, bill, json) in rows {
            let order = document(&json)?;
            match visits.last_mut().filter(|record| record.visit.id.uuid() == id) {
                Some(record) => record.orders.push(order),
                None => {
                    let visit = VisitRow { id, table_label, opened_at, bill }.try_into()?;
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
        VisitAction::Move { visit, .. } | VisitAction::Merge { into: visit, .. } | VisitAction::Split { visit, .. } => *visit,
        VisitAction::Undo { change } => match visit_of_change(&mut *connection, restaurant, *change).await? {
            Some(visit) => visit,
            None => return Ok(Seating::default()),
        },
    };
    let visit = open_with_orders(&mut *connection, restaurant, id).await?;
    let joining = match action {
        VisitAction::Merge { visit, .. } => open_with_orders(&mut *connection, restaurant, *visit).await?,
        VisitAction::Move { .. } | VisitAction::Split { .. } | VisitAction::Undo { .. } => None,
    };
    let changes = changes_of(&mut *connection, restaurant, id).await?;
    let undone = match action {
        VisitAction::Undo { change } => changes.iter().find(|known| known.id == *change),
        VisitAction::Move { .. } | VisitAction::Merge { .. } | VisitAction::Split { .. } => None,
    };
    let table = match action {
        VisitAction::Move { table, .. } | VisitAction::Split { to: SplitTo::Table(table), .. } => Some(table),
        VisitAction::Merge { .. } | VisitAction::Split { .. } => None,
        VisitAction::Undo { .. } => undone.map(|known| &known.from),
    };
    // Who comes back is the first at the table, beside its other bills.
    let (has_table, is_taken) = match table {
        Some(table) => table_state(&mut *connection, restaurant, table, undone.is_some()).await?,
        None => (false, false),
    };
    let beside = match action {
        VisitAction::Split { to: SplitTo::Visit(into), .. } => Some(*into),
        _ => undone.and_then(|known| known.split.as_ref()).map(|split| split.visit),
    };
    let beside = match beside {
        Some(id) => beside_of(&mut *connection, restaurant, id).await?,
        None => None,
    };
    let (visit, orders) = visit.map_or((None, Vec::new()), |(visit, orders)| (Some(visit), orders));
    let of_bills = match (&visit, action) {
        (Some(visit), VisitAction::Split { to: SplitTo::OwnBill, .. }) => Some(visit.table.clone()),
        (_, VisitAction::Undo { .. }) => undone.map(|known| known.from.clone()),
        _ => None,
    };
    let bills = match of_bills {
        Some(table) => visits_at(connection, restaurant, &table).await?.iter().filter_map(|visit| visit.bill).collect(),
        None => Vec::new(),
    };
    Ok(Seating { visit, orders, changes, joining, beside, bills, has_table, is_taken, ..Seating::default() })
}

async fn changes_of(connection: &mut Connection, restaurant: RestaurantId, visit: VisitId) -> Result<Vec<VisitChange>> {
    let changes = query_scalar::<Database, String>(CHANGES_OF_VISIT).bind(restaurant.uuid()).bind(visit.uuid());
    in_order(&changes.bind(i64::from(MOST_CHANGES)).fetch_all(connection).await?)
}

/// Reads the visit that lines come to, or come back from.
async fn beside_of(connection: &mut Connection, restaurant: RestaurantId, id: VisitId) -> Result<Option<Beside>> {
    let Some((visit, orders)) = open_with_orders(&mut *connection, restaurant, id).await? else { return Ok(None) };
    let changes = changes_of(connection, restaurant, id).await?;
    Ok(Some(Beside { visit, orders, changes }))
}

/// Returns the open visits at a table.
async fn visits_at(connection: &mut Connection, restaurant: RestaurantId, table: &TableLabel) -> Result<Vec<OpenVisit>> {
    let mut visits = Vec::new();
    for statement in [OF_TABLE, BILLS] {
        let query = query_as::<Database, VisitRow>(statement).bind(restaurant.uuid()).bind(table.as_str().to_owned());
        for row in query.fetch_all(&mut *connection).await? {
            visits.push(row.try_into()?);
        }
    }
    Ok(visits)
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

/// Returns whether a table exists, and whether a visit is at it, or with `as_first` the first one of it.
async fn table_state(
    connection: &mut Connection,
    restaurant: RestaurantId,
    table: &TableLabel,
    as_first: bool,
) -> Result<(bool, bool)> {
    let exists = query::<Database>(HAS_TABLE).bind(restaurant.uuid()).bind(table.as_str());
    let has_table = exists.fetch_optional(&mut *connection).await?.is_some();
    let visits = visits_at(connection, restaurant, table).await?;
    Ok((has_table, visits.iter().any(|visit| !as_first || visit.bill.is_none())))
}

/// Writes the rows of a change of a visit beside its documents. Returns 1 if the visit was still where the decision read it.
pub async fn write(connection: &mut Connection, restaurant: RestaurantId, write: &VisitWrite) -> Result<u64> {
    let change = &write.change;
    let moved = write_visits(connection, restaurant, write).await?;
    let guests = visit_guests::follow(connection, restaurant, write).await?;
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
    match (&write.change.merged, &write.change.split) {
        (Some(merged), _) => write_merge(connection, restaurant, write, merged).await,
        (None, Some(split)) => write_split(connection, restaurant, write, split).await,
        (None, None) => write_move(connection, restaurant, write).await,
    }
}

/// Returns a statement on a visit and a table.
macro_rules! of_visit {
    ($statement:ident, $restaurant:ident, $visit:expr, $table:expr) => {
        query::<Database>($statement).bind($restaurant.uuid()).bind($visit.uuid()).bind($table.as_str().to_owned())
    };
}

async fn write_move(connection: &mut Connection, restaurant: RestaurantId, write: &VisitWrite) -> Result<u64> {
    let (VisitChange { visit, bill, is_undone, .. }, (from, to)) = (&write.change, write.tables());
    let visits = match bill.filter(|_| *is_undone) {
        None => of_visit!(MOVE, restaurant, visit, to).bind(from.as_str()),
        Some(bill) => {
            let back = of_visit!(MOVE_BILL, restaurant, visit, to).bind(from.as_str());
            back.bind(visit.to_string()).bind(i64::from(bill))
        }
    };
    let moved = visits.execute(&mut *connection).await?.rows_affected();
    of_visit!(MOVE_ORDERS, restaurant, visit, to).execute(connection).await?;
    Ok(moved)
}

async fn write_merge(connection: &mut Connection, restaurant: RestaurantId, write: &VisitWrite, merged: &Merged) -> Result<u64> {
    let (VisitChange { visit, at, bill, is_undone, .. }, (from, to)) = (&write.change, write.tables());
    if *is_undone {
        let reopen = of_visit!(REOPEN, restaurant, merged.visit, to).bind(bill.map(i64::from));
        let reopened = reopen.execute(&mut *connection).await?.rows_affected();
        take_orders(&mut *connection, restaurant, (*visit, merged.visit), to, &merged.orders).await?;
        join_times(connection, restaurant, merged.visit, *visit).await?;
        return Ok(reopened);
    }
    let end = of_visit!(END_MERGED, restaurant, merged.visit, from).bind(at.micros());
    let ended = end.execute(&mut *connection).await?.rows_affected();
    of_visit!(MERGE_ORDERS, restaurant, merged.visit, to).bind(visit.uuid()).execute(&mut *connection).await?;
    join_times(connection, restaurant, *visit, merged.visit).await?;
    Ok(ended)
}

async fn join_times(connection: &mut Connection, restaurant: RestaurantId, goes_on: VisitId, other: VisitId) -> Result<()> {
    let join = query::<Database>(JOIN_TIMES).bind(restaurant.uuid()).bind(goes_on.uuid()).bind(other.uuid());
    join.execute(connection).await?;
    Ok(())
}

/// Writes a split. The new orders come after it, with the visit that it opens.
async fn write_split(connection: &mut Connection, restaurant: RestaurantId, write: &VisitWrite, split: &Split) -> Result<u64> {
    let (VisitChange { visit, at, is_undone, .. }, (_, to)) = (&write.change, write.tables());
    if *is_undone {
        take_orders(&mut *connection, restaurant, (split.visit, *visit), to, &split.orders).await?;
        if write.is_beside_over {
            let close = query::<Database>(CLOSE).bind(restaurant.uuid()).bind(split.visit.uuid()).bind(at.micros());
            return Ok(close.execute(connection).await?.rows_affected());
        }
        return Ok(1);
    }
    let mut opened = 1;
    if split.is_new {
        let label = split.bill.map_or_else(|| to.to_string(), |_| split.visit.to_string());
        let open = query::<Database>(OPEN_SPLIT).bind(restaurant.uuid()).bind(split.visit.uuid()).bind(label);
        let open = open.bind(at.micros()).bind(at.micros()).bind(split.bill.map(|_| to.to_string()));
        opened = open.bind(split.bill.map(i64::from)).execute(&mut *connection).await?.rows_affected();
    }
    take_orders(connection, restaurant, (*visit, split.visit), to, &split.orders).await?;
    Ok(opened)
}

/// Gives orders of one visit to another, at a table.
async fn take_orders(
    connection: &mut Connection,
    restaurant: RestaurantId,
    (from, to): (VisitId, VisitId),
    table: &TableLabel,
    orders: &[OrderId],
) -> Result<()> {
    let take = of_visit!(TAKE_ORDERS, restaurant, to, table).bind(from.uuid());
    take.bind(columns::write(&orders)?).execute(connection).await?;
    Ok(())
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
    // The calls of a table are those of its first bill.
    let is_called = visit.bill.is_none() && calls.values().any(|call| call.table == visit.table);
    if count.fetch_one(&mut *connection).await? > 0 || is_called {
        audit::set_outcome("busy");
        return Ok(VisitClosed::Busy);
    }
    let close = query::<Database>(CLOSE).bind(restaurant.uuid()).bind(id.uuid()).bind(at.micros());
    close.execute(&mut *connection).await?;
    // The guests of another bill stay.
    if !end_sessions || !visits_at(&mut *connection, restaurant, &visit.table).await?.is_empty() {
        return Ok(VisitClosed::Done(Vec::new()));
    }
    Ok(VisitClosed::Done(guests::end_table(connection, restaurant, visit.table.as_str()).await?))
}

/// Opens the visits of new orders at tables, or continues the open ones. The new orders name these visits.
pub fn open_for<'a>(script: &mut Script, orders: impl Iterator<Item = &'a OrderWrite>) {
    let mut tables = BTreeMap::new();
    for write in orders.filter(|write| write.is_new && write.visit.is_none()) {
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
