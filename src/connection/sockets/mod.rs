//! The sockets of plain HTTP: their registry, their deadlines, what is read of each, and the handle by which a request reaches its own.

pub mod handle;
pub mod intake;
pub mod registry;
pub mod socket;
pub mod unread;
