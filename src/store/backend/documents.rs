//! The documents that the log folds into: orders, menus, open calls. Each is one row, read and written in the caller's
//! transaction.

use super::menu_cache::Kept;
use super::script::{Outcome, Script, Value};
use super::{Connection, Database, feeds};
use crate::domain::model::call::{Call, Calls};
use crate::domain::model::event::Topic;
use crate::domain::model::menu::Menu;
use crate::domain::model::order::Order;
use crate::domain::model::undrawn;
use crate::domain::values::ids::{CallId, OrderId, RestaurantId};
use crate::domain::values::position::Position;
use crate::domain::values::time::Timestamp;
use crate::store::error::broken;
use crate::store::log::MOST_CHANGES;
use crate::store::order_write::OrderWrite;
use crate::store::{Result, columns};
use sqlx::{query, query_as, query_scalar};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use uuid::Uuid;

/// Reads menus, and their last event by its index.
macro_rules! menus {
    ($index:literal, $row:literal) => {
        concat!(
            "SELECT restaurant, version, CASE WHEN version IS DISTINCT FROM known THEN document END FROM (",
            "SELECT m.restaurant, m.document, k.column2 AS known, (SELECT e.id FROM events e",
            $index,
            " WHERE e.restaurant = k.column1 AND e.topic = k.column3 ORDER BY e.position DESC LIMIT 1) AS version ",
            "FROM (VALUES ",
            $row,
            ") AS k CROSS JOIN menus m WHERE m.restaurant = k.column1) AS found"
        )
    };
}

