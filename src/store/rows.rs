//! Rows of either database, and how they read as what they are. A row that does not is a bug or damage: logged, `Internal`.

use super::error::broken;
use super::{Result, StoreError};
use crate::domain::model::event::{By, Event};
use crate::domain::values::ids::{CommandId, EventId, OrderId, RestaurantId};
use crate::domain::values::position::Position;
use crate::domain::values::text::Slug;
use crate::domain::values::time::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use sqlx::FromRow;
use std::str::FromStr;
use uuid::Uuid;

/// Reads a text column as what it is.
pub fn text<T: FromStr>(column: &'static str, value: &str) -> Result<T> {
    value.parse().map_err(|_| broken(format_args!("the column {column} does not read")))
}

pub fn number<T: TryFrom<i64>>(column: &'static str, value: i64) -> Result<T> {
    value.try_into().map_err(|_| broken(format_args!("the column {column} is out of range")))
}

pub fn station(value: Option<&str>) -> Result<Option<Slug>> {
    value.map(|value| text("station", value)).transpose()
}

/// Reads a document that was written by [`write`].
pub fn document<T: DeserializeOwned>(json: &str) -> Result<T> {
    serde_json::from_str(json).map_err(|error| broken(format_args!("a document does not read: {error}")))
}

/// JSON for a column.
pub fn write(document: &impl Serialize) -> Result<String> {
    serde_json::to_string(document).map_err(|error| broken(format_args!("a document does not serialize: {error}")))
}

/// A column's JSON, as it stands.
pub fn raw(json: String) -> Result<Box<RawValue>> {
    RawValue::from_string(json).map_err(|error| broken(format_args!("a document does not read: {error}")))
}

/// An event, without the restaurant that the query names.
#[derive(FromRow)]
pub struct EventRow {
    position: i64,
    id: Uuid,
    kind: String,
    order_id: Option<Uuid>,
    at: i64,
    by_role: String,
    command: Option<Uuid>,
    patch: String,
}

impl EventRow {
    pub fn event(self, restaurant: RestaurantId) -> Result<Event> {
        Ok(Event {
            restaurant,
            position: Position::from_column(self.position),
            id: EventId::from_uuid(self.id),
            kind: text("kind", &self.kind)?,
            order: self.order_id.map(OrderId::from_uuid),
            at: Timestamp::from_micros(self.at),
            by: By { role: text("by_role", &self.by_role)? },
            command: self.command.map(CommandId::from_uuid),
            patch: raw(self.patch)?,
        })
    }
}
