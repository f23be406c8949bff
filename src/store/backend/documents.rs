//! Reads of single documents, within whatever transaction asks.

use super::{Connection, Database};
use crate::domain::model::call::Calls;
use crate::domain::model::menu::Menu;
use crate::domain::model::order::Order;
use crate::domain::values::ids::{CallId, OrderId, RestaurantId};
use crate::store::{Result, rows, sql};
use sqlx::{query_as, query_scalar};
use uuid::Uuid;

pub async fn order(connection: &mut Connection, restaurant: RestaurantId, id: OrderId) -> Result<Option<Order>> {
    let query = query_scalar::<Database, String>(sql::log::ORDER).bind(restaurant.uuid()).bind(id.uuid());
    query.fetch_optional(connection).await?.map(|json| rows::document(&json)).transpose()
}

pub async fn menu(connection: &mut Connection, restaurant: RestaurantId) -> Result<Option<Menu>> {
    menu_text(connection, restaurant).await?.map(|json| rows::document(&json)).transpose()
}

pub async fn menu_text(connection: &mut Connection, restaurant: RestaurantId) -> Result<Option<String>> {
    let query = query_scalar::<Database, String>(sql::log::MENU).bind(restaurant.uuid());
    Ok(query.fetch_optional(connection).await?)
}

pub async fn calls(connection: &mut Connection, restaurant: RestaurantId) -> Result<Calls> {
    let rows: Vec<(Uuid, String)> =
        query_as::<Database, _>(sql::log::CALLS).bind(restaurant.uuid()).fetch_all(connection).await?;
    rows.into_iter().map(|(id, json)| Ok((CallId::from_uuid(id), rows::document(&json)?))).collect()
}