statements! {
    ORDER = "SELECT document FROM orders WHERE restaurant = $1 AND id = $2";
    OPEN_DOCUMENTS = "SELECT id, document FROM orders WHERE restaurant = $1 AND is_open ORDER BY id";
    /// Orders with events after `$2`, without their documents if they are closed. The ORDER BY and the LIMIT, which is never
    /// reached, make the planners use the events' primary key. With another index they would read the whole feed.
    CHANGED_DOCUMENTS = "SELECT id, CASE WHEN is_open THEN document END FROM orders WHERE restaurant = $1 AND id IN (\
        SELECT order_id FROM events WHERE restaurant = $1 AND position > $2 ORDER BY position LIMIT $3)";
    /// The orders with these pairs of a restaurant and an id.
    ORDERS = on_rows!(
        "SELECT o.restaurant, o.document FROM ", ("$1" "uuid", "$2" "uuid"),
        " AS k CROSS JOIN orders o WHERE o.restaurant = k.column1 AND o.id = k.column2"
    );
    /// The visit is `$14`, or else the open one of the table `$10`.
    ADD_ORDER = on_rows!(
        "INSERT INTO orders (restaurant, id, status, is_open, document, waits_at, accepted_position, number, diner, at_table, \
         table_label, starts_at, fires_at, visit) SELECT v.column1, v.column2, v.column3, v.column4, v.column5, v.column6, v.column7, v.column8, \
         v.column9, v.column10, v.column11, v.column12, v.column13, coalesce(v.column14, (SELECT id FROM visits WHERE restaurant = v.column1 AND table_label = v.column10 AND closed_at IS NULL)) \
         FROM ",
        ("$1" "uuid", "$2" "uuid", "$3" "text", "$4" "boolean", "$5" "text", "$6" "text", "$7" "bigint", "$8" "bigint",
         "$9" "text", "$10" "text", "$11" "text", "$12" "bigint", "$13" "bigint", "$14" "uuid"),
        " AS v"
    );
    /// Keeps the position of acceptance if there is no later one. Clears the mark of a purge, since the order may have words
    /// again.
    SET_ORDER = "UPDATE orders SET status = $1, is_open = $2, document = $3, waits_at = $4, purged_at = NULL, \
        accepted_position = COALESCE($5, accepted_position), starts_at = $6, fires_at = $7 WHERE restaurant = $8 AND id = $9";
    SET_ORDERS = on_rows!(
        "UPDATE orders SET status = v.column1, is_open = v.column2, document = v.column3, waits_at = v.column4, \
         purged_at = NULL, accepted_position = COALESCE(v.column5, accepted_position), starts_at = v.column6, fires_at = v.column7 FROM ",
        ("$1" "text", "$2" "boolean", "$3" "text", "$4" "text", "$5" "bigint", "$6" "bigint", "$7" "bigint", "$8" "uuid", "$9" "uuid"),
        " AS v WHERE orders.restaurant = v.column8 AND orders.id = v.column9"
    );
    SET_TIMES = "UPDATE orders SET starts_at = $1, fires_at = $2 WHERE restaurant = $3 AND id = $4";
    /// Changes no column of an index, and runs no trigger.
    SET_DOCUMENT = "UPDATE orders SET document = $1 WHERE restaurant = $2 AND id = $3";
    SET_DOCUMENTS = on_rows!(
        "UPDATE orders SET document = v.column1 FROM ", ("$1" "text", "$2" "uuid", "$3" "uuid"),
        " AS v WHERE orders.restaurant = v.column2 AND orders.id = v.column3"
    );

    MENU = "SELECT document FROM menus WHERE restaurant = $1";
    /// The menu of each restaurant with its version, the id of its last event. Leaves out the document if the version is `$2`.
    /// `$3` is the topic of menus.
    MENUS = by_database! {
        sqlite: menus!(" INDEXED BY events_of_topic", "($1, $2, $3)"),
        postgres: menus!("", "($1::uuid, $2::uuid, $3::smallint)"),
    };
    ADD_MENU = "INSERT INTO menus (restaurant, document, next_lapse) VALUES ($1, $2, $3)";
    SET_MENU = "UPDATE menus SET document = $1, next_lapse = $2 WHERE restaurant = $3";

    CALLS = "SELECT id, document FROM calls WHERE restaurant = $1 ORDER BY id";
    OPEN_CALLS = on_rows!(
        "SELECT c.restaurant, c.document FROM ", ("$1" "uuid"), " AS k CROSS JOIN calls c WHERE c.restaurant = k.column1"
    );
    ADD_CALL = "INSERT INTO calls (restaurant, id, document, position) VALUES ($1, $2, $3, $4)";
    REMOVE_CALL = on_rows!("DELETE FROM calls WHERE (restaurant, id) IN ", ("$1" "uuid", "$2" "uuid"), "");
}

pub async fn order(connection: &mut Connection, restaurant: RestaurantId, id: OrderId) -> Result<Option<Order>> {
    order_text(connection, restaurant, id).await?.map(|json| columns::document(&json)).transpose()
}

pub async fn order_text(connection: &mut Connection, restaurant: RestaurantId, id: OrderId) -> Result<Option<String>> {
    let query = query_scalar::<Database, String>(ORDER).bind(restaurant.uuid()).bind(id.uuid());
    Ok(query.fetch_optional(connection).await?)
}

pub async fn open_order_texts(connection: &mut Connection, restaurant: RestaurantId) -> Result<Vec<(Uuid, String)>> {
    let query = query_as::<Database, (Uuid, String)>(OPEN_DOCUMENTS).bind(restaurant.uuid());
    Ok(query.fetch_all(connection).await?)
}

/// Returns the orders with events since a position, of which there are at most [`MOST_CHANGES`].
pub async fn changed_order_texts(
    connection: &mut Connection,
    restaurant: RestaurantId,
    since: Position,
) -> Result<Vec<(Uuid, Option<String>)>> {
    let query = query_as::<Database, (Uuid, Option<String>)>(CHANGED_DOCUMENTS).bind(restaurant.uuid());
    Ok(query.bind(since.column()).bind(MOST_CHANGES.cast_signed()).fetch_all(connection).await?)
}

