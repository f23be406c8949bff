//! A server under test, clients by role, and screens that hold it to the contract.

pub mod client;
pub mod contract;
pub mod followed;
pub mod log;
pub mod menu;
pub mod push_service;
pub mod raw;
pub mod screen;
pub mod server;
pub mod shape;
pub mod template;
pub mod wait;
pub mod wish;

pub use client::Client;
pub use followed::Followed;
pub use menu::Menu;
pub use raw::Raw;
pub use screen::{Close, Screen};
pub use server::Server;
pub use wait::{PATIENCE, eventually};
pub use wish::Wish;

/// An id that a client makes.
pub fn new_id() -> String {
    orderbell::clock::new_id().to_string()
}
