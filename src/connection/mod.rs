//! Connections: the sockets of phones and screens, and the actors that speak for them.
//!
//! The one module that names actix-web-actors (docs/decisions/0001): the socket leaves the HTTP dispatcher after the
//! [`websocket::handshake`] and is driven by our own [`websocket::socket`]; [`websocket::actor`] is the actor, [`websocket::client_state`] its pure core. Its twins
//! [`sse::actor`] (server-sent events) and [`long_poll::actor`] answer HTTP requests; what all three are is their [`subscriber`].

pub mod abandoned;
pub mod admission;
pub mod client_address;
pub mod failures;
pub mod limits;
pub mod long_poll;
pub mod node_role;
pub mod registry;
pub mod send_queue;
pub mod sockets;
pub mod sse;
pub mod subscriber;
pub mod subscription;
pub mod token_bucket;
pub mod websocket;

use crate::screens::reporter::Displays;
pub use client_address::Proxies;
pub use limits::Limits;
pub use node_role::NodeRole;
pub use registry::ConnectionRegistry;

use crate::auth::ended::EndedSessions;
use crate::auth::token::Verifier;
use crate::commands::Commands;
use crate::feed::FeedRegistry;
use crate::store::SharedStore;
use crate::store::nodes::LevelInForce;
use crate::telemetry::Metrics;
use std::sync::Arc;

/// What every connection of a node needs. Shared by all of them.
pub struct Services {
    /// The database.
    pub store: SharedStore,
    /// The way to rooms.
    pub directory: FeedRegistry,
    /// The way of commands.
    pub commands: Commands,
    /// Verifies tokens.
    pub tokens: Verifier,
    /// Sessions that are over.
    pub ended: Arc<EndedSessions>,
    /// Who is connected.
    pub census: ConnectionRegistry,
    /// The kitchen screens among them.
    pub displays: Displays,
    /// What one connection may do.
    pub limits: Limits,
    /// Origins allowed beside the server's own.
    pub origins: Vec<String>,
    /// The proxies in front, which say who the client is.
    pub proxies: Arc<Proxies>,
    /// Whether the audit has the addresses that clients come from.
    pub keep_addresses: bool,
    /// Whether guests reach this service over TLS, as the operator says.
    pub is_public_over_tls: bool,
    /// Which version of the pages this node serves.
    pub version: &'static str,
    /// The feature level in force.
    pub level: LevelInForce,
    /// What this node serves.
    pub role: NodeRole,
    /// The node's metrics.
    pub metrics: Metrics,
}
