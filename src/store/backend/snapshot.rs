//! The state of a room at one position. Runs in a transaction that sees one point of the database.

use super::{Connection, Database, feeds, screens, tickets};
use crate::domain::model::draft::to_json;
use crate::domain::model::room_id::RoomId;
use crate::domain::model::undrawn;
use crate::domain::values::ids::RestaurantId;
use crate::store::error::broken;
use crate::store::log::Snapshot;
use crate::store::{Result, rows, sql};
use serde_json::value::{RawValue, to_raw_value};
use sqlx::{query_as, query_scalar};
use std::collections::BTreeMap;
use uuid::Uuid;

type Entries = BTreeMap<String, Box<RawValue>>;

pub async fn snapshot(connection: &mut Connection, restaurant: RestaurantId, room: RoomId) -> Result<Option<Snapshot>> {
    let Some(position) = feeds::head(connection, restaurant).await? else { return Ok(None) };
    let mut snapshot = Snapshot { position, documents: Vec::new(), calls: None, displays: None };
    match room {
        RoomId::Kitchen(id) | RoomId::Floor(id) | RoomId::Menu(id) if id != restaurant => return Ok(None),
        RoomId::Order(id) => snapshot.documents = documents(connection, sql::log::ORDER, &[restaurant.uuid(), id.uuid()]).await?,
        RoomId::Menu(_) => snapshot.documents = documents(connection, sql::log::MENU, &[restaurant.uuid()]).await?,
        RoomId::Kitchen(_) => snapshot.documents = open_orders(connection, restaurant).await?,
        RoomId::Floor(_) => {
            snapshot.documents = open_orders(connection, restaurant).await?;
            snapshot.calls = Some(calls(connection, restaurant).await?);
            snapshot.displays = Some(displays(connection, restaurant).await?);
        }
    }
    let is_there = !snapshot.documents.is_empty() || matches!(room, RoomId::Kitchen(_) | RoomId::Floor(_));
    Ok(is_there.then_some(snapshot))
}

async fn open_orders(connection: &mut Connection, restaurant: RestaurantId) -> Result<Vec<Box<RawValue>>> {
    documents(connection, sql::log::OPEN_DOCUMENTS, &[restaurant.uuid()]).await
}

async fn documents(connection: &mut Connection, text: &'static str, ids: &[Uuid]) -> Result<Vec<Box<RawValue>>> {
    let query = ids.iter().fold(query_scalar::<Database, String>(text), |query, id| query.bind(*id));
    query.fetch_all(connection).await?.into_iter().map(rows::raw).collect()
}

async fn calls(connection: &mut Connection, restaurant: RestaurantId) -> Result<Entries> {
    let query = query_as::<Database, (Uuid, String)>(sql::log::CALLS).bind(restaurant.uuid());
    let calls = query.fetch_all(connection).await?;
    calls.into_iter().map(|(id, json)| Ok((id.to_string(), rows::raw(json)?))).collect()
}

async fn displays(connection: &mut Connection, restaurant: RestaurantId) -> Result<Entries> {
    let screens = screens::all(connection, restaurant).await?;
    let mut displays: BTreeMap<_, _> = screens.iter().map(|screen| (screen.id.to_string(), to_json(screen))).collect();
    displays.extend(undrawn::entries(&tickets::raised(connection, restaurant).await?));
    displays.into_iter().map(|(id, display)| Ok((id, entry(&display)?))).collect()
}

fn entry(display: &impl serde::Serialize) -> Result<Box<RawValue>> {
    to_raw_value(display).map_err(|error| broken(format_args!("a kitchen screen does not serialize: {error}")))
}
