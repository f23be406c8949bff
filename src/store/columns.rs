//! Conversions of columns and documents. A column that cannot be read is a bug or damage: it is logged, and the call is
//! `Internal`.

use super::Result;
use super::error::broken;
use crate::domain::values::text::Slug;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use std::str::FromStr;

/// Parses a text column.
pub fn text<T: FromStr>(column: &'static str, value: &str) -> Result<T> {
    value.parse().map_err(|_| broken(format_args!("the column {column} does not read")))
}

pub fn number<T: TryFrom<i64>>(column: &'static str, value: i64) -> Result<T> {
    value.try_into().map_err(|_| broken(format_args!("the column {column} is out of range")))
}

pub fn station(value: Option<&str>) -> Result<Option<Slug>> {
    value.map(|value| text("station", value)).transpose()
}

/// Reads a document that [`write`] has written.
pub fn document<T: DeserializeOwned>(json: &str) -> Result<T> {
    serde_json::from_str(json).map_err(|error| broken(format_args!("a document does not read: {error}")))
}

/// Returns the JSON of a document for its column.
pub fn write(document: &impl Serialize) -> Result<String> {
    serde_json::to_string(document).map_err(|error| broken(format_args!("a document does not serialize: {error}")))
}

/// Returns a column's JSON unchanged.
pub fn raw(json: String) -> Result<Box<RawValue>> {
    RawValue::from_string(json).map_err(|error| broken(format_args!("a document does not read: {error}")))
}
