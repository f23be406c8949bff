//! Orderbell: live order updates for restaurants.
pub mod clock;
pub mod domain;
pub mod protocol;
pub mod store;