/// Reads orders.
pub fn read_orders(script: &mut Script, ids: &BTreeSet<(RestaurantId, OrderId)>) {
    script.read(ORDERS, ids.iter().map(|(restaurant, id)| [restaurant.uuid().into(), id.uuid().into()]).collect());
}

pub fn orders(outcome: &Outcome) -> Result<HashMap<(RestaurantId, OrderId), Order>> {
    let rows = outcome.read::<(Uuid, String)>()?.into_iter();
    rows.map(|(restaurant, json)| columns::document(&json).map(|order| (of(restaurant, &order), order))).collect()
}

fn of(restaurant: Uuid, order: &Order) -> (RestaurantId, OrderId) {
    (RestaurantId::from_uuid(restaurant), order.id)
}

/// Writes orders. New ones come after their visits.
pub fn write_orders<'a>(script: &mut Script, orders: impl Iterator<Item = &'a OrderWrite>) -> Result<()> {
    let (mut added, mut set, mut documents) = (Vec::new(), Vec::new(), Vec::new());
    for write in orders {
        let order = &write.order;
        let [restaurant, id] = [order.restaurant.uuid().into(), order.id.uuid().into()];
        let document = columns::write(order)?.into();
        if write.is_document_only {
            documents.push([document, restaurant, id]);
            continue;
        }
        let status = order.status.as_str().into();
        let is_open = Value::Flag(!order.status.is_final());
        let stations = if write.is_changed { undrawn::waits_at(order) } else { BTreeSet::new() };
        let waits_at = (!stations.is_empty()).then(|| columns::write(&stations)).transpose()?.into();
        let accepted = write.accepted.map(Position::column).into();
        let [starts_at, fires_at] = times_of(order).map(Into::into);
        if !write.is_new {
            set.push([status, is_open, document, waits_at, accepted, starts_at, fires_at, restaurant, id]);
            continue;
        }
        let number = i64::from(order.number).into();
        let diner = order.diner.as_ref().map(ToString::to_string).into();
        let table = order.table.as_ref().map(ToString::to_string);
        let guests_table = table.filter(|_| order.diner.is_some()).unwrap_or_default().into();
        let table = order.table_of_visit().map(ToString::to_string).into();
        let visit = write.visit.map(|visit| visit.uuid()).into();
        added.push([
            restaurant,
            id,
            status,
            is_open,
            document,
            waits_at,
            accepted,
            number,
            diner,
            table,
            guests_table,
            starts_at,
            fires_at,
            visit,
        ]);
    }
    script.write(ADD_ORDER, added);
    script.update(SET_ORDER, SET_ORDERS, set);
    script.update(SET_DOCUMENT, SET_DOCUMENTS, documents);
    Ok(())
}

/// Returns when an order for later begins, and when its next course fires, while it waits for that.
fn times_of(order: &Order) -> [Option<i64>; 2] {
    [order.starts_at.filter(|_| order.upcoming), order.fires_at].map(|at| at.map(Timestamp::micros))
}

/// Sets the times beside an order's document by the document.
pub async fn sync_times(connection: &mut Connection, restaurant: RestaurantId, id: OrderId) -> Result<()> {
    feeds::hold(connection, restaurant).await?;
    let Some(found) = order(connection, restaurant, id).await? else { return Ok(()) };
    let [starts_at, fires_at] = times_of(&found);
    let set = query::<Database>(SET_TIMES).bind(starts_at).bind(fires_at).bind(restaurant.uuid()).bind(id.uuid());
    set.execute(connection).await?;
    Ok(())
}

/// Reads menus, except those that the cache has in their current version.
pub fn read_menus(script: &mut Script, kept: &BTreeMap<RestaurantId, Option<Kept>>) {
    let row = |(restaurant, kept): (&RestaurantId, &Option<Kept>)| {
        // No event has this id.
        let version = kept.as_ref().map_or(Some(Uuid::max()), |kept| kept.version);
        [restaurant.uuid().into(), version.into(), Value::Small(Topic::Menu.column())]
    };
    script.read(MENUS, kept.iter().map(row).collect());
}

