//! The calls of the API, one file for each resource.

pub mod account;
pub mod deliveries;
pub mod demo;
pub(super) mod devices;
pub mod guests;
pub(super) mod health;
pub mod manage;
pub mod menu;
pub mod order_lists;
pub mod orders;
pub mod pictures;
pub mod problems;
pub mod push;
pub(super) mod receipts;
pub mod rooms;
pub mod sessions;
pub mod shifts;
pub mod story;
pub mod visits;
