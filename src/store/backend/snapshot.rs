//! The state of a room at one position, read in a transaction that sees one point of the database.

use super::{Connection, documents, feeds, screens, tickets};
use crate::domain::model::draft::to_json;
use crate::domain::model::room_id::RoomId;
use crate::domain::model::undrawn;
use crate::domain::values::ids::RestaurantId;
use crate::store::error::broken;
use crate::store::log::Snapshot;
use crate::store::{Result, columns};
use serde_json::value::{RawValue, to_raw_value};
use std::collections::BTreeMap;

type Entries = BTreeMap<String, Box<RawValue>>;

pub async fn snapshot(connection: &mut Connection, restaurant: RestaurantId, room: RoomId) -> Result<Option<Snapshot>> {
    let Some(position) = feeds::head(connection, restaurant).await? else { return Ok(None) };
    let mut snapshot = Snapshot { position, documents: Vec::new(), calls: None, displays: None };
    match room {
        RoomId::Kitchen(id) | RoomId::Floor(id) | RoomId::Menu(id) if id != restaurant => return Ok(None),
        RoomId::Order(id) => snapshot.documents = raw(documents::order_text(connection, restaurant, id).await?)?,
        RoomId::Menu(_) => snapshot.documents = raw(documents::menu_text(connection, restaurant).await?)?,
        RoomId::Kitchen(_) => snapshot.documents = raw(documents::open_order_texts(connection, restaurant).await?)?,
        RoomId::Floor(_) => {
            snapshot.documents = raw(documents::open_order_texts(connection, restaurant).await?)?;
            snapshot.calls = Some(calls(connection, restaurant).await?);
            snapshot.displays = Some(displays(connection, restaurant).await?);
        }
    }
    let is_there = !snapshot.documents.is_empty() || matches!(room, RoomId::Kitchen(_) | RoomId::Floor(_));
    Ok(is_there.then_some(snapshot))
}

fn raw(texts: impl IntoIterator<Item = String>) -> Result<Vec<Box<RawValue>>> {
    texts.into_iter().map(columns::raw).collect()
}

async fn calls(connection: &mut Connection, restaurant: RestaurantId) -> Result<Entries> {
    let calls = documents::call_texts(connection, restaurant).await?;
    calls.into_iter().map(|(id, json)| Ok((id.to_string(), columns::raw(json)?))).collect()
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
