//! The state of a room at one position, read in a transaction that sees one point of the database.

use super::{Connection, documents, feeds, screens, tickets};
use crate::domain::model::draft::to_json;
use crate::domain::model::history::Mark;
use crate::domain::model::room_id::{RoomId, RoomKind};
use crate::domain::model::undrawn;
use crate::domain::values::ids::{OrderId, RestaurantId};
use crate::domain::values::position::Position;
use crate::store::error::broken;
use crate::store::log::{Changes, MOST_CHANGES, Snapshot};
use crate::store::{Result, columns};
use serde_json::value::{RawValue, to_raw_value};
use std::collections::BTreeMap;

type Entries = BTreeMap<String, Box<RawValue>>;

pub async fn snapshot(connection: &mut Connection, restaurant: RestaurantId, room: RoomId) -> Result<Option<Snapshot>> {
    let Some(last) = feeds::last(connection, restaurant).await? else { return Ok(None) };
    let mut snapshot = Snapshot { last, documents: Vec::new(), orders: Vec::new(), calls: None, displays: None };
    match room {
        RoomId::Kitchen(id) | RoomId::Floor(id) | RoomId::Menu(id) if id != restaurant => return Ok(None),
        RoomId::Order(id) => snapshot.documents = raw(documents::order_text(connection, restaurant, id).await?)?,
        RoomId::Menu(_) => snapshot.documents = raw(documents::menu_text(connection, restaurant).await?)?,
        RoomId::Kitchen(_) | RoomId::Floor(_) => {
            let (ids, texts): (Vec<_>, Vec<_>) = documents::open_order_texts(connection, restaurant).await?.into_iter().unzip();
            snapshot.orders = ids.into_iter().map(OrderId::from_uuid).collect();
            snapshot.documents = raw(texts)?;
            (snapshot.calls, snapshot.displays) = of_floor(connection, restaurant, room).await?;
        }
    }
    let is_there = !snapshot.documents.is_empty() || matches!(room, RoomId::Kitchen(_) | RoomId::Floor(_));
    Ok(is_there.then_some(snapshot))
}

pub async fn changes(
    connection: &mut Connection,
    restaurant: RestaurantId,
    room: RoomId,
    since: Position,
) -> Result<Option<Changes>> {
    if room != RoomId::Kitchen(restaurant) && room != RoomId::Floor(restaurant) {
        return Ok(None);
    }
    let last = feeds::last(connection, restaurant).await?;
    let is_near = |last: &Mark| last.position.number().checked_sub(since.number()).is_some_and(|events| events <= MOST_CHANGES);
    let Some(last) = last.filter(is_near) else { return Ok(None) };
    let changed = documents::changed_order_texts(connection, restaurant, since).await?.into_iter();
    let changed = changed.map(|(id, json)| Ok((OrderId::from_uuid(id), json.map(columns::raw).transpose()?)));
    let orders = changed.collect::<Result<_>>()?;
    let (calls, displays) = of_floor(connection, restaurant, room).await?;
    Ok(Some(Changes { last, orders, calls, displays }))
}

/// Returns the calls and the displays of a floor.
async fn of_floor(
    connection: &mut Connection,
    restaurant: RestaurantId,
    room: RoomId,
) -> Result<(Option<Entries>, Option<Entries>)> {
    if room.kind() != RoomKind::Floor {
        return Ok((None, None));
    }
    Ok((Some(calls(connection, restaurant).await?), Some(displays(connection, restaurant).await?)))
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
