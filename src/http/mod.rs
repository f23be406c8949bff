//! The HTTP face: the URL table in [`routes`] (and, in words, in `static/spec/openapi.json`), problems in the contract's words, and a file for each kind of thing.

pub mod account;
mod assets;
mod base;
pub mod body;
pub mod demo;
mod device_cookie;
mod devices;
pub mod encoded;
pub mod etag;
pub mod extract;
pub mod guests;
mod health;
pub mod limits;
pub mod manage;
pub mod menu;
mod occupancy;
pub mod orders;
pub mod problem;
pub mod push;
pub mod qr;
pub mod ration;
mod receipts;
pub mod refusals;
pub mod request_log;
pub mod rooms;
pub mod routes;
pub mod sessions;
pub mod state;
mod unread_body;
pub mod visits;

#[cfg(test)]
mod tests;

pub use assets::version;
pub use base::Base;
pub use demo::Demo;
pub use limits::Limits;
pub use problem::Problem;
pub use routes::app;
pub use state::{Faces, State};
