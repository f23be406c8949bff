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
    /// Goes up while it runs.
    pub beat: i64,
}

/// The registry of nodes: plain rows, beside the feeds.
#[async_trait]
pub trait Nodes: Send + Sync + 'static {
    /// This node. Its display leases, its write probes and its row go by this id.
    fn node(&self) -> NodeId;

    /// Registers this node at a level, or counts its beat up.
    async fn register(&self, level: Level) -> Result<()>;

    /// Removes the row and the write probe of a node whose beat stands still: not when it has gone on from `beat`. Without a
    /// beat, whatever it is: a node that stops.
    async fn unregister(&self, node: NodeId, beat: Option<i64>) -> Result<()>;

    /// Registered nodes, by id, at most `limit`.
    async fn nodes(&self, limit: u32) -> Result<Vec<NodeRow>>;

    /// Nodes that have probed for writes, by id, at most `limit`, and when by their own clocks: a number that changes while
    /// they run, and is compared with nothing else.
    async fn probes(&self, limit: u32) -> Result<Vec<(NodeId, i64)>>;
}

/// The feature level in force, as this node last found it. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub struct LevelInForce(Arc<AtomicU16>);

impl LevelInForce {
    /// Starts at a level.
    #[must_use]
    pub fn new(level: Level) -> Self {
        Self(Arc::new(AtomicU16::new(level.number())))
    }

    /// The level now.
    #[must_use]
    pub fn get(&self) -> Level {
        Level::new(self.0.load(Ordering::Relaxed))
    }

    /// Puts another level in force; returns the one before.
    pub fn set(&self, level: Level) -> Level {
        Level::new(self.0.swap(level.number(), Ordering::Relaxed))
    }
}

impl Default for LevelInForce {
    fn default() -> Self {
        Self::new(Level::CURRENT)
    }
}
