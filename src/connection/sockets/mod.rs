//! The sockets of HTTP, plain or TLS: their registry, their deadlines, the limits on reading, and the handle by which a request
//! reaches its socket.

pub mod handle;
pub mod intake;
pub mod registry;
pub mod secure;
pub mod socket;
pub mod stream;
pub mod unread;
