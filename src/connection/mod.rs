//! Connections: the sockets of phones and screens, and the actors that serve them.
//!
//! The one module that names actix-web-actors (docs/decisions/0001): the socket leaves the HTTP dispatcher after the
//! [`websocket::handshake`] and is driven by our own [`websocket::socket`]; [`websocket::actor`] is the actor,
//! [`websocket::client_state`] its pure core. [`sse::actor`] (server-sent events) and [`long_poll::actor`] answer HTTP
//! requests. The lifecycle that all three share is in [`transport`], their state in [`subscriber`].

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
pub mod transport;
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

/// The parts of a node that connections use, shared by all of them.
pub struct Services {
    /// The database.
    pub store: SharedStore,
    /// The feeds, which lead to rooms.
    pub feeds: FeedRegistry,
    /// Runs commands.
    pub commands: Commands,
    /// Verifies tokens.
    pub tokens: Verifier,
    /// Sessions that are over.
    pub ended: Arc<EndedSessions>,
    /// The connections of the node.
    pub registry: ConnectionRegistry,
    /// The kitchen screens among them.
    pub screens: Displays,
    /// The limits of one connection and of the node.
    pub limits: Limits,
    /// Origins allowed beside the server's own.
    pub origins: Vec<String>,
    /// The proxies in front, which name the address of the client.
    pub proxies: Arc<Proxies>,
    /// Whether the audit records the addresses of clients.
    pub keep_addresses: bool,
    /// Whether guests reach this service over TLS, as the operator says.
    pub is_public_over_tls: bool,
    /// The version of the pages that this node serves.
    pub version: &'static str,
    /// The feature level in force.
    pub level: LevelInForce,
    /// What this node serves.
    pub role: NodeRole,
    /// The metrics of the node.
    pub metrics: Metrics,
}
