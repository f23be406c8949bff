//! How columns read as what they are, and how documents are written. A column that does not read is a bug or damage: logged,
//! `Internal`.

use super::Result;
use super::error::broken;
use crate::domain::values::text::Slug;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use std::str::FromStr;

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
