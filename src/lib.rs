//! Orderbell: live order updates for restaurants.
pub mod auth;
pub mod backoff;
pub mod clock;
pub mod domain;
pub mod feed;
pub mod protocol;
pub mod room;
pub mod store;
pub mod telemetry;
