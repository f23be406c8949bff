//! The parts of a node.

use super::client_address::Proxies;
use super::limits::Limits;
use super::node_role::NodeRole;
use super::registry::ConnectionRegistry;
use crate::auth::ended::EndedSessions;
use crate::auth::token::Verifier;
use crate::commands::Commands;
use crate::feed::FeedRegistry;
use crate::screens::reporter::Displays;
use crate::store::SharedStore;
use crate::store::nodes::LevelInForce;
use crate::telemetry::Metrics;
use std::sync::Arc;

/// The parts of a node. Made once in `startup`, and shared by its connections and the handlers of HTTP.
pub struct Node {
    /// The database.
    pub store: SharedStore,
    /// The feeds, which lead to rooms.
    pub feeds: FeedRegistry,
    /// Runs commands.
    pub commands: Commands,
    /// Verifies tokens.
    pub tokens: Verifier,
    /// The ended sessions.
    pub ended: Arc<EndedSessions>,
    /// The connections of the node.
    pub connections: ConnectionRegistry,
    /// The kitchen screens among the connections.
    pub screens: Displays,
    /// The limits of one connection and of the node.
    pub limits: Limits,
    /// The allowed origins besides the server's own.
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
    /// The role of this node.
    pub role: NodeRole,
    /// The metrics of the node.
    pub metrics: Metrics,
}
