//! Connections: the sockets of phones and screens, and the actors that serve them.
//!
//! Only this module uses actix-web-actors (docs/decisions/0001). After the [`websocket::handshake`], the socket leaves the HTTP
//! dispatcher, and our own [`websocket::socket`] drives it. [`websocket::actor`] is the actor, [`websocket::client_state`] its
//! pure core. [`sse::actor`] (server-sent events) and [`long_poll::actor`] answer HTTP requests. All three share the lifecycle
//! in [`transport`] and the state in [`subscriber`].

pub mod abandoned;
pub mod admission;
pub mod client_address;
pub mod failures;
pub mod limits;
pub mod long_poll;
pub mod node;
pub mod node_role;
pub mod registry;
pub mod send_queue;
pub mod sockets;
pub mod sse;
pub mod subscriber;
pub mod subscription;
pub mod token_bucket;
pub mod transport;
pub mod websocket;

pub use client_address::Proxies;
pub use limits::Limits;
pub use node::Node;
pub use node_role::NodeRole;
pub use registry::ConnectionRegistry;
