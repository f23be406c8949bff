//! The documents that the log folds into: orders, menus, open calls. Each is one row, read and written in the caller's
//! transaction.

use super::{Connection, Database};
use crate::domain::model::call::{Call, Calls};
use crate::domain::model::menu::Menu;
use crate::domain::model::order::Order;
use crate::domain::model::undrawn;
use crate::domain::values::ids::{CallId, OrderId, RestaurantId};
use crate::domain::values::position::Position;
use crate::domain::values::time::Timestamp;
use crate::store::log::MOST_CHANGES;
use crate::store::{Result, columns};
use sqlx::{query, query_as, query_scalar};
use uuid::Uuid;

statements! {
    ORDER = "SELECT document FROM orders WHERE restaurant = $1 AND id = $2";
    OPEN_DOCUMENTS = "SELECT id, document FROM orders WHERE restaurant = $1 AND is_open ORDER BY id";
    /// Orders with events after `$2`; without a document if they are closed. The order and the limit, which is not reached,
    /// keep the planners on the primary key of the events: by another index they read the whole feed.
    CHANGED_DOCUMENTS = "SELECT id, CASE WHEN is_open THEN document END FROM orders WHERE restaurant = $1 AND id IN (\
        SELECT order_id FROM events WHERE restaurant = $1 AND position > $2 ORDER BY position LIMIT $3)";
    ADD_ORDER = "INSERT INTO orders (restaurant, id, status, is_open, document, number, diner, table_label, visit) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    /// Keeps the first position of acceptance. A purged order may have words again, so this clears the mark of the purge.
    SET_ORDER = "UPDATE orders SET status = $3, is_open = $4, document = $5, waits_at = $6, purged_at = NULL, \
        accepted_position = COALESCE(accepted_position, $7) WHERE restaurant = $1 AND id = $2";

    MENU = "SELECT document FROM menus WHERE restaurant = $1";
    ADD_MENU = "INSERT INTO menus (restaurant, document, next_lapse) VALUES ($1, $2, $3)";
    SET_MENU = "UPDATE menus SET document = $2, next_lapse = $3 WHERE restaurant = $1";

    CALLS = "SELECT id, document FROM calls WHERE restaurant = $1 ORDER BY id";
    /// Runs before the head advances, so the call's event has the position after it.
    ADD_CALL = "INSERT INTO calls (restaurant, id, document, position) \
        VALUES ($1, $2, $3, (SELECT head + 1 FROM feeds WHERE restaurant = $1))";
    REMOVE_CALL = "DELETE FROM calls WHERE restaurant = $1 AND id = $2";
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

pub async fn add_order(connection: &mut Connection, order: &Order, visit: Option<Uuid>) -> Result<u64> {
    let query = query::<Database>(ADD_ORDER)
        .bind(order.restaurant.uuid())
        .bind(order.id.uuid())
        .bind(order.status.as_str())
        .bind(!order.status.is_final())
        .bind(columns::write(order)?)
        .bind(i64::from(order.number))
        .bind(order.diner.as_ref().map(|diner| diner.as_str()))
        .bind(order.diner.as_ref().and(order.table.as_ref()).map_or("", |table| table.as_str()))
        .bind(visit);
    Ok(query.execute(connection).await?.rows_affected())
}

pub async fn set_order(connection: &mut Connection, order: &Order) -> Result<u64> {
    let stations = undrawn::waits_at(order);
    let waits_at = (!stations.is_empty()).then(|| columns::write(&stations)).transpose()?;
    let query = query::<Database>(SET_ORDER)
        .bind(order.restaurant.uuid())
        .bind(order.id.uuid())
        .bind(order.status.as_str())
        .bind(!order.status.is_final())
        .bind(columns::write(order)?)
        .bind(waits_at)
        .bind(order.accepted_at.map(|_| order.position.column()));
    Ok(query.execute(connection).await?.rows_affected())
}

pub async fn menu(connection: &mut Connection, restaurant: RestaurantId) -> Result<Option<Menu>> {
    menu_text(connection, restaurant).await?.map(|json| columns::document(&json)).transpose()
}

pub async fn menu_text(connection: &mut Connection, restaurant: RestaurantId) -> Result<Option<String>> {
    let query = query_scalar::<Database, String>(MENU).bind(restaurant.uuid());
    Ok(query.fetch_optional(connection).await?)
}

pub async fn add_menu(connection: &mut Connection, menu: &Menu) -> Result<()> {
    write_menu(ADD_MENU, connection, menu).await.map(drop)
}

pub async fn set_menu(connection: &mut Connection, menu: &Menu) -> Result<u64> {
    write_menu(SET_MENU, connection, menu).await
}

async fn write_menu(statement: &'static str, connection: &mut Connection, menu: &Menu) -> Result<u64> {
    let query = query::<Database>(statement).bind(menu.restaurant.uuid()).bind(columns::write(menu)?);
    Ok(query.bind(menu.next_lapse().map(Timestamp::micros)).execute(connection).await?.rows_affected())
}

pub async fn calls(connection: &mut Connection, restaurant: RestaurantId) -> Result<Calls> {
    let texts = call_texts(connection, restaurant).await?;
    texts.into_iter().map(|(id, json)| Ok((CallId::from_uuid(id), columns::document(&json)?))).collect()
}

pub async fn call_texts(connection: &mut Connection, restaurant: RestaurantId) -> Result<Vec<(Uuid, String)>> {
    let query = query_as::<Database, (Uuid, String)>(CALLS).bind(restaurant.uuid());
    Ok(query.fetch_all(connection).await?)
}

pub async fn add_call(connection: &mut Connection, restaurant: RestaurantId, call: &Call) -> Result<u64> {
    let query = query::<Database>(ADD_CALL).bind(restaurant.uuid()).bind(call.id.uuid()).bind(columns::write(call)?);
    Ok(query.execute(connection).await?.rows_affected())
}

pub async fn remove_call(connection: &mut Connection, restaurant: RestaurantId, id: CallId) -> Result<u64> {
    let query = query::<Database>(REMOVE_CALL).bind(restaurant.uuid()).bind(id.uuid());
    Ok(query.execute(connection).await?.rows_affected())
}
