//! The role of a node in a deployment of several.

use clap::ValueEnum;

/// The role of a node: what it serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum NodeRole {
    /// HTTP calls and live connections.
    All,
    /// HTTP calls only.
    Api,
    /// Live connections only.
    Realtime,
}

impl NodeRole {
    /// Whether the node serves pages and HTTP calls. It then signs tokens.
    #[must_use]
    pub const fn serves_api(self) -> bool {
        matches!(self, Self::All | Self::Api)
    }

    /// Whether the node serves live connections: WebSockets, streams and long polls.
    #[must_use]
    pub const fn serves_realtime(self) -> bool {
        matches!(self, Self::All | Self::Realtime)
    }
}