/// Returns the menus, each with its version.
pub fn menus(outcome: &Outcome, kept: &BTreeMap<RestaurantId, Option<Kept>>) -> Result<HashMap<RestaurantId, Kept>> {
    let rows = outcome.read::<(Uuid, Option<Uuid>, Option<String>)>()?.into_iter();
    let menu = |(restaurant, version, json): (Uuid, Option<Uuid>, Option<String>)| {
        let restaurant = RestaurantId::from_uuid(restaurant);
        let menu = match (json, kept.get(&restaurant)) {
            (Some(json), _) => Kept { version, bytes: json.len(), menu: Arc::new(columns::document(&json)?) },
            (None, Some(Some(kept))) => kept.clone(),
            (None, _) => return Err(broken("a menu without a document")),
        };
        Ok((restaurant, menu))
    };
    rows.map(menu).collect()
}

pub async fn menu(connection: &mut Connection, restaurant: RestaurantId) -> Result<Option<Menu>> {
    menu_text(connection, restaurant).await?.map(|json| columns::document(&json)).transpose()
}

pub async fn menu_text(connection: &mut Connection, restaurant: RestaurantId) -> Result<Option<String>> {
    let query = query_scalar::<Database, String>(MENU).bind(restaurant.uuid());
    Ok(query.fetch_optional(connection).await?)
}

pub async fn add_menu(connection: &mut Connection, menu: &Menu) -> Result<()> {
    let query = query::<Database>(ADD_MENU).bind(menu.restaurant.uuid()).bind(columns::write(menu)?);
    query.bind(menu.next_lapse().map(Timestamp::micros)).execute(connection).await?;
    Ok(())
}

pub fn set_menu(script: &mut Script, menu: &Menu) -> Result<()> {
    let lapse = menu.next_lapse().map(Timestamp::micros).into();
    script.write(SET_MENU, vec![[columns::write(menu)?.into(), lapse, menu.restaurant.uuid().into()]]);
    Ok(())
}

pub async fn calls(connection: &mut Connection, restaurant: RestaurantId) -> Result<Calls> {
    let texts = call_texts(connection, restaurant).await?;
    texts.into_iter().map(|(id, json)| Ok((CallId::from_uuid(id), columns::document(&json)?))).collect()
}

pub async fn call_texts(connection: &mut Connection, restaurant: RestaurantId) -> Result<Vec<(Uuid, String)>> {
    let query = query_as::<Database, (Uuid, String)>(CALLS).bind(restaurant.uuid());
    Ok(query.fetch_all(connection).await?)
}

/// Reads the open calls of restaurants.
pub fn read_calls(script: &mut Script, restaurants: &BTreeSet<RestaurantId>) {
    script.read(OPEN_CALLS, restaurants.iter().map(|id| [id.uuid().into()]).collect());
}

pub fn open_calls(outcome: &Outcome) -> Result<HashMap<RestaurantId, Calls>> {
    let mut calls: HashMap<_, Calls> = HashMap::new();
    for (restaurant, json) in outcome.read::<(Uuid, String)>()? {
        let call: Call = columns::document(&json)?;
        calls.entry(RestaurantId::from_uuid(restaurant)).or_default().insert(call.id, call);
    }
    Ok(calls)
}

/// Writes calls to open, and calls to close.
pub fn write_calls(script: &mut Script, calls: &BTreeMap<(RestaurantId, CallId), Option<(Call, Position)>>) -> Result<()> {
    let (mut added, mut removed) = (Vec::new(), Vec::new());
    for ((restaurant, id), call) in calls {
        match call {
            Some((call, position)) => {
                added.push([restaurant.uuid().into(), id.uuid().into(), columns::write(call)?.into(), position.column().into()])
            }
            None => removed.push([restaurant.uuid().into(), id.uuid().into()]),
        }
    }
    script.write(ADD_CALL, added);
    script.write(REMOVE_CALL, removed);
    Ok(())
}
