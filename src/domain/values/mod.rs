//! Values: ids, amounts, times and texts that are valid once they exist. They depend only on each other.

pub mod action;
pub(crate) mod as_text;
pub mod day;
pub mod hours;
pub mod ids;
pub mod level;
pub mod limit;
pub mod merge_patch;
pub mod money;
pub(super) mod picture_address;
pub mod position;
pub mod reason;
pub(crate) mod schema;
pub mod seat_number;
pub mod text;
pub mod ticket;
pub mod time;
pub mod time_zone;
pub mod version;
pub(crate) mod whole_number;
