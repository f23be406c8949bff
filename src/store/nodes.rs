//! The nodes that share a database, and the feature level that all of them know.

use super::Result;
use crate::domain::values::ids::NodeId;
use crate::domain::values::level::Level;
use async_trait::async_trait;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

/// A registered node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeRow {
    /// Its id.
    pub node: NodeId,
    /// The level it registered.
    pub level: Level,
    /// A counter that increases while the node runs.
    pub beat: i64,
}

/// The registry of nodes: plain rows, beside the feeds.
#[async_trait]
pub trait Nodes: Send + Sync + 'static {
    /// Returns the id of this node, which its leases, its write probes and its row carry.
    fn node(&self) -> NodeId;

    /// Registers this node at a level, or increases its beat.
    async fn register(&self, level: Level) -> Result<()>;

    /// Marks this node as stopped. Its row stays, at a level above all others, so that nobody takes its leases of screens and its
    /// write probe for those of an unregistered node.
    async fn leave(&self) -> Result<()>;

    /// Removes the row and the write probe of a node whose beat is still `beat`.
    async fn unregister(&self, node: NodeId, beat: i64) -> Result<()>;

    /// Returns at most `limit` registered nodes, by id.
    async fn nodes(&self, limit: u32) -> Result<Vec<NodeRow>>;

    /// Returns at most `limit` nodes that have probed for writes, by id, and the time of the probe by their own clocks. The
    /// time changes while a node runs; compare it only with an earlier time of the same node.
    async fn probes(&self, limit: u32) -> Result<Vec<(NodeId, i64)>>;
}

/// The feature level in force, as this node last found it. Cheap to clone; clones share the level.
#[derive(Debug, Clone)]
pub struct LevelInForce(Arc<AtomicU16>);

impl LevelInForce {
    /// Starts at a level.
    #[must_use]
    pub fn new(level: Level) -> Self {
        Self(Arc::new(AtomicU16::new(level.number())))
    }

    /// Returns the level in force.
    #[must_use]
    pub fn get(&self) -> Level {
        Level::new(self.0.load(Ordering::Relaxed))
    }

    /// Sets the level in force; returns the former one.
    pub fn set(&self, level: Level) -> Level {
        Level::new(self.0.swap(level.number(), Ordering::Relaxed))
    }
}

impl Default for LevelInForce {
    fn default() -> Self {
        Self::new(Level::CURRENT)
    }
}
